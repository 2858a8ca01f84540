#!/usr/bin/env python3
"""Runs a chosen set of the benchmarks and writes one report: index.html, which needs no other file, and report.json.

With --server on one machine and --client HOST on another it measures the path between the two. Needs root."""
import argparse
import json
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
import page  # noqa: E402
import report as e2e_report  # noqa: E402

# What each part runs. "quick" takes minutes, "full" is for publication.
PARTS = {
    "e2e": {"program": "bench/e2e/run.py",
            "quick": ["--rounds", "3", "--seconds", "2", "--work", "tcp1,tcp4,udp1300,ping,load"],
            "full": ["--rounds", "9", "--seconds", "3", "--work", "tcp1,tcp4,udp1300,udp64,ping,load"]},
    "scale": {"program": "bench/scale/run.py", "quick": ["--peers", "1000,10000"], "full": []},
    "siege": {"program": "bench/siege/run.py", "quick": [], "full": []},
}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench report", description=__doc__)
    add = parser.add_argument
    add("--parts", default="e2e", help=f"a list of {','.join(PARTS)} (%(default)s)")
    add("--full", action="store_true", help="the figures for publication: hours (without: minutes)")
    add("--out", default=str(ROOT / "docs/report"), help="folder (%(default)s)")
    add("--from", dest="source", metavar="FOLDER", action="append", default=[],
        help="take PART.json from here instead of running that part; more than one folder counts")
    add("--server", action="store_true", help="be the far end of --client, until interrupted")
    add("--client", metavar="HOST", help="measure the path to the --server on HOST")
    add("--token", help="of --client: what --server has printed")
    add("--listen", metavar="ADDRESS", default="0.0.0.0", help="of --server (%(default)s)")
    add("--seconds", type=int, default=5, help="of each measurement of --client (%(default)s)")
    add("--rounds", type=int, default=3, help="of --client (%(default)s)")
    add("--check", action="store_true", help="open the report of --out in Chromium, and write none (./dev setup --report)")
    add("--ringwire", default=str(ROOT / "build/bench/ringwire"), help="of --server and --client")
    options = parser.parse_args()
    options.parts = options.parts.split(",")
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown:
        parser.error(f"there is no part '{unknown[0]}'; {', '.join(PARTS)}")
    if options.client and not options.token:
        parser.error("--client needs the --token that --server prints")
    return options


def run_part(name, options):
    """(its JSON, the command), from a folder or by running it."""
    part = PARTS[name]
    for folder in options.source:
        path = pathlib.Path(folder) / f"{name}.json"
        if path.exists():
            data = json.loads(path.read_text())
            return data, data.get("command", f"./dev bench {name}")
    arguments = part["full" if options.full else "quick"]
    program = ROOT / part["program"]
    if not program.exists():
        sys.exit(f"run.py: cannot run {name}: there is no {program}; leave it out of --parts")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"{name}.json"
        status = subprocess.run([program, *arguments, "--json", path], check=False).returncode
        if not path.exists():
            sys.exit(f"run.py: {name} ended with {status} and wrote no result")
        data = json.loads(path.read_text())
    data["command"] = shlex.join(["./dev", "bench", name, *arguments])
    return data, data["command"]


def warnings_of(sections):
    for name, data in sections.items():
        facts = data.get("conditions", {})
        if "rounds" in facts and "load_before" in facts:
            said = e2e_report.warnings(facts, data["results"])
        else:
            said = [one["error"] for one in data["results"] if "error" in one]
            if facts.get("load_before", 0) > 0.3:
                said.append(f"the machine was busy before (load {facts['load_before']:.2f})")
        yield from (f"{name}: {one}" for one in said)


def write(sections, commands, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    report = {"format": 1, "generated": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "commands": commands,
              "warnings": list(warnings_of(sections)), "sections": sections}
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    (folder / "index.html").write_text(page.render(report))
    print(f"wrote {folder / 'index.html'} and report.json")


def check(folder):
    """Opens the page in Chromium. The driver comes from npm, into build/."""
    tools = ROOT / "build/report-check"
    if not (tools / "node_modules/playwright-core").exists():
        tools.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--no-save", "--prefix", tools, "playwright-core@1"], check=True)
    shutil.copy(HERE / "check_page.mjs", tools)
    page_path = pathlib.Path(folder).resolve() / "index.html"
    return subprocess.run(["node", tools / "check_page.mjs", page_path, tools / "pictures"], check=False).returncode


def main():
    options = parse_arguments()
    if options.check:
        sys.exit(check(options.out))
    if options.server or options.client:
        import two_machines
        if options.server:
            two_machines.serve(options)
            return
        sections = {"e2e": two_machines.measure(options)}
        commands = ["./dev bench report --server   # on one machine", "./dev bench report --client HOST --token TOKEN"]
        write(sections, commands, options.out)
        return
    sections, commands = {}, []
    for name in options.parts:
        sections[name], command = run_part(name, options)
        commands.append(command)
    write(sections, commands, options.out)


if __name__ == "__main__":
    main()
