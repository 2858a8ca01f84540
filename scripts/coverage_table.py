#!/usr/bin/env python3
"""coverage_table.py PROFILE -object PROGRAM...: lines and branches that the tests of PROGRAM reach, a row for each folder of the product."""
import json
import os
import subprocess
import sys

profile, objects = sys.argv[1], sys.argv[2:]
first = objects.pop(1)
del objects[0]
root = os.getcwd()
report = json.loads(subprocess.run(
    ["llvm-cov-19", "export", "-summary-only", f"-instr-profile={profile}", first, *objects],
    check=True, capture_output=True, text=True).stdout)
folders = {}
for file in report["data"][0]["files"]:
    name = os.path.relpath(file["filename"], root)
    if name.startswith(("core/", "crypto/", "platform/")):
        row = folders.setdefault(os.path.dirname(name), [0, 0, 0, 0])
        for place, kind in ((0, "lines"), (2, "branches")):
            row[place] += file["summary"][kind]["covered"]
            row[place + 1] += file["summary"][kind]["count"]
print(f"{'folder':32} lines  branches")
for folder, (lines, all_lines, branches, all_branches) in sorted(folders.items()):
    share = f"{100 * branches / all_branches:6.1f} %" if all_branches else "     -"
    print(f"{folder:32} {100 * lines / all_lines:5.1f} % {share}")
