#!/usr/bin/env bash
# Configuration values side by side: ringwire accepts what `wg setconf` accepts, with the same result (`wg showconf`,
# after wg read the file itself and after it read the output of `ringwire strip`). The list below has the deliberate
# differences.
source "$(dirname "$0")/lib.sh"

host a
start a wga
new_key a b
export WG_ENDPOINT_RESOLUTION_RETRIES=0
key=${public[b]}

# As a file and as what was set, without the order of lines.
shown() { wg showconf wga | sort; }
read_by_wg() { wg setconf wga "$1" 2>"$work/wg.error"; }
read_by_us() { "$RINGWIRE" strip "$work/wg.conf" >"$work/strip.conf" 2>"$work/our.error"; }

compare() {  # compare EXPECTED KEY VALUE [REASON]: both, none, ours (we take more) or theirs (we take less, with REASON)
  local expected=$1 name=$2 value=$3 reason=${4:-} got=none theirs=
  case $name in
    ListenPort | FwMark | PrivateKey) printf '[Interface]\n%s = %s\n[Peer]\nPublicKey = %s\n' "$name" "$value" "$key" ;;
    PublicKey) printf '[Peer]\n%s = %s\n' "$name" "$value" ;;
    *) printf '[Interface]\nListenPort = 51820\n[Peer]\nPublicKey = %s\n%s = %s\n' "$key" "$name" "$value" ;;
  esac >"$work/wg.conf"
  if read_by_wg "$work/wg.conf"; then got=theirs theirs=$(shown); fi
  if read_by_us; then
    [ $got = theirs ] && got=both || got=ours
  fi
  if [ "$got" != "$expected" ]; then
    cat "$work/wg.error" "$work/our.error" >&2
    fail "$name = $value: wanted it accepted by $expected, got $got"
  fi
  if [ -n "$reason" ] && ! grep -qF -- "$reason" "$work/our.error"; then
    cat "$work/our.error" >&2
    fail "$name = $value: the error does not say '$reason'"
  fi
  if [ $got = both ] && [ "$(sort "$work/strip.conf")" != "$theirs" ]; then
    read_by_wg "$work/strip.conf" || fail "$name = $value: wg does not take what strip makes of it"
    check_equal "$name = $value" "$theirs" "$(shown)" >/dev/null
  fi
  ((++compared))
}
compared=0
both() { local name=$1 value; shift; for value in "$@"; do compare both "$name" "$value"; done; }
none() { local name=$1 value; shift; for value in "$@"; do compare none "$name" "$value"; done; }

say "numbers"
both ListenPort 51820 00080 '5 18 20'
none ListenPort -1 0x50 Domain 99999999999999999999999 ''
compare theirs ListenPort 65616 'a number from 0 to 65535'  # wg takes the last 16 bits: 80
compare theirs ListenPort +80 'a number from 0 to 65535'    # nobody writes that; wg refuses it in other keys
both FwMark 0x10 010 0xFFffFFff 4294967295 OFF 0
none FwMark 0X10 0x +1 -1 on ''
both PersistentKeepalive 025 Off 0 65535
none PersistentKeepalive 0x19 65536 +1 18446744073709551615 ''

say "endpoints"
both Endpoint 192.0.2.1:051820 '19 2.0.2.1: 80' 127.1:80 2130706433:80 0x7f.1:80 '[127.1]:80' \
  '[192.0.2.1]:80' '[2001:DB8::1]:80' 2001:db8::1:80 '[::ffff:1.2.3.4]:80' '[fe80::1%lo]:80' '[fe80::1%01]:80' \
  '[fe80::1%0]:80' fe80::1%lo:80 LOCALHOST:80
none Endpoint 192.0.2.1 192.0.2.1: 192.0.2.1:0 192.0.2.1:65536 192.0.2.1:-1 192.0.2.256:80 \
  '[2001:db8::1]80' '[2001:db8::1' '[]:80' :80 '[ff02::1%lo]:80' \
  '[2001:db8::1%1]:80' 192.0.2.1:80,192.0.2.2:80 ''
compare theirs Endpoint 192.0.2.1:65616 'the port must be from 1 to 65535'
compare theirs Endpoint 192.0.2.1:+80 'the port must be a number'
compare theirs Endpoint 010.0.0.1:80 'leave the 0 out'  # 8.0.0.1 for wg, 10.0.0.1 for whoever wrote it, perhaps
if getent services domain/udp >/dev/null; then
  both Endpoint 192.0.2.1:domain '[2001:db8::1]:domain'
  both ListenPort domain
fi
none Endpoint 192.0.2.1:no-such-service
none ListenPort no-such-service
compare ours Endpoint '[fe80::1%nope]:80'  # the interface may come later; so may a name

say "allowed IPs"
both AllowedIPs 10.0.0.0/00000008 fd00::1/064 10.0.0.1 fd00::1 ::1.2.3.4/128 FD00:0:0::/48 \
  10.0.0.0/8,10.0.0.0/8 10.0.0.0/8,10.1.0.0/8 '10. 0.0.0 / 8 , fd00:: / 8' '0.0.0.0/0, ::/0'
none AllowedIPs 10.0.0.0/+8 10.0.0.0/0x8 10.0.0.0/ 10.0.0.0/33 10.0.0.0/4294967304 10.0.0.0/8/8 10.1 10.0.0.01/8 \
  10.0.0.0/255.0.0.0 fd00::1/129 '[fd00::1]/64' 10.0.0.0/8, ,10.0.0.0/8 '10.0.0.0/8 10.1.0.0/16' off
compare ours AllowedIPs ''  # what an empty list of a generator's template leaves
if read_by_wg <(printf '[Peer]\nPublicKey = %s\nAllowedIPs = +10.0.0.0/8\n' "$key"); then
  both AllowedIPs +10.0.0.0/8
else
  compare ours AllowedIPs +10.0.0.0/8  # newer wg knows it
fi

say "keys"
flawed=${key/%?=/B=}  # a bit beyond the 256th
urls=${key::10}-${key:11}
both PublicKey "$key" "${key::20} ${key:20}"
none PublicKey "${key%=}" "$key=" "$flawed" "$urls" "$(head -c 33 /dev/zero | base64)" ''
both PrivateKey "${private[a]}"
none PrivateKey "${private[a]%=}" off ''
both PresharedKey "$(wg genpsk)"
none PresharedKey '(none)' ''
echo "ok: $compared values mean the same to wg and to ringwire"
