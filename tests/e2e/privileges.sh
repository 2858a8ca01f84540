#!/usr/bin/env bash
# What a process that was started as root keeps: two capabilities, in every thread, with no way back; and that they are
# enough for what an operator may ask of it later. A third one only where the configuration belongs to somebody else.
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

everywhere() { cat /proc/"${daemon_pid[wga]}"/task/*/status | awk -v field="$1:" '$1 == field { print $2 }' | sort -u; }
kept=$(printf '%016x' $((1 << 12 | 1 << 10)))  # CAP_NET_ADMIN, CAP_NET_BIND_SERVICE
for set in CapEff CapPrm CapBnd; do check_equal "$set of every thread" "$kept" "$(everywhere $set)"; done
check_equal "none to pass on" 0000000000000000 "$(everywhere CapInh)"
check_equal "no thread can gain any" 1 "$(everywhere NoNewPrivs)"
check "it never dumps its memory" grep -Eq '^Max core file size +0 +0' "/proc/${daemon_pid[wga]}/limits"

check "a firewall mark" wg set wga fwmark 7
check "a low port" wg set wga listen-port 500
check_equal "its port" 500 "$(wg show wga listen-port)"
sed -i 's,^Address.*,Address = 10.77.0.1/24\, 10.78.0.1/24\nMTU = 1300,' "$work/wga.conf"
kill -HUP "${daemon_pid[wga]}"
wait_until 5 "addresses of a file that is read again" output_has '10\.78\.0\.1/24' ip -n a address show dev wga
check "the one that was there stays" output_has '10\.77\.0\.1/24' ip -n a address show dev wga
sed -i 's,^Address.*,Address = 10.78.0.1/24,' "$work/wga.conf"
kill -HUP "${daemon_pid[wga]}"
no_address() { ! ip -n a address show dev wga | grep -qF "$1"; }
wait_until 5 "one is removed" no_address 10.77.0.1
echo "ok: addresses come and go with the file"

say "files that belong to somebody else"
log_has() { grep -q "$1" "$work/$2.log"; }
(umask 077 && wg genkey >"$work/key")
chown nobody "$work/key"
sed -i "s,^PrivateKey.*,PrivateKeyFile = $work/key," "$work/wga.conf"
key=$(wg show wga public-key)
kill -HUP "${daemon_pid[wga]}"
wait_until 5 "a reload says what it may not read, and the fix" log_has "read $work/key: Permission denied.*chown 0 $work/key" wga
check_equal "the old key stays" "$key" "$(wg show wga public-key)"
check "and the old addresses" output_has '10\.78\.0\.1/24' ip -n a address show dev wga
chown root "$work/key"
kill -HUP "${daemon_pid[wga]}"
wait_until 5 "the fix works" prints "$(wg pubkey <"$work/key")" wg show wga public-key

(umask 077 && printf '[Interface]\nPrivateKeyFile = %s\nMTU = 1400\n' "$work/key" >"$work/wgb.conf")
chown nobody "$work/wgb.conf" "$work/key"
spawn a "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wgb.conf" >>"$work/wgb.log" 2>&1 &
daemon_pid[wgb]=$! daemon_host[wgb]=a
mtu_is() { output_has "mtu $1\b" ip -n a link show wgb; }
wait_until 10 "wgb is up" mtu_is 1400
wait_until 10 "wg speaks to it" wg show wgb
caps() { awk -v field="$1:" '$1 == field { print $2 }' "/proc/${daemon_pid[wgb]}/status"; }
check_equal "started with such files, it may read, not write, them" "$(printf '%016x' $((0x$kept | 1 << 2)))" "$(caps CapPrm)"
check_equal "and not all the time" "$kept" "$(caps CapEff)"
sed -i 's/1400/1390/' "$work/wgb.conf"
chown nobody "$work/wgb.conf"
kill -HUP "${daemon_pid[wgb]}"
wait_until 5 "so a reload works" mtu_is 1390
echo "ok: a reload reads them"
