#!/usr/bin/env bash
# Either end is killed as in a crash and started again: the same TCP connection continues.
#
#   a ------ b    (both keep alive every second, so the end that comes back makes itself known)
source "$(dirname "$0")/lib.sh"

two_hosts
join_two
wg set wga peer "${public[b]}" persistent-keepalive 1
wg set wgb peer "${public[a]}" persistent-keepalive 1
stream tcp a b 10.77.0.2 5000

crash() {  # crash HOST IF ADDRESSES...: a new process, the old configuration
  local host=$1 interface=$2
  shift 2
  wg showconf "$interface" >"$work/$interface.conf"
  kill_hard "$interface"
  start "$host" "$interface"
  wg setconf "$interface" "$work/$interface.conf"
  address "$host" "$interface" "$@"
  ip -n "$host" link set "$interface" mtu 1420 up
  stream_goes_on tcp "TCP goes on after $host was killed and started again"
}

crash b wgb 10.77.0.2/24 fd77::2/64
crash a wga 10.77.0.1/24 fd77::1/64
check "pings both ways (a)" pings a fd77::2
check "pings both ways (b)" pings b fd77::1
stream_ends tcp
