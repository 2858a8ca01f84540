#!/usr/bin/env bash
# A worker that polls for packets before it sleeps finds some, and takes no processor time while there are none.
#
#   a (--busy-poll=on) ------ b
source "$(dirname "$0")/lib.sh"

two_bare_hosts
spawn a "$RINGWIRE" -f "--io=$RINGWIRE_E2E_IO" --busy-poll=on wga >>"$work/wga.log" 2>&1 &
daemon_pid[wga]=$! daemon_host[wga]=a
wait_until 10 "wga is ready" ready a wga
start b wgb
set_up a wga a 51820 10.77.0.1/24 fd77::1/64
set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
join_two
check "a session" pings a 10.77.0.2
count_of() { status wga "sum(worker['counts']['$1'] for worker in status['workers'])"; }
finds_some() { on a ping -n -q -c 300 -f -W 1 10.77.0.2 && (($(count_of spins_that_found) > 0)); }
wait_until 20 "it finds some" finds_some
check "it has looked, and found" test "$(count_of spins)" -gt 100
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
quiet_for_1s() {
  local before end
  before=$(ticks "${daemon_pid[wga]}")
  end=$((${EPOCHREALTIME/./} + 1000000))
  while ((${EPOCHREALTIME/./} < end)); do
    [ "$(ticks "${daemon_pid[wga]}")" = "$before" ] || return 1
    pause 0.2
  done
}
wait_until 15 "an idle second" quiet_for_1s
echo "ok: a second without one tick of processor time"
check "and awake at once" pings b 10.77.0.1
