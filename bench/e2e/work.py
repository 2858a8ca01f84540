"""What is measured between the two hosts. Each kind of work returns the figures of one go."""
import dataclasses
import json
import math
import pathlib
import re
import sys

import hosts
import wire
from even import even_ports
from hosts import ADDRESS, CpuMeter, Failed, last_json

TCP_PORT, STREAMS_PORT, UDP_PORT = 5201, 5202, 7000
STREAMS = pathlib.Path(__file__).with_name("streams.py")
# Offered per second: 4 Gbit/s of payload for 1300 bytes; for 64 bytes what no system reaches here.
UDP_OFFERED = {64: 1_000_000, 1300: 4e9 / 8 / 1300}
PING_INTERVAL = 0.002
# A VXLAN segment between the hosts, inside the tunnel; 50 bytes of headers.
VXLAN = {"a": "10.78.0.1", "b": "10.78.0.2"}
VXLAN_BYTES = 50
# The shares of round trips that a distribution is drawn from, in percent.
PING_SHARES = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.9)


def with_cpu(figures, cpu, payload_bytes, packets=None):
    """Adds what the CPUs spent: 1 GB is 10^9 bytes of payload that arrived."""
    gigabytes = payload_bytes / 1e9
    daemons = sum(cpu["daemons"])
    figures["daemon_cpu_s"], figures["machine_cpu_s"] = daemons, cpu["machine"]
    figures["stolen_cpu_s"] = cpu["stolen"]
    figures["busiest_thread_s"] = cpu["busiest_thread"]
    figures["daemon_cpu_s_per_gb"] = daemons / gigabytes
    figures["busiest_thread_s_per_gb"] = cpu["busiest_thread"] / gigabytes
    figures["machine_cpu_s_per_gb"] = cpu["machine"] / gigabytes
    if packets:
        figures["daemon_cpu_us_per_packet"] = daemons * 1e6 / packets
        figures["machine_cpu_us_per_packet"] = cpu["machine"] * 1e6 / packets
    return figures


def iperf_command(address, options, seconds, streams, reverse):
    # iperf3 knows whole seconds only. It asks for congestion control itself, because the kernel refuses other namespaces
    # than the first one a default that is not allowed to all users.
    command = ["iperf3", "-c", address, "-p", str(TCP_PORT), "-t",
               str(max(1, math.ceil(seconds))), "-P", str(streams), "-J",
               *(["-C", options.congestion] if options.congestion else [])]
    return [*command, "-R"] if reverse else command


def iperf_server(network, cpu=None):
    server = network.spawn("b", "iperf3", "-s", "-1", "-p", str(TCP_PORT), cpus=cpu)
    network.wait_for_port("b", "tcp", TCP_PORT)
    return server


def iperf_end(text):
    """Its report in JSON; errors are in there as well."""
    report = json.loads(text)
    if "error" in report:
        raise Failed(f"iperf3: {report['error']}")
    return report["end"]


def tcp_go(network, system, options, streams, reverse, cpu=None, address=None):
    """One go of iperf3: what arrived, and what the CPUs spent meanwhile. `address`: of b, if not inside the tunnel itself."""
    server = iperf_server(network, cpu)
    meter = CpuMeter(system.pids())
    command = iperf_command(address or system.address("b"), options, options.seconds, streams, reverse)
    output = network.run("a", *command, cpus=cpu, timeout=options.seconds + 40, check=False)
    spent = meter.seconds()
    network.end(server)
    end = iperf_end(output)
    received = end["sum_received"]
    if not received["bytes"]:
        raise Failed("iperf3: nothing arrived")
    return received, end["sum_sent"].get("retransmits", 0), spent


def tcp(streams, reverse=False):
    def measure(network, system, options):
        received, retransmits, cpu = tcp_go(network, system, options, streams, reverse)
        figures = {"gbit_per_s": received["bits_per_second"] / 1e9, "retransmits": retransmits}
        return with_cpu(figures, cpu, received["bytes"])
    return measure


def vxlan(network, system, options):
    """One TCP stream through a VXLAN segment that the system carries."""
    mtu = int(hosts.run("ip", "-n", "a", "-o", "link", "show", system.interface("a")).split(" mtu ")[1].split()[0])
    for host, other in (("a", "b"), ("b", "a")):
        network.run(host, "ip", "link", "add", "vx0", "type", "vxlan", "id", "7", "dstport", "4789",
                    "local", system.address(host), "remote", system.address(other))
        network.run(host, "ip", "address", "add", f"{VXLAN[host]}/24", "dev", "vx0")
        network.run(host, "ip", "link", "set", "vx0", "mtu", str(mtu - VXLAN_BYTES), "up")
    hosts.wait_until("the VXLAN segment carries a ping", lambda: network.pings("a", VXLAN["b"]), 20)
    received, retransmits, cpu = tcp_go(network, system, options, 1, False, address=VXLAN["b"])
    figures = {"gbit_per_s": received["bits_per_second"] / 1e9, "retransmits": retransmits}
    return with_cpu(figures, cpu, received["bytes"])


def streams(network, system, options):
    """TCP streams from source ports of our choice; --even spreads them evenly over a's TUN queues."""
    count = options.streams
    ports = even_ports(network, system, count, STREAMS_PORT) if options.even else range(40000, 40000 + count)
    receiver = network.spawn("b", sys.executable, str(STREAMS), "receive", str(STREAMS_PORT), str(count))
    network.wait_for_port("b", "tcp", STREAMS_PORT)
    meter = CpuMeter(system.pids())
    network.run("a", sys.executable, str(STREAMS), "send", system.address("b"), str(STREAMS_PORT), str(options.seconds),
                options.congestion, *map(str, ports), timeout=options.seconds + 60)
    hosts.wait_until("all streams have ended", lambda: receiver.poll() is not None, 30)
    cpu = meter.seconds()
    received = last_json(network.end(receiver))
    return with_cpu({"gbit_per_s": received["bytes"] * 8 / 1e9 / received["seconds"]}, cpu, received["bytes"])


SINK = """table ip sink {{
  chain arrived {{
    type filter hook prerouting priority raw;
    iifname "{interface}" udp dport {port} counter drop
  }}
}}
"""


def datagrams_in(ruleset, payload_bytes):
    """Datagrams that the rule of a table with one counter has met (`nft -j list`). A superpacket counts as one packet with
    one pair of headers, so the bytes tell how many it had."""
    counter = next(part["counter"] for one in json.loads(ruleset)["nftables"]
                   for part in one.get("rule", {}).get("expr", []) if "counter" in part)
    return (counter["bytes"] - counter["packets"] * 28) // payload_bytes


def blast_go(network, system, options, payload_bytes, cpu=None):
    """Packets that a packet socket of a gives to its interface and a rule of b takes from another: what was offered and
    arrived, and what the CPUs spent meanwhile."""
    network.run("b", "nft", "-f", "-", stdin=SINK.format(interface=system.interface("b"), port=UDP_PORT))
    mac = "-"
    if not system.tunnel:
        mac = json.loads(network.run("b", "ip", "-j", "link", "show", system.interface("b")))[0]["address"]
    meter = CpuMeter(system.pids())
    sent = last_json(network.run(
        "a", options.udp_blast, "frames", system.interface("a"), mac, system.address("a"), system.address("b"), str(UDP_PORT),
        str(payload_bytes), str(options.seconds), cpus=cpu, timeout=options.seconds + 20))
    spent = meter.seconds()
    packets = datagrams_in(network.run("b", "nft", "-j", "list", "table", "ip", "sink"), payload_bytes)
    if not packets:
        raise Failed("no packet arrived")
    return packets, sent, spent


def blast(payload_bytes):
    def measure(network, system, options):
        packets, sent, cpu = blast_go(network, system, options, payload_bytes)
        figures = {"packets_per_s": packets / sent["seconds"], "offered_per_s": sent["offered_per_s"],
                   "refused_per_s": sent["refused"] / sent["seconds"]}
        return with_cpu(figures, cpu, packets * payload_bytes, packets)
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
    bulk = network.spawn("a", *iperf_command(system.address("b"), options, options.seconds * 3 + 2, 1, False))
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
        received, _, cpu = tcp_go(network, system, options, 1, reverse, cpu="1")
        gigabits, tick = received["bytes"] * 8 / 1e9, 1 / CpuMeter.TICK
        return {"gbit_per_core_s": gigabits / max(cpu["daemons"][0], tick),
                "gbit_per_cpu0_busy_s": gigabits / max(cpu["cpu0"], tick),
                "gbit_per_s": received["bits_per_second"] / 1e9,
                "measured_cpu_s": cpu["daemons"][0], "cpu0_s": cpu["cpu0"],
                "stolen_cpu_s": cpu["stolen"]}
    return measure


def alone_packets(end):
    """As alone(), with single datagrams of 64 bytes: packets for each CPU second of the daemon on CPU 0."""
    def measure(network, system, options):
        packets, sent, cpu = blast_go(network, system, options, 64, cpu="1")
        spent, tick = cpu["daemons"][end], 1 / CpuMeter.TICK
        return {"packets_per_core_s": packets / max(spent, tick), "packets_per_s": packets / sent["seconds"],
                "packets_per_cpu0_busy_s": packets / max(cpu["cpu0"], tick), "us_per_packet": spent * 1e6 / packets,
                "measured_cpu_s": spent, "cpu0_s": cpu["cpu0"], "stolen_cpu_s": cpu["stolen"]}
    return measure


@dataclasses.dataclass(frozen=True)
class Work:
    """`figure` is what the table shows first: (key, unit, whether more is better). `pinned`: the host whose daemon has
    CPU 0 to itself. `wire`: the name of another wire than that of the run."""
    measure: object
    title: str
    figure: tuple
    pinned: str = None
    wire: str = None


RATE = ("gbit_per_s", "Gbit/s", True)
PACKETS = ("packets_per_s", "packets/s", True)
CORE = ("gbit_per_core_s", "Gbit/s per core", True)
CORE_PACKETS = ("packets_per_core_s", "packets/s per core", True)
KINDS = {
    "tcp1": Work(tcp(1), "TCP, 1 stream, a to b", RATE),
    "tcp4": Work(tcp(4), "TCP, 4 streams, a to b", RATE),
    "tcp1r": Work(tcp(1, True), "TCP, 1 stream, b to a", RATE),
    "tcp4r": Work(tcp(4, True), "TCP, 4 streams, b to a", RATE),
    "streams": Work(streams, "TCP, --streams streams, a to b", RATE),
    "vxlan1": Work(vxlan, "TCP, 1 stream, in VXLAN inside the tunnel", RATE),
    "udp1300": Work(udp(1300), "UDP, 1300 bytes, unsegmented", PACKETS),
    "udp64": Work(udp(64), "UDP, 64 bytes, unsegmented", PACKETS),
    "blast1300": Work(blast(1300), "1300 bytes by a packet socket, dropped on arrival", PACKETS),
    "blast64": Work(blast(64), "64 bytes by a packet socket, dropped on arrival", PACKETS),
    "ping": Work(ping, "ping, idle", ("p50_us", "us p50", False)),
    "load": Work(ping_under_load, "ping beside a bulk TCP flow", ("p99_us", "us p99", False)),
    "alone-send": Work(alone(False), "one end alone on a core, TUN to wire", CORE, pinned="a"),
    "alone-receive": Work(alone(True), "one end alone on a core, wire to TUN", CORE, pinned="a"),
    "alone-send64": Work(alone_packets(0), "one end alone on a core, 64 bytes, TUN to wire", CORE_PACKETS, pinned="a"),
    "alone-receive64": Work(alone_packets(1), "one end alone on a core, 64 bytes, wire to TUN", CORE_PACKETS, pinned="b"),
}
PUBLISHED = ("tcp1", "tcp4", "udp1300", "ping", "load")


def find(name):
    """The work of a name: one of KINDS, or KIND@WIRE, the same over that wire. None: there is no such work."""
    kind, _, cable = name.partition("@")
    found = KINDS.get(kind)
    if found is None or not cable:
        return found if name == kind else None
    if cable not in wire.KINDS or found.pinned:
        return None
    title = wire.KINDS[cable].title
    return dataclasses.replace(found, title=f"{found.title}, {title}" if title else found.title, wire=cable)


def cpus(kind):
    """For pinned work: which CPU each host's daemon gets; else None."""
    alone = find(kind).pinned
    return {host: "0" if host == alone else "1" for host in ADDRESS} if alone else None


def place(kind):
    """What arrives from the cable is handled where the daemon is that it is for; returns cpus()."""
    placed = cpus(kind)
    for host, cpu in (placed or {}).items():
        hosts.run("ip", "netns", "exec", host, "sh", "-c",
                  f"echo {1 << int(cpu)} >/sys/class/net/eth0/queues/rx-0/rps_cpus")
    return placed


def refuses(kind, system):
    """Why this work says nothing about a system, or None."""
    if find(kind).pinned and not system.tunnel:
        return "has no daemon to measure"
    return None
