#!/usr/bin/env bash
# The runbook's own commands (deploy/README.md): a first gateway, a first phone that reaches the internet through it, backup, key
# rotation, and the change from wg-quick and back.
#
#   b (the phone) 192.0.2.2 ------ 192.0.2.1 a (the server) 203.0.113.1 ------ 203.0.113.9 c (the internet)
#     phone 10.77.0.2                        wg0 10.77.0.1
source "$(dirname "$0")/lib.sh"

runbook=$e2e_dir/../../deploy/README.md
cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc && rm -rf /etc/ringwire /etc/wireguard
mkdir "$work/bin" "$work/desk" && ln -s "$RINGWIRE" "$work/bin/ringwire"
two_bare_hosts
host c
link a eth1 c eth0
address a eth1 203.0.113.1/24
address c eth0 203.0.113.9/24

# follow HOST TASK: the runbook's block of that name, as somebody would paste it.
follow() {
  local block
  block=$(awk -v name="# $2" '/^```/ { inside = 0 } inside { print } $0 == name { inside = 1 }' "$runbook")
  [ -n "$block" ] || fail "the runbook has no block '$2'"
  block=${block//vpn.example.net/192.0.2.1}
  [ -e /usr/lib/*-linux-gnu*/libqrencode.so.4 ] || block=${block// --qr/}
  (cd "$work/desk" && on "$1" env "PATH=$work/bin:$PATH" bash -eu -c "$block") >"$work/block.out" 2>&1 ||
    { cat "$work/block.out" >&2; fail "the runbook's commands fail: $2"; }
  echo "ok: $2"
}

say "the first gateway"
follow a "first gateway"
check "is up" ready a wg0
check_equal "and its key is nobody else's" 600 "$(stat -c %a /etc/ringwire/wg0.key)"

say "the first phone"
check_fails "does not reach the internet without it" on b ping -c 1 -W 1 203.0.113.9
follow a "first phone"
(umask 077 && sed -n '/^\[Interface\]/,/^$/p; /^\[Peer\]/,/^$/p' "$work/block.out" >"$work/phone.conf")
up b "$work/phone.conf"
check "reaches the internet through it" tries pings b 203.0.113.9
check "and the gateway knows its name" output_has 'phone' on a "$RINGWIRE" show wg0

say "backup"
follow a "backup"
on a "$RINGWIRE" down wg0
rm -rf /etc/ringwire /var/lib/ringwire
check "restored" tar -C / -xf "$work/desk/gateway.tar"
on a env "PATH=$work/bin:$PATH" ringwire up wg0
check_soon "the phone is back" on b ping -c 1 -W 1 203.0.113.9

say "another key"
before=$(wg show wg0 public-key)
follow a "key rotation"
check "is in force" differs "$before" wg show wg0 public-key
check_equal "as the runbook prints it" "$(wg show wg0 public-key)" "$(tail -n 1 "$work/block.out")"
sed -i "s,^PublicKey.*,PublicKey = $(wg show wg0 public-key)," "$work/phone.conf"
on b "$RINGWIRE" reload phone
check_soon "the phone has it" on b ping -c 1 -W 1 203.0.113.9
on b "$RINGWIRE" down phone
on a "$RINGWIRE" down wg0

say "from wg-quick and back"
if command -v wg-quick >/dev/null && command -v wireguard-go >/dev/null; then
  mkdir -p /etc/wireguard
  (umask 077 && printf '[Interface]\nPrivateKey = %s\nListenPort = 51820\nAddress = 10.77.0.1/24\n' "${private[a]}" >/etc/wireguard/wg0.conf)
  rm -rf /etc/ringwire
  export WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1
  on a wg-quick up wg0 >"$work/wg-quick.log" 2>&1 || { cat "$work/wg-quick.log" >&2; fail "wg-quick up"; }
  follow a "from wg-quick"
  check "ringwire has it" output_has 'interface: wg0' on a "$RINGWIRE" show wg0
  follow a "back to wg-quick"
  check "wg-quick has it" ready a wg0
  check_fails "and ringwire no longer" on a "$RINGWIRE" show wg0
  on a wg-quick down wg0 >"$work/wg-quick.log" 2>&1
else
  echo "note: without wg-quick and wireguard-go this part is left out"
fi
