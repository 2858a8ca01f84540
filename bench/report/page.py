"""The report as one HTML file that needs nothing else, from the JSON of the benchmarks."""
import html

import charts

NAMES = {"veth": "no tunnel", "chacha": "ringwire ChaCha20", "aes": "ringwire AES", "off": "ringwire, cipher off",
         "wireguard-go": "wireguard-go", "kernel": "Linux module"}
COLOURS = {"veth": 0, "chacha": 1, "aes": 2, "off": 3, "wireguard-go": 4, "kernel": 5}

STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6570;--paper:#fff;--card:#f6f7f9;--line:#d5dae0;
--c0:#9aa4af;--c1:#1769aa;--c2:#0a8f6c;--c3:#8a63c9;--c4:#c4621a;--c5:#b3324f;--c6:#6b7a1c;--c7:#3b7f8c;--good:#0a7d4f;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a2abb5;--paper:#14171a;--card:#1d2125;--line:#353c43;
--c0:#7b858f;--c1:#5aa9e6;--c2:#3ecf9f;--c3:#b79af0;--c4:#f09a54;--c5:#ee7189;--c6:#bccb57;--c7:#6fc0cf;--good:#4fd596;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1040px;padding:1rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}h2{font-size:1.2rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0 0 .3rem}
p{margin:.4rem 0}.soft,.note{color:var(--soft)}.note{font-size:.85rem}
.grid2{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,320px),1fr));gap:.8rem}
.card,.tile{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.8rem;break-inside:avoid}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:.8rem}
.tile b{display:block;font-size:1.7rem;line-height:1.2}.tile span{font-size:.85rem;color:var(--soft)}
svg{display:block;width:100%;height:auto}svg text{font:11px system-ui,sans-serif;fill:var(--ink)}
svg .tick{fill:var(--soft);font-size:10px}svg .value{font-weight:600}
.grid{stroke:var(--line);stroke-width:.7;fill:none}.whisker{stroke:var(--ink);stroke-width:1.2;fill:none;opacity:.55}
.line{fill:none;stroke-width:2;stroke-linejoin:round}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:right;padding:.3rem .5rem;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal}
.yes{color:var(--good);font-weight:600}.no{color:var(--bad);font-weight:600}
pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.6rem;overflow-x:auto;font-size:.85rem}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin:.3rem 0 0;padding:0;font-size:.85rem}
.legend i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.4em}
@media print{body{max-width:none;padding:0;font-size:11pt}.card,.tile{background:none}a{color:inherit}}
""" + "".join(f".s{n}{{fill:var(--c{n})}}.l{n}{{stroke:var(--c{n})}}.b{n}{{background:var(--c{n})}}" for n in range(8))


def esc(what):
    return html.escape(str(what))


def card(title, body, note=""):
    note = f'<p class="note">{esc(note)}</p>' if note else ""
    return f'<div class="card"><h3>{esc(title)}</h3>{body}{note}</div>'


def table(head, rows):
    """`rows` hold text, or (text, class)."""
    def cell(what):
        value, kind = what if isinstance(what, tuple) else (what, "")
        return f'<td class="{kind}">{esc(value)}</td>' if kind else f"<td>{esc(value)}</td>"
    body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
    return (f'<div class="scroll"><table><thead><tr>{"".join(f"<th>{esc(name)}</th>" for name in head)}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>")


class EndToEnd:
    """The part about throughput, CPU and latency: JSON of `./dev bench e2e`, or of two machines."""

    def __init__(self, data):
        self.data = data
        self.figures = {(one["work"], one["system"]): one["figures"] for one in data["summary"]}

    def systems(self, kind):
        found = [system for work, system in self.figures if work == kind]
        return sorted(found, key=lambda system: COLOURS.get(system, 9))

    def rows(self, kind, figure):
        result = []
        for system in self.systems(kind):
            spread = self.figures[kind, system].get(figure)
            if spread:
                result.append((NAMES.get(system, system), spread["median"], spread["min"], spread["max"],
                               COLOURS.get(system, 6)))
        return result

    def bars(self, title, kind, figure, note):
        rows = self.rows(kind, figure)
        return card(title, charts.bars(title, rows), note) if rows else ""

    def distribution(self, title, kind):
        series = []
        for system in self.systems(kind):
            points = sorted((float(name[1:-3]) / 100, spread["median"])
                            for name, spread in self.figures[kind, system].items()
                            if name.startswith("p") and name.endswith("_us"))
            if len(points) > 2:
                series.append((NAMES.get(system, system), COLOURS.get(system, 6), points))
        if not series:
            return ""
        body = charts.curves(title, series, "microseconds") + charts.legend([(name, c) for name, c, _ in series])
        return card(title, body, "Share of round trips up to a time; medians of the rounds.")

    def tiles(self):
        wanted = (("tcp1", "aes", "gbit_per_s", "TCP, one stream, AES-256-GCM"),
                  ("tcp1", "chacha", "gbit_per_s", "TCP, one stream, ChaCha20-Poly1305"),
                  ("tcp1", "chacha", "daemon_cpu_s_per_gb", "CPU per GB, ChaCha20-Poly1305"),
                  ("udp1300", "aes", "packets_per_s", "UDP packets of 1300 bytes"),
                  ("load", "aes", "p99_us", "ping p99 beside a TCP stream"))
        for kind, system, figure, what in wanted:
            mine = self.figures.get((kind, system), {}).get(figure)
            theirs = self.figures.get((kind, "wireguard-go"), {}).get(figure)
            if mine and theirs and theirs["median"]:
                yield f"{mine['median'] / theirs['median']:.2f}×", f"{what}, to wireguard-go"

    def html(self):
        cards = [
            self.bars("TCP, 1 stream, Gbit/s", "tcp1", "gbit_per_s", "More is better."),
            self.bars("TCP, 4 streams, Gbit/s", "tcp4", "gbit_per_s", "More is better."),
            self.bars("CPU of both daemons, s per GB, 1 stream", "tcp1", "daemon_cpu_s_per_gb", "Less is better."),
            self.bars("CPU of both daemons, s per GB, 4 streams", "tcp4", "daemon_cpu_s_per_gb", "Less is better."),
            self.bars("UDP, 1300 bytes, packets/s delivered", "udp1300", "packets_per_s", "More is better."),
            self.bars("UDP, 64 bytes, packets/s delivered", "udp64", "packets_per_s", "More is better."),
            self.distribution("Round trips, idle", "ping"),
            self.distribution("Round trips beside a TCP stream", "load")]
        yield "<h2>Throughput, CPU and latency</h2>"
        yield f'<div class="grid2">{"".join(cards)}</div>'
        yield '<p class="note">Bars are medians of the rounds, whiskers reach from the least to the greatest.</p>'
        targets = self.data.get("targets")
        if targets:
            yield "<h2>Goals</h2>"
            yield table(("what", "work", "systems", "ratio", "goal", ""), [
                (one["what"], one["work"], f"{one['system']} / {one['against']}", f"{one['ratio']:.2f}",
                 f"{'at least' if one['relation'] == '>=' else 'at most'} {one['bound']}",
                 ("reached", "yes") if one["reached"] else ("not reached", "no")) for one in targets])


def show(value):
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return {True: "yes", False: "no", None: "–"}.get(value, value)
    return charts.number(value)


def scale(data):
    """`./dev bench scale`: a column for each system and number of peers."""
    results = data["results"]
    figures = list(dict.fromkeys(name for one in results for name in one["figures"]))
    yield "<h2>Scale</h2>"
    yield table(["figure", *(f"{one['system']}, {one['peers']:,} peers" for one in results)],
                [[name.replace("_", " "), *(show(one["figures"].get(name)) for one in results)] for name in figures])
    cards = []
    for figure, title in (("idle_kib", "Memory of an idle peer, KiB"), ("setconf_s", "Load by wg setconf, s")):
        rows = [(f"{one['peers']:,}, {one['system']}", *[one["figures"][figure]] * 3, COLOURS.get(one["system"], 1))
                for one in results if one["figures"].get(figure) is not None]
        if rows:
            cards.append(card(title, charts.bars(title, rows), "Less is better."))
    yield f'<div class="grid2">{"".join(cards)}</div>'


def siege(data):
    """`./dev bench siege`: a row for each attack and system."""
    results = data["results"]
    figures = list(dict.fromkeys(name for one in results for name in one["figures"]))
    yield "<h2>Under attack</h2>"
    yield table(["attack", "system", *(name.replace("_", " ") for name in figures)],
                [[one.get("attack", "–"), one["system"], *(show(one["figures"].get(name)) for name in figures)]
                 for one in results])


def conditions(sections):
    rows = []
    for name, data in sections.items():
        facts = data.get("conditions", {})
        for key, value in facts.items():
            if isinstance(value, dict):
                rows += [(name, f"{key}: {inner}", str(said)) for inner, said in value.items()]
            elif isinstance(value, list):
                rows.append((name, key, ", ".join(map(str, value))))
            else:
                rows.append((name, key.replace("_", " "), show(value)))
    yield "<h2>Conditions and versions</h2>"
    yield table(("run", "what", "value"), rows)


def render(report):
    """The whole page. `report`: {"generated", "commands", "warnings", "sections"}."""
    sections = report["sections"]
    parts = []
    tiles = []
    if "e2e" in sections:
        part = EndToEnd(sections["e2e"])
        tiles += part.tiles()
        parts += part.html()
    if "scale" in sections:
        parts += scale(sections["scale"])
    if "siege" in sections:
        parts += siege(sections["siege"])
    parts += conditions(sections)
    parts.append("<h2>Commands</h2><p>These commands repeat the run, as root, in a clone.</p>")
    parts.append(f"<pre>{esc(chr(10).join(report['commands']))}</pre>")
    head = "".join(f'<div class="tile"><b>{esc(value)}</b><span>{esc(what)}</span></div>' for value, what in tiles)
    warnings = "".join(f"<li>{esc(one)}</li>" for one in report["warnings"])
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>ringwire: benchmark report</title><link rel="icon" href="data:,"><style>{STYLE}</style></head><body>
<h1>ringwire: benchmark report</h1><p class="soft">{esc(report['generated'])}. Compare figures within one run only.</p>
<div class="tiles">{head}</div>
{f'<div class="card"><h3>What limits these figures</h3><ul>{warnings}</ul></div>' if warnings else ''}
{''.join(parts)}
</body></html>
"""
