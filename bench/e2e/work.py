"""What is measured between the two hosts. Each kind of work returns the figures of one go."""
import json
import math
import re

import hosts
from hosts import CpuMeter, Failed, last_json

TCP_PORT, UDP_PORT = 5201, 7000
# Offered per second: 4 Gbit/s of payload for 1300 bytes; for 64 bytes what no system reaches here.
UDP_OFFERED = {64: 1_000_000, 1300: 4e9 / 8 / 1300}
PING_INTERVAL = 0.002
# The shares of round trips that a distribution is drawn from, in percent.
PING_SHARES = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.9)


def with_cpu(figures, cpu, payload_bytes, packets=None):
    """Adds what the CPUs spent: 1 GB is 10^9 bytes of payload that arrived."""
    gigabytes = payload_bytes / 1e9
    daemons = sum(cpu["daemons"])
    figures["daemon_cpu_s"], figures["machine_cpu_s"] = daemons, cpu["machine"]
    figures["stolen_cpu_s"] = cpu["stolen"]
    figures["daemon_cpu_s_per_gb"] = daemons / gigabytes
    figures["machine_cpu_s_per_gb"] = cpu["machine"] / gigabytes
    if packets:
        figures["daemon_cpu_us_per_packet"] = daemons * 1e6 / packets
        figures["machine_cpu_us_per_packet"] = cpu["machine"] * 1e6 / packets
    return figures


def iperf_command(system, seconds, streams, reverse):
    # iperf3 knows whole seconds only.
    command = ["iperf3", "-c", system.address("b"), "-p", str(TCP_PORT), "-t",
               str(max(1, math.ceil(seconds))), "-P", str(streams), "-J"]
    return [*command, "-R"] if reverse else command


def iperf_server(network, cpus=None):
    server = network.spawn("b", "iperf3", "-s", "-1", "-p", str(TCP_PORT), cpus=cpus)
    network.wait_for_port("b", "tcp", TCP_PORT)
    return server


def iperf_end(text):
    """Its report in JSON; errors are in there as well."""
    report = json.loads(text)
    if "error" in report:
        raise Failed(f"iperf3: {report['error']}")
    return report["end"]


def tcp_go(network, system, options, streams, reverse, cpus=None):
    """One go of iperf3: what arrived, and what the CPUs spent meanwhile."""
    server = iperf_server(network, cpus)
    meter = CpuMeter(system.pids())
    command = iperf_command(system, options.seconds, streams, reverse)
    output = network.run("a", *command, cpus=cpus, timeout=options.seconds + 40, check=False)
    cpu = meter.seconds()
    network.end(server)
    end = iperf_end(output)
    received = end["sum_received"]
    if not received["bytes"]:
        raise Failed("iperf3: nothing arrived")
    return received, end["sum_sent"].get("retransmits", 0), cpu


def tcp(streams, reverse=False):
    def measure(network, system, options):
        received, retransmits, cpu = tcp_go(network, system, options, streams, reverse)
        figures = {"gbit_per_s": received["bits_per_second"] / 1e9, "retransmits": retransmits}
        return with_cpu(figures, cpu, received["bytes"])
    return measure


def udp(payload_bytes):
    def measure(network, system, options):
        receiver = network.spawn("b", options.udp_blast, "receive", str(UDP_PORT))
        network.wait_for_port("b", "udp", UDP_PORT)
        meter = CpuMeter(system.pids())
        sent = last_json(network.run(
            "a", options.udp_blast, "send", system.address("b"), str(UDP_PORT), str(payload_bytes),
            str(UDP_OFFERED[payload_bytes]), str(options.seconds), timeout=options.seconds + 20))
        cpu = meter.seconds()
        received = last_json(network.end(receiver))
        if not received["packets"]:
            raise Failed("no UDP packet arrived")
        figures = {"packets_per_s": received["packets"] / max(sent["seconds"], received["seconds"]),
                   "offered_per_s": sent["offered_per_s"],
                   "wanted_per_s": UDP_OFFERED[payload_bytes]}
        return with_cpu(figures, cpu, received["bytes"], received["packets"])
    return measure


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def ping_times(network, system, seconds):
    """Round trips in microseconds, and the share that was lost."""
    count = max(20, int(seconds / PING_INTERVAL))
    output = network.run("a", "ping", "-n", "-i", str(PING_INTERVAL), "-c", str(count), "-W", "1",
                         system.address("b"), timeout=seconds * 20 + 30, check=False)
    times = sorted(float(ms) * 1000 for ms in re.findall(r"time=([\d.]+) ms", output))
    if not times:
        raise Failed(f"no ping was answered: {output.strip()[-300:]}")
    figures = {f"p{share}_us": percentile(times, share / 100) for share in PING_SHARES}
    return {**figures, "pings": len(times), "lost": 1 - len(times) / count}


def ping(network, system, options):
    return ping_times(network, system, options.seconds)


def ping_under_load(network, system, options):
    """Pings beside one TCP stream that takes all it can get, in the same direction."""
    server = iperf_server(network)
    # Longer than the pings, which go on while it is at full speed.
    bulk = network.spawn("a", *iperf_command(system, options.seconds * 3 + 2, 1, False))
    hosts.wait_until("the bulk flow is under way",
                     lambda: bulk_bytes(network) > options.bulk_bytes)
    figures = ping_times(network, system, options.seconds)
    if bulk.poll() is not None:
        raise Failed("the bulk flow ended before the pings")
    network.end(bulk)
    network.end(server)
    return figures


def bulk_bytes(network):
    """What iperf3's TCP connections on a have got across so far."""
    text = network.run("a", "ss", "-H", "-tni", f"dport = :{TCP_PORT}")
    return sum(int(acked) for acked in re.findall(r"bytes_acked:(\d+)", text))


def alone(reverse):
    """One end of the tunnel on CPU 0; the other end and iperf3 on CPU 1. Not how fast it goes
    counts, but what the end on CPU 0 spends on it."""
    def measure(network, system, options):
        received, _, cpu = tcp_go(network, system, options, 1, reverse, cpus="1")
        gigabits, tick = received["bytes"] * 8 / 1e9, 1 / CpuMeter.TICK
        return {"gbit_per_core_s": gigabits / max(cpu["daemons"][0], tick),
                "gbit_per_cpu0_busy_s": gigabits / max(cpu["cpu0"], tick),
                "gbit_per_s": received["bits_per_second"] / 1e9,
                "measured_cpu_s": cpu["daemons"][0], "cpu0_s": cpu["cpu0"],
                "stolen_cpu_s": cpu["stolen"]}
    return measure


class Work:
    """`figure` is what the table shows first: (key, unit, whether more is better)."""

    def __init__(self, measure, title, figure, pinned=False):
        self.measure, self.title, self.figure, self.pinned = measure, title, figure, pinned


RATE = ("gbit_per_s", "Gbit/s", True)
PACKETS = ("packets_per_s", "packets/s", True)
CORE = ("gbit_per_core_s", "Gbit/s per core", True)
KINDS = {
    "tcp1": Work(tcp(1), "TCP, 1 stream, a to b", RATE),
    "tcp4": Work(tcp(4), "TCP, 4 streams, a to b", RATE),
    "tcp1r": Work(tcp(1, True), "TCP, 1 stream, b to a", RATE),
    "tcp4r": Work(tcp(4, True), "TCP, 4 streams, b to a", RATE),
    "udp1300": Work(udp(1300), "UDP, 1300 bytes, unsegmented", PACKETS),
    "udp64": Work(udp(64), "UDP, 64 bytes, unsegmented", PACKETS),
    "ping": Work(ping, "ping, idle", ("p50_us", "us p50", False)),
    "load": Work(ping_under_load, "ping beside a bulk TCP flow", ("p99_us", "us p99", False)),
    "alone-send": Work(alone(False), "one end alone on a core, TUN to wire", CORE, pinned=True),
    "alone-receive": Work(alone(True), "one end alone on a core, wire to TUN", CORE, pinned=True),
}
PUBLISHED = ("tcp1", "tcp4", "udp1300", "ping", "load")


def place(network, kind):
    """For pinned work: which CPUs the two daemons get. What arrives from the cable is handled
    where the daemon is that it is for."""
    if not KINDS[kind].pinned:
        return None
    for host, mask in (("a", "1"), ("b", "2")):
        hosts.run("ip", "netns", "exec", host, "sh", "-c",
                  f"echo {mask} >/sys/class/net/eth0/queues/rx-0/rps_cpus")
    return {"a": "0", "b": "1"}


def refuses(kind, system):
    """Why this work says nothing about a system, or None."""
    if KINDS[kind].pinned and not system.tunnel:
        return "has no daemon to measure"
    return None
