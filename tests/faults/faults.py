"""Lets one system call of `ringwire run` fail at a time, in its start, in service, in a reload or in its end, and checks what comes of
it: no crash, nothing left on the host, no configuration half in force, traffic that passes again, and a line that says what failed.

Runs within the namespaces of tests/e2e/faults.sh: host a has the program, host b its peer 10.77.0.2.
"""

import argparse
import errno
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time

from catalog import ERRORS, HARMLESS, ONLY_WITH, PASSING, SMALL
from injector import NUMBERS, Injector

RINGWIRE = os.environ['RINGWIRE']
WORK = os.environ['FAULTS_WORK']
PATIENCE_S = 30 * int(os.environ.get('RINGWIRE_SLOWNESS', '1'))
PHASES = ['start', 'service', 'reload', 'end']
CONFIG = f'{WORK}/wga.conf'
ON_A = ['nsenter', '--net=/run/netns/a', '--']
# One that has ended all its threads by a failed assertion, or by memory that it must not touch.
CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSYS}


def run(*command, **options):
    return subprocess.run([*ON_A, *command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          check=False, timeout=4 * PATIENCE_S, **options)


def wait_until(condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def snapshot():
    """What a gateway may change of a host."""
    script = '''ip -o link | sed 's/^[0-9]*: //; s/ mtu.*//'; ip -o address | sed 's/^[0-9]*: //; s/ *valid_lft.*//'
      ip rule; ip -6 rule; ip route show table all; ip -6 route show table all | grep -v '^fe80'
      nft list ruleset | sed 's/packets [0-9]* bytes [0-9]*//'
      grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/rp_filter /proc/sys/net/ipv4/conf/*/src_valid_mark \
        /proc/sys/net/ipv6/conf/*/forwarding /proc/sys/net/ipv6/conf/*/accept_ra
      find /run/ringwire /run/wireguard /run/netns -type f -o -type s | grep -v -e '\\.log' -e '/lock'
      cat /etc/resolv.conf'''
    return run('sh', '-c', script + ' 2>/dev/null').stdout


def changes(before, after):
    old, new = set(before.splitlines()), set(after.splitlines())
    return old - new, new - old


def difference(before, after):
    old, new = before.splitlines(), after.splitlines()
    lines = [f'-{line}' for line in old if line not in new] + [f'+{line}' for line in new if line not in old]
    return '; '.join(line.strip() for line in lines[:6]) or 'the order of the lines'


def lines_of(log):
    """Without what differs from run to run."""
    return {re.sub(r'\d+', 'N', line) for line in log.splitlines()}


class Manager:
    """The service manager's end of sd_notify."""

    def __init__(self):
        self.path = f'{WORK}/notify'
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(self.path)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def told_ready(self):
        try:
            while True:
                if b'READY=1' in self.socket.recv(4096):
                    return True
        except BlockingIOError:
            return False

    def forget(self):
        while self.told_ready():
            pass


class Fault:
    """What fails, in which phase, and how: the call of this number, or the first one that is described so."""

    def __init__(self, phase, call, error, number=0, part=''):
        self.phase, self.call, self.error, self.number, self.part = phase, call, error, number, part

    def __str__(self):
        return f'{self.phase} {self.call} {self.number or self.part or 1} {self.error}'

    def is_this(self, phase, call, number):
        if (phase, call.name) != (self.phase, self.call):
            return False
        return number == self.number if self.number else bool(re.search(self.part, str(call)))


class Trial:
    """One life of the program, with a fault or, to count its calls, without."""

    def __init__(self, manager, keys, fault=None, states=None):
        self.manager, self.keys, self.fault, self.states = manager, keys, fault, states
        self.phase = 'start'
        self.counts = {phase: {} for phase in PHASES}
        self.hit = None  # the call that failed
        self.applies = False  # that call can fail so
        self.findings = []
        self.log_path = f'{WORK}/trial.log'
        self.lists = False  # prints each call

    def find(self, what):
        self.findings.append(what)

    def decide(self, call):
        counts = self.counts.get(self.phase)
        if counts is None:
            return 0
        number = counts[call.name] = counts.get(call.name, 0) + 1
        fault = self.fault
        if fault is None and self.lists:
            print(f'{self.phase} {call.name} {number}: {call}')
        if fault is None or self.hit or not fault.is_this(self.phase, call, number):
            return 0
        self.hit = str(call)
        self.applies = all(name != fault.call or fault.error not in errors or re.search(part, self.hit)
                           for name, errors, part in ONLY_WITH)
        return getattr(errno, fault.error) if self.applies else 0

    def write_config(self, more):
        with open(CONFIG, 'w', encoding='utf-8', opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(f'[Interface]\nPrivateKey = {self.keys["a"]}\nListenPort = {51821 if more else 51820}\nIoBackend = '
                       f'{os.environ.get("RINGWIRE_E2E_IO", "io_uring")}\nWorkers = 1\nAddress = 10.77.0.1/24, fd77::1/64\nDNS = 10.77.0.2\n'
                       f'PostUp = true\n[Gateway]\nForward = on\nMasquerade = eth0\nPortForward = tcp/8080 -> 10.77.0.2:80\n'
                       f'[Peer]\nPublicKey = {self.keys["b public"]}\nEndpoint = 192.0.2.2:51820\nAllowedIPs = 10.77.0.2/32, 10.80.0.0/16\n')
            if more:
                file.write(f'[Peer]\nPublicKey = {self.keys["c public"]}\nAllowedIPs = 10.79.0.0/24\n')

    def log(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as file:
            return file.read()

    # -- the life

    def live(self):
        self.manager.forget()
        self.write_config(more=False)
        before = self.states['before'] if self.states else snapshot()
        names = [self.fault.call] if self.fault else list(ERRORS)
        with open(self.log_path, 'w', encoding='utf-8'):
            pass
        with open(self.log_path, 'a', encoding='utf-8') as log:
            injector = Injector(names, self.decide, [*ON_A, RINGWIRE, 'run', CONFIG], RINGWIRE, stdin=subprocess.DEVNULL, stdout=log,
                                stderr=log, env={**os.environ, 'NOTIFY_SOCKET': self.manager.path})
        self.process = injector.process
        seen = {'before': before}
        if self.start():
            seen['up'] = snapshot()
            self.phase = 'service'
            if self.serve():
                self.phase = 'reload'
                seen['reloaded'] = self.reload(seen['up'])
                self.phase = 'end'
                self.end()
        self.phase = 'over'
        self.look_at_end(before)
        self.look_for_line()
        seen['lines'] = lines_of(self.log())
        return seen

    def ended(self):
        return self.process.poll() is not None

    def start(self):
        if not wait_until(lambda: self.manager.told_ready() or self.ended(), 4 * PATIENCE_S):
            self.find('neither ready nor ended')
            self.process.kill()
            return False
        if not self.ended():
            return True
        if self.fault is None or self.hit is None:
            self.find(f'ended at its start without a fault: {self.log()[-300:]}')
        elif not self.log().strip():
            self.find('its start failed without a word')
        return False

    def pings(self):
        return wait_until(lambda: self.ended() or run('ping', '-n', '-q', '-c', '1', '-W', '1', '-s', '1200', '10.77.0.2').returncode == 0)

    def serve(self):
        if not self.pings() or self.ended():
            self.find('no traffic after the start' if not self.ended() else 'ended in service')
            return not self.ended()
        for command in (['wg', 'show', 'wga', 'dump'], [RINGWIRE, 'show', 'wga', '--json'],
                        ['wg', 'set', 'wga', 'peer', self.keys['d public'], 'allowed-ips', '10.81.0.0/24'],
                        ['wg', 'set', 'wga', 'peer', self.keys['d public'], 'remove']):
            run(*command)  # may fail: the fault hit its request, or the tool's own connection
        if not self.pings() or self.ended():
            self.find('ended in service' if self.ended() else 'traffic has stopped in service')
        return not self.ended()

    def reload(self, up):
        self.write_config(more=True)
        result = run(RINGWIRE, 'reload', 'wga')
        with open(self.log_path, 'a', encoding='utf-8') as log:
            log.write(result.stdout)
        if self.ended():
            self.find('ended during a reload')
            return up
        after = snapshot()
        if self.states is None:
            return after
        if result.returncode != 0:
            if after != up:
                self.find(f'a reload that failed is half in force: {difference(up, after)}')
        elif not self.is_as_reloaded(up) and not self.ended():
            self.find(f'a reload that succeeded is not in force: {difference(self.states["reloaded"], after)}')
        if not self.pings():
            self.find('no traffic after the reload')
        return after

    def is_as_reloaded(self, up):
        """Perhaps not at once: without its admin socket a service reloads on a signal."""
        wanted = changes(self.states['up'], self.states['reloaded'])
        return wait_until(lambda: changes(up, snapshot()) == wanted)

    def end(self):
        if self.ended():
            return
        self.process.send_signal(signal.SIGTERM)
        if not wait_until(self.ended, 2 * PATIENCE_S):
            self.find('does not end')

    def look_at_end(self, before):
        if not self.ended():
            self.process.kill()
        status = self.process.wait()
        spoke = re.search(r'.*(Sanitizer|CHECK failed|terminate called).*', self.log())
        if status < 0 and -status in CRASHES or spoke:
            self.find(f'crashed: {status} {spoke.group() if spoke else ""}')
        if not wait_until(lambda: not os.listdir('/run/netns') or run('pgrep', '-x', 'ringwire').stdout.split() == OTHERS, PATIENCE_S):
            self.find('left a process: ' + run('sh', '-c', 'ps -o pid,ppid,args -C ringwire').stdout)
        after = snapshot()
        if after == before:
            return
        undone = run(RINGWIRE, 'down', 'wga')  # what its user does
        again = snapshot()
        if again != before:
            self.find(f'left behind, also by `down` ({undone.stdout.strip()[-200:]}): {difference(before, again)}')
            clean_up()
        elif status == 0:
            self.find(f'left behind by an end that succeeded: {difference(before, after)}')

    def look_for_line(self):
        if self.fault is None or not self.applies or self.fault.error in PASSING:
            return
        if lines_of(self.log()) - self.states['lines']:
            return
        if any(call == self.fault.call and re.search(part, self.hit) for call, part, _ in HARMLESS):
            return
        self.find('no line says so')


def clean_up():
    script = '''ip link delete wga; nft flush ruleset; ip rule flush; ip -6 rule flush
      ip rule add priority 32766 table main; ip rule add priority 32767 table default; ip -6 rule add priority 32766 table main
      rm -rf /run/ringwire/wga* /run/ringwire/sysctls /run/wireguard/wga.sock'''
    run('sh', '-c', script + ' 2>/dev/null')


def faults_of(counts, depth, only):
    """At most `depth` calls of each kind in each phase, spread evenly, with each error."""
    for phase in PHASES:
        for call, count in sorted(counts[phase].items()):
            numbers = sorted({1 + round(place * (count - 1) / max(1, depth - 1)) for place in range(depth)})
            for error in ERRORS[call]:
                for number in numbers:
                    fault = Fault(phase, call, error, number)
                    if not only or re.search(only, str(fault)):
                        yield fault


def small_faults():
    return [Fault(phase, call, error, part=part) for phase, call, error, part in SMALL]


def options():
    parser = argparse.ArgumentParser(prog='./dev faults', description=__doc__)
    parser.add_argument('--small', action='store_true', help='the share of a test run')
    parser.add_argument('--depth', type=int, default=3, help='of each kind of call in each phase, so many fail (default 3)')
    parser.add_argument('--only', default='', metavar='REGEX', help='faults as they are printed: PHASE CALL NUMBER ERROR')
    parser.add_argument('--shuffle', action='store_true', help='in an order of chance, for a run that may be cut short')
    parser.add_argument('--list', action='store_true', help='print the calls of a life without a fault')
    parser.add_argument('--minutes', type=float, default=0, help='end after so long')
    return parser.parse_args()


def main():
    chosen = options()
    manager = Manager()
    with open(f'{WORK}/keys.json', encoding='utf-8') as file:
        keys = json.load(file)
    trial = Trial(manager, keys)
    trial.lists = chosen.list
    states = trial.live()
    counts = trial.counts
    print(f'faults: calls without a fault: {({phase: sum(counts[phase].values()) for phase in PHASES})}', flush=True)
    if trial.findings:
        print('faults: not even without a fault: ' + ' | '.join(trial.findings))
        return 1
    if chosen.list:
        return 0
    faults = list(small_faults() if chosen.small else faults_of(counts, chosen.depth, chosen.only))
    if chosen.shuffle:
        random.shuffle(faults)
    begin, done, missed, bad = time.monotonic(), 0, 0, 0
    for fault in faults:
        if chosen.minutes and time.monotonic() > begin + 60 * chosen.minutes:
            break
        trial = Trial(manager, keys, fault, states)
        trial.live()
        done += 1
        missed += not trial.applies
        if trial.findings:
            bad += 1
            print(f'faults: {fault}: {trial.hit}: ' + ' | '.join(trial.findings), flush=True)
    print(f'faults: {done} of {len(faults)} faults tried in {time.monotonic() - begin:.0f} s; {missed} calls did not come again or '
          f'cannot fail so; '
          f'{bad} faults with a finding')
    return 1 if bad else 0


OTHERS = run('pgrep', '-x', 'ringwire').stdout.split()
if __name__ == '__main__':
    sys.exit(main())
