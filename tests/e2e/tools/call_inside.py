#!/usr/bin/env python3
"""usage: call_inside.py THREAD CALL [ARGUMENT...]
Makes a running thread of another process make a system call, as somebody would who has taken that process over, and prints
what became of it: the result (0 or more), the name of the error, or `ended by SIGNAL`. An ARGUMENT is a number, or a text
that the call gets the address of. The thread goes on as if nothing had been. Root; x86-64."""
import ctypes
import errno
import os
import signal
import struct
import sys

CALLS = {"read": 0, "mprotect": 10, "socket": 41, "connect": 42, "bind": 49, "clone": 56, "fork": 57, "execve": 59, "kill": 62,
         "unlink": 87, "ptrace": 101, "setuid": 105, "getuid": 102, "prctl": 157, "openat": 257, "unshare": 272, "bpf": 321,
         "execveat": 322, "userfaultfd": 323, "io_uring_setup": 425}
ATTACH, DETACH, UNTIL_CALL, GET_REGISTERS, SET_REGISTERS = 16, 17, 24, 12, 13
REGISTERS = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs "
             "gs").split()
ARGUMENTS = "rdi rsi rdx r10 r8 r9".split()
SYSCALL = b"\x0f\x05"
RESTARTS = [2**64 - number for number in (512, 513, 514, 516)]  # what the kernel leaves in rax
RESTART_BLOCK, RESTART_CALL = 2**64 - 516, 219
FORMAT = f"<{len(REGISTERS)}Q"

library = ctypes.CDLL(None, use_errno=True)
library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
library.ptrace.restype = ctypes.c_long


def ptrace(request, thread, address=None, data=None):
    if library.ptrace(request, thread, address, data) == -1:
        raise OSError(ctypes.get_errno(), f"ptrace {request}")


class Ended(Exception):
    pass


def await_stop(thread):
    """The signal that has stopped the thread."""
    _, status = os.waitpid(thread, 0x40000000)  # __WALL
    if os.WIFSIGNALED(status):
        raise Ended(signal.Signals(os.WTERMSIG(status)).name)
    if os.WIFEXITED(status):
        raise Ended(f"exit {os.WEXITSTATUS(status)}")
    return os.WSTOPSIG(status)


def registers_of(thread):
    buffer = ctypes.create_string_buffer(struct.calcsize(FORMAT))
    ptrace(GET_REGISTERS, thread, None, buffer)
    return dict(zip(REGISTERS, struct.unpack(FORMAT, buffer.raw)))


def set_registers(thread, registers):
    ptrace(SET_REGISTERS, thread, None, ctypes.create_string_buffer(struct.pack(FORMAT, *(registers[name] for name in REGISTERS))))


def next_stop(thread, stopped_by=signal.SIGTRAP):
    """Goes on to the next begin or end of a call, or signal, with the signal of the last stop; the signal of this one."""
    ptrace(UNTIL_CALL, thread, None, None if stopped_by == signal.SIGTRAP else stopped_by)
    return await_stop(thread)


def is_refused(thread):
    """Whether the filter's signal waits for the thread."""
    with open(f"/proc/{thread}/status") as status:
        pending = next(line.split()[1] for line in status if line.startswith("SigPnd:"))
    return int(pending, 16) >> (signal.SIGSYS - 1) & 1


def handled(thread, before):
    """Whether the handler of the filter's signal has returned, behind the call, with its answer."""
    registers = registers_of(thread)
    return registers["rip"] == before["rip"] and not is_refused(thread)


def restarted(registers):
    """As the kernel does it for a call that a signal interrupted, which it no longer does where the thread stopped since."""
    if registers["orig_rax"] >= 2**63 or registers["rax"] not in RESTARTS:
        return registers
    again = RESTART_CALL if registers["rax"] == RESTART_BLOCK else registers["orig_rax"]
    return dict(registers, rax=again, rip=registers["rip"] - len(SYSCALL), orig_rax=2**64 - 1)


def call(thread, number, arguments):
    ptrace(ATTACH, thread)
    await_stop(thread)
    before = registers_of(thread)
    with open(f"/proc/{thread}/mem", "r+b", buffering=0) as memory:
        # It waits in a system call: the instruction that made it is the one behind which it goes on.
        memory.seek(before["rip"] - len(SYSCALL))
        assert memory.read(len(SYSCALL)) == SYSCALL, "the thread is not in a system call"
        place = (before["rsp"] - 8192) & ~0xFFF  # far below what it uses of its stack
        memory.seek(place)
        saved = memory.read(4096)
        registers = dict(before, rax=number, orig_rax=2**64 - 1, rip=before["rip"] - len(SYSCALL), rsp=place)
        at = place
        for name, argument in zip(ARGUMENTS, arguments):
            if isinstance(argument, int):
                registers[name] = argument % 2**64
                continue
            memory.seek(at)
            memory.write(argument + b"\0")
            registers[name] = at
            at += len(argument) + 1
        set_registers(thread, registers)
        stopped_by = next_stop(thread)  # at the call
        stopped_by = next_stop(thread)  # behind it, or at the signal of the filter
        refused = stopped_by == signal.SIGSYS or is_refused(thread)
        while refused and not (stopped_by == signal.SIGTRAP and handled(thread, before)):
            stopped_by = next_stop(thread, stopped_by)
        result = registers_of(thread)["rax"]
        memory.seek(place)
        memory.write(saved)
    set_registers(thread, restarted(before))
    ptrace(DETACH, thread)
    return result if result < 2**63 else result - 2**64


def main():
    thread = int(sys.argv[1])
    arguments = [int(text, 0) if text.lstrip("-")[:1].isdigit() else text.encode() for text in sys.argv[3:]]
    try:
        result = call(thread, CALLS[sys.argv[2]], arguments)
    except Ended as end:
        print(f"ended by {end}")
        return
    print(errno.errorcode[-result] if result < 0 else result)


if __name__ == "__main__":
    main()
