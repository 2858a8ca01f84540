#!/usr/bin/env python3
"""What leaves a host by its uplink, seen from the cable's far end.

uplink.py capture INTERFACE FILE
    Writes every frame that arrives on INTERFACE to FILE in pcap, until SIGTERM; FILE is complete then. Prints "ready".
uplink.py judge FILE TUNNEL [--after SECONDS] [--before SECONDS] [--least COUNT]
        [--and ADDRESS:PORT]... [--within PREFIX]... [--icmp]
    Fails unless the frames of that time are ARP, neighbour discovery, multicast membership, DHCP, and COUNT (1) or more
    WireGuard messages to the UDP port TUNNEL (ADDRESS:PORT, several with commas). --and: UDP to there is fine as well; --within: so is anything to there;
    --icmp: so are errors about messages from TUNNEL, which the kernel sends while nobody takes them.
"""
import argparse
import ipaddress
import select
import signal
import socket
import struct
import sys

NANOSECOND_PCAP = 0xA1B23C4D
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
PACKET_OUTGOING = 4
SOL_PACKET, PACKET_STATISTICS = 263, 6
WIREGUARD_SIZES = {1: 148, 2: 92, 3: 64}
NEIGHBOURS = {133, 134, 135, 136, 130, 131, 132, 143}  # of ICMPv6: discovery and membership
DHCP = {(4, 68, 67), (4, 67, 68), (6, 546, 547), (6, 547, 546)}


def capture(interface, path):
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    wake, waker = socket.socketpair()
    wake.setblocking(False)
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    taken = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    taken.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    taken.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    taken.bind((interface, 3))  # ETH_P_ALL
    taken.setblocking(False)
    with open(path, "wb") as file:
        file.write(struct.pack("=IHHiIII", NANOSECOND_PCAP, 2, 4, 0, 0, 65535, 1))
        print("ready", flush=True)
        while True:
            ending = bool(stopped)
            while take_one(taken, file):
                pass
            if ending:
                break
            select.select([taken, wake], [], [])
    _, lost = struct.unpack("=II", taken.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    if lost:
        sys.exit(f"uplink.py: {lost} frames were lost by the capture")


def take_one(taken, file):
    try:
        frame, ancillary, _, address = taken.recvmsg(65535, 256)
    except BlockingIOError:
        return False
    if address[2] == PACKET_OUTGOING:
        return True
    stamp = next(data for level, kind, data in ancillary if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS))
    seconds, nanoseconds = struct.unpack("=qq", stamp[:16])
    file.write(struct.pack("=IIII", seconds, nanoseconds, len(frame), len(frame)) + frame)
    return True


def frames(path):
    with open(path, "rb") as file:
        file.read(24)
        while head := file.read(16):
            seconds, nanoseconds, size, _ = struct.unpack("=IIII", head)
            yield seconds + nanoseconds / 1e9, file.read(size)


def upper_layer(frame):
    """(version, source, destination, protocol, payload) of an IP packet, else None."""
    kind = struct.unpack_from("!H", frame, 12)[0]
    if kind == 0x0800:
        header = 4 * (frame[14] & 15)
        source, destination = (str(ipaddress.ip_address(frame[at:at + 4])) for at in (26, 30))
        return 4, source, destination, frame[23], frame[14 + header:]
    if kind != 0x86DD:
        return None
    source, destination = (str(ipaddress.ip_address(frame[at:at + 16])) for at in (22, 38))
    protocol, payload = frame[20], frame[54:]
    if protocol == 0:  # hop-by-hop options, as of membership reports
        protocol, payload = payload[0], payload[8 * (1 + payload[1]):]
    return 6, source, destination, protocol, payload


def is_wireguard(message):
    if len(message) < 4 or message[1:4] != b"\0\0\0":
        return False
    if message[0] == 4:
        return len(message) >= 32 and len(message) % 16 == 0
    return WIREGUARD_SIZES.get(message[0]) == len(message)


def is_error_about(tunnel, destination, payload):
    """Of ICMP for IPv4 on a datagram that came from one of the tunnel's endpoints."""
    quoted = payload[8:]
    if payload[0] != 3 or len(quoted) < 28 or quoted[9] != 17:
        return False
    source = str(ipaddress.ip_address(quoted[12:16]))
    port = struct.unpack_from("!H", quoted, 4 * (quoted[0] & 15))[0]
    return source == destination and f"{source}:{port}" in tunnel


def verdict(frame, tunnel, options):
    """'tunnel', 'fine', or what has leaked."""
    if frame[12:14] == b"\x08\x06":
        return "fine"
    packet = upper_layer(frame)
    if packet is None:
        return f"a frame of type {frame[12:14].hex()}"
    version, source, destination, protocol, payload = packet
    allowed = any(ipaddress.ip_address(destination) in network for network in options.networks)
    if protocol == 58 and payload[0] in NEIGHBOURS:
        return "fine"
    if protocol in (6, 17):
        source_port, port = struct.unpack_from("!HH", payload)
        to = f"[{destination}]:{port}" if version == 6 else f"{destination}:{port}"
        if protocol == 17 and to in tunnel and is_wireguard(payload[8:]):
            return "tunnel"
        if protocol == 17 and (to in options.others or (version, source_port, port) in DHCP):
            return "fine"
        if allowed:
            return "fine"
        return f"{'TCP' if protocol == 6 else 'UDP'} {source} port {source_port} to {to}"
    if allowed or (options.icmp and protocol == 1 and is_error_about(tunnel, destination, payload)):
        return "fine"
    kind = f"ICMP {payload[0]}" if protocol in (1, 58) else f"protocol {protocol}"
    return f"{kind} {source} to {destination}"


def judge(options):
    seen, leaks = 0, []
    for time, frame in frames(options.file):
        if not options.after <= time <= options.before:
            continue
        what = verdict(frame, options.tunnel.split(","), options)
        if what == "tunnel":
            seen += 1
        elif what != "fine":
            leaks.append(f"{time:.6f} {what}")
    for leak in leaks[:12]:
        print(leak)
    print(f"{len(leaks)} leaks, {seen} messages of the tunnel")
    sys.exit(1 if leaks or seen < options.least else 0)


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    taking = commands.add_parser("capture")
    taking.add_argument("interface")
    taking.add_argument("file")
    judging = commands.add_parser("judge")
    judging.add_argument("file")
    judging.add_argument("tunnel")
    judging.add_argument("--after", type=float, default=0)
    judging.add_argument("--before", type=float, default=float("inf"))
    judging.add_argument("--least", type=int, default=1)
    judging.add_argument("--and", dest="others", action="append", default=[])
    judging.add_argument("--within", dest="networks", action="append", default=[], type=ipaddress.ip_network)
    judging.add_argument("--icmp", action="store_true")
    options = parser.parse_args()
    if options.command == "capture":
        capture(options.interface, options.file)
    else:
        judge(options)


main()
