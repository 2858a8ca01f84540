#!/usr/bin/env bash
# The default MTU: the smallest MTU of the routes to the peers, as the tunnel's own datagrams see them, less the
# overhead; also for a peer by name, at a reload, and without any peer.
#
#   a eth0 192.0.2.1 / 2001:db8::1 (1500) ------ b      a wide0 198.51.100.1 (9000) ------ c      a thin0 (1400) ------ d
source "$(dirname "$0")/lib.sh"

two_bare_hosts
host c d
link a wide0 c eth0 9000
link a thin0 d eth0 1400
address a wide0 198.51.100.1/24
address a thin0 203.0.113.1/24
new_key c
printf '192.0.2.2 b.example.test\n' >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts
configuration() {  # configuration MTU_OR_MARK_LINE ENDPOINT...: a peer for each
  local line=$1 endpoint key
  shift
  printf '[Interface]\nPrivateKey = %s\n%s\n' "${private[a]}" "$line"
  for endpoint in "$@"; do
    key=b
    [ "$endpoint" != "${2:-}" ] || key=c
    printf '[Peer]\nPublicKey = %s\nEndpoint = %s\n' "${public[$key]}" "$endpoint"
  done
}
mtu() { ip -n a -o link show wga | sed 's/.* mtu \([0-9]*\).*/\1/'; }
gives() {  # gives MTU WHAT LINE ENDPOINT...: what a dry run says
  local wanted=$1 what=$2
  shift 2
  (umask 077 && configuration "$@" >"$work/wga.conf")
  check_equal "$what" "ip link set dev wga mtu $wanted" "$(on a "$RINGWIRE" up --dry-run "$work/wga.conf" | grep ' mtu ')"
}
sets() {  # sets MTU WHAT LINE ENDPOINT...: what the interface has
  local wanted=$1 what=$2
  shift 2
  (umask 077 && configuration "$@" >"$work/wga.conf")
  up a "$work/wga.conf"
  check_equal "$what" "$wanted" "$(mtu)"
  down a wga
}

gives 1420 "no endpoint, and no way out" ''
gives 1420 "an Ethernet" '' 192.0.2.2:51820
gives 1420 "over IPv6 too" '' '[2001:db8::2]:51820'
gives 8920 "a wide one" '' 198.51.100.2:51820
gives 1420 "the narrowest of two" '' 198.51.100.2:51820 192.0.2.2:51820
sets 1420 "a peer by name" '' b.example.test:51820
gives 1420 "a peer that nothing leads to does not count" '' 192.0.2.2:51820 8.8.8.8:51820
gives 1200 "the one that is given" 'MTU = 1200' 192.0.2.2:51820
ip -n a route add default via 203.0.113.2
gives 1320 "no endpoint: the default route" ''
gives 1420 "which does not matter with one" '' 192.0.2.2:51820
ip -n a route add 192.0.2.2/32 dev eth0 mtu 1390
gives 1310 "what the route says" '' 192.0.2.2:51820
sets 1310 "also of a peer by name" '' b.example.test:51820
ip -n a route replace 192.0.2.2/32 dev eth0 mtu 1300
gives 1280 "never less than IPv6 takes" '' 192.0.2.2:51820
ip -n a route delete 192.0.2.2/32
ip -n a rule add fwmark 7 lookup 77
ip -n a route add 192.0.2.2/32 via 203.0.113.2 table 77
sets 1320 "what a marked datagram sees" 'FwMark = 7' 192.0.2.2:51820
gives 1420 "and another one does not" 'FwMark = 8' 192.0.2.2:51820

say "a reload"
(umask 077 && configuration '' 198.51.100.2:51820 >"$work/wga.conf")
up a "$work/wga.conf"
check_equal "a wide way" 8920 "$(mtu)"
(umask 077 && configuration '' 192.0.2.2:51820 >"$work/wga.conf")
on a "$RINGWIRE" reload wga
wait_until 10 "the reload" prints 1420 mtu
echo "ok: a narrower one after a reload"
down a wga
