#!/usr/bin/env bash
# Several tunnels of one host at the same time: a full tunnel, one for some sources, one for a site. They start
# together, end in any order, and none takes another's packets.
#
#   b (client) eth0 192.0.2.2 --- 192.0.2.66 m 203.0.113.66 --- 203.0.113.1 a (gateway of wgf, world 198.51.100.7)
#     wgf 10.77.0.2, everything              192.0.0.66 m --- 192.0.0.1 c (gateway of wgp and wgs, world 198.51.100.7,
#     wgp 172.31.255.7, what has it as source                                site 198.18.60.9)
#     wgs 10.88.0.2, the site
source "$(dirname "$0")/lib.sh"

world=198.51.100.7 site=198.18.60.9
host a b c m
link b eth0 m eth0
link m eth1 a eth0
link m eth2 c eth0
new_key a b c
address b eth0 192.0.2.2/24
address m eth0 192.0.2.66/24
address m eth1 203.0.113.66/24
address m eth2 192.0.0.66/24
address a eth0 203.0.113.1/24
address c eth0 192.0.0.1/24
address a lo $world/32
address c lo $world/32 $site/32
router m a
ip -n b route add default via 192.0.2.66
ip -n a route add default via 203.0.113.66
ip -n c route add default via 192.0.0.66
ip -n m route add 10.77.0.0/24 via 203.0.113.1  # a tunnel in the tunnel: its datagrams come from wgf's address

gateway() {  # gateway HOST IF PORT ADDRESS ALLOWED
  start "$1" "$2"
  set_up "$1" "$2" "$1" "$3" "$4"
  wg set "$2" peer "${public[b]}" allowed-ips "$5"
}
gateway a wga 51820 10.77.0.1/24 10.77.0.2/32
gateway c wgcp 51820 172.31.255.1/24 172.31.255.7/32
gateway c wgcs 51821 10.88.0.1/24 10.88.0.2/32
tunnel() {  # tunnel IF ADDRESS PEER ENDPOINT ALLOWED [LINE]
  (umask 077 && printf '[Interface]\nPrivateKey = %s\nAddress = %s\n%s\n[Peer]\nPublicKey = %s\nEndpoint = %s\nAllowedIPs = %s\n' \
    "${private[b]}" "$2" "${6:-}" "${public[$3]}" "$4" "$5" >"$work/$1.conf")
}
tunnel wgf 10.77.0.2/32 a 203.0.113.1:51820 0.0.0.0/0
tunnel wgp 172.31.255.7/32 c 192.0.0.1:51820 0.0.0.0/0 $'[Gateway]\nRouteFrom = 172.31.255.7'
tunnel wgs 10.88.0.2/32 c 192.0.0.1:51821 198.18.60.0/24
up() { on b timeout "$patience" "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/$1.conf"; }
down() { on b timeout "$patience" "$RINGWIRE" down "$1"; }
snapshot() {
  on b sh -c 'ip link | grep -o "^[0-9]*: [^:]*" | sed "s/.*: //"; ip address | grep inet; ip rule; ip -6 rule
    ip route show table all; nft list ruleset; cat /proc/sys/net/ipv4/conf/all/src_valid_mark'
  find /run/ringwire /run/wireguard -name 'wg[fps].*' ! -name '*.log*' 2>/dev/null || true
}
for name in a c; do
  on $name nft "table inet seen {
    counter arrived {
    }
    chain arriving { type filter hook prerouting priority -450;
      iifname wg* ip daddr $world counter name arrived
    }
  }"
done
goes_to() {  # goes_to GATEWAY WHAT COMMAND...: three packets more arrive there by its tunnel
  local before gateway=$1 what=$2
  before=$(counted "$gateway" arrived)
  shift 2
  check "$what" "$@"
  check_equal "$what, by $gateway" 3 "$(($(counted "$gateway" arrived) - before))"
}
full_works() { goes_to a "everything by the full tunnel $1" pings b $world; }
split_works() { goes_to c "the source by the split one $1" pings b $world -I 172.31.255.7; }
site_works() { wait_until 5 "the site has its way $1" output_has "dev wgs" on b ip route get $site from 10.88.0.2; check "the site by its own $1" pings b $site -I 10.88.0.2; }
all_work() { full_works "$1"; split_works "$1"; site_works "$1"; }
nothing_left() {
  snapshot >"$work/after"
  diff "$work/before" "$work/after" || fail "$1"
  echo "ok: $1"
}
snapshot >"$work/before"

say "all at once"
for round in 1 2 3; do
  pids=()
  for name in wgf wgp wgs; do up $name & pids+=($!); done
  for pid in "${pids[@]}"; do wait "$pid" || fail "up, round $round"; done
  check_equal "two marks, round $round" 2 "$(for name in wgf wgp; do wg show $name fwmark; done | sort -u | wc -l)"
  all_work "in round $round"
  pids=()
  for name in wgf wgp wgs; do down $name & pids+=($!); done
  for pid in "${pids[@]}"; do wait "$pid" || fail "down, round $round"; done
  nothing_left "nothing is left of round $round"
done

say "one after another, and away in either order"
up wgf && up wgp && up wgs
all_work "when it was first"
down wgf
split_works "after that"
site_works "after that"
up wgf
all_work "when it was last"
down wgs && down wgp
full_works "at the end"
up wgp
split_works "back again"
kill -KILL "$(pgrep -of "ringwire up .*/wgp.conf")"
wait_until 10 "the interface goes" no_interface b wgp
full_works "while the other one is broken"
address b lo 172.31.255.7/32
check "which lets nothing from its source out by the full one" no_pings b $world -I 172.31.255.7
ip -n b address del 172.31.255.7/32 dev lo
down wgf
down wgp
nothing_left "nothing is left"

say "each with a kill switch"
neighbour=192.0.2.66
lets_through() { output_has "oifname \"$2\" accept" on b nft list chain inet "ringwire-$1" output; }
tunnel wgs 10.88.0.2/32 c 192.0.0.1:51821 198.18.60.0/24 $'[Gateway]\nKillSwitch = on'
check "without one, the other is told" output_has 'wgf: the kill switch of wgs blocks the datagrams' sh -c \
  'on() { nsenter --net=/run/netns/b -- "$@"; }; on "$0" up "$1/wgs.conf" && on "$0" up "$1/wgf.conf"; on "$0" down wgf' "$RINGWIRE" "$work"
tunnel wgf 10.77.0.2/32 a 203.0.113.1:51820 0.0.0.0/0 $'[Gateway]\nKillSwitch = on'
up wgf
wait_until 5 "the first one knows the second one" lets_through wgs wgf
check "the second one the first one" lets_through wgf wgs
full_works "beside a kill switch"
site_works "beside a kill switch"
check "nothing else leaves" no_pings b $neighbour -I eth0
kill -KILL "$(pgrep -of "ringwire up .*/wgs.conf")"
wait_until 10 "the interface goes" no_interface b wgs
full_works "beside the switch of a dead service"
check "and still nothing else leaves" no_pings b $neighbour -I eth0
down wgf
check "whose switch keeps a later one in, and that one says so" output_has 'wgf: the kill switch of wgs, whose service is dead' \
  on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/wgf.conf"
up wgs
full_works "as soon as it is back"
site_works "as soon as it is back"
down wgs
no_longer_through() { ! lets_through wgf wgs; }
wait_until 5 "what has gone is not let through any more" no_longer_through
down wgf
check "the last one lifts it" pings b $neighbour
nothing_left "nothing is left"
