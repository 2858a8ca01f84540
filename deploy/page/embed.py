#!/usr/bin/env python3
"""embed.py COUNTERS.MD OUTPUT.CC: puts page.html, page.css and page.js, which lie beside this file, into one document, and writes it
as a C++ source, with the policy that lets a browser run this script and no other.

The build runs it. The page explains drops in the words of docs/counters.md."""
import base64
import hashlib
import json
import pathlib
import re
import sys

FOLDER = pathlib.Path(__file__).parent


def reasons(counters):
    """What docs/counters.md says of each drop."""
    drops = counters.split("\n## Drops\n")[1].split("\n## ")[0]
    found = {}
    for names, meaning in re.findall(r"^\| (`[^|]*`) \| (.*) \|$", drops, re.M):
        for name in re.findall(r"`(\w+)`", names):
            found[name] = meaning.replace("`", "")
    if not found:
        sys.exit("embed.py: docs/counters.md has no table of drops")
    return found


def source(text):
    """What a browser compares with the content of a script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def main():
    counters = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    html, style, script = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", "page.js"))
    script = script.replace("@REASONS@", json.dumps(reasons(counters), ensure_ascii=True).replace("<", "\\u003c"))
    if "</" in script or "</" in style:
        sys.exit("embed.py: page.js or page.css would end its element: it contains </")
    policy = (f"default-src 'none'; script-src {source(script)}; style-src {source(style)}; img-src data:; connect-src 'self'; "
              "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    page = html.replace("@STYLE@", style).replace("@SCRIPT@", script)
    pathlib.Path(sys.argv[2]).write_text(
        "// Made by deploy/page/embed.py.\n"
        '#include "platform/observe/page_document.h"\n'
        f'const std::string_view ringwire::platform::kPageDocument = R"page({page})page";\n'
        f'const std::string_view ringwire::platform::kPagePolicy = R"page({policy})page";\n', encoding="utf-8")


if __name__ == "__main__":
    main()
