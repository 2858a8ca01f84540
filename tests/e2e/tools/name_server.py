#!/usr/bin/env python3
"""name_server.py ADDRESS NAME=ADDRESS[,ADDRESS]... : answers DNS questions over UDP and TCP on port 53 of ADDRESS,
perhaps a link-local one, fe80::1%eth0.

Of each name its IPv4 and IPv6 addresses; other names do not exist. Prints each question as "NAME TYPE". A name of `big.`...
is answered over UDP by a truncated message, so that it has to be asked for over TCP. Ends with SIGTERM.
"""
import ipaddress
import select
import socket
import struct
import sys

A, AAAA = 1, 28


def question_of(message):
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels).lower(), struct.unpack_from("!H", message, at + 1)[0], at + 5


def answer_to(message, names, by_tcp):
    name, kind, end = question_of(message)
    print(name, kind, "tcp" if by_tcp else "udp", flush=True)
    addresses = [ipaddress.ip_address(text) for text in names.get(name, [])]
    found = [address.packed for address in addresses if (kind, address.version) in ((A, 4), (AAAA, 6))]
    cut = name.startswith("big.") and not by_tcp
    flags = 0x8180 | (0x200 if cut else 0) | (0 if name in names else 3)
    answers = b"" if cut else b"".join(struct.pack("!3HIH", 0xC00C, kind, 1, 60, len(one)) + one for one in found)
    count = 0 if cut else len(found)
    return message[:2] + struct.pack("!5H", flags, 1, count, 0, 0) + message[12:end] + answers


def main():
    own, names = sys.argv[1], {}
    for entry in sys.argv[2:]:
        name, addresses = entry.split("=")
        names[name] = addresses.split(",")
    family, _, _, _, place = socket.getaddrinfo(own, 53, type=socket.SOCK_DGRAM)[0]
    datagrams = socket.socket(family, socket.SOCK_DGRAM)
    datagrams.bind(place)
    streams = socket.socket(family, socket.SOCK_STREAM)
    streams.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    streams.bind(place)
    streams.listen()
    while True:
        for ready in select.select([datagrams, streams], [], [])[0]:
            if ready is datagrams:
                message, client = datagrams.recvfrom(4096)
                datagrams.sendto(answer_to(message, names, False), client)
                continue
            client, _ = streams.accept()
            with client, client.makefile("rwb") as file:
                size = file.read(2)
                if len(size) < 2:
                    continue
                answer = answer_to(file.read(struct.unpack("!H", size)[0]), names, True)
                file.write(struct.pack("!H", len(answer)) + answer)


main()
