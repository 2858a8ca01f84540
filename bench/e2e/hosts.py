"""Hosts as network namespaces, and the programs on them.

The run is process 1 of a process namespace of its own with a private /run, where the network
namespaces and the control sockets lie: names are plain and still unique, several runs and tests go
side by side, and whatever ends process 1 (Ctrl-C, SIGKILL) ends all that it started."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import wire
from wire import ADDRESS  # noqa: F401  (for those who import this module)

WORK = pathlib.Path("/run/bench")
INSIDE = "RINGWIRE_BENCH_INSIDE"


class Failed(Exception):
    """A program did not do what it was started for; the text says which and what it said."""


def enter_namespaces(arguments):
    """Starts this program again inside its namespaces and ends with its status."""
    if os.environ.get(INSIDE):
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return
    if os.geteuid() != 0:
        print("SKIP: needs root (network namespaces and CAP_NET_ADMIN)")
        sys.exit(77)
    command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork",
               "--kill-child", "--mount-proc", sys.executable, *arguments]
    child = subprocess.Popen(command, env={**os.environ, INSIDE: "1"})
    # Ctrl-C reaches the inner process too, which then shows what it has.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: child.kill())
    sys.exit(child.wait())


def make_folders():
    """Empty folders for sockets, logs and state: from here on, nothing of the machine's is seen."""
    for folder in ("/run", "/var/lib"):
        run("mount", "-t", "tmpfs", "tmpfs", folder)
    if not os.path.samefile("/var/run", "/run"):
        run("mount", "--bind", "/run", "/var/run")
    pathlib.Path("/run/netns").mkdir()
    WORK.mkdir()


# Programs get sessions of their own: a Ctrl-C is for this one, which then ends them in order.
def run(*command, stdin=None, timeout=60, check=True):
    """The output of a program, which must succeed unless `check` is False."""
    try:
        result = subprocess.run(command, input=stdin, capture_output=True, text=True,
                                timeout=timeout, start_new_session=True)
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(command)} did not end within {timeout} s") from None
    if check and result.returncode != 0:
        said = (result.stderr + result.stdout).strip()
        raise Failed(f"{' '.join(command)}: status {result.returncode}: {said[-500:]}")
    return result.stdout


def wait_until(what, predicate, seconds=10):
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds} s in vain: {what}")
        time.sleep(0.02)


def succeeds(*command):
    return subprocess.run(command, capture_output=True).returncode == 0


def machine():
    """The conditions of a run that do not depend on what it measures."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.partition(":")[2].strip() for line in cpuinfo.splitlines()
                  if line.startswith("model name")), "unknown")
    return {"cpus": sorted(os.sched_getaffinity(0)), "cpu": model, "kernel": os.uname().release,
            "load_before": os.getloadavg()[0],
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


class Hosts:
    """a and b, joined by a wire: 192.0.2.1 and .2. Everything ends with the `with` block."""

    def __init__(self, cable=wire.KINDS["whole"]):
        self.cable = cable
        self.processes = []
        self.names = []

    def __enter__(self):
        try:
            for name in ("a", "b"):
                self.add_host(name)
            wire.lay(self.cable, self)
            return self
        except BaseException:
            self.__exit__()
            raise

    def add_host(self, name):
        """A namespace that ends with the others."""
        run("ip", "netns", "add", name)
        self.names.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")

    def __exit__(self, *_):
        for process in reversed(self.processes):
            self.end(process)
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        self.names = []

    @staticmethod
    def on(host, *command, cpus=None):
        pinned = ["taskset", "-c", cpus] if cpus else []
        return ["nsenter", f"--net=/run/netns/{host}", "--", *pinned, *command]

    def run(self, host, *command, cpus=None, stdin=None, timeout=60, check=True):
        return run(*self.on(host, *command, cpus=cpus), stdin=stdin, timeout=timeout, check=check)

    def spawn(self, host, *command, cpus=None, environment=None, log="/dev/null"):
        """Starts a program that is ended with the hosts. Its pid is the program's own: nsenter
        and taskset replace themselves."""
        with open(log, "ab") as errors:
            process = subprocess.Popen(
                self.on(host, *command, cpus=cpus), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if log == "/dev/null" else errors, stderr=errors,
                text=True, env={**os.environ, **(environment or {})}, start_new_session=True)
        self.processes.append(process)
        return process

    def end(self, process, seconds=5):
        """SIGTERM, and SIGKILL to what does not care; returns the output."""
        if process.poll() is None:
            process.terminate()
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        if process in self.processes:
            self.processes.remove(process)
        return output

    def wait_for_port(self, host, protocol, port):
        option = {"tcp": "-tln", "udp": "-uln"}[protocol]
        wait_until(f"{protocol} port {port} on {host}",
                   lambda: self.run(host, "ss", "-H", option, f"sport = :{port}").strip() != "")

    def pings(self, host, address):
        return succeeds(*self.on(host, "ping", "-n", "-q", "-c", "1", "-W", "1", address))


class CpuMeter:
    """CPU seconds of some processes (all their threads) and of the machine since its creation."""
    TICK = os.sysconf("SC_CLK_TCK")

    def __init__(self, pids):
        self.pids = list(pids)
        self.begin = self.read()

    @classmethod
    def used(cls, stat):
        """User and system time in a stat file of /proc."""
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / cls.TICK

    def threads(self):
        """{thread: seconds}; one that ends meanwhile is left out."""
        result = {}
        for pid in self.pids:
            for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
                try:
                    result[stat.parent.name] = self.used(stat)
                except OSError:
                    continue
        return result

    def read(self):
        processes = [self.used(pathlib.Path(f"/proc/{pid}/stat")) for pid in self.pids]
        busy = {}
        for line in pathlib.Path("/proc/stat").read_text().splitlines():
            if line.startswith("cpu"):
                name, *values = line.split()
                user, nice, system, _idle, _wait, irq, softirq, steal = map(int, values[:8])
                busy[name] = ((user + nice + system + irq + softirq) / self.TICK,
                              steal / self.TICK)
        return processes, busy, self.threads()

    def seconds(self):
        """{"daemons": [seconds of each], "busiest_thread": the most of any of their threads, "machine": busy,
        "stolen": by the hypervisor, "cpu0": busy, ...}"""
        processes, busy, threads = self.read()
        was_processes, was_busy, was_threads = self.begin
        result = {"daemons": [now - was for now, was in zip(processes, was_processes)],
                  "busiest_thread": max((now - was_threads.get(thread, 0) for thread, now in threads.items()),
                                        default=0),
                  "machine": busy["cpu"][0] - was_busy["cpu"][0],
                  "stolen": busy["cpu"][1] - was_busy["cpu"][1]}
        for name, (value, _) in busy.items():
            if name != "cpu" and name in was_busy:
                result[name] = value - was_busy[name][0]
        return result


def last_json(text):
    return json.loads(text.strip().splitlines()[-1])
