#!/usr/bin/env python3
"""Opens everything below the given paths that this user may open and holds its locks, flock(2) and fcntl(2), until it is killed. Looks
for new files all the time. `hold_locks.py LIST PATH...`: LIST gets a line for each path that is held."""
import fcntl
import os
import sys
import time

held = {}  # by device and inode: the descriptor
names = open(sys.argv[1], "w", buffering=1, encoding="utf-8")


def everything(path):
    yield path
    if os.path.isdir(path) and not os.path.islink(path):
        for folder, folders, files in os.walk(path):
            yield from (os.path.join(folder, name) for name in folders + files)


def hold(path):
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    status = os.fstat(file)
    if (status.st_dev, status.st_ino) in held:
        os.close(file)
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    held[status.st_dev, status.st_ino] = file
    print(path, file=names)


while True:
    for root in sys.argv[2:]:
        for one in everything(root):
            try:
                hold(one)
            except OSError:  # not for this user, gone, or held by somebody else for now
                pass
    time.sleep(0.005)
