#!/usr/bin/env python3
"""advertise.py PREFIX FLAGS [LIFETIME]: a router advertisement out of eth0, of the network PREFIX/64.

FLAGS are those of the prefix: 0xC0, it is on the link and hosts may give themselves an address in it; 0x80, only on the link.
LIFETIME, in seconds, makes the sender a default router.
"""
import socket
import sys

network, flags = socket.inet_pton(socket.AF_INET6, sys.argv[1]), int(sys.argv[2], 0)
lifetime = int(sys.argv[3]) if len(sys.argv) > 3 else 0
prefix = bytes([3, 4, 64, flags]) + (7200).to_bytes(4, "big") * 2 + bytes(4) + network
sender = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
sender.sendto(bytes([134, 0, 0, 0, 64, 0]) + lifetime.to_bytes(2, "big") + bytes(8) + prefix,
              ("ff02::1", 0, 0, socket.if_nametoindex("eth0")))
