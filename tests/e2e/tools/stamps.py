#!/usr/bin/env python3
"""Prints the handshake timestamps that an interface keeps on disk: our key, the peer's, the timestamp, one line each.

Usage: stamps.py IFNAME. It reads the format from its description (platform/control/stamp_log.h), not by ringwire's code.
"""
import base64
import hashlib
import struct
import sys

HEAD_BYTES = 104


def read(path):
    """The generation and the timestamps of one file; (-1, {}) if it is none of this format."""
    with open(path, "rb") as file:
        data = file.read()
    head = data[:HEAD_BYTES]
    if not head.startswith(b"ringwire-stamps 2 ") or hashlib.blake2s(head[:39]).hexdigest().encode() != head[39:103]:
        return -1, {}
    generation = int(head[18:38])
    keys, stamps, at = [], {}, HEAD_BYTES
    while at + 36 <= len(data):
        size, = struct.unpack_from("<I", data, at)
        payload = data[at + 36:at + 36 + size]
        if hashlib.blake2s(struct.pack("<QQ", generation, at) + payload).digest() != data[at + 4:at + 36]:
            break
        at += 36 + size
        while payload:
            kind, payload = payload[0], payload[1:]
            if kind == 1:
                keys.append(payload[:32])
                payload = payload[32:]
                continue
            key = (keys[struct.unpack_from("<I", payload)[0]], payload[4:36])
            if kind == 2:
                stamps[key] = payload[36:48]
                payload = payload[48:]
            elif kind == 3:
                stamps.pop(key, None)
                payload = payload[36:]
            elif kind == 4:
                payload = payload[36 + 11 + payload[46]:]
            else:
                sys.exit("record of type %d in %s" % (kind, path))
    return generation, stamps


base = "/var/lib/ringwire/%s.stamps" % sys.argv[1]
_, newest = max((read(path) for path in (base, base + ".2")), key=lambda file: file[0])
for (local, peer), stamp in newest.items():
    print(base64.b64encode(local).decode(), base64.b64encode(peer).decode(), stamp.hex())
