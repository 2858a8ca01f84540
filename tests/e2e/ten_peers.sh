#!/usr/bin/env bash
# Ten peers at one gateway at the same time: each has traffic with the gateway and with its neighbour through it.
#
#   p0 ... p9  192.0.2.10 ... 19 ---[switch]--- 192.0.2.1  g     inside: g 10.77.0.1, pN 10.77.0.10+N
source "$(dirname "$0")/lib.sh"

host g switch
ip -n switch link add bridge type bridge
ip -n switch link set bridge up
plug() {  # plug HOST ADDRESS
  link "$1" eth0 switch "to_$1"
  ip -n switch link set "to_$1" master bridge
  address "$1" eth0 "$2/24"
}
plug g 192.0.2.1
router g
new_key g
start g wgg
set_up g wgg g 51820 10.77.0.1/24
for n in {0..9}; do
  host "p$n"
  plug "p$n" "192.0.2.1$n"
  new_key "p$n"
  start "p$n" "wgp$n"
  set_up "p$n" "wgp$n" "p$n" 51820 "10.77.0.1$n/24"
  wg set wgg peer "${public[p$n]}" allowed-ips "10.77.0.1$n/32"
  wg set "wgp$n" peer "${public[g]}" endpoint 192.0.2.1:51820 allowed-ips 10.77.0.0/24
done

all_at_once() {  # all_at_once COMMAND...: on every peer, with N in place of the peer's number
  local pids=() n one
  for n in {0..9}; do spawn "p$n" "${@//NEIGHBOUR/1$(((n + 1) % 10))}" >"$work/p$n.out" 2>&1 & pids+=($!); done
  for one in "${pids[@]}"; do wait "$one" || return 1; done
}
every_answer() { all_at_once "$@" && [ "$(cat "$work"/p?.out | grep -c ' 0% packet loss')" = 10 ]; }
check "every peer reaches the gateway, all at once, and no ping is lost" tries every_answer ping -n -q -c 20 -i 0.02 -W "$patience" 10.77.0.1
check "every peer reaches its neighbour through the gateway, all at once, and no ping is lost" \
  tries every_answer ping -n -q -c 20 -i 0.02 -W "$patience" -s 1200 10.77.0.NEIGHBOUR
check_equal "ten sessions" 10 "$(wg show wgg latest-handshakes | awk '$2 > 0' | wc -l)"
if [ "${RINGWIRE_E2E_RELEASE:-}" = 1 ]; then
  kilobytes=$(awk '/^VmRSS/ { print $2 }' "/proc/${daemon_pid[wgg]}/status")
  ((kilobytes < 65536)) || fail "the gateway's resident memory is $kilobytes kB"
  echo "ok: the gateway's resident memory is $kilobytes kB, under 64 MB"
fi
