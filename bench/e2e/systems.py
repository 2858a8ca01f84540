"""The systems that are compared: how each is started between hosts a and b."""
import json
import os
import pathlib
import shutil

import counted
import hosts
from hosts import ADDRESS, WORK, Failed, wait_until

TUNNEL = {"a": "10.77.0.1", "b": "10.77.0.2"}
INTERFACE = {"a": "wga", "b": "wgb"}
# What an IPv4 path of 1500 bytes leaves inside WireGuard, and what every tunnel here gets.
MTU = 1420


class System:
    """A way from a to b. `cpus` pins the daemons ({"a": "0", "b": "1"}); `daemons` are the
    processes of its two ends, a's first."""
    tunnel = True

    def __init__(self, name, options):
        self.name, self.options, self.daemons = name, options, []

    def missing(self):
        """What has to be installed first, or None."""
        return None

    def version(self):
        return ""

    def address(self, host):
        return TUNNEL[host]

    def interface(self, host):
        return INTERFACE[host]

    def start(self, network, cpus=None):
        cpus = cpus or {}
        for host in ("a", "b"):
            log = WORK / f"{self.name.replace('/', '-')}-{host}.log"
            log.unlink(missing_ok=True)
            process = network.spawn(host, *self.command(host), cpus=cpus.get(host), log=str(log),
                                    environment={"LOG_LEVEL": "error"})
            self.daemons.append(process)
        try:
            self.join(network)
            wait_until(f"{self.name} carries a ping",
                       lambda: network.pings("a", self.address("b")), 20)
        except Failed as error:
            said = [path.read_text()[-300:].strip() for path in sorted(WORK.glob("*.log"))]
            raise Failed(f"{error} {' '.join(filter(None, said))}".strip()) from None

    def pids(self):
        return [process.pid for process in self.daemons]

    def counts(self):
        """What each end has counted so far, by host; empty for a system that does not tell."""
        return {}

    def queue_reads(self):
        """Packets that each TUN queue of a has given so far; empty for a system that does not tell."""
        return []

    def command(self, host):
        raise NotImplementedError

    def join(self, network):
        """Brings the interfaces up once the daemons have made them."""
        wait_until(f"{self.name} makes its interfaces", lambda: all(
            hosts.succeeds("ip", "-n", host, "link", "show", self.interface(host))
            for host in ("a", "b")))

    def up(self, host):
        interface = self.interface(host)
        hosts.run("ip", "-n", host, "address", "replace", f"{TUNNEL[host]}/24", "dev", interface)
        hosts.run("ip", "-n", host, "link", "set", interface, "mtu", str(MTU), "up")

    def placement(self, network):
        """What is worth recording of the running system: threads and the CPUs each may use."""
        del network
        result = []
        for process in self.daemons:
            threads = {}
            for status in pathlib.Path(f"/proc/{process.pid}/task").glob("*/status"):
                fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
                key = f"{fields['Name'].strip()} on {fields['Cpus_allowed_list'].strip()}"
                threads[key] = threads.get(key, 0) + 1
            result.append(threads)
        return {"threads": result}


class Veth(System):
    """No tunnel at all: the ceiling."""
    tunnel = False

    def address(self, host):
        return ADDRESS[host]

    def interface(self, host):
        return "eth0"

    def start(self, network, cpus=None):
        del cpus
        wait_until("the link carries a ping", lambda: network.pings("a", ADDRESS["b"]))

    def version(self):
        return os.uname().release


class WireGuard(System):
    """What `wg` configures."""

    def join(self, network):
        wait_until(f"{self.name} is ready for wg", lambda: all(
            hosts.succeeds("wg", "show", name, "listen-port") for name in INTERFACE.values()))
        public = {}
        for host, interface in INTERFACE.items():
            private = hosts.run("wg", "genkey")
            public[host] = hosts.run("wg", "pubkey", stdin=private).strip()
            key = WORK / f"{interface}.key"
            key.touch(mode=0o600)
            key.write_text(private)
            hosts.run("wg", "set", interface, "private-key", str(key), "listen-port", "51820")
            key.unlink()
        for host, other in (("a", "b"), ("b", "a")):
            self.up(host)
            hosts.run("wg", "set", INTERFACE[host], "peer", public[other], "endpoint",
                      f"{ADDRESS[other]}:51820", "allowed-ips", f"{TUNNEL[other]}/32")


class WireguardGo(WireGuard):
    def program(self):
        return self.options.wireguard_go

    def missing(self):
        return None if shutil.which(self.program()) else f"{self.program()} (./dev setup)"

    def command(self, host):
        return [shutil.which(self.program()), "-f", INTERFACE[host]]

    def version(self):
        """The package's version where it is one: the program names its release alone."""
        path = os.path.realpath(shutil.which(self.program()))
        if path == "/usr/bin/wireguard-go" and shutil.which("dpkg-query"):
            return hosts.run("dpkg-query", "-W", "-f=${Version}", "wireguard-go")
        return f"{hosts.run(path, '--version').splitlines()[0]} at {path}"


class Ringwire(WireGuard):
    """`suite` chacha, aes or off (the build without a cipher)."""

    def __init__(self, name, options, suite, modifiers):
        super().__init__(name, options)
        self.suite = suite
        self.backend = next((m for m in modifiers if m in BACKENDS), options.io)
        self.offload = "plain" not in modifiers
        self.interleaved = "interleaved" in modifiers

    def program(self):
        return self.options.cipher_off if self.suite == "off" else self.options.ringwire

    def missing(self):
        if not shutil.which(self.program()):
            return f"{self.program()} (./dev build bench)"
        if not self.offload and "--offload" not in hosts.run(self.program(), "--help"):
            return f"a ringwire that has --offload: {self.program()} has not"
        return None

    def command(self, host):
        command = [self.program(), "-f", f"--io={self.backend}", "--log-level=error"]
        if self.suite == "chacha":
            command.append("--cipher=chacha20-poly1305")
        if not self.offload:
            command.append("--offload=off")
        if self.interleaved:
            command.append("--aead=interleaved")
        if self.options.workers:
            command.append(f"--workers={self.options.workers}")
        return [*command, INTERFACE[host]]

    def status(self, host="a"):
        return json.loads(hosts.run(self.program(), "show", "--json", INTERFACE[host]))

    def counts(self):
        return {host: counted.of_status(self.status(host)) for host in INTERFACE}

    def queue_reads(self):
        return [worker["counts"]["tun_read_runs"] for worker in self.status()["workers"]]

    def start(self, network, cpus=None):
        super().start(network, cpus)
        status = self.status()
        expected = {"aes": "AES-256-GCM", "chacha": "ChaCha20-Poly1305"}.get(self.suite)
        got = status["peers"][0]["transport_suite"]
        if expected not in (None, got):
            raise Failed(f"{self.name}: the session is {got}: this CPU has no AES instructions?")
        backends = {worker["backend"] for worker in status["workers"]}
        if backends != {self.backend}:
            raise Failed(f"{self.name}: the workers run on {backends}")

    def version(self):
        return hosts.run(self.program(), "--version").strip()

    def placement(self, network):
        status = self.status()
        return {**super().placement(network), "workers": len(status["workers"]),
                "backend": self.backend, "offload": self.offload}


class OpenVpn(System):
    """Point to point over UDP, AES-256-GCM in user space."""

    def missing(self):
        if not shutil.which("openvpn") or not shutil.which("openssl"):
            return "openvpn and openssl (./dev setup --bench-peers)"
        return None

    def interface(self, host):
        return f"tun{host}"

    def keys(self):
        """A self-signed certificate an end, known to the other by its fingerprint."""
        if (WORK / "a.crt").exists():
            return
        for host in ("a", "b"):
            hosts.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={host}",
                      "-keyout", str(WORK / f"{host}.pem"), "-out", str(WORK / f"{host}.crt"))

    def command(self, host):
        self.keys()
        other = {"a": "b", "b": "a"}[host]
        fingerprint = hosts.run("openssl", "x509", "-in", str(WORK / f"{other}.crt"), "-noout",
                                "-fingerprint", "-sha256").strip().partition("=")[2]
        role = ["--tls-client"] if host == "a" else ["--tls-server", "--dh", "none"]
        return ["openvpn", "--dev", self.interface(host), "--dev-type", "tun", *role,
                "--remote", ADDRESS[other], "--local", ADDRESS[host], "--proto", "udp",
                "--cert", str(WORK / f"{host}.crt"), "--key", str(WORK / f"{host}.pem"),
                "--peer-fingerprint", fingerprint, "--ifconfig", TUNNEL[host], TUNNEL[other],
                "--data-ciphers", "AES-256-GCM", "--cipher", "AES-256-GCM", "--disable-dco",
                "--tun-mtu", str(MTU), "--mssfix", "0", "--verb", "1"]

    def version(self):
        return hosts.run("openvpn", "--version").splitlines()[0].split(" [")[0]


class Nebula(System):
    """Two hosts that know each other's address; AES, which is its default."""

    def missing(self):
        if not shutil.which("nebula") or not shutil.which("nebula-cert"):
            return "nebula (./dev setup --bench-peers)"
        return None

    def interface(self, host):
        return f"neb{host}"

    def keys(self):
        if (WORK / "ca.crt").exists():
            return
        ca = ["-ca-crt", str(WORK / "ca.crt"), "-ca-key", str(WORK / "ca.key")]
        hosts.run("nebula-cert", "ca", "-name", "bench", "-out-crt", ca[1], "-out-key", ca[3])
        for host in ("a", "b"):
            hosts.run("nebula-cert", "sign", *ca, "-name", host, "-ip", f"{TUNNEL[host]}/24",
                      "-out-crt", str(WORK / f"neb-{host}.crt"),
                      "-out-key", str(WORK / f"neb-{host}.key"))

    def command(self, host):
        self.keys()
        other = {"a": "b", "b": "a"}[host]
        rule = [{"port": "any", "proto": "any", "host": "any"}]
        config = {
            "pki": {"ca": str(WORK / "ca.crt"), "cert": str(WORK / f"neb-{host}.crt"),
                    "key": str(WORK / f"neb-{host}.key")},
            "static_host_map": {TUNNEL[other]: [f"{ADDRESS[other]}:4242"]},
            "lighthouse": {"am_lighthouse": False, "hosts": []},
            "listen": {"host": ADDRESS[host], "port": 4242, "read_buffer": 10485760,
                       "write_buffer": 10485760},
            "tun": {"dev": self.interface(host), "mtu": MTU, "tx_queue": 500},
            "punchy": {"punch": False}, "cipher": "aes", "logging": {"level": "error"},
            "firewall": {"outbound": rule, "inbound": rule}}
        path = WORK / f"neb-{host}.yml"
        path.write_text(json.dumps(config))  # JSON is YAML
        return ["nebula", "-config", str(path)]

    def version(self):
        return hosts.run("nebula", "-version").strip()


SUITES = ("chacha", "aes", "off")
BACKENDS = ("epoll", "io_uring")
PUBLISHED = ("veth", "chacha", "aes", "off", "wireguard-go")
EVERY = (*PUBLISHED, "chacha/interleaved", *(f"{suite}/epoll" for suite in SUITES), *(f"{suite}/plain" for suite in SUITES),
         *(f"{suite}/epoll/plain" for suite in SUITES), "openvpn", "nebula")


def make(name, options):
    """A fresh system by its name: chacha, aes and off are ringwire; /epoll is its other backend
    (without it: --io), /plain is it without offloads, /interleaved with --aead=interleaved. None: there is no such
    system."""
    suite, *modifiers = name.split("/")
    if suite in SUITES and set(modifiers) <= {*BACKENDS, "plain", "interleaved"}:
        return Ringwire(name, options, suite, modifiers)
    plain = {"veth": Veth, "wireguard-go": WireguardGo, "openvpn": OpenVpn, "nebula": Nebula}
    return plain[name](name, options) if name in plain else None
