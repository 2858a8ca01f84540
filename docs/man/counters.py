#!/usr/bin/env python3
"""counters.py COUNTERS.MD: prints the manual page ringwire-counters(7), made from docs/counters.md.

Each counter is explained in one place. The build makes the page (cmake/install.cmake)."""
import re
import sys

HEAD = r"""'\" t
.\" Made by docs/man/counters.py from docs/counters.md.
.TH RINGWIRE-COUNTERS 7 "" "ringwire" "ringwire"
.SH NAME
ringwire-counters \- the counters of ringwire
.SH DESCRIPTION
"""
TAIL = r""".SH SEE ALSO
\fBringwire\fR(8)
"""


def text(line):
    """A line of Markdown as troff."""
    line = line.replace("\\", r"\e").replace("-", r"\-")
    line = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", line)
    line = re.sub(r"\*([^*]+)\*", r"\\fI\1\\fR", line)
    return r"\&" + line if line.startswith((".", "'")) else line


def page(lines):
    section, out = None, []
    for line in lines:
        if line.startswith("# ") or re.match(r"\|[-| ]*\|$", line):
            continue
        if line.startswith("## "):
            section = line[3:]
            out.append(f'.SH "{section.upper()}"')
        elif line.startswith("|"):
            names, meaning = (cell.strip() for cell in line.strip("|").split("|", 1))
            if names != "counter":
                out += [".TP", text(names), text(meaning[0].upper() + meaning[1:] + ".")]
        elif line:
            out.append(text(line))
        elif out and not out[-1].startswith((".SH", ".PP")):
            out.append(".PP")
    return HEAD + "\n".join(line for i, line in enumerate(out) if line != ".PP" or not out[i + 1:i + 2] or not out[i + 1].startswith((".SH", ".TP"))) + "\n" + TAIL


if __name__ == "__main__":
    print(page(open(sys.argv[1], encoding="utf-8").read().splitlines()), end="")
