#!/usr/bin/env python3
"""What honest traffic keeps beside an attack: a TCP stream and handshakes through a gateway while
another host floods it, each flood compared with the same flood aimed at a UDP socket that nobody
reads.

  b  192.0.2.2 (honest) ------ veth ------ 192.0.2.1  a (the gateway)  192.0.3.1 ------ veth ------ 192.0.3.2  x

docs/benchmarks.md says how to read what it prints. Needs root."""
import argparse
import json
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import hosts  # noqa: E402
import systems  # noqa: E402
import work  # noqa: E402
from hosts import ADDRESS, Failed  # noqa: E402

BUILD = HERE.parents[1] / "build/bench"
PORT, SINK_PORT = 51820, 9999
HOSTILE = 900_000  # the number of the hostile peer; honest clients count from 0
HONEST_RATE = 20  # handshakes a second
KINDS = {
    "garbage": "random bytes",
    "initiations": "initiations, valid mac1, random sources",
    "initiations-one-source": "the same from one source",
    "replayed": "one captured initiation, replayed",
    "responses": "responses, valid mac1",
    "cookie-replies": "cookie replies",
    "forged": "transport messages with a live index, forged",
    "replayed-data": "one captured transport message, replayed",
    "fragments": "first fragments of datagrams",
    "oversize": "datagrams of 60,000 bytes",
    "peer-handshakes": "a hostile peer: valid initiations",
    "peer-data": "a hostile peer: packets of 1,300 bytes",
    "peer-tiny": "a hostile peer: packets of 28 bytes",
    "peer-keepalives": "a hostile peer: keepalives",
}
SYSTEMS = ("chacha", "aes", "wireguard-go")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench siege", description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("--kinds", default=",".join(KINDS), help="of %(default)s")
    add("--rates", default="20000,60000,max", help="datagrams a second; max: what the machine sends (%(default)s)")
    add("--systems", default="chacha,wireguard-go", help=f"of {','.join(SYSTEMS)} (%(default)s)")
    add("--seconds", type=float, default=8, help="of each measurement; a handshake may take 6.5 (%(default)s)")
    add("--io", choices=("io_uring", "epoll"), default="io_uring", help="backend of ringwire")
    add("--workers", help="--workers of ringwire (its own choice)")
    add("--json", metavar="FILE", help="every figure and the conditions")
    add("--ringwire", default=os.environ.get("RINGWIRE", str(BUILD / "ringwire")))
    add("--wire-load", default=str(BUILD / "wire_load"))
    add("--wireguard-go", default="wireguard-go", metavar="PROGRAM")
    options = parser.parse_args()
    options.congestion = None  # the system's own
    options.kinds, options.systems = options.kinds.split(","), options.systems.split(",")
    for wrong in (set(options.kinds) - set(KINDS)) | (set(options.systems) - set(SYSTEMS)):
        parser.error(f"there is no '{wrong}'")
    try:
        options.rates = [0 if rate == "max" else float(rate) for rate in options.rates.split(",")]
    except ValueError:
        parser.error("--rates takes numbers and max, separated by commas")
    return options


class Siege:
    """A running gateway with an honest tunnel, honest clients, and a host that attacks it."""

    def __init__(self, network, name, options):
        self.network, self.options = network, options
        self.system = systems.make(name, options)
        self.add_attacker()
        self.system.start(network)
        self.server = hosts.run("wg", "show", "wga", "public-key").strip()
        self.add_peers()
        network.spawn("a", sys.executable, "-c", "import signal, socket; s = socket.socket(2, 2); "
                      f"s.bind(('', {SINK_PORT})); signal.pause()")
        network.wait_for_port("a", "udp", SINK_PORT)

    def add_attacker(self):
        hosts.run("ip", "netns", "add", "x")
        self.network.names.append("x")
        hosts.run("ip", "link", "add", "eth1", "netns", "a", "type", "veth", "peer", "name",
                  "eth0", "netns", "x")
        for host, device, address in (("a", "eth1", "192.0.3.1"), ("x", "eth0", "192.0.3.2")):
            hosts.run("ip", "-n", host, "address", "add", f"{address}/24", "dev", device)
            hosts.run("ip", "-n", host, "link", "set", device, "up")
        hosts.run("ip", "-n", "x", "link", "set", "lo", "up")
        hosts.run("ip", "-n", "x", "route", "add", "192.0.2.0/24", "via", "192.0.3.1")
        for host, addresses, by in (("b", "10.64.0.0/12", ADDRESS["b"]),
                                    ("x", "10.80.0.0/12", "192.0.3.2")):
            hosts.run("ip", "-n", host, "route", "add", "local", addresses, "dev", "lo")
            hosts.run("ip", "-n", "a", "route", "add", addresses, "via", by)

    def add_peers(self):
        count = int(HONEST_RATE * self.options.seconds * 3)
        honest = hosts.run(self.options.wire_load, "keys", f"--count={count}").split()
        hostile = hosts.run(self.options.wire_load, "keys", f"--first={HOSTILE}").strip()
        text = "".join(f"[Peer]\nPublicKey = {key}\nAllowedIPs = 10.78.{n >> 8}.{n & 255}/32\n"
                       for n, key in enumerate(honest))
        text += f"[Peer]\nPublicKey = {hostile}\nAllowedIPs = 10.79.0.1/32\n"
        path = hosts.WORK / "peers.conf"
        path.write_text(text)
        hosts.run("wg", "addconf", "wga", str(path))

    def flood(self, kind, rate, target, seconds):
        """Starts it. `target` is the port that it is aimed at."""
        words = [self.options.wire_load, "flood", f"--kind={kind}", f"--to=192.0.3.1:{PORT}",
                 f"--aim=192.0.3.1:{target}", f"--server={self.server}", f"--first={HOSTILE}",
                 f"--rate={rate}", f"--seconds={seconds}", "--inner-source=10.79.0.1",
                 f"--inner-target={systems.TUNNEL['a']}"]
        # A hostile peer has the address of its host.
        if not kind.startswith("peer-"):
            words.append("--sources=10.80.0.0")
        return self.network.spawn("x", *words)

    def rss_kib(self):
        status = pathlib.Path(f"/proc/{self.system.pids()[0]}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if "VmRSS" in line))

    def drops(self):
        return dict(self.system.status()["drops"]) if isinstance(self.system, systems.Ringwire) else {}

    def beside(self, kind, rate, target):
        """The honest TCP stream and handshakes beside one flood."""
        seconds, first = self.options.seconds, 0
        if kind is not None and target == PORT:
            first = 2 * int(HONEST_RATE * seconds)
        elif kind is not None:
            first = int(HONEST_RATE * seconds)
        attack = self.flood(kind, rate, target, seconds + 2) if kind else None
        if attack:
            time.sleep(1)
        clients = self.network.spawn(
            "b", self.options.wire_load, "handshakes", f"--to={ADDRESS['a']}:{PORT}",
            f"--server={self.server}", "--sources=10.64.0.0", f"--first={first}",
            f"--count={int(HONEST_RATE * seconds)}", f"--rate={HONEST_RATE}")
        figures = {}
        try:
            received, _, _ = work.tcp_go(self.network, self.system, self.options, 1, True)
            figures["gbit_per_s"] = received["bits_per_second"] / 1e9
        except Failed as error:
            print(f"  no TCP: {error}", flush=True)
            figures["gbit_per_s"] = 0.0
        clients.wait(timeout=seconds + 30)
        got = hosts.last_json(self.network.end(clients))
        figures["handshakes"] = got["answered"] / got["clients"]
        figures["handshake_p99_ms"] = got["p99_ms"]
        figures["with_cookie_in_1s"] = (got["with_cookie_in_1s"] / got["with_cookie"]
                                        if got["with_cookie"] else None)
        if attack:
            attack.wait(timeout=60)
            output = self.network.end(attack)
            if not output.strip():
                raise Failed(f"the flood {kind} did not run")
            figures["flood_per_s"] = hosts.last_json(output)["per_s"]
        return figures


def measure(kind, rate, name, options):
    with hosts.Hosts() as network:
        siege = Siege(network, name, options)
        result = {"kind": kind, "rate": rate or "max", "system": name}
        result["alone"] = siege.beside(None, 0, PORT)
        result["aimed_at_nobody"] = siege.beside(kind, rate, SINK_PORT)
        before, drops = siege.rss_kib(), siege.drops()
        result["under_attack"] = siege.beside(kind, rate, PORT)
        result["rss_kib"] = [before, siege.rss_kib()]
        after = siege.drops()
        result["drops"] = {reason: count - drops.get(reason, 0) for reason, count in after.items()
                           if count != drops.get(reason, 0)}
        base = result["aimed_at_nobody"]["gbit_per_s"]
        result["share"] = result["under_attack"]["gbit_per_s"] / base if base else None
        return result


def line(result):
    attack = result["under_attack"]
    most = sorted(result["drops"].items(), key=lambda one: -one[1])[:2]
    share = "-" if result["share"] is None else f"{100 * result['share']:.0f} %"
    return (f"{result['kind']:23} {result['system']:13} {attack['flood_per_s']:>9,.0f} "
            f"{attack['gbit_per_s']:7.2f} {share:>6} {100 * attack['handshakes']:5.0f} % "
            f"{attack['handshake_p99_ms']:9.1f} {(result['rss_kib'][1] - result['rss_kib'][0]) / 1024:+7.1f}  "
            + ", ".join(f"{reason} {count:,}" for reason, count in most))


HEAD = (f"{'flood':23} {'system':13} {'a second':>9} {'Gbit/s':>7} {'share':>6} {'shakes':>7} "
        f"{'p99 ms':>9} {'MiB':>7}  counters")


def installed(options):
    chosen = []
    for name in options.systems:
        missing = systems.make(name, options).missing()
        if missing:
            print(f"left out: {name}: needs {missing}", flush=True)
        else:
            chosen.append(name)
    if not chosen:
        sys.exit("run.py: none of the systems can run here")
    return chosen


def main():
    options = parse_arguments()
    if options.json:
        options.json = os.path.realpath(options.json)
        pathlib.Path(options.json).parent.mkdir(parents=True, exist_ok=True)
    hosts.enter_namespaces(sys.argv)
    facts, results, failed = hosts.machine(), [], 0
    options.systems = installed(options)
    facts["versions"] = {name: systems.make(name, options).version() for name in options.systems}
    hosts.make_folders()
    print(HEAD, flush=True)
    try:
        for kind in options.kinds:
            for rate in options.rates:
                for name in options.systems:
                    try:
                        results.append(measure(kind, rate, name, options))
                        print(line(results[-1]), flush=True)
                    except (Failed, OSError, ValueError, KeyError) as error:
                        failed += 1
                        print(f"{kind:23} {name:13} FAILED: {error}", flush=True)
    except KeyboardInterrupt:
        facts["interrupted"] = True
        print("\ninterrupted: the figures so far", flush=True)
    print(f"\n{len(facts['cpus'])} CPUs ({facts['cpu']}), Linux {facts['kernel']}; load before: {facts['load_before']:.2f}")
    for name, version in facts["versions"].items():
        print(f"  {name}: {version}")
    if facts["load_before"] > 0.3:
        print(f"warning: the machine was busy before (load {facts['load_before']:.2f})")
    if options.json:
        pathlib.Path(options.json).write_text(
            json.dumps({"format": 1, "conditions": facts, "results": results}, indent=1) + "\n")
    sys.stdout.flush()
    sys.exit(130 if facts.get("interrupted") else failed > 0)


if __name__ == "__main__":
    main()
