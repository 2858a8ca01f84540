"""Runs a program and lets chosen system calls of it fail: the real program, without a mock or a preloaded library.

The child installs a seccomp filter whose verdict on the chosen calls is "ask" (SECCOMP_RET_USER_NOTIF), and executes the program.
Every process and thread of it inherits the filter. A thread here answers each question: go on, or fail with an errno. A filter that
the program installs for itself comes on top: of two verdicts the stricter one counts.

Only calls of the program under test count, and of these only those that the C library makes (or io_uring's, which liburing makes
itself): not those of the loader, of a sanitizer, or of programs that it runs.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import re
import select
import socket
import struct
import subprocess
import threading

_LIBC = ctypes.CDLL(None, use_errno=True)
_SET_MODE_FILTER, _NEW_LISTENER = 1, 1 << 3
_RET_USER_NOTIF, _RET_ALLOW = 0x7FC00000, 0x7FFF0000
_RECV, _SEND = 0xC0502100, 0xC0182101
_CONTINUE = 1
_NOTIF = struct.Struct('=QII i I Q 6Q')  # id, tid, flags; number, architecture, instruction pointer, arguments


def call_numbers():
    """Of this machine: name to number."""
    text = subprocess.run(['cc', '-E', '-dM', '-x', 'c', '-'], input='#include <sys/syscall.h>\n', text=True, check=True,
                          capture_output=True).stdout
    return {name: int(number) for name, number in re.findall(r'#define __NR_(\w+) (\d+)\n', text)}


NUMBERS = call_numbers()
_NAMES = {number: name for name, number in NUMBERS.items()}
_SECCOMP, _PIDFD_OPEN, _PIDFD_GETFD = (NUMBERS[name] for name in ('seccomp', 'pidfd_open', 'pidfd_getfd'))


def _system_call(*arguments):
    result = _LIBC.syscall(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _filter(names):
    """A BPF program: ask for these calls, allow the others."""
    asked = [NUMBERS[name] for name in names if name in NUMBERS]
    code = [(0x20, 0, 0, 0)]  # load the number
    for place, number in enumerate(asked):
        code.append((0x15, len(asked) - place, 0, number))  # equal: to the verdict that asks
    code += [(0x06, 0, 0, _RET_ALLOW), (0x06, 0, 0, _RET_USER_NOTIF)]
    return b''.join(struct.pack('=HBBI', *step) for step in code), len(code)


class Call:
    """One system call that was asked about."""

    def __init__(self, name, thread, process, arguments):
        self.name, self.thread, self.process, self.arguments = name, thread, process, arguments

    def __str__(self):
        text = self.name
        for place in {'openat': (1,), 'mkdirat': (1,), 'unlink': (0,), 'rename': (0, 1), 'execve': (0,), 'mkdir': (0,)}.get(self.name, ()):
            text += ' ' + self._string(self.arguments[place])
        if self.name in ('socket', 'prctl', 'socketpair', 'pipe2'):
            text += ' ' + ' '.join(hex(a & 0xFFFFFFFF) for a in self.arguments[:2])
        elif self.name in ('ioctl', 'setsockopt', 'fcntl'):
            text += f' {self._descriptor(self.arguments[0])} ' + ' '.join(hex(a & 0xFFFFFFFF) for a in self.arguments[1:3])
        elif self.name in ('read', 'write', 'sendmsg', 'recvmsg', 'sendto', 'recvfrom', 'fsync', 'ftruncate', 'pwrite64', 'pread64', 'connect', 'bind',
                           'listen', 'accept4', 'getsockname', 'getsockopt', 'epoll_ctl', 'fchmod', 'getdents64', 'flock', 'fstat'):
            text += ' ' + self._descriptor(self.arguments[0])
        if self.name == 'openat' and self.arguments[2] & os.O_CREAT:
            text += ' (creates)'
        return f'{text} by {self.thread}'

    def _string(self, address):
        try:
            with open(f'/proc/{self.process}/mem', 'rb', buffering=0) as memory:
                memory.seek(address)
                return memory.read(200).split(b'\0')[0].decode(errors='replace')
        except (OSError, ValueError, OverflowError):
            return '?'

    def _descriptor(self, number):
        number &= 0xFFFFFFFF
        try:
            target = os.readlink(f'/proc/{self.process}/fd/{number}')
            return self._socket(number) if target.startswith('socket:') else target
        except OSError:
            return '?'

    def _socket(self, number):
        """The family of a socket, which is asked of a duplicate."""
        handle = _system_call(_PIDFD_OPEN, self.process, 0)
        try:
            with socket.socket(fileno=_system_call(_PIDFD_GETFD, handle, number, 0)) as duplicate:
                return f'socket of {socket.AddressFamily(duplicate.family).name[3:].lower()}'
        finally:
            os.close(handle)


class Injector:
    """One run of a program. `decide(Call)` returns an errno, or 0 to go on; it is called on a thread of its own."""

    def __init__(self, names, decide, command, exe, **options):
        self._names, self._decide, self._exe = names, decide, exe
        self._libraries = {}
        self.error = None
        flag = mmap.mmap(-1, 1)
        program, length = _filter(names)
        code = ctypes.create_string_buffer(program, len(program))
        descriptor = struct.pack('=HxxxxxxQ', length, ctypes.addressof(code))
        descriptor = ctypes.create_string_buffer(descriptor, len(descriptor))

        def install():
            if _LIBC.syscall(_SECCOMP, _SET_MODE_FILTER, _NEW_LISTENER, descriptor) < 0:
                os._exit(126)
            while flag[0] == 0:  # without a system call: it might be asked about, and nobody answers yet
                pass

        self._ready = threading.Event()
        starter = threading.Thread(target=self._take_listener, args=(flag,), daemon=True)
        self._pid_known = threading.Event()
        read_end, write_end = os.pipe()
        self._pid_pipe = read_end
        starter.start()

        def before_exec():
            os.write(write_end, struct.pack('=i', os.getpid()))
            install()

        self.process = subprocess.Popen(command, preexec_fn=before_exec, pass_fds=(), **options)
        os.close(write_end)
        self._ready.wait()
        if self.error:
            raise self.error

    def _take_listener(self, flag):
        try:
            pid = struct.unpack('=i', os.read(self._pid_pipe, 4))[0]
            os.close(self._pid_pipe)
            folder, listener = f'/proc/{pid}/fd', None
            while listener is None:
                for name in os.listdir(folder):
                    try:
                        if 'seccomp notify' in os.readlink(f'{folder}/{name}'):
                            listener = int(name)
                    except OSError:
                        continue
            handle = _system_call(_PIDFD_OPEN, pid, 0)
            self._listener = _system_call(_PIDFD_GETFD, handle, listener, 0)
            os.close(handle)
        except OSError as error:
            self.error = error
            self._ready.set()
            return
        flag[0] = 1
        self._ready.set()
        self._serve()

    def _serve(self):
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while True:
            events = poll.poll()
            if events and events[0][1] & select.POLLIN == 0:
                break  # every process of it has ended
            request = bytearray(_NOTIF.size)
            try:
                fcntl.ioctl(self._listener, _RECV, request)
            except OSError as failure:
                if failure.errno in (errno.ENOENT, errno.EINTR):
                    continue  # the asker was killed
                break
            number, thread, _, call, _, pointer, *arguments = _NOTIF.unpack(request)
            result = self._judge(call, thread, pointer, arguments)
            answer = struct.pack('=QqiI', number, 0, -result, 0 if result else _CONTINUE)
            try:
                fcntl.ioctl(self._listener, _SEND, answer)
            except OSError:
                continue
        os.close(self._listener)

    def _judge(self, call, thread, pointer, arguments):
        try:
            with open(f'/proc/{thread}/status', encoding='utf-8') as file:
                process = int(re.search(r'^Tgid:\s+(\d+)', file.read(), re.M).group(1))
            if os.readlink(f'/proc/{process}/exe') != self._exe:
                return 0
            name = _NAMES[call]
            if not name.startswith('io_uring') and not self._is_from_libc(process, pointer):
                return 0
            with open(f'/proc/{thread}/comm', encoding='utf-8') as file:
                comm = file.read().strip()
            return self._decide(Call(name, comm, process, arguments))
        except (OSError, AttributeError, KeyError):
            return 0

    def _is_from_libc(self, process, pointer):
        if process not in self._libraries:
            with open(f'/proc/{process}/maps', encoding='utf-8') as file:
                found = re.findall(r'^(\w+)-(\w+) r-x.* /\S*libc\.so\S*$', file.read(), re.M)
            if not found:
                return False  # the loader is at work
            self._libraries[process] = [(int(begin, 16), int(end, 16)) for begin, end in found]
        return any(begin <= pointer < end for begin, end in self._libraries[process])
