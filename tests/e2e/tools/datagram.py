#!/usr/bin/env python3
"""Sends UDP datagrams over IPv4 with any source address (a raw socket), for hosts that attack.

datagram.py send SOURCE SPORT DESTINATION DPORT    one datagram per line of hexadecimal on stdin
datagram.py payloads CAPTURE DPORT                 prints the UDP payloads to DPORT of a capture as hexadecimal
"""
import socket
import struct
import sys


def ipv4_udp(source, sport, destination, dport, payload):
    """The header's checksum is filled in by the kernel; a zero UDP checksum means none."""
    udp = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0,
                         socket.inet_aton(source), socket.inet_aton(destination))
    return header + udp


def send(source, sport, destination, dport):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for line in sys.stdin:
            packet = ipv4_udp(source, int(sport), destination, int(dport), bytes.fromhex(line.strip()))
            raw.sendto(packet, (destination, 0))


def payloads(capture, dport):
    with open(capture, "rb") as file:
        data = file.read()
    magic, link_type = struct.unpack_from("<I", data)[0], struct.unpack_from("<I", data, 20)[0]
    if magic not in (0xA1B2C3D4, 0xA1B23C4D) or link_type != 1:
        sys.exit(f"{capture}: not a little-endian Ethernet capture")
    offset = 24
    while offset + 16 <= len(data):
        size = struct.unpack_from("<I", data, offset + 8)[0]
        frame = data[offset + 16 : offset + 16 + size]
        offset += 16 + size
        if frame[12:14] != b"\x08\x00" or frame[23] != socket.IPPROTO_UDP:
            continue
        start = 14 + 4 * (frame[14] & 15)
        if struct.unpack_from("!H", frame, start + 2)[0] == int(dport):
            length = struct.unpack_from("!H", frame, start + 4)[0]
            print(frame[start + 8 : start + length].hex())


if __name__ == "__main__":
    {"send": send, "payloads": payloads}[sys.argv[1]](*sys.argv[2:])
