#!/usr/bin/env python3
"""ringwire, its ceiling and its peers side by side: two hosts in fresh network namespaces for
every measurement, the systems taking turns, both hosts on the CPUs of this machine.

  a  192.0.2.1  ------ veth ------  192.0.2.2  b
     10.77.0.1  ====== tunnel ====  10.77.0.2

docs/benchmarks.md says how to read what it prints. Needs root."""
import argparse
import json
import os
import pathlib
import sys
import time

import counted
import hosts
import report
import systems
import wire
import work

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build/bench"
CONGESTION = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")


def names(known, groups):
    """A parser of comma-separated names, some of which stand for several."""
    def parse(text):
        result = []
        for name in text.split(","):
            result += groups.get(name, [name])
        for name in result:
            if not known(name):
                raise argparse.ArgumentTypeError(
                    f"there is no '{name}'; {', '.join(groups)} or a list of "
                    f"{', '.join(groups['all'])}")
        return list(dict.fromkeys(result))
    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench e2e", description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("--rounds", type=int, default=3, help="at least 9 for a published figure (3)")
    add("--seconds", type=float, default=4, help="of each measurement (4)")
    add("--systems", default="published", type=names(
        lambda name: systems.make(name, argparse.Namespace(io="io_uring")) is not None,
        {"published": systems.PUBLISHED, "all": systems.EVERY}),
        help=f"published ({','.join(systems.PUBLISHED)}), all, or a list; chacha, aes and off (no "
        "cipher) are ringwire and take /epoll and /plain (no offloads)")
    add("--work", default="published", type=names(
        lambda name: work.find(name) is not None,
        {"published": work.PUBLISHED, "all": [k for k in work.KINDS if not work.KINDS[k].pinned],
         "alone": [k for k in work.KINDS if work.KINDS[k].pinned]}),
        help=f"published ({','.join(work.PUBLISHED)}), all, alone (one end on a core of its own), "
        f"or a list of {','.join(work.KINDS)}; KIND@WIRE is the same over another wire")
    add("--wire", choices=tuple(wire.KINDS), default="whole",
        help="the cable of work that does not name one: %(choices)s (%(default)s)")
    add("--streams", type=int, default=16, help="of the work `streams` (%(default)s)")
    add("--even", action="store_true",
        help="spread them evenly over ringwire's TUN queues, by trying source ports")
    add("--io", choices=("io_uring", "epoll"), default="io_uring",
        help="backend of ringwire where the system's name does not say it (io_uring)")
    add("--workers", help="--workers of ringwire (its own choice)")
    add("--congestion", metavar="NAME", default=CONGESTION.read_text().strip(),
        help="what TCP of both hosts controls congestion with: bbr, cubic (this system's own: %(default)s)")
    add("--json", metavar="FILE", help="every measurement, the conditions and the summary")
    add("--ringwire", default=os.environ.get("RINGWIRE", str(BUILD / "ringwire")))
    add("--cipher-off", default=str(BUILD / "ringwire-cipher-off"))
    add("--udp-blast", default=str(BUILD / "udp_blast"))
    add("--wireguard-go", default="wireguard-go", metavar="PROGRAM",
        help="the one to compare with (the one that is installed)")
    options = parser.parse_args()
    if not 1 <= options.streams <= 256:
        parser.error("--streams is from 1 to 256")
    if options.rounds < 1 or not 0 < options.seconds <= 3600:
        parser.error("--rounds is at least 1, --seconds above 0 and at most 3600")
    # A bulk flow counts as under way after this much.
    options.bulk_bytes = 4_000_000 if options.seconds >= 1 else 100_000
    return options


def conditions(options, chosen):
    return {**hosts.machine(), "rounds": options.rounds, "seconds": options.seconds,
            "io": options.io, "wire": options.wire, "streams": options.streams, "even": options.even,
            "congestion": options.congestion, "mtu": systems.MTU,
            "iperf3": hosts.run("iperf3", "--version").splitlines()[0],
            "versions": {system.name: system.version() for system in chosen}}


def installed(options):
    """The systems that can run here; says what the others need."""
    chosen = []
    for name in options.systems:
        system = systems.make(name, options)
        missing = system.missing()
        if missing:
            print(f"left out: {name}: needs {missing}", flush=True)
        else:
            chosen.append(system)
    return chosen


def measure(name, kind, options):
    """One measurement between fresh hosts: its figures, where everything ran, and what ringwire counted."""
    system, chosen = systems.make(name, options), work.find(kind)
    with hosts.Hosts(wire.KINDS[chosen.wire or options.wire]) as network:
        system.start(network, work.place(kind))
        before, begin = system.counts(), time.monotonic()
        figures = chosen.measure(network, system, options)
        seconds, counts = time.monotonic() - begin, counted.between(before, system.counts())
        if counts:
            figures = {**figures, **counted.figures(counts, seconds)}
        return {"figures": figures, "placement": system.placement(network), "counts": counts}


def one_result(round_number, name, kind, options):
    result = {"round": round_number, "work": kind, "system": name}
    key, unit, _ = work.find(kind).figure
    try:
        result |= measure(name, kind, options)
        said = f"{report.number(result['figures'][key])} {unit}"
    except (hosts.Failed, OSError, ValueError, KeyError) as error:
        result["error"] = f"{name}, {kind}: {type(error).__name__}: {error}"
        said = f"FAILED: {error}"
    return result, said


def measure_all(options, chosen, results):
    """Every round takes the systems in another order, so that none always follows the same."""
    turns = [(kind, system) for kind in options.work for system in chosen
             if work.refuses(kind, system) is None]
    total, begin = options.rounds * len(turns), time.monotonic()
    for round_number in range(1, options.rounds + 1):
        for kind in options.work:
            able = [system.name for system in chosen if work.refuses(kind, system) is None]
            turn = (round_number - 1) % max(1, len(able))
            for name in able[turn:] + able[:turn]:
                result, said = one_result(round_number, name, kind, options)
                results.append(result)
                left = (time.monotonic() - begin) / len(results) * (total - len(results))
                print(f"round {round_number}/{options.rounds}, {len(results)}/{total}, "
                      f"{left / 60:4.1f} min left: {kind:13} {name:18} {said}", flush=True)


def write_json(path, results, facts):
    summary = report.summarize(results)
    pathlib.Path(path).write_text(json.dumps({
        "format": 1, "conditions": facts, "results": results,
        "summary": [{"work": kind, "system": system, "figures": figures}
                    for (kind, system), figures in summary.items()],
        "targets": report.judge(summary)}, indent=1) + "\n")


def main():
    options = parse_arguments()
    if options.json:
        options.json = os.path.realpath(options.json)
        pathlib.Path(options.json).parent.mkdir(parents=True, exist_ok=True)
    hosts.enter_namespaces(sys.argv)
    pinned = [kind for kind in options.work if work.find(kind).pinned]
    if pinned and not {0, 1} <= os.sched_getaffinity(0):
        sys.exit(f"run.py: {', '.join(pinned)} need CPU 0 and CPU 1")
    chosen = installed(options)
    if not chosen:
        sys.exit("run.py: none of the systems can run here")
    facts, results = conditions(options, chosen), []
    hosts.make_folders()
    try:
        measure_all(options, chosen, results)
    except KeyboardInterrupt:
        facts["interrupted"] = True
        print("\ninterrupted: what was measured until now", flush=True)
    order = [system.name for system in chosen]
    print("\n".join(report.table(report.summarize(results), order, options.work, facts)))
    for warning in report.warnings(facts, results):
        print(f"warning: {warning}")
    if options.json:
        write_json(options.json, results, facts)
    sys.stdout.flush()
    sys.exit(130 if facts.get("interrupted") else any("error" in result for result in results))


if __name__ == "__main__":
    main()
