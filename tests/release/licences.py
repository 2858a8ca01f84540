#!/usr/bin/env python3
"""licences.py BUILD_DIRECTORY: the table of docs/licences.md against what the binary there contains and loads.

The packages that own the archives on its link line, the shared libraries that it loads and the headers that its sources include must be
those of the table, each way. `licences.py --self-test` checks that both differences are found."""
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77  # ctest's SKIP_RETURN_CODE


def output(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def link_line(build):
    return output("ninja", "-C", build, "-t", "commands", "ringwire").splitlines()[-1].split()


def linked_archives(build):
    return {word for word in link_line(build) if word.startswith("/") and word.endswith(".a")}


def loaded_libraries(binary):
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-dW", binary)))
    return {path for name, path in re.findall(r"(\S+) => (/\S+)", output("ldd", binary)) if name in needed}


def included_headers(build):
    """Headers outside the repository, from the dependencies that ninja keeps of each object of the binary."""
    linked = (f"CMakeFiles/{word[3:-2]}.dir/" if re.fullmatch(r"lib\w+\.a", word) else word for word in link_line(build))
    folders = {"/".join(word.split("/")[:2]) for word in linked if word.startswith("CMakeFiles/")}
    headers, own = set(), False
    for line in output("ninja", "-C", build, "-t", "deps").splitlines():
        if not line.startswith(" "):
            own = "/".join(line.split("/")[:2]) in folders  # and not tests/, bench/ or libraries of no product
        elif own and line.strip().startswith("/usr/"):
            headers.add(os.path.normpath(line.strip()))
    return headers


def owner(path, owners):
    """The package of a file. The links /lib and /usr/lib lead to one folder, and dpkg knows either name."""
    real = os.path.realpath(path)
    for name in (path, real, path.removeprefix("/usr"), real.removeprefix("/usr"), "/usr" + path):
        if name in owners:
            return owners[name]
    return f"(no package: {path})"


def packages_of(paths):
    asked = {name for path in paths for real in (path, os.path.realpath(path))
             for name in (real, real.removeprefix("/usr"), "/usr" + real)}
    answer = subprocess.run(["dpkg-query", "-S", *sorted(asked)], capture_output=True, text=True).stdout
    owners = {}
    for line in answer.splitlines():
        package, _, path = line.partition(": ")
        owners[path] = package.split(",")[0].split(":")[0]
    return {owner(path, owners) for path in paths}


def rows(text):
    """part -> patterns of packages, from the table that has a column of Debian packages."""
    table = text.split("| Debian packages |", 1)[1].split("\n\n", 1)[0]
    found = {}
    for line in table.splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        found[cells[0]] = re.findall(r"`([^`]+)`", cells[-1])
    return found


def differences(table, packages, machine):
    known = [pattern for patterns in table.values() for pattern in patterns]
    for package in sorted(packages):
        if not any(fnmatch.fnmatch(package, pattern) for pattern in known):
            yield f"the binary uses {package}, which has no row: add one with its licence, notice and text"
    for part, patterns in table.items():
        elsewhere = "(x86-64)" in part and machine != "x86_64"
        if not elsewhere and not any(fnmatch.fnmatch(package, pattern) for package in packages for pattern in patterns):
            yield f"the binary uses nothing of {part}: remove its row, notice and text"


def self_test():
    table = rows("| part | Debian packages |\n|---|---|\n| a | `liba-dev` |\n| b (x86-64) | `libb-*-dev`, `libb1` |\n\nText")
    assert table == {"a": ["liba-dev"], "b (x86-64)": ["libb-*-dev", "libb1"]}, table
    assert list(differences(table, {"liba-dev", "libb-12-dev"}, "x86_64")) == []
    assert list(differences(table, {"liba-dev"}, "aarch64")) == []
    assert "libc-dev" in "".join(differences(table, {"liba-dev", "libb1", "libc-dev"}, "x86_64"))
    assert "nothing of a" in "".join(differences(table, {"libb1"}, "x86_64"))


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if not shutil.which("dpkg-query"):
        print("SKIP: needs dpkg-query")
        return SKIPPED
    build = pathlib.Path(sys.argv[1]).resolve()
    binary = build / "ringwire"
    found = packages_of(linked_archives(build) | loaded_libraries(binary) | included_headers(build))
    table = rows((ROOT / "docs/licences.md").read_text())
    wrong = list(differences(table, found, os.uname().machine))
    for line in wrong:
        print(f"docs/licences.md: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
