#!/usr/bin/env python3
"""Speaks to a control socket as programs other than wg do.

uapi.py call IF              sends stdin, prints all that comes back until the answer's blank line
uapi.py many IF              three operations on one connection
uapi.py one_read IF          the answer to a set must come whole with one read of 32 bytes
uapi.py slow_writer IF       a request that arrives byte by byte
uapi.py stalled IF SECONDS   asks for everything again and again and never reads
"""
import os
import socket
import sys
import time


def connect(interface):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(30 * int(os.environ.get("RINGWIRE_SLOWNESS", "1")))
    connection.connect(f"/var/run/wireguard/{interface}.sock")
    return connection


def answer(connection):
    text = b""
    while not text.endswith(b"\n\n"):
        data = connection.recv(65536)
        if not data:
            sys.exit(f"the socket was closed after {text!r}")
        text += data
    return text.decode()


def call(interface):
    with connect(interface) as connection:
        connection.sendall(sys.stdin.buffer.read())
        print(answer(connection).rstrip("\n"))


def many(interface):
    with connect(interface) as connection:
        for request, wanted in ((b"get=1\n\n", "errno=0"), (b"set=1\nfwmark=7\n\n", "errno=0"),
                                (b"get=1\n\n", "fwmark=7")):
            connection.sendall(request)
            if wanted not in answer(connection).split("\n"):
                sys.exit(f"no {wanted} in the answer to {request!r}")


def one_read(interface):
    with connect(interface) as connection:
        connection.sendall(b"set=1\nfwmark=0\n\n")
        data = connection.recv(32)
        if data != b"errno=0\n\n":
            sys.exit(f"one read gave {data!r}")


def slow_writer(interface):
    with connect(interface) as connection:
        for byte in b"set=1\nfwmark=9\n\n":
            connection.sendall(bytes([byte]))
        if answer(connection) != "errno=0\n\n":
            sys.exit("a request in pieces was refused")


def stalled(interface, seconds):
    """Leaves when its requests do not fit any more, or after the given time; never reads."""
    connection = connect(interface)
    connection.setblocking(False)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        try:
            connection.send(b"get=1\n\n")
        except BlockingIOError:
            time.sleep(0.05)
        except (BrokenPipeError, ConnectionResetError):
            return  # to be cut off is a fair answer


if __name__ == "__main__":
    {"call": call, "many": many, "one_read": one_read, "slow_writer": slow_writer,
     "stalled": stalled}[sys.argv[1]](*sys.argv[2:])
