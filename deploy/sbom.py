#!/usr/bin/env python3
"""usage: sbom.py --version VERSION --epoch SECONDS [--also PACKAGE...]: prints the list of parts of ringwire as SPDX 2.3 in JSON.

The parts of the binary are those of docs/licences.md, with the versions that are installed here. --also names Debian packages that
are shipped beside it, as in the container image."""
import argparse
import datetime
import fnmatch
import hashlib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
# The names that docs/licences.md uses for people, and their SPDX expressions.
LICENCES = {
    "Apache-2.0": "Apache-2.0", "MIT": "MIT", "BSD-3-Clause": "BSD-3-Clause", "CC0-1.0": "CC0-1.0",
    "GPL-2.0 WITH Linux-syscall-note": "GPL-2.0-only WITH Linux-syscall-note",
    "GPL-3.0 WITH GCC-exception-3.1": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "LGPL-2.1": "LGPL-2.1-only", "LGPL-2.1 or later": "LGPL-2.1-or-later",
    "OpenSSL, SSLeay and ISC": "OpenSSL AND ISC",
    "public domain": "blessing",  # SPDX has the words of SQLite by this name
}
USES = {"linked statically": "STATIC_LINK", "headers only": "STATIC_LINK", "compiled in": "STATIC_LINK",
        "loaded at run time": "DYNAMIC_LINK"}


def parts():
    """The rows of the table: name, use, licence, Debian packages."""
    for line in (ROOT / "docs/licences.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[1] in USES:
            licence = re.sub(r" \(.*", "", cells[2])
            yield cells[0], USES[cells[1]], LICENCES[licence], re.findall(r"`([^`]+)`", cells[3])


def installed():
    """Version and architecture of each installed package, by name."""
    output = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}\\n"], check=True, text=True,
                            capture_output=True).stdout
    return {name: (version, architecture) for name, version, architecture in map(str.split, output.splitlines())}


def identifier(name):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def package(name, version, architecture, licence):
    purl = f"pkg:deb/debian/{name.replace('+', '%2B')}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={architecture}"
    return {"SPDXID": identifier(name), "name": name, "versionInfo": version, "supplier": "Organization: Debian",
            "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": licence, "copyrightText": "NOASSERTION",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True)
    parser.add_argument("--epoch", required=True, type=int)
    parser.add_argument("--also", nargs="*", default=[])
    arguments = parser.parse_args()
    known = installed()
    program = {"SPDXID": "SPDXRef-ringwire", "name": "ringwire", "versionInfo": arguments.version,
               "supplier": "NOASSERTION", "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
               "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0", "copyrightText": "NOASSERTION",
               "primaryPackagePurpose": "APPLICATION"}
    packages, relations = {}, [("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-ringwire")]
    for name, use, licence, patterns in parts():
        found = [each for pattern in patterns for each in sorted(fnmatch.filter(known, pattern))]
        if not found and "(x86-64)" not in name:
            sys.exit(f"sbom.py: no package of {name} is installed ({', '.join(patterns)}); run ./dev setup")
        for each in found:
            packages[each] = package(each, *known[each], licence)
            relations.append(("SPDXRef-ringwire", use, identifier(each)))
    for each in arguments.also:
        if each not in packages:
            packages[each] = package(each, *known[each], "NOASSERTION")
            relations.append(("SPDXRef-DOCUMENT", "DESCRIBES", identifier(each)))
    created = datetime.datetime.fromtimestamp(arguments.epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"ringwire-{arguments.version}",
        "creationInfo": {"created": created, "creators": ["Tool: ringwire-sbom"]},
        "packages": [program] + [packages[name] for name in sorted(packages)],
        "relationships": [{"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b} for a, kind, b in sorted(set(relations))],
    }
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    document["documentNamespace"] = f"https://spdx.org/spdxdocs/ringwire-{arguments.version}-{digest[:32]}"
    print(json.dumps(document, indent=1))


main()
