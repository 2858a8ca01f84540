"""The cable between hosts a and b.

    whole, segmented      a eth0 ------ eth0 b

    loss, reorder         a eth0 ------ ra r rb ------ eth0 b
                                          rd
                                          |
                                         eth0 d     packets that are to be late take this detour

veth carries trains of datagrams whole, which no network card does. All wires but the first cut them where they leave a
host, and have the kernel merge them where they arrive (GRO)."""
import dataclasses

ADDRESS = {"a": "192.0.2.1", "b": "192.0.2.2"}
ROUTER, DETOUR = "192.0.2.100", "192.0.2.101"
DETOUR_MARK = "1"


@dataclasses.dataclass(frozen=True)
class Wire:
    """`lost` and `late` are shares of the packets of either direction, in permille."""
    title: str
    segmented: bool = True
    lost: int = 0
    late: int = 0

    @property
    def routed(self):
        return self.lost > 0 or self.late > 0


KINDS = {
    "whole": Wire("", segmented=False),
    "segmented": Wire("trains cut on the wire"),
    "loss1": Wire("1 % of the packets lost", lost=10),
    "loss5": Wire("5 % of the packets lost", lost=50),
    "reorder1": Wire("1 % of the packets overtaken", late=10),
}


def lay(wire, network):
    """Joins hosts a and b, whose namespaces exist; makes those that stand between them."""
    if wire.routed:
        _lay_through_router(wire, network)
    else:
        _pair(network, ("a", "eth0"), ("b", "eth0"))
        for host, address in ADDRESS.items():
            _ip(network, host, "address", "add", f"{address}/24", "dev", "eth0")
    if wire.segmented:
        for host in ADDRESS:
            network.run(host, "ethtool", "-K", "eth0", "tx-udp-segmentation", "off", "tso", "off", "gro", "on")


def _ip(network, host, *command):
    network.run(host, "ip", *command)


def _pair(network, one, other):
    """A veth pair that is up; each end is (host, interface)."""
    network.run(one[0], "ip", "link", "add", one[1], "type", "veth", "peer", "name", other[1], "netns", other[0])
    for host, interface in (one, other):
        _ip(network, host, "link", "set", interface, "up")


def _lay_through_router(wire, network):
    for host in ("r", "d"):
        network.add_host(host)
        network.run(host, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0",
                    "net.ipv4.conf.default.rp_filter=0", "net.ipv4.conf.all.send_redirects=0",
                    "net.ipv4.conf.default.send_redirects=0")
    for host, address in ADDRESS.items():
        _pair(network, (host, "eth0"), ("r", f"r{host}"))
        _ip(network, host, "address", "add", f"{address}/32", "dev", "eth0")
        _ip(network, host, "route", "add", ROUTER, "dev", "eth0", "scope", "link")
        _ip(network, host, "route", "add", "default", "via", ROUTER)
        _ip(network, "r", "address", "add", f"{ROUTER}/32", "dev", f"r{host}")
        _ip(network, "r", "route", "add", address, "dev", f"r{host}")
    _pair(network, ("r", "rd"), ("d", "eth0"))
    _ip(network, "r", "address", "add", ROUTER, "peer", DETOUR, "dev", "rd")
    _ip(network, "d", "address", "add", DETOUR, "peer", ROUTER, "dev", "eth0")
    _ip(network, "d", "route", "add", "default", "via", ROUTER)
    _ip(network, "r", "route", "add", "default", "via", DETOUR, "table", "100")
    _ip(network, "r", "rule", "add", "fwmark", DETOUR_MARK, "table", "100")
    network.run("r", "nft", "-f", "-", stdin=ruleset(wire))


def ruleset(wire):
    """What the router does to the packets of both hosts, for nft."""
    rules = []
    if wire.lost:
        rules.append(f"numgen random mod 1000 < {wire.lost} drop")
    if wire.late:
        rules.append(f"numgen random mod 1000 < {wire.late} meta mark set {DETOUR_MARK}")
    lines = "".join(f"    iifname {{ ra, rb }} {rule}\n" for rule in rules)
    return f"table ip wire {{\n  chain from_hosts {{\n    type filter hook prerouting priority mangle;\n{lines}  }}\n}}\n"
