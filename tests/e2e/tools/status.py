"""status.py ASK ANSWER: answers questions about running interfaces, for one test, until that ends.

Starting an interpreter for each look at a status would cost more than all else that a test does. A question is written
to the named pipe ASK: the interface, a tab, a Python expression over `status`, a zero byte. The answer is read from the
named pipe ANSWER: `=` and what the expression gives, or `!` and why there is none.
"""
import json
import socket
import sys


def status_of(interface):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(60)
        connection.connect(f"/run/ringwire/{interface}.sock")
        connection.sendall(b"status\n")
        with connection.makefile("rb") as lines:
            return json.loads(lines.readline())


def answer(question):
    interface, expression = question.split("\t", 1)
    try:
        return f"={eval(f'({expression})', {'status': status_of(interface)})}"
    except Exception as error:  # whatever it is, the test wants to hear it
        return f"!{type(error).__name__}: {error}"


def main():
    ask, to = sys.argv[1:]
    with open(ask, "r+b", buffering=0) as questions:  # open for writing too, so that it never ends
        pending = b""
        while True:
            pending += questions.read(65536)
            while b"\0" in pending:
                question, pending = pending.split(b"\0", 1)
                with open(to, "w", encoding="utf-8") as out:
                    out.write(answer(question.decode()))


main()
