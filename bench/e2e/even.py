"""Source ports whose streams spread evenly over the TUN queues of host a.

The kernel chooses the queue of a flow's first packet by a hash with a secret key, so the ports are found by trying:
one SYN from each candidate, which b drops before it can answer."""
import subprocess
import sys

import hosts

FIRST_PORT, TRIES_MAX = 20000, 500
DROP = """table ip even {{
  chain arrived {{
    type filter hook prerouting priority raw
    tcp dport {port} drop
  }}
}}
"""
# In host a: sends one SYN for each source port that a line of the input names, and answers when it has left.
KNOCK = """import socket, sys
for line in sys.stdin:
    with socket.socket() as knocking:
        knocking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        knocking.bind(("", int(line)))
        knocking.setblocking(False)
        knocking.connect_ex((sys.argv[1], int(sys.argv[2])))
        print("sent", flush=True)
        sys.stdin.readline()
"""


def even_ports(network, system, count, port):
    """`count` source ports of TCP streams to b's `port`; a system that does not tell its queues gets any."""
    if not system.queue_reads():
        return range(FIRST_PORT, FIRST_PORT + count)
    network.run("b", "nft", "-f", "-", stdin=DROP.format(port=port))
    knocker = subprocess.Popen(network.on("a", sys.executable, "-c", KNOCK, system.address("b"), str(port)),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        return choose(count, lambda source: queue_of(knocker, system, source))
    finally:
        knocker.stdin.close()
        knocker.wait(timeout=10)
        network.run("b", "nft", "delete", "table", "ip", "even")


def choose(count, find_queue):
    """The first ports of which no queue gets more than its share. `find_queue(port)`: (its queue or None, number of queues)."""
    chosen, taken = [], {}
    for source in range(FIRST_PORT, FIRST_PORT + TRIES_MAX):
        queue, queues = find_queue(source)
        if queue is not None and taken.get(queue, 0) < -(-count // queues):
            taken[queue] = taken.get(queue, 0) + 1
            chosen.append(source)
        if len(chosen) == count:
            return chosen
    raise hosts.Failed(f"{TRIES_MAX} source ports gave {len(chosen)} of {count} streams: queues got {taken}")


def queue_of(knocker, system, source):
    before = system.queue_reads()
    knocker.stdin.write(f"{source}\n")
    knocker.stdin.flush()
    knocker.stdout.readline()
    hosts.wait_until("a's gateway reads a SYN", lambda: sum(system.queue_reads()) > sum(before))
    more = [now - was for now, was in zip(system.queue_reads(), before)]
    knocker.stdin.write("\n")
    knocker.stdin.flush()
    # Another packet may have come between; then nobody knows which queue the SYN took.
    return (more.index(1) if sum(more) == 1 else None), len(more)
