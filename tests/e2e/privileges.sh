#!/usr/bin/env bash
# The rights of the relay process of `ringwire run` when root starts it: two capabilities, in every thread, with no
# way to regain others; and they are enough for an operator's later requests.
#
#   a (one host)
source "$(dirname "$0")/lib.sh"

host a
cat >"$work/wga.conf" <<TEXT
[Interface]
PrivateKey = $(wg genkey)
ListenPort = 51820
Address = 10.77.0.1/24
TEXT
spawn a "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wga.conf" >>"$work/wga.log" 2>&1 &
daemon_pid[wga]=$! daemon_host[wga]=a
wait_until 10 "wga is up" output_has '10\.77\.0\.1' ip -n a address show dev wga up
wait_until 10 "wg speaks to it" wg show wga

relay=$(pgrep -P "${daemon_pid[wga]}")
everywhere() { cat /proc/"$relay"/task/*/status | awk -v field="$1:" '$1 == field { print $2 }' | sort -u; }
kept=$(printf '%016x' $((1 << 12 | 1 << 10)))  # CAP_NET_ADMIN, CAP_NET_BIND_SERVICE
for set in CapEff CapPrm CapBnd; do check_equal "$set of every thread" "$kept" "$(everywhere $set)"; done
check_equal "none to pass on" 0000000000000000 "$(everywhere CapInh)"
check_equal "no thread can gain any" 1 "$(everywhere NoNewPrivs)"
check "it never dumps its memory" grep -Eq '^Max core file size +0 +0' "/proc/$relay/limits"

check "a firewall mark" wg set wga fwmark 7
check "a low port" wg set wga listen-port 500
check_equal "its port" 500 "$(wg show wga listen-port)"
sed -i 's,^Address.*,Address = 10.77.0.1/24\, 10.78.0.1/24\nMTU = 1300,' "$work/wga.conf"
kill -HUP "${daemon_pid[wga]}"
wait_until 5 "addresses of a file that is read again" output_has '10\.78\.0\.1/24' ip -n a address show dev wga
check "the one that was there stays" output_has '10\.77\.0\.1/24' ip -n a address show dev wga
sed -i 's,^Address.*,Address = 10.78.0.1/24,' "$work/wga.conf"
kill -HUP "${daemon_pid[wga]}"
no_address() { ! ip -n a address show dev wga | grep -F "$1" >/dev/null; }
wait_until 5 "one is removed" no_address 10.77.0.1
echo "ok: addresses come and go with the file"

say "files that belong to somebody else"
# The relay may not read them, and does not have to: the supervisor reads.
(umask 077 && wg genkey >"$work/key")
chown nobody "$work/key"
sed -i "s,^PrivateKey.*,PrivateKeyFile = $work/key," "$work/wga.conf"
chown nobody "$work/wga.conf"
kill -HUP "${daemon_pid[wga]}"
wait_until 5 "a reload reads them" prints "$(wg pubkey <"$work/key")" wg show wga public-key
check_equal "the relay is the same one" "$relay" "$(pgrep -P "${daemon_pid[wga]}")"
check_equal "and has gained nothing" "$kept" "$(everywhere CapPrm)"
key=$(wg show wga public-key)
echo nonsense >"$work/key"
kill -HUP "${daemon_pid[wga]}"
wait_until 5 "what is no key is refused" grep -q "$work/key holds no key" "$work/wga.log"
check_equal "the old key stays" "$key" "$(wg show wga public-key)"
