#!/usr/bin/env bash
# `ringwire run` with endpoints that are names: it starts without them, ends on SIGTERM during a query, and uses an
# address as soon as it is found.
#
#   a (run) ------ b
source "$(dirname "$0")/lib.sh"

two_bare_hosts
printf 'hosts: files dns\n' >"$work/nsswitch.conf"
mount --bind "$work/nsswitch.conf" /etc/nsswitch.conf
: >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts
: >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
configuration() {  # configuration ENDPOINT [MTU]
  (umask 077 && cat >"$work/new.conf" <<TEXT
[Interface]
PrivateKey = ${private[a]}
Address = 10.77.0.1/24
MTU = ${2:-1420}
[Peer]
PublicKey = ${public[b]}
AllowedIPs = 10.77.0.2/32
Endpoint = $1
TEXT
  )
  mv "$work/new.conf" "$work/wga.conf"
}
run() {
  spawn a "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wga.conf" >>"$work/wga.log" 2>&1 &
  daemon_pid[wga]=$! daemon_host[wga]=a
}
logged() { grep -cF "$1" "$work/wga.log" || true; }
mtu_is() { output_has "mtu $1\\b" ip -n a link show wga; }

say "a resolver that does not answer"
on b nft 'add table inet quiet; add chain inet quiet in { type filter hook input priority 0; };
  add rule inet quiet in udp dport 53 counter drop'
echo 'nameserver 192.0.2.2' >"$work/resolv.conf"
configuration b.example.test:51820
run
asked() { ! output_has 'packets 0' on b nft list chain inet quiet in; }
wait_until 5 "it asks" asked
before=${EPOCHREALTIME/./}
kill -TERM "${daemon_pid[wga]}"
ended wga "SIGTERM ends it"
((${EPOCHREALTIME/./} - before < 3000000 * ${RINGWIRE_SLOWNESS:-1})) || fail "SIGTERM had to wait for the resolver"
echo "ok: at once"

say "a name that is not found yet"
echo 'nameserver 127.0.0.1' >"$work/resolv.conf"  # nobody listens there
start b wgb
set_up b wgb b 51820 10.77.0.2/24
wg set wgb peer "${public[a]}" allowed-ips 10.77.0.1/32
run
wait_until 10 "it starts all the same" output_has '10\.77\.0\.1' ip -n a address show dev wga up
field() { awk -v name="$1:" '$1 == name { print $2 }' /proc/"$2"/task/*/status | sort -u; }
supervisor=${daemon_pid[wga]}
resolver=$(pgrep -P "$supervisor" -f '^ringwire-resolver')
for set in CapInh CapPrm CapEff CapBnd CapAmb; do check_equal "$set of the resolver" 0000000000000000 "$(field $set "$resolver")"; done
check "it is not root" test "$(field Uid "$resolver")" -ge 1
check_equal "it is filtered" 2 "$(field Seccomp "$resolver")"
check_equal "and can gain nothing" 1 "$(field NoNewPrivs "$resolver")"
check_equal "the name is named once, with the place" 1 "$(logged 'wga.conf:8:12: cannot resolve b.example.test')"
check_equal "the peer has no endpoint" '(none)' "$(endpoint wga)"
echo '192.0.2.2 b.example.test' >"$work/hosts"
wait_until 10 "the peer is sent there when it is found" prints 192.0.2.2:51820 endpoint wga
check "the tunnel works" pings a 10.77.0.2
check_equal "no further warning" 1 "$(logged 'resolve b.example.test')"

say "reload"
configuration nowhere.example.test:51820 1400
kill -HUP "${daemon_pid[wga]}"
wait_until 10 "the rest of a file with an unknown name is applied" mtu_is 1400
wait_until 10 "and the name is named" output_has 'wga\.conf:8:12: cannot resolve nowhere' cat "$work/wga.log"
check "the tunnel still works" pings a 10.77.0.2
echo '192.0.2.2 b.example.test nowhere.example.test' >"$work/hosts"
wait_until 10 "until it is found" output_has 'nowhere\.example\.test is at 192\.0\.2\.2' cat "$work/wga.log"
say "a peer that has moved"
wg set wgb listen-port 40001
at_once "b speaks" b 10.77.0.1
wait_until 2 "a has followed" prints 192.0.2.2:40001 endpoint wga
configuration nowhere.example.test:51820 1390
kill -HUP "${daemon_pid[wga]}"
wait_until 10 "another reload" mtu_is 1390
check_equal "leaves it there" 192.0.2.2:40001 "$(endpoint wga)"

if [ "$(uname -m)" = x86_64 ]; then
  say "a resolver that was taken over"
  resolver=$(pgrep -P "${daemon_pid[wga]}" -f '^ringwire-resolver')
  inside() { "$RINGWIRE_PYTHON" "$e2e_dir/tools/call_inside.py" "$resolver" "$@"; }
  check_equal "may not open a file" EPERM "$(inside openat -100 /etc/shadow 0 0)"
  check_equal "nor a socket" EPERM "$(inside socket 2 2 0)"
  check_equal "nor fork" EPERM "$(inside fork)"
  check_equal "and runs nothing" "ended by SIGSYS" "$(inside execve /bin/sh 0 0)"
  configuration again.example.test:51820 1380
  echo '192.0.2.2 again.example.test' >"$work/hosts"
  kill -HUP "${daemon_pid[wga]}"
  wait_until 15 "another one is started when it is needed" output_has 'again\.example\.test is at 192\.0\.2\.2' cat "$work/wga.log"
fi
