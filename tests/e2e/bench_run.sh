#!/usr/bin/env bash
# The benchmarks that start programs run, leave nothing behind, and their JSON has every figure that docs/benchmarks.md names.
# The test does not judge speed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$here/../../build/dev
RINGWIRE=${RINGWIRE:-$build/ringwire} UDP_BLAST=${UDP_BLAST:-$build/udp_blast} WIRE_LOAD=${WIRE_LOAD:-$build/wire_load}
RINGWIRE_PYTHON=${RINGWIRE_PYTHON:-python3}
run=$here/../../bench/e2e/run.py
[ "$(id -u)" = 0 ] && [ -c /dev/net/tun ] || { echo "SKIP: needs root and /dev/net/tun"; exit 77; }
unshare --mount --net --pid --fork true 2>/dev/null || { echo "SKIP: needs CAP_SYS_ADMIN (namespaces)"; exit 77; }
for tool in iperf3 ss wg ping taskset nft ethtool; do
  command -v "$tool" >/dev/null || { echo "SKIP: needs $tool (./dev setup)"; exit 77; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$RINGWIRE_PYTHON" "$run" --rounds 1 --seconds 0.3 --systems veth,chacha --work tcp1,udp1300,ping,load --json "$folder/result.json" \
  "--ringwire=$RINGWIRE" "--udp-blast=$UDP_BLAST" "--io=${RINGWIRE_E2E_IO:-io_uring}"
"$RINGWIRE_PYTHON" - "$folder/result.json" <<'PY'
import json
import sys

report = json.load(open(sys.argv[1]))
cpu = {"daemon_cpu_s_per_gb", "machine_cpu_s_per_gb", "stolen_cpu_s", "busiest_thread_s_per_gb"}
counted = {"segments_per_train", "inputs_per_turn", "turns_per_s", "sealed_lost", "replay_drops"}
wanted = {"tcp1": {"gbit_per_s", "retransmits"} | cpu,
          "udp1300": {"packets_per_s", "offered_per_s", "daemon_cpu_us_per_packet"} | cpu,
          "ping": {"p50_us", "p99_us", "lost"}, "load": {"p50_us", "p99_us", "lost"}}
assert {"rounds", "seconds", "cpus", "cpu", "kernel", "load_before", "versions"} <= set(report["conditions"])
seen = {(result["work"], result["system"]) for result in report["results"]}
assert seen == {(kind, system) for kind in wanted for system in ("veth", "chacha")}, seen
for result in report["results"]:
    assert wanted[result["work"]] <= set(result["figures"]), result
    if result["system"] == "chacha":
        assert counted <= set(result["figures"]), result
        assert result["placement"]["workers"] >= 1 and len(result["placement"]["threads"]) == 2, result
        if result["work"] == "tcp1":
            assert result["figures"]["daemon_cpu_s"] > 0, result
for one in report["summary"]:
    for figure in one["figures"].values():
        assert set(figure) == {"median", "min", "max", "q1", "q3", "rounds"}, one
print("ok: every figure is there")
PY

# The other wires and kinds of work, each once. What a wire does to packets must show in what was counted.
"$RINGWIRE_PYTHON" "$run" --rounds 1 --seconds 0.5 --systems chacha --streams 4 --even --workers 2 \
  --work tcp1@segmented,udp1300@loss5,udp1300@reorder1,streams,vxlan1,blast64,alone-send64,alone-receive64 \
  --json "$folder/modes.json" "--ringwire=$RINGWIRE" "--udp-blast=$UDP_BLAST" "--io=${RINGWIRE_E2E_IO:-io_uring}"
"$RINGWIRE_PYTHON" - "$folder/modes.json" <<'PY'
import json
import sys

report = json.load(open(sys.argv[1]))
figures = {result["work"]: result["figures"] for result in report["results"]}
counts = {result["work"]: result["counts"] for result in report["results"]}
for kind in ("tcp1@segmented", "streams", "vxlan1"):
    assert figures[kind]["gbit_per_s"] > 0 and figures[kind]["busiest_thread_s"] > 0, figures[kind]
for kind in ("blast64", "udp1300@loss5", "udp1300@reorder1"):
    assert figures[kind]["packets_per_s"] > 0, figures[kind]
for kind in ("alone-send64", "alone-receive64"):
    assert figures[kind]["packets_per_core_s"] > 0, figures[kind]
assert figures["udp1300@loss5"]["sealed_lost"] > 0.02, figures["udp1300@loss5"]
assert all(counts[kind]["a"]["udp_send_segments"] > 0 for kind in figures), counts
print("ok: every wire and kind of work is measured")
PY

"$RINGWIRE_PYTHON" "$here/../../bench/scale/run.py" --peers 60 --systems ringwire --handshakes 10 --idle-seconds 0.2 \
  --json "$folder/scale.json" "--ringwire=$RINGWIRE" "--wire-load=$WIRE_LOAD"
"$RINGWIRE_PYTHON" "$here/../../bench/siege/run.py" --kinds initiations,forged,peer-data --rates 2000 --systems chacha --seconds 1 \
  --json "$folder/siege.json" "--ringwire=$RINGWIRE" "--wire-load=$WIRE_LOAD" "--io=${RINGWIRE_E2E_IO:-io_uring}"
"$RINGWIRE_PYTHON" - "$folder/scale.json" "$folder/siege.json" <<'PY'
import json
import sys

scale, siege = (json.load(open(path)) for path in sys.argv[1:])
figures = scale["results"][0]["figures"]
assert {"setconf_s", "up_s", "set_ms", "idle_kib", "session_kib", "idle_cpu_percent", "add_ms", "remove_ms", "dump_s", "json_s",
        "beside_p99_ms", "beside_max_ms", "reload_ms", "handshakes_per_s", "end_s"} <= set(figures), figures
assert figures["beside_lost"] == 0 and figures["handshakes_lost"] == 0, figures
assert len(siege["results"]) == 3, siege
for result in siege["results"]:
    for state in ("alone", "aimed_at_nobody", "under_attack"):
        assert result[state]["gbit_per_s"] > 0 and result[state]["handshakes"] > 0, result
    assert result["under_attack"]["flood_per_s"] > 100, result
explained = {result["kind"]: result["drops"] for result in siege["results"]}
assert sum(explained["initiations"].values()) > 100 and sum(explained["forged"].values()) > 100, explained
print("ok: many peers and floods are measured")
PY

# What cannot be measured is a failure, in words, and in the exit status.
status=0
"$RINGWIRE_PYTHON" "$run" --rounds 1 --seconds 0.3 --systems chacha --work udp1300 "--ringwire=$RINGWIRE" --udp-blast=/bin/false \
  >"$folder/failing" 2>&1 || status=$?
[ "$status" = 1 ] && grep -q 'chacha.*FAILED' "$folder/failing" || { cat "$folder/failing"; exit 1; }
echo "ok: a failing measurement is reported"
"$run" --systems nonsense >"$folder/usage" 2>&1 && exit 1
grep -q "there is no 'nonsense'" "$folder/usage" || { cat "$folder/usage"; exit 1; }
echo "ok: an unknown system is refused"
