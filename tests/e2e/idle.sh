#!/usr/bin/env bash
# An idle interface with sessions takes no processor time.
#
#   a ------ b
source "$(dirname "$0")/lib.sh"

two_hosts
join_two
check "a session" pings a 10.77.0.2
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
quiet_for_2s() {  # two seconds in a row without a tick of either process, before the deadline
  local a b end
  a=$(ticks "${daemon_pid[wga]}") b=$(ticks "${daemon_pid[wgb]}")
  end=$((${EPOCHREALTIME/./} + 2000000))
  while ((${EPOCHREALTIME/./} < end)); do
    [ "$(ticks "${daemon_pid[wga]}")" = "$a" ] && [ "$(ticks "${daemon_pid[wgb]}")" = "$b" ] || return 1
    pause 0.2
  done
}
wait_until 15 "two idle seconds" quiet_for_2s
echo "ok: two seconds without one tick of processor time"
check "and awake at once" pings b 10.77.0.1
