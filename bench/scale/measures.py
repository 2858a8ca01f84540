"""The measurements of one gateway with a number of peers."""
import json
import pathlib
import statistics
import time

import hosts
from gateways import INTERFACE, PORT, Peers, Ringwire, inside, route_clients
from hosts import ADDRESS

CHANGES = 50  # of one peer each; the median counts
SETS = 100  # calls of wg set
BESIDE = 250  # clients that shake hands while tools read the status
BESIDE_RATE = 50


def timed(*command, timeout=600, stdin=None):
    begin = time.monotonic()
    hosts.run(*command, timeout=timeout, stdin=stdin)
    return time.monotonic() - begin


def clients_command(peers, options, *words):
    return [options.wire_load, "handshakes", f"--to={ADDRESS['a']}:{PORT}",
            f"--server={peers.public}", "--sources=10.64.0.0", *words]


def clients(network, peers, options, *words, timeout=600):
    """What wire_load prints about clients of host b."""
    return hosts.last_json(
        network.run("b", *clients_command(peers, options, *words), timeout=timeout))


def load(gateway, peers, figures):
    """Memory counts from a daemon that has its key and has answered a request."""
    before = figures["start_kib"] = gateway.rss_kib()
    figures["setconf_s"] = timed("wg", "setconf", INTERFACE, str(peers.write("peers.conf")))
    figures["idle_kib"] = (gateway.rss_kib() - before) / len(peers.keys)


def change(gateway, figures):
    """Adds and removes one peer, which the table does not have otherwise."""
    added, removed, key = [], [], "7" * 64
    for _ in range(CHANGES):
        added.append(gateway.ask(f"set=1\npublic_key={key}\nallowed_ip=10.255.255.1/32\n\n"))
        removed.append(gateway.ask(f"set=1\npublic_key={key}\nremove=true\n\n"))
    figures["add_ms"] = 1000 * statistics.median(added)
    figures["remove_ms"] = 1000 * statistics.median(removed)


def set_one_by_one(peers, figures):
    begin = time.monotonic()
    for number, key in list(enumerate(peers.keys))[-SETS:]:
        hosts.run("wg", "set", INTERFACE, "peer", key, "allowed-ips", f"{inside(number)}/32")
    figures["set_ms"] = 1000 * (time.monotonic() - begin) / min(SETS, len(peers.keys))


def idle(gateway, options, figures):
    cpu = gateway.cpu()
    time.sleep(options.idle_seconds)
    figures["idle_cpu_percent"] = 100 * cpu.seconds()["daemons"][0] / options.idle_seconds


def sessions(network, gateway, peers, options, half, figures):
    before = gateway.rss_kib()
    answered = clients(network, peers, options, f"--count={half}", "--confirm=1")["answered"]
    if answered < half * 0.99:
        raise hosts.Failed(f"{answered} of {half} clients got a session")
    figures["session_kib"] = figures["idle_kib"] + (gateway.rss_kib() - before) / answered


def responder(network, gateway, peers, options, half, figures):
    """Initiations made beforehand, so that the CPUs are the gateway's."""
    cpu = gateway.cpu()
    got = clients(network, peers, options, f"--first={half}", f"--count={half}")
    seconds = cpu.seconds()["daemons"][0]
    figures["handshakes_per_s"] = got["per_s"]
    figures["handshakes_lost"] = got["clients"] - got["answered"]
    if seconds > 0.05:
        figures["handshakes_per_core_s"] = got["answered"] / seconds
        alone = hosts.last_json(hosts.run(options.wire_load, "x25519"))["x25519_per_s"]
        # A first handshake costs the responder five operations.
        figures["of_x25519"] = figures["handshakes_per_core_s"] / (alone / 5)


def remove_all(gateway, figures):
    gateway.ask("set=1\nreplace_peers=true\n\n")
    time.sleep(3)  # a removed peer's memory is given back within a second
    figures["left_percent"] = 100 * gateway.rss_kib() / figures["start_kib"]


def beside_status(network, gateway, peers, options, beside, figures):
    """Handshakes of the last `beside` known clients while tools read the status of all peers."""
    first = peers.real - beside
    load = network.spawn("b", *clients_command(
        peers, options, f"--first={first}", f"--count={beside}", f"--rate={BESIDE_RATE}"))
    dumps, reports = [], []
    while load.poll() is None:
        dumps.append(timed("wg", "show", INTERFACE, "dump"))
        if isinstance(gateway, Ringwire):
            reports.append(timed(options.ringwire, "show", "--json", INTERFACE))
    got = hosts.last_json(network.end(load))
    figures["beside_p99_ms"], figures["beside_max_ms"] = got["p99_ms"], got["max_ms"]
    figures["beside_lost"] = got["clients"] - got["answered"]
    figures["dump_s"] = statistics.median(dumps)
    if reports:
        figures["json_s"] = statistics.median(reports)


def file_and_reload(network, peers, options, figures):
    path = peers.write("wgf.conf", address="10.127.0.1/24")
    on_a = network.on("a", options.ringwire)
    figures["up_s"] = timed(*on_a, "up", str(path))
    try:
        changed = path.read_text().replace(f"{inside(0)}/32", "10.254.0.1/32")
        path.write_text(changed)
        figures["reload_ms"] = 1000 * timed(*on_a, "reload", "wgf")
    finally:
        hosts.run(*on_a, "down", "wgf", timeout=120)


def lookups(options):
    """The cost of a lookup in nanoseconds, by table."""
    if not pathlib.Path(options.micro_bench).exists():
        print(f"left out: the cost of a lookup: needs {options.micro_bench}", flush=True)
        return {}
    printed = json.loads(hosts.run(options.micro_bench, "--benchmark_filter=^Lookup",
                                   "--benchmark_format=json", timeout=300))
    return {one["name"].removeprefix("Lookup/"): one["cpu_time"] for one in printed["benchmarks"]}


def measure(kind, count, options, figures):
    """Fills in `figures`, so that what was measured before a failure is kept."""
    beside = min(BESIDE, count // 4)
    half = min((count - beside) // 2, options.handshakes)
    peers = Peers(count, 2 * half + beside, options)

    def said(what):
        print(f"{kind.name}, {count} peers: {what}", flush=True)

    with hosts.Hosts() as network:
        route_clients()
        gateway = kind(network, options)
        said("load")
        load(gateway, peers, figures)
        idle(gateway, options, figures)
        said("changes and status")
        change(gateway, figures)
        set_one_by_one(peers, figures)
        beside_status(network, gateway, peers, options, beside, figures)
        said("handshakes")
        responder(network, gateway, peers, options, half, figures)
        sessions(network, gateway, peers, options, half, figures)
        remove_all(gateway, figures)
        figures["end_s"] = gateway.end()
        if kind is Ringwire:
            said("file and reload")
            file_and_reload(network, peers, options, figures)
