#!/usr/bin/env python3
"""Programs that never stop asking for the world outside, whatever becomes of the network.

chatter.py FILE UPLINK ADDRESS...
    Every few milliseconds and to each ADDRESS: a datagram from a new socket, from one that was connected at the start,
    and from one bound to the interface UPLINK (-: none; no route keeps that from leaving), a DNS question, a TCP connection,
    and a ping. FILE holds how many rounds there were. Ends with SIGTERM.
"""
import os
import socket
import struct
import sys
import time

PAUSE_SECONDS = 0.004
QUESTION = struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + b"\x06secret\x07example\0" + struct.pack("!2H", 1, 1)
MARK = b"this must not be seen outside"


def quietly(call, *arguments):
    try:
        return call(*arguments)
    except OSError:
        return None


def ping(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = 128 if family == socket.AF_INET6 else 8
    message = struct.pack("!BBHHH", kind, 0, 0, 7, 7) + MARK
    if family == socket.AF_INET:
        total = sum(struct.unpack(f"!{len(message) // 2}H", message[:len(message) & ~1])) + (message[-1] << 8) * (len(message) % 2)
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        message = message[:2] + struct.pack("!H", ~total & 0xFFFF) + message[4:]
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if kind == 128 else socket.IPPROTO_ICMP) as raw:
        raw.sendto(message, (address, 0))


class Talker:
    def __init__(self, address, uplink):
        self.address = address
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.old = socket.socket(self.family, socket.SOCK_DGRAM)
        quietly(self.old.connect, (address, 9))
        self.old.setblocking(False)
        self.bound = None
        if uplink != "-":
            self.bound = socket.socket(self.family, socket.SOCK_DGRAM)
            self.bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, uplink.encode())
            self.bound.setblocking(False)

    def speak(self):
        quietly(self.old.send, MARK)
        if self.bound:
            quietly(self.bound.sendto, MARK, (self.address, 9))
        with socket.socket(self.family, socket.SOCK_DGRAM) as new:
            quietly(new.sendto, MARK, (self.address, 9))
            quietly(new.sendto, QUESTION, (self.address, 53))
        quietly(ping, self.address)
        with socket.socket(self.family, socket.SOCK_STREAM) as stream:
            stream.setblocking(False)
            quietly(stream.connect, (self.address, 80))


def main():
    path, uplink, addresses = sys.argv[1], sys.argv[2], sys.argv[3:]
    talkers = [Talker(address, uplink) for address in addresses]
    rounds = 0
    while True:
        for talker in talkers:
            talker.speak()
        rounds += 1
        with open(path + ".new", "w") as file:
            file.write(str(rounds))
        os.rename(path + ".new", path)
        time.sleep(PAUSE_SECONDS)


main()
