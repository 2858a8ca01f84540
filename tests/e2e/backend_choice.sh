#!/usr/bin/env bash
# --io=auto: io_uring if the kernel allows it, else epoll with one line in the log; traffic works with both.
#
#   a (io_uring refused) ------ b (io_uring allowed)
source "$(dirname "$0")/lib.sh"

two_bare_hosts
backend() { status "$1" "' '.join(sorted({worker['backend'] for worker in status['workers']}))"; }
begin() {  # begin HOST IF COMMAND...
  local host=$1 interface=$2
  shift 2
  spawn "$host" "$@" -f --io=auto "$interface" >>"$work/$interface.log" 2>&1 &
  daemon_pid[$interface]=$! daemon_host[$interface]=$host
  wait_until 10 "$interface is ready" ready "$host" "$interface"
}
begin b wgb "$RINGWIRE"
set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
check_equal "allowed: io_uring" io_uring "$(backend wgb)"
for refusal in EPERM ENOSYS; do
  begin a wga "$RINGWIRE_PYTHON" "$e2e_dir/tools/without_io_uring.py" $refusal "$RINGWIRE"
  set_up a wga a 51820 10.77.0.1/24 fd77::1/64
  check_equal "$refusal: epoll" epoll "$(backend wga)"
  check_equal "$refusal: one line says so" 1 "$(grep -c 'epoll is used' "$work/wga.log")"
  wg set wgb peer "${public[a]}" remove
  join_two
  check "$refusal: traffic" pings a 10.77.0.2
  stop wga
  : >"$work/wga.log"
done

say "io_uring for a worker or two, not for all"
# The memory of rings counts against the limit of whoever has no CAP_IPC_LOCK.
limited=(prlimit --memlock=245760:245760 setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock)
begin a wga "${limited[@]}" "$RINGWIRE" --workers=8
check_equal "auto: epoll for every worker" epoll "$(backend wga)"
check_equal "auto: one line says so" 1 "$(grep -c 'epoll is used' "$work/wga.log")"
set_up a wga a 51820 10.77.0.1/24 fd77::1/64
wg set wgb peer "${public[a]}" remove
join_two
check "auto: traffic" pings a 10.77.0.2
stop wga
check_fails "io_uring: an error" on a timeout "$patience" "${limited[@]}" "$RINGWIRE" -f --io=io_uring --workers=8 wga
cp "$work/check.out" "$work/refused.log"
check "with the way out" grep -q -- '--io=epoll' "$work/refused.log"
