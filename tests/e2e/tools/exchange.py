#!/usr/bin/env python3
"""Bytes there and back by TCP, then by UDP in trains, each verified.

exchange.py serve ADDRESS PORT     echoes both
exchange.py run ADDRESS PORT       exits 0 when 2 MB and 200 datagrams came back as they were sent
"""
import os
import random
import socket
import sys
import threading

TCP_BYTES = 2_000_000
TRAINS, DATAGRAMS, DATAGRAM_BYTES = 20, 10, 1200
UDP_SEGMENT = 103
PATIENCE_SECONDS = 30 * int(os.environ.get("RINGWIRE_SLOWNESS", "1"))


def echo_datagrams(server):
    while True:
        server.sendto(*server.recvfrom(65536))


def echo(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def serve(address, port):
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((address, port))
    threading.Thread(target=echo_datagrams, args=(datagrams,), daemon=True).start()
    with socket.create_server((address, port)) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=echo, args=(connection,), daemon=True).start()


def receive(connection, size):
    data = bytearray()
    while len(data) < size:
        part = connection.recv(65536)
        if not part:
            sys.exit("the connection broke")
        data += part
    return bytes(data)


def run(address, port):
    generator = random.Random(11)
    with socket.create_connection((address, port), timeout=PATIENCE_SECONDS) as connection:
        sent = generator.randbytes(TCP_BYTES)
        sender = threading.Thread(target=connection.sendall, args=(sent,))
        sender.start()
        if receive(connection, TCP_BYTES) != sent:
            sys.exit("TCP brought back other bytes")
        sender.join()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.settimeout(PATIENCE_SECONDS)
        datagrams.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, DATAGRAM_BYTES)
        for _ in range(TRAINS):
            parts = [generator.randbytes(DATAGRAM_BYTES) for _ in range(DATAGRAMS)]
            datagrams.sendto(b"".join(parts), (address, port))
            if [datagrams.recv(65536) for _ in parts] != parts:
                sys.exit("UDP brought back other datagrams")


if __name__ == "__main__":
    {"serve": serve, "run": run}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
