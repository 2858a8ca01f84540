#!/usr/bin/env python3
"""many_peers.py FILE COUNT PRIVATE_KEY [REAL_PEER]: writes the configuration of a gateway with COUNT peers, named p00001 and so on; of these
REAL_PEER, a public key at 192.0.2.2:51820 with the address 10.0.0.2, is the first one and has a name with markup in it."""
import base64
import hashlib
import os
import sys


def main():
    path, count, private = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    real = sys.argv[4:]
    os.umask(0o077)
    with open(path, "w", encoding="utf-8") as conf:
        conf.write(f"[Interface]\nPrivateKey = {private}\nListenPort = 51820\nAddress = 10.0.0.1/16\n")
        if real:
            conf.write(f"[Peer]\nName = real <b>peer</b>\nPublicKey = {real[0]}\nEndpoint = 192.0.2.2:51820\nAllowedIPs = 10.0.0.2/32\n")
        for number in range(1 if real else 0, count):
            key = base64.b64encode(hashlib.sha256(str(number).encode()).digest()).decode()
            conf.write(f"[Peer]\nName = p{number:05}\nPublicKey = {key}\nAllowedIPs = 10.1.{number >> 8}.{number & 255}/32\n")


if __name__ == "__main__":
    main()
