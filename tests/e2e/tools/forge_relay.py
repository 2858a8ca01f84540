#!/usr/bin/env python3
"""Speaks for a relay process that was taken over: `forge_relay.py PID COMMAND...`. The relay is stopped, and its end of the channel to the
supervisor used. Commands, in order: `send VERB [BODY]`, BODY as a Python literal of bytes; `await VERB`, which drops other messages;
`flood VERB`, until the channel breaks."""
import ast
import ctypes
import os
import pathlib
import re
import signal
import socket
import struct
import sys

SYS_PIDFD_GETFD = 438
HEAD = struct.Struct("=II")  # verb, size of the body


def verbs():
    """The numbers of the verbs, as the header lists them."""
    (header,) = (pathlib.Path(__file__).resolve().parents[3] / "platform").glob("**/relay_channel.h")
    body = re.search(r"enum class RelayVerb[^{]*\{(.*?)\};", header.read_text(encoding="utf-8"), re.S)[1]
    return {name: number for number, name in enumerate(re.findall(r"^\s*k(\w+),", body, re.M))}


def channel(pid):
    """A duplicate of the relay's end: the unix socket that its parent has made."""
    parent = int(re.search(r"^PPid:\s*(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8"), re.M)[1])
    process = os.pidfd_open(pid)
    libc = ctypes.CDLL(None, use_errno=True)
    for name in os.listdir(f"/proc/{pid}/fd"):
        file = libc.syscall(SYS_PIDFD_GETFD, process, int(name), 0)
        if file < 0 or not os.readlink(f"/proc/self/fd/{file}").startswith("socket:"):
            continue
        end = socket.socket(fileno=file)
        if end.family == socket.AF_UNIX and end.type == socket.SOCK_STREAM:
            creator = struct.unpack("=iII", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
            if creator == parent and not end.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                end.setblocking(True)
                return end
    sys.exit(f"process {pid} has no channel")


def receive(end, size):
    data = b""
    while len(data) < size:
        part = end.recv(size - len(data))
        if not part:
            sys.exit("the channel was closed")
        data += part
    return data


def main():
    pid, words = int(sys.argv[1]), sys.argv[2:]
    number = verbs()
    os.kill(pid, signal.SIGSTOP)
    end = channel(pid)
    print("speaking", flush=True)
    while words:
        command, verb = words.pop(0), number[words.pop(0)]
        if command == "send":
            body = ast.literal_eval(words.pop(0)) if words and words[0].startswith(("b'", 'b"')) else b""
            end.sendall(HEAD.pack(verb, len(body)) + body)
        elif command == "await":
            got = None
            while got != verb:
                got, size = HEAD.unpack(receive(end, HEAD.size))
                receive(end, size)
        else:
            print("flooding", flush=True)
            while True:
                end.sendall(HEAD.pack(verb, 0) * 1000)


try:
    main()
except (BrokenPipeError, ConnectionResetError):
    pass
