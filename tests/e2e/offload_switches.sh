#!/usr/bin/env bash
# Every offload can be switched off: without any one of them, and without all, the bytes arrive unchanged, and `show`
# lists the offloads in use.
#
#   a (some switched off) ------ b
source "$(dirname "$0")/lib.sh"

offloads() { status wga "' '.join(name + ' ' + status['offloads'][name]['state'] for name in status['offloads'])"; }
begin() {  # begin COMMAND...: wga, joined to wgb
  spawn a "$@" >>"$work/wga.log" 2>&1 &
  daemon_pid[wga]=$! daemon_host[wga]=a
  wait_until 10 "wga is ready" ready a wga
  set_up a wga a 51820 10.77.0.1/24 fd77::1/64
  wg set wgb peer "${public[a]}" remove
  join_two
}
bytes_arrive() { check "$1: TCP and UDP, there and back" on a timeout "$patience" "$RINGWIRE_PYTHON" "$e2e_dir/tools/exchange.py" run 10.77.0.2 5000; }
doubts() { status wga "'; '.join(o['why'] for o in status['offloads'].values() if o['state'] == 'on' and 'why' in o)"; }
state() { status wga "status['offloads']['$1']['state']"; }

two_bare_hosts
start b wgb
set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
spawn b "$RINGWIRE_PYTHON" "$e2e_dir/tools/exchange.py" serve 10.77.0.2 5000 >>"$work/exchange.log" 2>&1 &
wait_until 10 "the echo service" listening b 5000
names=(tso uso udp-gso udp-gro multishot-read multishot-recvmsg tun-gso-write)
multishot=on
[ "$RINGWIRE_E2E_IO" = io_uring ] || multishot=unused

say "all"
begin "$RINGWIRE" -f "--io=$RINGWIRE_E2E_IO" --offload=auto wga
check_equal "all are used" "tso on uso on udp-gso on udp-gro on multishot-read $multishot multishot-recvmsg $multishot \
tun-gso-write on" "$(offloads)"
check_equal "and all are proved" "" "$(doubts)"
bytes_arrive all
segments() { status wga "sum(worker['counts']['$1'] for worker in status['workers'])"; }
trains_of() { (($(segments "$1_segments") > 2 * $(segments "$1_runs"))); }  # several packets with one call
for way in tun_read udp_send udp_receive tun_write; do check "$way moves trains" trains_of $way; done
stop wga

for name in "${names[@]}"; do
  begin "$RINGWIRE" -f "--io=$RINGWIRE_E2E_IO" "--offload=-$name" wga
  check_equal "$name: off" off "$(state "$name")"
  bytes_arrive "without $name"
  case $name in
    udp-gso) check_fails "no train is sent" trains_of udp_send ;;
    udp-gro) check_fails "no train is received" trains_of udp_receive ;;
    tun-gso-write) check_fails "nothing is merged" trains_of tun_write ;;
  esac
  stop wga
done

say "none, by the configuration file"
(umask 077 && printf '[Interface]\nPrivateKey = %s\nOffload = off\nIoBackend = %s\n' "${private[a]}" "$RINGWIRE_E2E_IO" \
  >"$work/wga.conf")
begin "$RINGWIRE" run "$work/wga.conf"
for name in "${names[@]}"; do check_equal "$name: off" off "$(state "$name")"; done
bytes_arrive none
check "show says so to people" output_has 'offloads: \(none\)' "$RINGWIRE" show --workers wga
stop wga

check_fails "a name that is none" "$RINGWIRE" -f --offload=-usb wga
cp "$work/check.out" "$work/refused.log"
check "the error names them all" grep -q -- '-tso, -uso, -udp-gso' "$work/refused.log"

say "a namespace without loopback, and one whose firewall lets nothing out"
ip -n a link set lo down
begin "$RINGWIRE" -f "--io=$RINGWIRE_E2E_IO" wga
check_equal "what cannot be tried is used" "on on" "$(state udp-gso) $(state udp-gro)"
check "and show says that it could not" output_has 'offload udp-gso: on, not proved: .*loopback' "$RINGWIRE" show --workers wga
bytes_arrive "without loopback"
stop wga
ip -n a link set lo up
on a nft 'add table inet shut; add chain inet shut out { type filter hook output priority 0; policy drop; }'
begin "$RINGWIRE" -f "--io=auto" wga
check_equal "superpackets are proved past a firewall" "on on" "$(state tso) $(state uso)"
check_fails "without a doubt" output_has 'offload (tso|uso|tun-gso-write):' "$RINGWIRE" show --workers wga
check_equal "io_uring is found usable" io_uring "$(status wga "status['workers'][0]['backend']")"
on a nft delete table inet shut
bytes_arrive "after the firewall"
