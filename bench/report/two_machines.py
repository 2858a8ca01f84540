"""The benchmark between two machines: `--server` sets up the far end of each tunnel as the client asks. The client
names a system, a public key and nothing else; no text of it becomes a command. A token admits it."""
import contextlib
import hmac
import json
import os
import pathlib
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time

import hosts
import report as e2e_report
import work

CONTROL_PORT, TUNNEL_PORT, IPERF_PORT = 5199, 51999, 5201
INTERFACE = "rwbench0"
ADDRESS = {"client": "10.213.77.1", "server": "10.213.77.2"}
MTU = 1420
KEY = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")
LINE_BYTES_MAX = 4096


class Tunnel:
    """One end. `system`: veth (no tunnel), chacha, aes, wireguard-go or kernel (Linux's module)."""

    def __init__(self, system, options):
        self.system, self.process = system, None
        self.command = {
            "aes": [options.ringwire, "-f", "--log-level=error", INTERFACE],
            "chacha": [options.ringwire, "-f", "--log-level=error", "--cipher=chacha20-poly1305", INTERFACE],
            "wireguard-go": [shutil.which("wireguard-go"), "-f", INTERFACE]}.get(system)

    def version(self):
        if self.system in ("veth", "kernel"):
            return os.uname().release
        return hosts.run(self.command[0], "--version").splitlines()[0]

    def open(self):
        """Makes the interface and returns its public key."""
        if self.system == "veth":
            return ""
        if self.system == "kernel":
            hosts.run("ip", "link", "add", INTERFACE, "type", "wireguard")
        else:
            if not self.command[0] or not shutil.which(self.command[0]):
                raise hosts.Failed(f"{self.system} is not installed")
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        hosts.wait_until(f"{self.system} makes its interface",
                         lambda: hosts.succeeds("wg", "show", INTERFACE, "listen-port"))
        private = hosts.run("wg", "genkey")
        hosts.run("wg", "set", INTERFACE, "listen-port", str(TUNNEL_PORT), "private-key", "/dev/stdin", stdin=private)
        return hosts.run("wg", "pubkey", stdin=private).strip()

    def join(self, role, key, endpoint=None):
        if self.system == "veth":
            return
        other = ADDRESS["server" if role == "client" else "client"]
        where = ["endpoint", f"{endpoint}:{TUNNEL_PORT}"] if endpoint else []
        hosts.run("wg", "set", INTERFACE, "peer", key, *where, "allowed-ips", f"{other}/32")
        hosts.run("ip", "address", "add", f"{ADDRESS[role]}/24", "dev", INTERFACE)
        hosts.run("ip", "link", "set", INTERFACE, "mtu", str(MTU), "up")

    def pids(self):
        return [self.process.pid] if self.process else []

    def close(self):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None
        elif self.system == "kernel":
            subprocess.run(["ip", "link", "del", INTERFACE], capture_output=True, check=False)


class Lines:
    """JSON objects, one a line, over a socket."""

    def __init__(self, connection):
        self.connection, self.file = connection, connection.makefile("rb")

    def send(self, message):
        self.connection.sendall(json.dumps(message).encode() + b"\n")

    def receive(self):
        line = self.file.readline(LINE_BYTES_MAX)
        if not line.endswith(b"\n"):
            raise hosts.Failed("the other machine has ended the connection")
        message = json.loads(line)
        if not isinstance(message, dict):
            raise hosts.Failed("the other machine sent something else than an object")
        return message


class FarEnd:
    """What the server does for one client."""

    def __init__(self, options):
        self.options, self.tunnel, self.iperf, self.meter = options, None, None, None

    def answer(self, request):
        what = request.get("do")
        if what == "open":
            self.close()
            if request.get("system") not in ("veth", "chacha", "aes", "wireguard-go", "kernel"):
                return {"error": "no such system"}
            if request["system"] != "veth" and not KEY.fullmatch(str(request.get("key"))):
                return {"error": "not a public key"}
            self.tunnel = Tunnel(request["system"], self.options)
            key = self.tunnel.open()
            self.tunnel.join("server", request.get("key"))
            self.iperf = subprocess.Popen(["iperf3", "-s", "-p", str(IPERF_PORT)], stdin=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL)
            hosts.wait_until("iperf3 listens", lambda: hosts.run("ss", "-H", "-tln", f"sport = :{IPERF_PORT}").strip())
            return {"key": key, "version": self.tunnel.version(), "kernel": os.uname().release}
        if what == "begin" and self.tunnel:
            self.meter = hosts.CpuMeter(self.tunnel.pids())
            return {}
        if what == "cpu" and self.meter:
            return self.meter.seconds()
        if what == "close":
            self.close()
            return {}
        return {"error": "not understood"}

    def close(self):
        if self.iperf:
            self.iperf.terminate()
            self.iperf.wait(timeout=20)
        if self.tunnel:
            self.tunnel.close()
        self.tunnel = self.iperf = self.meter = None


def serve(options):
    token = secrets.token_hex(16)
    with socket.create_server((options.listen, CONTROL_PORT)) as listener:
        print(f"on the other machine: ./dev bench report --client THIS_HOST --token {token}", flush=True)
        while True:
            connection, address = listener.accept()
            far = FarEnd(options)
            with connection, contextlib.suppress(ValueError, OSError, hosts.Failed):
                connection.settimeout(300)
                lines = Lines(connection)
                if not hmac.compare_digest(str(lines.receive().get("token")), token):
                    lines.send({"error": "another token"})
                    continue
                print(f"serving {address[0]}", flush=True)
                lines.send({})
                try:
                    while True:
                        try:
                            reply = far.answer(lines.receive())
                        except (hosts.Failed, OSError) as error:
                            if far.tunnel is None and "connection" in str(error):
                                raise
                            far.close()
                            reply = {"error": str(error)}
                        lines.send(reply)
                finally:
                    far.close()


class NearEnd:
    """The client's connection to the server."""

    def __init__(self, options):
        self.host = socket.gethostbyname(options.client)
        self.lines = Lines(socket.create_connection((self.host, CONTROL_PORT), timeout=300))
        self.ask(token=options.token)

    def ask(self, **request):
        self.lines.send(request)
        reply = self.lines.receive()
        if "error" in reply:
            raise hosts.Failed(f"{self.host}: {reply['error']}")
        return reply


def tcp(near, tunnel, target, options, streams):
    near.ask(do="begin")
    meter = hosts.CpuMeter(tunnel.pids())
    output = hosts.run("iperf3", "-c", target, "-p", str(IPERF_PORT), "-t", str(options.seconds), "-P", str(streams),
                       "-J", timeout=options.seconds + 60)
    ours, theirs = meter.seconds(), near.ask(do="cpu")
    received = work.iperf_end(output)["sum_received"]
    cpu = {"daemons": ours["daemons"] + theirs["daemons"], "machine": ours["machine"] + theirs["machine"],
           "stolen": ours["stolen"] + theirs["stolen"]}
    figures = {"gbit_per_s": received["bits_per_second"] / 1e9}
    return work.with_cpu(figures, cpu, received["bytes"])


class Here:
    """This machine as work.ping_times() knows a network."""

    @staticmethod
    def run(_host, *command, timeout=60, check=True):
        return hosts.run(*command, timeout=timeout, check=check)


class Target:
    def __init__(self, target):
        self.target = target

    def address(self, _host):
        return self.target


def measure_system(near, system, options, number, results, versions):
    tunnel = Tunnel(system, options)
    try:
        key = tunnel.open()
        far = near.ask(do="open", system=system, key=key)
        tunnel.join("client", far["key"], near.host)
        versions[system] = f"{tunnel.version()}; far end: {far['version']}, Linux {far['kernel']}"
        target = near.host if system == "veth" else ADDRESS["server"]
        hosts.wait_until(f"{system} carries a ping",
                         lambda: hosts.succeeds("ping", "-n", "-q", "-c", "1", "-W", "1", target), 20)
        for kind, go in (("tcp1", lambda: tcp(near, tunnel, target, options, 1)),
                         ("tcp4", lambda: tcp(near, tunnel, target, options, 4)),
                         ("ping", lambda: work.ping_times(Here, Target(target), options.seconds))):
            figures = go()
            results.append({"round": number, "work": kind, "system": system, "figures": figures})
            key, unit, _ = work.KINDS[kind].figure
            print(f"round {number}: {kind:6} {system:14} {e2e_report.number(figures[key])} {unit}", flush=True)
        near.ask(do="close")
    finally:
        tunnel.close()


def able(system):
    if system == "kernel":
        made = hosts.succeeds("ip", "link", "add", INTERFACE, "type", "wireguard")
        return made and hosts.succeeds("ip", "link", "del", INTERFACE)
    return system != "wireguard-go" or bool(shutil.which("wireguard-go"))


def measure(options):
    near, results, versions = NearEnd(options), [], {}
    systems = [name for name in ("veth", "chacha", "aes", "kernel", "wireguard-go") if able(name)]
    facts = {"rounds": options.rounds, "seconds": options.seconds, "cpus": sorted(os.sched_getaffinity(0)),
             "kernel": os.uname().release, "far end": near.host, "mtu": MTU, "load_before": os.getloadavg()[0],
             "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "versions": versions,
             "congestion": pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()}
    for number in range(1, options.rounds + 1):
        for system in systems:
            try:
                measure_system(near, system, options, number, results, versions)
            except (hosts.Failed, OSError, ValueError) as error:
                print(f"left out: {system}: {error}", file=sys.stderr)
                results.append({"round": number, "work": "tcp1", "system": system, "error": str(error)})
    summary = e2e_report.summarize(results)
    return {"format": 1, "conditions": facts, "results": results,
            "summary": [{"work": kind, "system": system, "figures": figures}
                        for (kind, system), figures in summary.items()]}
