#!/usr/bin/env bash
# A killed service whose /run is gone, as that of a container that starts again in the network namespace of its pod: the
# next one finds in the kernel what was left, takes it over without a gap, and leaves no more than the first. Before
# that, commands say why the host has no network.
#
#   a (gateway) 192.0.2.1, and 10.77.0.1 / fd77::1 in the tunnel ------ 192.0.2.2 b (client)
source "$(dirname "$0")/lib.sh"
source "$e2e_dir/leaks.sh"

two_bare_hosts
address a lo 198.51.100.7/32 2001:db8:7::7/128  # the world behind the gateway
ip -n b route add default via 192.0.2.1 && ip -n b -6 route add default via 2001:db8::1
start a wga
set_up a wga a 51820 10.77.0.1/24 fd77::1/64
wg set wga peer "${public[b]}" allowed-ips 10.77.0.2/32,fd77::2/128
service() { pgrep -of "ringwire up .*/wgb.conf"; }
relay() { pgrep -x ringwire -P "$(service)"; }
file() {  # file INTERFACE_LINE GATEWAY_LINE
  (umask 077 && printf '[Interface]\nPrivateKey = %s\nAddress = 10.77.0.2/32, fd77::2/128\n%s\n[Gateway]\n%s\n[Peer]\nPublicKey = %s\nAllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = 192.0.2.1:51820\n' \
    "${private[b]}" "$1" "$2" "${public[a]}" >"$work/wgb.conf")
}
up() { on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/wgb.conf"; }
policy() { on b sh -c 'ip rule; ip -6 rule; ip route show table all; ip -6 route show table all' | grep -v -e 'table local' -e 'dev wgb' -e '^fe80' -e '^ff00' -e cache; }
dies() {
  local both
  both="$(service) $(relay)"
  # shellcheck disable=SC2086  # two numbers
  kill -KILL $both
  wait_until 10 "the interface goes" no_interface b wgb
}
says_why() {  # says_why COMMAND...
  check "ringwire ${1} says why there is no network" output_has 'service is dead.*`ringwire up wgb`.*`ringwire down wgb`' \
    on b "$RINGWIRE" "$@"
}
survives() {  # survives WHAT FILE...
  local what=$1 before
  shift
  file "$@"
  up
  before=$(policy)
  check "$what works" pings b 198.51.100.7 -I 10.77.0.2
  dies
  says_why show
  says_why show wgb
  says_why reload wgb
  says_why save wgb
  says_why exec wgb -- true
  rm -r /run/ringwire /run/wireguard/wgb.sock
  check "$what: closed without its files" no_pings b 198.51.100.7 -I 10.77.0.2
  up
  check "$what works again" pings b 198.51.100.7 -I 10.77.0.2
  check_equal "$what: as many rules and routes as at first" "$before" "$(policy)"
  dies
  rm -r /run/ringwire /run/wireguard/wgb.sock
  up
  check "$what works a third time" pings b 198.51.100.7 -I 10.77.0.2
  on b "$RINGWIRE" down wgb
  check_equal "$what: down leaves nothing" "$clean" "$(policy)"
  check_fails "$what: nor an nft table" output_has ringwire on b nft list tables
}

clean=$(policy)
survives "a full tunnel" "" ""
survives "a full tunnel with a mark" "FwMark = 0x77" ""
survives "a kill switch" "" "KillSwitch = on"
survives "a tunnel for some sources" "" "RouteFrom = 10.77.0.2, fd77::2"

# What belongs to others stays: a second dead tunnel, whose journal is there.
file "" "RouteFrom = 10.77.0.2"
sed 's/10.77.0.2/10.99.0.9/; s/fd77::2/fd99::9/' "$work/wgb.conf" >"$work/wgc.conf" && chmod 600 "$work/wgc.conf"
on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/wgc.conf"
both="$(pgrep -of "ringwire up .*/wgc.conf")"
both+=" $(pgrep -x ringwire -P "$both")"
# shellcheck disable=SC2086  # two numbers
kill -KILL $both
wait_until 10 "the other interface goes" no_interface b wgc
others=$(policy)
up
on b "$RINGWIRE" down wgb
check_equal "the leftovers of another tunnel stay" "$others" "$(policy)"
on b "$RINGWIRE" down wgc
check_equal "until that one goes down" "$clean" "$(policy)"
