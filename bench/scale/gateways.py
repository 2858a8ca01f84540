"""The gateways that are measured with many peers, and the clients that they have."""
import base64
import json
import os
import pathlib
import shutil
import socket
import time

import hosts
from hosts import ADDRESS, WORK, Failed, wait_until

INTERFACE = "wga"
PORT = 51820


def inside(number):
    """The address of peer `number` in the tunnel."""
    return f"10.{128 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


class Peers:
    """`count` peers, of which the first `real` are clients of wire_load: their keys are known."""

    def __init__(self, count, real, options):
        self.real = real
        printed = hosts.run(options.wire_load, "keys", f"--count={real}", timeout=120)
        self.keys = printed.split()
        self.keys += [base64.b64encode(os.urandom(32)).decode()
                      for _ in range(count - len(self.keys))]
        self.private = hosts.run("wg", "genkey").strip()
        self.public = hosts.run("wg", "pubkey", stdin=self.private + "\n").strip()

    def text(self, address=None):
        """A file for wg setconf, or with an address for `ringwire up`."""
        lines = [f"[Interface]\nPrivateKey = {self.private}\nListenPort = {PORT}\n"]
        if address:
            lines.append(f"Address = {address}\nTable = off\n")
        lines += [f"[Peer]\nPublicKey = {key}\nAllowedIPs = {inside(number)}/32\n"
                  for number, key in enumerate(self.keys)]
        return "".join(lines)

    def write(self, name, address=None):
        path = WORK / name
        path.touch(mode=0o600)
        path.write_text(self.text(address))
        return path


class Gateway:
    """One daemon on host a, configured by wg."""
    name = ""

    def __init__(self, network, options):
        self.network, self.options = network, options
        self.log = WORK / f"{self.name}.log"
        self.process = network.spawn("a", *self.command(), log=str(self.log),
                                     environment={"LOG_LEVEL": "error"})
        wait_until(f"{self.name} is ready for wg",
                   lambda: hosts.succeeds("wg", "show", INTERFACE, "listen-port"))
        hosts.run("ip", "-n", "a", "link", "set", INTERFACE, "up")

    def command(self):
        raise NotImplementedError

    def rss_kib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise Failed(f"{self.name} has ended: {self.log.read_text()[-300:]}")

    def cpu(self):
        return hosts.CpuMeter([self.process.pid])

    def ask(self, text):
        """The seconds until the daemon has answered a request of the control socket."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(60)
            client.connect(f"/var/run/wireguard/{INTERFACE}.sock")
            begin = time.monotonic()
            client.sendall(text.encode())
            answer = b""
            while b"errno=" not in answer or not answer.endswith(b"\n\n"):
                part = client.recv(65536)
                if not part:
                    raise Failed(f"{self.name}: the control socket ended the conversation")
                answer = answer[-100:] + part
            if b"errno=0" not in answer:
                raise Failed(f"{self.name}: the control socket refused: {answer[-60:]}")
            return time.monotonic() - begin

    def end(self):
        """The seconds until the process has ended."""
        begin = time.monotonic()
        self.network.end(self.process, seconds=60)
        return time.monotonic() - begin


class Ringwire(Gateway):
    name = "ringwire"

    @staticmethod
    def missing(options):
        return None if shutil.which(options.ringwire) else "build/bench/ringwire (./dev build bench)"

    @staticmethod
    def version(options):
        return hosts.run(options.ringwire, "--version").splitlines()[0]

    def command(self):
        return [self.options.ringwire, "-f", "--log-level=error", INTERFACE]

    def status(self):
        return json.loads(hosts.run(self.options.ringwire, "show", "--json", INTERFACE))


class WireguardGo(Gateway):
    name = "wireguard-go"

    @staticmethod
    def missing(options):
        return None if shutil.which(options.wireguard_go) else f"{options.wireguard_go} (./dev setup)"

    @staticmethod
    def version(options):
        return hosts.run(options.wireguard_go, "--version").splitlines()[0]

    def command(self):
        return [shutil.which(self.options.wireguard_go), "-f", INTERFACE]


def route_clients():
    """The clients' addresses are host b's."""
    hosts.run("ip", "-n", "b", "route", "add", "local", "10.64.0.0/10", "dev", "lo")
    hosts.run("ip", "-n", "a", "route", "add", "10.64.0.0/10", "via", ADDRESS["b"])
