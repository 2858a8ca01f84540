#!/usr/bin/env python3
"""Style and layering rules that no compiler checks. Standard library only; `tidy.py` checks the repository it lies in,
`tidy.py --self-test` checks that every rule can fail."""
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ("core", "crypto", "platform", "bench", "tests")
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70  # of tests and benchmarks, which tell a story in order
PRODUCT_FUNCTION_LINES_MAX = 50
# Files that exceed a limit today, with their length: they may only shrink.
RATCHET = {}

THIRD_PARTY = {"absl/": "absl", "fmt/": "fmt", "spdlog/": "spdlog", "openssl/": "openssl", "blake2.h": "libb2",
               "intel-ipsec-mb.h": "ipsec-mb",
               "liburing.h": "liburing", "liburing/": "liburing", "netlink/": "libnl", "nftables/": "libnftables",
               "sys/capability.h": "libcap", "llhttp.h": "llhttp", "sqlite3.h": "sqlite3", "crypt.h": "crypt",
               "nlohmann/": "nlohmann", "CLI/": "CLI", "gtest/": "gtest", "gmock/": "gtest", "benchmark/": "benchmark"}
C_STANDARD = {"assert.h", "stddef.h", "stdint.h", "string.h"}
# The core gets time, randomness and bytes as arguments.
BANNED_IN_CORE = re.compile(
    r"absl::Now\b|absl::GetCurrentTimeNanos|_clock::now|::socket\(|::read\(|::write\(|::open\(|\bsyscall\(|std::j?thread\b|"
    r"\bgetenv\b|\bs?rand\(|std::random_device|ABSL_FLAG|\bprintf\(|std::c(out|err)\b|\btime\(|clock_gettime")
REGISTRY_HOST = re.compile(
    r"(deb|security|snapshot|archive)\.(debian|ubuntu)\.(org|com)|pypi\.|npmjs|crates\.io|docker\.io|ghcr\.io|quay\.io|"
    r"artifactory|jfrog|nexus\.|//[a-z0-9.-]*mirror|//[a-z0-9.-]*registry")
LIBRARY = re.compile(r"^ringwire_library\((\w+) (\S+)([^()]*)\)", re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s+(<([^>]+)>|"([^"]+)")')


def files(root, suffixes, folders=SOURCES):
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path


def without_comments_and_strings(text):
    """Blanks out comments, strings and characters, and keeps line breaks."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.S)
    return pattern.sub(lambda match: '""' + "\n" * match.group().count("\n"), text)


class IncludeRules:
    def __init__(self, text):
        self.direct, self.never = {}, {}
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            if line:
                folder, _, names = line.partition(":")
                rules = self.never if folder.startswith("never ") else self.direct
                rules[folder.removeprefix("never ").strip()] = names.split()

    def folder_of(self, path):
        """The longest folder with a rule that holds the path."""
        parts = path.split("/")[:-1]
        while parts and "/".join(parts) not in self.direct:
            parts.pop()
        return "/".join(parts)

    def named(self, name):
        """The folders that a word of a rule names; none: the word is a third party."""
        if name.endswith("/*"):
            return [folder for folder in self.direct if folder.startswith(name[:-1])]
        return [name] if name in self.direct else []

    def folders(self, folder, seen=None):
        """Every folder that this one may include."""
        seen = set() if seen is None else seen
        if folder in seen:
            return seen
        seen.add(folder)
        for name in self.direct.get(folder, []):
            for other in self.named(name):
                self.folders(other, seen)
        return seen

    def contradictions(self):
        """Rules that allow an include from above to below, or one that a `never` forbids."""
        order = list(self.direct)
        for folder, names in self.direct.items():
            for name in names:
                if "/" in name and not name.startswith("<") and not self.named(name):
                    yield f"{folder} names {name}, which has no rule"
                for other in self.named(name):
                    if order.index(other) > order.index(folder):
                        yield f"{folder} names {other}, which stands below it"
        for folder, names in self.never.items():
            known = self.folders(folder) - {folder} | set(self.direct.get(folder, []))
            for other in sorted(known & {one for name in names for one in self.named(name) or [name]}):
                yield f"{folder} must never include {other}, but its rules allow it"

    def error(self, path, header, angled):
        """Why the file may not include the header, or None."""
        folder = self.folder_of(path)
        if not folder:
            return "lies in a folder that include_rules.txt does not know"
        own = self.folder_of(header)
        if own:
            return None if own in self.folders(folder) else f"{folder} may not include {own}"
        third = next((name for prefix, name in THIRD_PARTY.items() if header.startswith(prefix)), None)
        if third is None:
            if not angled:
                return "no such folder: includes are written from the repository's root"
            if not header.endswith(".h") or header in C_STANDARD:
                return None  # the standard library
            third = "linux"
        allowed = self.direct[folder]
        return None if third in allowed or f"<{header}>" in allowed else f"{folder} may not include {third}"


def check_includes(root):
    rules = IncludeRules((root / "tests/tidy/include_rules.txt").read_text())
    for error in rules.contradictions():
        yield f"tests/tidy/include_rules.txt: {error}"
    for path in files(root, (".h", ".cc")):
        name = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := INCLUDE.match(line):
                error = rules.error(name, match[2] or match[3], match[2] is not None)
                if error:
                    yield f"{name}:{number}: {match[1]}: {error}"


def check_links(root):
    """A library links every library whose headers it includes, itself or by way of another one."""
    cmake = root / "CMakeLists.txt"
    libraries, links = {}, {}
    for name, folder, words in LIBRARY.findall(cmake.read_text() if cmake.exists() else ""):
        libraries[folder] = name
        links[name] = words.partition("LINK")[2].partition("PRECOMPILE")[0].split()

    def linked(name, seen):
        if name not in seen:
            seen.add(name)
            for other in links.get(name, ()):
                linked(other, seen)
        return seen

    for path in files(root, (".h", ".cc"), ("core", "crypto", "platform")):
        name = path.relative_to(root).as_posix()
        own = libraries.get(name.rpartition("/")[0])
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            other = libraries.get(match[3].rpartition("/")[0]) if match and match[3] else None
            if own and other and other not in linked(own, set()):
                yield f"{name}:{number}: {match[1]}: {own} does not link {other} (CMakeLists.txt)"


def check_banned_names(root):
    for path in files(root, (".h", ".cc"), ("core", "crypto")):
        for number, line in enumerate(without_comments_and_strings(path.read_text()).splitlines(), 1):
            if match := BANNED_IN_CORE.search(line):
                yield f"{path.relative_to(root)}:{number}: {match[0]}: time, randomness and I/O are arguments here"


def functions(text):
    """(first line, number of lines) of every function: a braced block with parameters whose parent has none."""
    text = without_comments_and_strings(text)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda match: "\n" * match.group().count("\n"), text, flags=re.M)
    stack, start = [], 0
    for match in re.finditer(r"[{};]", text):
        if match[0] == "{":
            head = text[start : match.start()]
            scope = re.match(r"[\s\"]*(?:\w+\s*:\s*)?(?:template\s*<.*>\s*)?(?:inline\s+)?(namespace|class|struct|enum|union|extern)\b", head, re.S)
            plain = "(" in head and not scope
            stack.append((start + len(head) - len(head.lstrip()), plain))
        elif match[0] == "}" and stack:
            first, plain = stack.pop()
            if plain and not any(outer for _, outer in stack):
                yield text.count("\n", 0, first) + 1, text.count("\n", first, match.start()) + 1
        start = match.end()


def check_lengths(root):
    for path in files(root, (".h", ".cc", ".py", ".sh")):
        name, text = path.relative_to(root).as_posix(), path.read_text()
        lines, limit = text.count("\n"), RATCHET.get(name, FILE_LINES_MAX)
        if lines > limit:
            yield f"{name}: {lines} lines, the limit is {limit}"
        elif name in RATCHET and lines < limit:
            yield f"{name}: {lines} lines: lower its number in RATCHET"
        if path.suffix in (".h", ".cc"):
            is_product = name.startswith(("core/", "crypto/", "platform/"))
            limit = PRODUCT_FUNCTION_LINES_MAX if is_product else FUNCTION_LINES_MAX
            for first, count in functions(text):
                if count > limit:
                    yield f"{name}:{first}: a function of {count} lines, the limit is {limit}"


def check_guards(root):
    for path in files(root, (".h",)):
        name, text = path.relative_to(root).as_posix(), path.read_text()
        guard = "RINGWIRE_" + re.sub(r"[^A-Z0-9]", "_", name.upper()) + "_"
        if f"#ifndef {guard}\n#define {guard}\n" not in text or not text.endswith(f"#endif  // {guard}\n"):
            yield f"{name}: the include guard is not {guard}"


def check_hosts(root):
    candidates = list(files(root, (".sh", ".py", ".txt", ".cmake", ".yml", ".yaml", ".json"), SOURCES + ("scripts", "deploy", ".ci")))
    candidates += [root / name for name in ("dev", "CMakeLists.txt", "CMakePresets.json", ".ci/run") if (root / name).exists()]
    for path in candidates:
        if path.parent == root / "tests/tidy":
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := REGISTRY_HOST.search(line):
                yield f"{path.relative_to(root)}:{number}: {match[0]}: the system's own package sources decide where packages come from"


def check_drop_reasons(root):
    text = (root / "core/base/drop_reason.h").read_text()
    tests = "\n".join(path.read_text() for path in files(root, (".cc", ".h", ".sh"), ("tests",)))
    for name, shown in re.findall(r'X\((k\w+), "(\w+)"\)', text):
        if not re.search(rf"\b{name}\b|\b{shown}\b", tests):
            yield f"core/base/drop_reason.h: no test raises {name}"


def check_documented(root):
    """A document explains each counter and offload, which `show` prints from one row of the code."""
    documents = (("core/base/counters.h", r"  X\((\w+)\)", "docs/counters.md"),
                 ("core/base/drop_reason.h", r'X\(k\w+, "(\w+)"\)', "docs/counters.md"),
                 ("core/base/offload_switches.h", r'X\(k\w+, "([\w-]+)"', "docs/offloads.md"),
                 ("core/base/offload_switches.h", r'X\(k\w+, "([\w-]+)"', "docs/man/ringwire.8"))
    for code, row, document in documents:
        if not (root / code).exists():
            continue
        text = (root / document).read_text() if (root / document).exists() else ""
        is_man = not document.endswith(".md")
        text = text.replace("\\-", "-") if is_man else text
        for name in re.findall(row, (root / code).read_text()):
            if not re.search(rf"(?<![\w-]){name}(?![\w-])" if is_man else f"`{name}`", text):
                yield f"{document}: does not explain {name} ({code})"


def check_cipher_off(root):
    """The build without a cipher exists below bench/ only."""
    candidates = list(files(root, (".h", ".cc", ".txt"), ("core", "crypto", "platform")))
    candidates += [path for name in ("CMakeLists.txt", "CMakePresets.json") if (path := root / name).exists()]
    for path in candidates:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := re.search(r"cipher[_-]off|OfTheProduct", line, re.I):
                yield f"{path.relative_to(root)}:{number}: {match[0]}: the product must not know the build without a cipher"


def check_pipes(root):
    """`grep -q` closes the pipe at its first match. If the writer still writes, SIGPIPE ends it, and under `pipefail` the pipe
    fails despite the match: now and then, depending on the timing."""
    candidates = list(files(root, (".sh",), ("scripts", "tests", "bench")))
    candidates += [path for name in ("dev", ".ci/run") if (path := root / name).exists()]
    for path in candidates:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(r"(?<!\|)\|\s*grep\s(-\S+\s)*-[a-zA-Z]*q", line):
                yield f"{path.relative_to(root)}:{number}: `| grep -q` fails now and then under pipefail; use `| grep ... >/dev/null`"


def check_processes(root):
    """The first python3 of PATH can be a version manager's script, which starts more slowly than a test runs. A test that sleeps
    waits too long on one machine and too little on another."""
    for path in sorted((root / "tests/e2e").glob("*.sh")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            name = f"{path.relative_to(root)}:{number}"
            if re.search(r"(?<![\w/])python3 +[-\"$]", line) and "sys.executable" not in line:
                yield f"{name}: start the interpreter by \"$RINGWIRE_PYTHON\""
            if re.match(r"\s*sleep\b", line):
                yield f"{name}: wait until something holds (wait_until), or pause"


def check_registered(root):
    """CI runs only tests that ctest knows. A script that does not source lib.sh first is a part of others."""
    registered = set(re.findall(r"[\w-]+", (root / "tests/e2e/CMakeLists.txt").read_text()))
    for path in sorted((root / "tests/e2e").glob("*.sh")):
        if path.stem not in registered and re.search(r'^source "\$\(dirname "\$0"\)/lib.sh"', path.read_text(), re.M):
            yield f"{path.relative_to(root)}: is not in tests/e2e/CMakeLists.txt"


def check_version(root):
    """The version is in project() of CMakeLists.txt. The changelog has an entry for it; nothing else repeats it."""
    cmake = root / "CMakeLists.txt"
    version = re.search(r"^project\(ringwire VERSION ([0-9.]+)", cmake.read_text() if cmake.exists() else "", re.M)
    if not version:
        return
    repeated = re.compile(rf"(?<![0-9.]){re.escape(version[1])}(?![0-9]|\.[0-9])")
    if not re.search(rf"^## {re.escape(version[1])}$", (root / "CHANGELOG.md").read_text(), re.M):
        yield f"CHANGELOG.md: has no entry for {version[1]}"
    candidates = list(files(root, (".h", ".cc", ".sh", ".py", ".md", ".8", ".5"), ("core", "crypto", "platform", "scripts", "deploy", "docs")))
    for path in [*candidates, root / "README.md", root / "dev"]:
        if path.exists() and repeated.search(path.read_text()):
            yield f"{path.relative_to(root)}: repeats the version {version[1]}"


def check_protocol_rules(root):
    """Each rule of docs/rules.md has a test, and the product cites no other one."""
    document = root / "docs/rules.md"
    rules = set(re.findall(r"^\| (\d+) \|", document.read_text() if document.exists() else "", re.M))
    tests = "\n".join(path.read_text() for path in files(root, (".cc",), ("tests",)))
    for number in sorted(rules, key=int):
        if not re.search(rf"\bRule0?{number}(?!\d)", tests):
            yield f"docs/rules.md: rule {number} has no test (Rule{number} in its name)"
    for path in files(root, (".h", ".cc"), ("core", "crypto", "platform")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for cited in re.findall(r"\brules? (\d+)(?: and (\d+))?\)", line):
                for rule in filter(None, cited):
                    if rule not in rules:
                        yield f"{path.relative_to(root)}:{number}: docs/rules.md has no rule {rule}"


CHECKS = (check_includes, check_links, check_banned_names, check_lengths, check_guards, check_hosts, check_drop_reasons, check_documented,
          check_cipher_off, check_pipes, check_processes, check_registered, check_version, check_protocol_rules)


def violations(root):
    return [line for check in CHECKS for line in check(root)]


def self_test():
    """Checks a small tree that keeps every rule, then one change for each way to break a rule."""
    guard = "#ifndef RINGWIRE_CORE_BASE_A_H_\n#define RINGWIRE_CORE_BASE_A_H_\n%s\n#endif  // RINGWIRE_CORE_BASE_A_H_\n"
    layers = "core/base: absl\ncore/wire: core/base\ncrypto: openssl\ntests/unit: core/*\nnever core/wire: crypto absl\n"
    good = {
        "tests/tidy/include_rules.txt": layers,
        "core/base/drop_reason.h": '#ifndef RINGWIRE_CORE_BASE_DROP_REASON_H_\n#define RINGWIRE_CORE_BASE_DROP_REASON_H_\n'
                                   'X(kReplay, "replay")\n#endif  // RINGWIRE_CORE_BASE_DROP_REASON_H_\n',
        "core/base/a.h": guard % '#include <vector>\n#include "absl/time/time.h"',
        "core/wire/w.cc": '#include "core/base/a.h"\n// absl::Now is only a word here\nnamespace x {\nint F(int a) {\n'
                          + "  a += 1;\n" * 47 + "  return a;\n}\n}  // namespace x\n",
        "tests/unit/a_test.cc": "// kReplay\nTEST(Rule07, Holds) {}\n",
        "docs/rules.md": "| 7 | one handshake |\n",
        "docs/man/ringwire.8": "tso, udp\\-gso\\-write",
        "docs/offloads.md": "`udp-gso`\n",
        "docs/counters.md": "`replay`, `spins`\n",
        "core/base/counters.h": guard.replace("_A_H_", "_COUNTERS_H_") % "  X(spins)",
        "tests/e2e/CMakeLists.txt": "ringwire_e2e(a)\n",
        "CMakeLists.txt": "project(ringwire VERSION 4.5.6 LANGUAGES CXX)\n",
        "CHANGELOG.md": "## 4.5.6\n",
        "dev": "echo\n",
    }
    breaks = {
        "an upward include": ("core/base/a.h", guard % '#include "core/wire/w.h"'),
        "a third party that is not named": ("core/wire/w.cc", '#include "absl/time/time.h"\n'),
        "a kernel header in the core": ("core/wire/w.cc", "#include <sys/socket.h>\n"),
        "an include of no folder": ("core/wire/w.cc", '#include "a.h"\n'),
        "a rule that lets includes run back up": ("tests/tidy/include_rules.txt", layers.replace("core/base: absl", "core/base: absl core/wire")),
        "the same by a pattern": ("tests/tidy/include_rules.txt", layers.replace("core/base: absl", "core/base: absl tests/*")),
        "a rule that names no folder": ("tests/tidy/include_rules.txt", layers.replace("openssl", "openssl core/none")),
        "a rule for what must never be known": ("tests/tidy/include_rules.txt", layers + "never tests/unit: core/base\n"),
        "a third party that must never be known": ("tests/tidy/include_rules.txt", layers + "never core/base: absl\n"),
        "a library that is included and not linked": ("CMakeLists.txt", "ringwire_library(core_base core/base)\nringwire_library(core_wire core/wire)\n"),
        "a folder without a rule": ("core/new/n.cc", "#include <vector>\n"),
        "a clock in the core": ("core/wire/w.cc", "int F() { return absl::Now(); }\n"),
        "a long function": ("core/wire/w.cc", "class C {\n int F(int a) {\n" + "  a += 1;\n" * 49 + " }\n};\n"),
        "a long test": ("tests/unit/b_test.cc", "int F(int a) {\n" + "  a += 1;\n" * 69 + "}\n"),
        "a long file": ("core/wire/w.cc", "int a;\n" * 501),
        "a wrong guard": ("core/base/a.h", "#pragma once\n"),
        "a registry": ("dev", "curl https://some-registry.example/x\n"),
        "a way to the build without a cipher": ("CMakeLists.txt", "option(RINGWIRE_CIPHER_OFF)\n"),
        "a pipe's reader that leaves early": ("tests/e2e/a.sh", "ip rule | grep -E -q from\n"),
        "an interpreter looked for in PATH": ("tests/e2e/a.sh", 'python3 -c 1\n'),
        "a sleep": ("tests/e2e/a.sh", "  sleep 1\n"),
        "a test that nobody runs": ("tests/e2e/b.sh", 'source "$(dirname "$0")/lib.sh"\n'),
        "a version without a changelog": ("CMakeLists.txt", "project(ringwire VERSION 1.2.3 LANGUAGES CXX)\n"),
        "a version that is repeated": ("docs/a.md", "ringwire 4.5.6 is out\n"),
        "an untested drop reason": ("tests/unit/a_test.cc", "TEST(Rule7, Holds) {}\n"),
        "a counter that nobody explains": ("docs/counters.md", "`replay`, `spins_that_found`\n"),
        "an offload that the man page leaves out": ("core/base/offload_switches.h", guard.replace("_A_H_", "_OFFLOAD_SWITCHES_H_") % 'X(kUdpGso, "udp-gso")'),
        "an untested rule": ("tests/unit/a_test.cc", "// kReplay\nTEST(Rule70, Holds) {}\n"),
        "a rule that there is not": ("core/wire/w.cc", "// As it must be (rules 7 and 8).\n"),
    }
    for what, (name, text) in {"nothing": ("dev", "echo\n"), **breaks}.items():
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, content in {**good, name: text}.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(content)
            found = violations(root)
            if len(found) != (what != "nothing"):
                sys.exit(f"self-test: {what}: {found or 'was not found'}")
    print(f"tidy: every one of {len(breaks)} violations is found")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    found = violations(ROOT)
    print("\n".join(found) if found else "tidy: the rules are kept")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
