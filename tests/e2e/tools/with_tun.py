#!/usr/bin/env python3
"""with_tun.py IFNAME COMMAND...: makes a TUN device and runs the command with its descriptor in WG_TUN_FD."""

import fcntl
import os
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x0001, 0x1000, 0x4000

tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", sys.argv[1].encode(), IFF_TUN | IFF_NO_PI | IFF_VNET_HDR))
os.set_inheritable(tun, True)
os.environ["WG_TUN_FD"] = str(tun)
os.execvp(sys.argv[2], sys.argv[2:])
