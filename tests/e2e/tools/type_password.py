"""type_password.py USER PASSWORD COMMAND...: types them at the prompts of a program on a terminal of its own, waits until it
serves, and ends it by ^C. Fails if the password is ever shown."""

import os
import pty
import select
import sys
import time

PATIENCE = 120


def main() -> int:
    user, password, *command = sys.argv[1:]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    shown = b""
    deadline = time.monotonic() + PATIENCE

    def wait_for(text: bytes) -> None:
        nonlocal shown
        while text not in shown:
            if time.monotonic() > deadline:
                sys.exit(f"{text!r} never came: {shown.decode(errors='replace')}")
            if select.select([terminal], [], [], 1)[0]:
                try:
                    shown += os.read(terminal, 4096)
                except OSError:
                    sys.exit(f"it ended: {shown.decode(errors='replace')}")

    wait_for(b"User: ")
    os.write(terminal, user.encode() + b"\n")
    wait_for(b"Password: ")
    os.write(terminal, password.encode() + b"\n")
    wait_for(b"is up")
    os.write(terminal, b"\x03")
    try:
        while chunk := os.read(terminal, 4096):
            shown += chunk
    except OSError:
        pass
    _, status = os.waitpid(child, 0)
    if password.encode() in shown:
        sys.exit("the password was shown")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
