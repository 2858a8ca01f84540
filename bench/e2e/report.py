"""Medians, spread, ratios, and what of the goal is reached."""
import statistics

import work

REFERENCE = "wireguard-go"

# What is to be reached: (what, work, system, against, figure, ">=" or "<=", bound).
TARGETS = [
    *[("TCP, ChaCha20-Poly1305", kind, "chacha", REFERENCE, "gbit_per_s", ">=", 2.0)
      for kind in ("tcp1", "tcp4")],
    *[("TCP, AES-256-GCM", kind, "aes", REFERENCE, "gbit_per_s", ">=", 3.0)
      for kind in ("tcp1", "tcp4")],
    *[("TCP, cipher off", kind, "off", REFERENCE, "gbit_per_s", ">=", 3.4)
      for kind in ("tcp1", "tcp4")],
    *[("TCP, AES-256-GCM", kind, "aes", "off", "gbit_per_s", ">=", 0.85)
      for kind in ("tcp1", "tcp4")],
    *[("daemons' CPU s/GB, ChaCha20-Poly1305", kind, "chacha", REFERENCE, "daemon_cpu_s_per_gb",
       "<=", 0.45) for kind in ("tcp1", "tcp4")],
    *[("daemons' CPU s/GB, AES-256-GCM", kind, "aes", REFERENCE, "daemon_cpu_s_per_gb",
       "<=", 0.27) for kind in ("tcp1", "tcp4")],
    *[("UDP 1300 B delivered", "udp1300", suite, REFERENCE, "packets_per_s", ">=", 2.5)
      for suite in ("chacha", "aes")],
    *[("ping p50, idle", "ping", suite, REFERENCE, "p50_us", "<=", 0.6)
      for suite in ("chacha", "aes")],
    *[("ping p99, under load", "load", suite, REFERENCE, "p99_us", "<=", 0.5)
      for suite in ("chacha", "aes")],
    *[("io_uring: small packets", "udp64", suite, f"{suite}/epoll", "packets_per_s", ">=", 1.0)
      for suite in ("chacha", "aes")],
    *[("io_uring: CPU a packet", kind, suite, f"{suite}/epoll", "daemon_cpu_us_per_packet",
       "<=", 1.0) for suite in ("chacha", "aes") for kind in ("udp64", "udp1300")],
]


def summarize(results):
    """{(work, system): {figure: {"median", "min", "max", "q1", "q3", "rounds"}}}"""
    collected = {}
    for result in results:
        if "error" in result:
            continue
        figures = collected.setdefault((result["work"], result["system"]), {})
        for key, value in result["figures"].items():
            figures.setdefault(key, []).append(value)
    return {key: {name: spread(values) for name, values in figures.items()}
            for key, figures in collected.items()}


def spread(values):
    q1, _, q3 = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else (
        values * 3)
    return {"median": statistics.median(values), "min": min(values), "max": max(values),
            "q1": q1, "q3": q3, "rounds": len(values)}


def median(summary, kind, system, figure):
    return summary.get((kind, system), {}).get(figure, {}).get("median")


def ratio(summary, kind, system, against, figure):
    """Of the medians of one run; None where one is missing."""
    mine, theirs = (median(summary, kind, name, figure) for name in (system, against))
    return mine / theirs if mine is not None and theirs else None


def judge(summary):
    """What of the goal this run has measured: a list of dicts."""
    judged = []
    for what, kind, system, against, figure, relation, bound in TARGETS:
        got = ratio(summary, kind, system, against, figure)
        if got is not None:
            reached = got >= bound if relation == ">=" else got <= bound
            judged.append({"what": what, "work": kind, "system": system, "against": against,
                           "figure": figure, "relation": relation, "bound": bound, "ratio": got,
                           "reached": reached})
    return judged


def number(value, width=9):
    if value is None:
        return f"{'-':>{width}}"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2
    return f"{value:{width}.{digits}f}"


def work_table(summary, kind, systems):
    """The lines about one kind of work."""
    present = [name for name in systems if (kind, name) in summary]
    if not present:
        return
    key, unit, _ = work.find(kind).figure
    latency = key.endswith("_us")
    second, third = (("p50_us", "p99_us") if latency else
                     ("daemon_cpu_s_per_gb", "machine_cpu_s_per_gb"))
    titles = ("p50 us", "p99 us")
    if key == "gbit_per_s":
        titles = ("CPU s/GB", "machine's")
    elif key == "packets_per_s":
        second, third = "daemon_cpu_us_per_packet", "offered_per_s"
        titles = ("us/packet", "offered/s")
    elif key == "packets_per_core_s":
        second, third = "us_per_packet", "packets_per_s"
        titles = ("us/packet", "packets/s")
    elif key == "gbit_per_core_s":
        second, third = "gbit_per_cpu0_busy_s", "gbit_per_s"
        titles = ("of CPU 0", "Gbit/s")
    yield f"\n{work.find(kind).title}: {unit}"
    yield (f"  {'system':18} {'median':>9} {'min':>9} {'max':>9} {titles[0]:>10} {titles[1]:>10}"
           f" {'/ go':>7}")
    for name in present:
        figures = summary[kind, name]
        main = figures[key]
        rate = ratio(summary, kind, name, REFERENCE, key)
        others = [figures.get(figure, {}).get("median") for figure in (second, third)]
        yield (f"  {name:18} {number(main['median'])} {number(main['min'])} {number(main['max'])} "
               f"{number(others[0], 10)} {number(others[1], 10)} {number(rate, 7)}")
    yield from counts_table(summary, kind, present)


# What ringwire counted of its own work, and the CPU of its busiest thread: (figure, title).
COUNTS = (("segments_per_train", "seg/train"), ("segments_per_write", "seg/write"), ("inputs_per_turn", "input/turn"),
          ("turns_per_s", "turns/s"), ("sealed_lost", "lost"), ("replay_drops", "replay"),
          ("busiest_thread_s_per_gb", "thread s/GB"))


def counts_table(summary, kind, systems):
    """Why a row is as it is, for the systems that tell."""
    telling = [name for name in systems if "turns_per_s" in summary[kind, name]]
    if telling:
        yield f"  {'counted':18}" + "".join(f" {title:>11}" for _, title in COUNTS)
    for name in telling:
        yield f"  {name:18}" + "".join(f" {number(median(summary, kind, name, figure), 11)}" for figure, _ in COUNTS)


def table(summary, systems, kinds, conditions):
    """The whole report as lines of text."""
    yield (f"\n{conditions['rounds']} rounds of {conditions['seconds']} s; "
           f"{len(conditions['cpus'])} CPUs ({conditions['cpu']}), Linux {conditions['kernel']}; "
           f"TCP with {conditions['congestion']}; load before: {conditions['load_before']:.2f}")
    for name, version in conditions["versions"].items():
        yield f"  {name}: {version}"
    for kind in kinds:
        yield from work_table(summary, kind, systems)
    judged = judge(summary)
    if judged:
        yield "\nWhat is to be reached (ratios of the medians)"
    for one in judged:
        bound = f"{'at least' if one['relation'] == '>=' else 'at most'} {one['bound']}"
        yield (f"  {one['what']:38} {one['work']:8} {one['system'] + ' / ' + one['against']:24} "
               f"{one['ratio']:6.3f}  {bound:13} {'reached' if one['reached'] else 'NOT reached'}")


def warnings(conditions, results):
    """What makes the figures of this run unfit for publication."""
    if conditions["rounds"] < 9:
        yield f"{conditions['rounds']} rounds: a published figure takes at least nine"
    if conditions["load_before"] > 0.3:
        yield (f"the machine was busy before (load {conditions['load_before']:.2f}): "
               "read the ratios only, if anything")
    held_up = sorted({result["work"] for result in results
                      if result.get("figures", {}).get("offered_per_s", 1)
                      < 0.95 * result.get("figures", {}).get("wanted_per_s", 1)})
    if held_up:
        yield (f"{', '.join(held_up)}: the sender could not offer all that was wanted (the table "
               "says how much): a system that keeps up is not at its limit")
    replayed = {(result["system"], result["work"]) for result in results
                if result.get("figures", {}).get("replay_drops")}
    if replayed:
        said = ", ".join(f"{system} with {kind}" for system, kind in sorted(replayed))
        yield f"packets came too late for the replay window: {said}"
    failed = [result for result in results if "error" in result]
    if failed:
        yield f"{len(failed)} measurements failed, the first: {failed[0]['error']}"
    stolen = sum(result["figures"].get("stolen_cpu_s", 0) for result in results
                 if "figures" in result)
    busy = sum(result["figures"].get("machine_cpu_s", 0) for result in results
               if "figures" in result)
    if busy and stolen / busy > 0.02:
        yield f"the hypervisor took {100 * stolen / busy:.0f} % as much CPU as was used"
