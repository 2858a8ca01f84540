#!/usr/bin/env python3
"""usage: streams.py receive PORT COUNT
       streams.py send ADDRESS PORT SECONDS CONGESTION SOURCE_PORT...

Sends as much as it can over one TCP connection from each source port at the same time; the receiver waits for COUNT
connections and reads until all have ended. Both end with a line of JSON. iperf3 cannot choose the source ports of its streams."""
import json
import selectors
import socket
import sys
import time

CHUNK = bytes(1 << 20)
# A connection that a lossy wire holds up longer is an error.
CONNECT_SECONDS = 10


def receive(port, count):
    listener = socket.create_server(("", port), backlog=count)
    listener.settimeout(60)
    ready = selectors.DefaultSelector()
    for _ in range(count):
        ready.register(listener.accept()[0], selectors.EVENT_READ)
    buffer, received, begin = bytearray(len(CHUNK)), 0, time.monotonic()
    while ready.get_map():
        for key, _ in ready.select():
            got = key.fileobj.recv_into(buffer)
            received += got
            if not got:
                ready.unregister(key.fileobj)
                key.fileobj.close()
    print(json.dumps({"bytes": received, "seconds": time.monotonic() - begin}))


def send(address, port, seconds, congestion, source_ports):
    ready, sent = selectors.DefaultSelector(), 0
    for source in source_ports:
        connection = socket.create_connection((address, port), timeout=CONNECT_SECONDS, source_address=("", source))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())
        connection.setblocking(False)
        ready.register(connection, selectors.EVENT_WRITE)
    begin = time.monotonic()
    while time.monotonic() < begin + seconds:
        for key, _ in ready.select(timeout=0.1):
            try:
                sent += key.fileobj.send(CHUNK)
            except BlockingIOError:  # no room after all
                continue
    for key in list(ready.get_map().values()):
        key.fileobj.close()
    print(json.dumps({"bytes": sent, "seconds": time.monotonic() - begin}))


def main():
    words = sys.argv[1:]
    if len(words) == 3 and words[0] == "receive":
        receive(int(words[1]), int(words[2]))
    elif len(words) >= 6 and words[0] == "send":
        send(words[1], int(words[2]), float(words[3]), words[4], [int(word) for word in words[5:]])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
