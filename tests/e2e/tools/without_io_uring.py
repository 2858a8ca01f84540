#!/usr/bin/env python3
"""without_io_uring.py ERRNO_NAME COMMAND...: runs COMMAND under a seccomp filter that refuses io_uring, as container
runtimes do: EPERM under Docker and containerd, ENOSYS under podman."""
import ctypes
import errno
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
RET_ALLOW, RET_ERRNO = 0x7FFF0000, 0x00050000
IO_URING_SETUP, IO_URING_REGISTER = 425, 427  # the same numbers on every architecture


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def refuse(number):
    """Loads the system call's number; 425 to 427 are refused, everything else is allowed."""
    instructions = [(LOAD, 0, 0, 0)]
    calls = range(IO_URING_SETUP, IO_URING_REGISTER + 1)
    for index, call in enumerate(calls):
        instructions.append((JUMP_IF_EQUAL, len(calls) - index, 0, call))
    instructions += [(RETURN, 0, 0, RET_ALLOW), (RETURN, 0, 0, RET_ERRNO | number)]
    code = b"".join(struct.pack("HBBI", *one) for one in instructions)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = Program(len(instructions), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
                                                                  ctypes.byref(program)):
        sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")


refuse(getattr(errno, sys.argv[1]))
os.execvp(sys.argv[2], sys.argv[2:])
