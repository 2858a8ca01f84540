#!/usr/bin/env python3
"""A TCP connection whose every byte is verified.

stream.py serve ADDRESS PORT            echoes what every connection sends
stream.py run ADDRESS PORT STATUS       sends a pseudo-random stream, 200 blocks of 512 bytes a second, and compares
                                        the echo; writes the count of verified bytes into the file STATUS; on SIGTERM
                                        it waits for what is outstanding, prints a summary and exits 0. Exit 1: the
                                        connection broke, or a byte differs.
"""
import os
import random
import select
import signal
import socket
import sys
import threading
import time

BLOCK = 512
INTERVAL = 0.005
OUTSTANDING_MAX = 64 * BLOCK
PATIENCE_SECONDS = 30 * int(os.environ.get("RINGWIRE_SLOWNESS", "1"))


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def echo(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def serve(address, port):
    with socket.create_server((address, port), family=family_of(address)) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=echo, args=(connection,), daemon=True).start()


class Stream:
    def __init__(self, address, port, status):
        self.socket = socket.create_connection((address, port), timeout=PATIENCE_SECONDS)
        self.socket.setblocking(False)
        self.status = status
        self.generator = random.Random(7)
        self.outstanding = bytearray()
        self.verified = 0
        self.gap_max = 0.0
        self.stopping = False

    def note(self):
        temporary = self.status + ".new"
        with open(temporary, "w") as file:
            file.write(f"{self.verified}\n")
        os.replace(temporary, self.status)

    def send(self):
        if self.stopping or len(self.outstanding) > OUTSTANDING_MAX:
            return
        block = self.generator.randbytes(BLOCK)
        try:
            count = self.socket.send(block)
        except BlockingIOError:
            count = 0
        self.outstanding += block[:count]
        if count < BLOCK:  # a full socket: the rest of the block is left out, the echo of what went is still exact
            time.sleep(INTERVAL)

    def receive(self):
        data = self.socket.recv(65536)
        if not data:
            sys.exit("the connection was closed")
        if data != self.outstanding[: len(data)]:
            sys.exit(f"a byte differs after {self.verified} verified bytes")
        del self.outstanding[: len(data)]
        self.verified += len(data)
        self.note()

    def run(self):
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopping", True))
        self.note()
        last_echo = time.monotonic()
        next_send = last_echo
        while not (self.stopping and not self.outstanding):
            now = time.monotonic()
            if now >= next_send:
                self.send()
                next_send = now + INTERVAL
            readable, _, _ = select.select([self.socket], [], [], INTERVAL)
            if readable:
                self.receive()
                self.gap_max = max(self.gap_max, time.monotonic() - last_echo)
                last_echo = time.monotonic()
            elif time.monotonic() - last_echo > 2 * PATIENCE_SECONDS:
                sys.exit(f"no echo for {2 * PATIENCE_SECONDS} s after {self.verified} verified bytes")
        print(f"verified {self.verified} bytes, longest gap {self.gap_max:.3f} s", flush=True)


def main():
    command, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if command == "serve":
        serve(address, port)
    else:
        Stream(address, port, sys.argv[4]).run()


if __name__ == "__main__":
    main()
