"""vxlan_frame.py FROM TO ID SENDER TARGET: sends one frame of a VXLAN segment in a datagram from FROM to TO: an ARP request of
SENDER, a host that does not exist, for TARGET. TARGET remembers SENDER if the frame gets there."""
import socket, struct, sys

source, destination, number, sender, target = sys.argv[1:]
hardware = bytes.fromhex("020000000066")
arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, hardware, socket.inet_aton(sender), bytes(6), socket.inet_aton(target))
frame = b"\xff" * 6 + hardware + b"\x08\x06" + arp + bytes(18)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((source, 0))
s.sendto(struct.pack("!II", 0x08000000, int(number) << 8) + frame, (destination, 4789))
