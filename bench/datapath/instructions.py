#!/usr/bin/env python3
"""usage: instructions.py PROGRAM

Counts the instructions of the packet path for each packet, by callgrind: PROGRAM is datapath_bench_cipher_off. The figure
is the same from run to run (to 0.1 %) however busy the machine is. It is no time: a cache miss counts as one instruction.

Without a cipher, because valgrind knows no AVX-512; checksums take their portable code for the same reason.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

KINDS = {64: "64 bytes", 576: "576 bytes", 1420: "1420 bytes", 65535: "of a superpacket"}
# Start-up costs the same in both, so the difference of two runs is that of their iterations.
FEW, MANY = 2, 18


def run(program, name, iterations, *wrapper):
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            [*wrapper, program, f"--benchmark_filter=^{name}$", "--benchmark_format=json"], check=True, cwd=folder,
            capture_output=True, text=True, env={**os.environ, "RINGWIRE_BENCH_ITERATIONS": str(iterations)})


def instructions(program, name, iterations):
    done = run(program, name, iterations, "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def per_packet(program, benchmark, kind):
    name = f"{benchmark}/cipher_off/bytes:{kind}"
    row = json.loads(run(program, f"{name}/iterations:{FEW}", FEW).stdout)["benchmarks"][0]
    counts = [instructions(program, f"{name}/iterations:{n}", n) for n in (FEW, MANY)]
    return (counts[1] - counts[0]) / (MANY - FEW) / row["packets_per_batch"]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not shutil.which("valgrind"):
        sys.exit("cannot count instructions: valgrind is not installed; run ./dev setup")
    program = os.path.abspath(sys.argv[1])
    print("instructions a packet, cipher off:  Outbound  Inbound")
    for kind, text in KINDS.items():
        # Inbound opens what Outbound sealed, so it is what both cost less what Outbound costs.
        outbound, both = (per_packet(program, name, kind) for name in ("BM_Outbound", "BM_Loopback"))
        print(f"  {text:32} {outbound:9.0f} {both - outbound:8.0f}")


if __name__ == "__main__":
    main()
