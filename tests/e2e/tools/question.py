#!/usr/bin/env python3
"""Questions by UDP of a client that keeps its port, and services that answer them.

question.py serve ADDRESS PORT              answers each with its client's address, from one socket; 0.0.0.0 or :: for any address
question.py keep FILE ADDRESS PORT          asks again and again from one socket; FILE holds what came of it last: an answer,
                                            or `refused`. Ends with SIGTERM.
question.py turns ADDRESS/PORT...           asks each of them in turn from one socket; prints where each answer came from
question.py hold PORT FIRST SECOND          on two of its addresses: what it is asked at FIRST it answers twice, at once and again
                                            when it has been asked at SECOND
question.py crossed FIRST/PORT SECOND/PORT  asks such a service at both from one socket; prints where all three answers came from
"""
import os
import select
import socket
import sys

PAUSE_SECONDS, PATIENCE_SECONDS = 0.1, 30 * int(os.environ.get("RINGWIRE_SLOWNESS", "1"))


def place(text):
    address, port = text.rsplit("/", 1)
    return address, int(port)


def note(path, text):
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


def keep(path, address, port):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect((address, int(port)))
        while True:
            try:
                asking.send(b"hello\n")
                if select.select([asking], [], [], PAUSE_SECONDS)[0]:
                    note(path, asking.recv(99).decode().strip())
            except OSError as error:
                note(path, "refused" if isinstance(error, ConnectionRefusedError) else error.strerror)


def bound(address="0.0.0.0", port=0):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.settimeout(PATIENCE_SECONDS)
    one.bind((address, port))
    return one


def ask(asking, to):
    asking.sendto(b"hello\n", to)
    return answerer(asking)


def answerer(asking):
    try:
        return "/".join(str(part) for part in asking.recvfrom(99)[1])
    except TimeoutError:
        return "nobody"


def serve(address, port):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as service:
        if service.family == socket.AF_INET6:
            service.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        service.bind((address, int(port)))
        while True:
            question, client = service.recvfrom(99)
            try:
                service.sendto(question.strip() + b" " + client[0].encode(), client)
            except OSError as error:  # there is no way to the client, for now
                print(f"answer {client[0]}: {error}", file=sys.stderr)


def turns(*places):
    with bound() as asking:
        print(*[ask(asking, place(one)) for one in places])


def hold(port, first, second):
    with bound(first, int(port)) as early, bound(second, int(port)) as late:
        for one in (early, late):
            one.settimeout(None)
        while True:
            client = early.recvfrom(99)[1]
            early.sendto(b"later\n", client)
            answer = late.recvfrom(99)[1]
            early.sendto(b"now\n", client)
            late.sendto(b"now\n", answer)


def crossed(first, second):
    with bound() as asking:
        print(ask(asking, place(first)), ask(asking, place(second)), answerer(asking))


if __name__ == "__main__":
    {"serve": serve, "keep": keep, "turns": turns, "hold": hold, "crossed": crossed}[sys.argv[1]](*sys.argv[2:])
