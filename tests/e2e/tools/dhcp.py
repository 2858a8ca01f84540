"""dhcp.py serve INTERFACE ADDRESS OFFERED: leases one address by DHCP (RFC 2131), until it is killed.
dhcp.py lease INTERFACE: prints the address that a server on that segment gives it, or fails after its deadline."""
import fcntl, os, socket, struct, sys, time

COOKIE = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5


def open_socket(interface, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
    s.bind(("", port))
    return s


def message(operation, number, hardware, kind, yours="0.0.0.0", options=b""):
    head = struct.pack("!BBBBIHH4s4s4s4s16s192x", operation, 1, 6, 0, number, 0, 0x8000, bytes(4), socket.inet_aton(yours), bytes(4), bytes(4), hardware)
    return head + COOKIE + bytes([53, 1, kind]) + options + b"\xff"


def parse(data):
    options, rest = {}, data[240:]
    while rest and rest[0] != 255:
        options[rest[0]] = rest[2:2 + rest[1]]
        rest = rest[2 + rest[1]:]
    return struct.unpack("!I", data[4:8])[0], data[28:44], socket.inet_ntoa(data[16:20]), options


def serve(interface, own, offered):
    s = open_socket(interface, 67)
    while True:
        number, hardware, _, options = parse(s.recv(2048))
        kind = {DISCOVER: OFFER, REQUEST: ACK}.get(options[53][0])
        if kind:
            s.sendto(message(2, number, hardware, kind, offered, bytes([54, 4]) + socket.inet_aton(own)), ("255.255.255.255", 68))


def lease(interface):
    s = open_socket(interface, 68)
    s.settimeout(0.5)
    answer = fcntl.ioctl(s, 0x8927, struct.pack("16s16x", interface.encode()))  # SIOCGIFHWADDR
    hardware = answer[18:24].ljust(16, b"\0")
    number = struct.unpack("!I", os.urandom(4))[0]
    kind, options, deadline = DISCOVER, b"", time.monotonic() + 30
    while time.monotonic() < deadline:
        s.sendto(message(1, number, hardware, kind, options=options), ("255.255.255.255", 67))
        try:
            got, _, yours, answer = parse(s.recv(2048))
        except TimeoutError:
            continue
        if got != number:
            continue
        if answer[53][0] == ACK:
            print(yours)
            return 0
        kind, options = REQUEST, bytes([50, 4]) + socket.inet_aton(yours) + bytes([54, 4]) + answer[54]
    return 1


sys.exit(serve(*sys.argv[2:]) if sys.argv[1] == "serve" else lease(sys.argv[2]))
