"""What ringwire's own counters say of a measurement. Arithmetic on the reports of `show --json`."""


def of_status(status):
    """One end's counts: those of its workers together, and its drops as drop_REASON."""
    counts = {}
    for worker in status["workers"]:
        for name, value in worker["counts"].items():
            counts[name] = counts.get(name, 0) + value
    return counts | {f"drop_{reason}": value for reason, value in status["drops"].items()}


def between(before, after):
    """What each end counted between two readings: {"a": {name: count}, "b": ...}."""
    return {host: {name: value - before[host].get(name, 0) for name, value in counts.items()}
            for host, counts in after.items()}


def figures(ends, seconds):
    """Of both ends together, for the table; a figure that nothing was counted for is left out."""
    def total(*names):
        return sum(counts.get(name, 0) for counts in ends.values() for name in names)

    inputs = total("tun_read_runs", "udp_receive_runs")
    sealed = total("udp_send_segments")
    parts = {"segments_per_train": (sealed, total("udp_send_runs")),
             "segments_per_write": (total("tun_write_segments"), total("tun_write_runs")),
             "inputs_per_turn": (inputs, total("wakeups")),
             "turns_per_s": (total("wakeups"), seconds),
             "sealed_lost": (max(0, sealed - total("udp_receive_segments")), sealed)}
    result = {name: part / whole for name, (part, whole) in parts.items() if whole}
    return {**result, "replay_drops": total("drop_replay"), "trains_repeated": total("trains_repeated")}
