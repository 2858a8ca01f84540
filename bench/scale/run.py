#!/usr/bin/env python3
"""What a gateway costs with 1,000, 10,000 and 100,000 peers: load, memory, idle CPU, changes, status
and handshakes; wireguard-go beside it.

  a  192.0.2.1 (the gateway) ------ veth ------ 192.0.2.2  b (clients, each with an address of 10.64/10)

docs/benchmarks.md says how to read what it prints. Needs root."""
import argparse
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import hosts  # noqa: E402
import measures  # noqa: E402
from gateways import Ringwire, WireguardGo  # noqa: E402

BUILD = HERE.parents[1] / "build/bench"
# What the table shows: (figure, title, unit).
ROWS = [
    ("setconf_s", "load by wg setconf", "s"),
    ("up_s", "load by file: ringwire up", "s"),
    ("set_ms", "load by wg set, each peer", "ms"),
    ("idle_kib", "memory of an idle peer", "KiB"),
    ("session_kib", "memory of a peer with a session", "KiB"),
    ("left_percent", "memory after all peers left, of the start", "%"),
    ("idle_cpu_percent", "idle CPU, of a core", "%"),
    ("add_ms", "one peer added, daemon's time", "ms"),
    ("remove_ms", "one peer removed, daemon's time", "ms"),
    ("dump_s", "wg show dump", "s"),
    ("json_s", "ringwire show --json", "s"),
    ("beside_p99_ms", "handshake beside both, p99", "ms"),
    ("beside_max_ms", "handshake beside both, longest", "ms"),
    ("reload_ms", "reload with one changed line", "ms"),
    ("handshakes_per_s", "handshakes answered", "1/s"),
    ("handshakes_per_core_s", "handshakes a CPU second", "1/s"),
    ("of_x25519", "the same, of this core's X25519 / 5", ""),
    ("end_s", "end of the process", "s"),
]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench scale", description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("--peers", default="1000,10000,100000", help="numbers of peers (%(default)s)")
    add("--systems", default="ringwire,wireguard-go", help="of %(default)s")
    add("--handshakes", type=int, default=3000, help="clients that shake hands (%(default)s)")
    add("--idle-seconds", type=float, default=5, help="time over which idle CPU is measured (%(default)s)")
    add("--wireguard-go-peers", type=int, default=10_000,
        help="the most peers that wireguard-go gets: it takes 33 KiB for each (%(default)s)")
    add("--json", metavar="FILE", help="every figure and the conditions")
    add("--ringwire", default=os.environ.get("RINGWIRE", str(BUILD / "ringwire")))
    add("--wire-load", default=str(BUILD / "wire_load"))
    add("--micro-bench", default=str(BUILD / "bench/micro_bench"), help="for the cost of a lookup")
    add("--wireguard-go", default="wireguard-go", metavar="PROGRAM")
    options = parser.parse_args()
    try:
        options.peers = [int(number) for number in options.peers.split(",")]
    except ValueError:
        parser.error("--peers takes numbers, separated by commas")
    if min(options.peers) < 2 or max(options.peers) > 1 << 20:
        parser.error("--peers takes numbers from 2 to 1048576")
    known = {"ringwire": Ringwire, "wireguard-go": WireguardGo}
    unknown = [name for name in options.systems.split(",") if name not in known]
    if unknown:
        parser.error(f"there is no '{unknown[0]}'; ringwire, wireguard-go")
    options.systems = [known[name] for name in options.systems.split(",")]
    return options


def refuses(kind, count, options):
    """Why this system is not measured with so many peers, or None."""
    if kind.missing(options):
        return f"needs {kind.missing(options)}"
    if kind is WireguardGo and count > options.wireguard_go_peers:
        return "would take too much memory (--wireguard-go-peers)"
    return None


def measure_all(options, results):
    for count in options.peers:
        for kind in options.systems:
            reason = refuses(kind, count, options)
            if reason:
                print(f"left out: {kind.name} with {count} peers: {reason}", flush=True)
                continue
            result = {"system": kind.name, "peers": count, "figures": {}}
            results.append(result)
            try:
                measures.measure(kind, count, options, result["figures"])
            except (hosts.Failed, OSError, ValueError, KeyError) as error:
                result["error"] = f"{kind.name}, {count} peers: {type(error).__name__}: {error}"
                print(f"FAILED: {result['error']}", flush=True)


def table(results, lookups, facts):
    yield (f"\n{len(facts['cpus'])} CPUs ({facts['cpu']}), Linux {facts['kernel']}; load before: "
           f"{facts['load_before']:.2f}")
    for name, version in facts["versions"].items():
        yield f"  {name}: {version}"
    yield f"\n{'':40}" + "".join(f"{result['system']:>16}" for result in results)
    yield f"{'peers':40}" + "".join(f"{result['peers']:>16,}" for result in results)
    for figure, title, unit in ROWS:
        if any(figure in result["figures"] for result in results):
            values = [result["figures"].get(figure) for result in results]
            yield f"{title + (', ' + unit if unit else ''):40}" + "".join(
                f"{'-' if value is None else format(value, '.3g' if abs(value) < 1000 else ',.0f'):>16}"
                for value in values)
    for prefixes, nanoseconds in lookups.items():
        yield f"lookup among {prefixes} prefixes: {nanoseconds:.1f} ns"


def main():
    options = parse_arguments()
    if options.json:
        options.json = os.path.realpath(options.json)
        pathlib.Path(options.json).parent.mkdir(parents=True, exist_ok=True)
    hosts.enter_namespaces(sys.argv)
    facts, results, lookups = hosts.machine(), [], {}
    facts["versions"] = {kind.name: kind.version(options) for kind in options.systems
                         if not kind.missing(options)}
    if not facts["versions"]:
        sys.exit("run.py: none of the systems can run here")
    hosts.make_folders()
    try:
        lookups = measures.lookups(options)
        measure_all(options, results)
    except KeyboardInterrupt:
        facts["interrupted"] = True
        print("\ninterrupted: the figures so far", flush=True)
    print("\n".join(table(results, lookups, facts)))
    if facts["load_before"] > 0.3:
        print(f"warning: the machine was busy before (load {facts['load_before']:.2f})")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(
            {"format": 1, "conditions": facts, "results": results, "lookups": lookups},
            indent=1) + "\n")
    sys.stdout.flush()
    sys.exit(130 if facts.get("interrupted") else any("error" in result for result in results))


if __name__ == "__main__":
    main()
