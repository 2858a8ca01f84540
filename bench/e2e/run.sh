#!/usr/bin/env bash
# TCP through ringwire (with AES-256-GCM where both CPUs have it, and held to ChaCha20-Poly1305) and through
# wireguard-go, side by side: two hosts in fresh network namespaces for every round,
# the systems alternating, everything (both ends of the tunnel, both ends of iperf3) on the same CPUs.
#
#   a  192.0.2.1  ------ veth ------  192.0.2.2  b
#      10.77.0.1  ====== tunnel =====  10.77.0.2        iperf3 -c on a, -s on b
#
# usage: run.sh [--rounds=N] [--seconds=N] [--io=io_uring|epoll] [--json=FILE]
# RINGWIRE is the program to measure: a release build.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rounds=5 seconds=5 json=
for argument in "$@"; do
  case $argument in
    --rounds=*) rounds=${argument#*=} ;;
    --seconds=*) seconds=${argument#*=} ;;
    --io=*) export RINGWIRE_E2E_IO=${argument#*=} ;;
    --json=*) json=$(realpath "${argument#*=}") ;;
    *) sed -n '2,11p' "$0" >&2; exit 2 ;;
  esac
done
# shellcheck source=tests/e2e/lib.sh
source "$here/../../tests/e2e/lib.sh"
command -v iperf3 >/dev/null || skip "iperf3 (./dev setup)"
export LOG_LEVEL=error

cpu_ticks() { awk '{ sum += $14 + $15 } END { print sum }' "/proc/${daemon_pid[wga]}/stat" "/proc/${daemon_pid[wgb]}/stat"; }

measure() {  # measure SYSTEM STREAMS: one line of result
  local system=$1 streams=$2 before after
  two_hosts "$system" "$system"
  join_two
  wait_until 10 "the tunnel of $system" pings a 10.77.0.2
  spawn b iperf3 -s -1 >/dev/null 2>&1 &
  wait_until 10 "iperf3" listening b 5201
  before=$(cpu_ticks)
  on a iperf3 -c 10.77.0.2 -t "$seconds" -P "$streams" -J >"$work/iperf.json"
  after=$(cpu_ticks)
  python3 - "$work/iperf.json" "$system" "$streams" "$((after - before))" "$(getconf CLK_TCK)" <<'PY' >>"$work/results"
import json, sys
path, system, streams, ticks, hertz = sys.argv[1:]
end = json.load(open(path))["end"]
print(json.dumps({"system": system, "streams": int(streams),
                  "gbit_per_s": end["sum_received"]["bits_per_second"] / 1e9,
                  "retransmits": end["sum_sent"].get("retransmits", 0),
                  "daemon_cpu_s_per_gbyte": int(ticks) / int(hertz) / (end["sum_received"]["bytes"] / 1e9)}))
PY
  for interface in wga wgb; do stop "$interface"; done
  ip netns del a
  ip netns del b
}

for ((round = 1; round <= rounds; ++round)); do
  for streams in 1 4; do
    for system in ringwire chacha go; do
      measure "$system" "$streams"
      tail -n 1 "$work/results" | python3 -c "
import json, sys
r = json.load(sys.stdin)
print(f\"round $round/$rounds: {r['system']:8} {r['streams']} stream(s) {r['gbit_per_s']:6.2f} Gbit/s\", flush=True)"
    done
  done
done

cp "$work/results" "${json:-/dev/null}"
python3 - "$work/results" "$RINGWIRE_E2E_IO" "$(nproc)" "$(uname -r)" "$seconds" <<'PY'
import json, statistics, sys
path, io, cpus, kernel, seconds = sys.argv[1:]
rows = [json.loads(line) for line in open(path)]
print(f"\nTCP, medians of {len(rows) // 6} rounds of {seconds} s; both hosts on {cpus} CPUs, Linux {kernel}, ringwire on {io}")
print(f"{'streams':>7} {'system':>9} {'Gbit/s':>8} {'min':>7} {'max':>7} {'CPU s/GB':>9}")
for streams in (1, 4):
    median = {}
    for system in ("ringwire", "chacha", "go"):
        chosen = [r for r in rows if r["system"] == system and r["streams"] == streams]
        rate = [r["gbit_per_s"] for r in chosen]
        cpu = statistics.median(r["daemon_cpu_s_per_gbyte"] for r in chosen)
        median[system] = statistics.median(rate), cpu
        print(f"{streams:>7} {system:>9} {median[system][0]:8.2f} {min(rate):7.2f} {max(rate):7.2f} {cpu:9.2f}")
    for system in ("ringwire", "chacha"):
        print(f"{streams:>7} {system + '/go':>11} {median[system][0] / median['go'][0]:6.2f} {'':15} "
              f"{median[system][1] / median['go'][1]:9.2f}")
PY
