#!/usr/bin/env python3
"""The report's page, on made-up results."""
import html.parser
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
import charts  # noqa: E402
import page  # noqa: E402
import report as e2e_report  # noqa: E402

VOID = {"meta", "link", "path", "rect"}


class Checker(html.parser.HTMLParser):
    """Tags must nest, and nothing may be loaded from elsewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.loads += [values[name] for name in ("src", "href") if name in values]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes nothing")

    def handle_data(self, data):
        self.text.append(data)


def made_up():
    results = []
    for number in (1, 2, 3):
        for place, system in enumerate(("veth", "chacha", "aes", "wireguard-go")):
            rate = 10 / (place + 1) + number / 10
            results.append({"round": number, "work": "tcp1", "system": system,
                            "figures": {"gbit_per_s": rate, "daemon_cpu_s_per_gb": 1 / rate}})
            results.append({"round": number, "work": "ping", "system": system, "figures": {
                f"p{share}_us": 50 * (place + 1) + share for share in (1, 50, 90, 99, 99.9)} | {"lost": 0.0}})
    summary = e2e_report.summarize(results)
    return {"conditions": {"rounds": 3, "cpus": [0, 1], "versions": {"chacha": "ringwire <1>"}}, "results": results,
            "summary": [{"work": kind, "system": system, "figures": figures}
                        for (kind, system), figures in summary.items()],
            "targets": e2e_report.judge(summary)}


def rendered(**sections):
    return page.render({"generated": "2026-01-01 00:00 UTC", "commands": ["./dev bench e2e"],
                        "warnings": ["a <b>"], "sections": sections})


class PageTest(unittest.TestCase):
    def test_the_page_is_well_formed_and_loads_nothing(self):
        checker = Checker()
        checker.feed(rendered(e2e=made_up()))
        self.assertEqual(checker.open, [])
        self.assertEqual(checker.loads, ["data:,"])

    def test_text_from_the_results_is_escaped(self):
        text = rendered(e2e=made_up())
        self.assertIn("ringwire &lt;1&gt;", text)
        self.assertIn("a &lt;b&gt;", text)

    def test_it_has_bars_distributions_goals_and_commands(self):
        text = rendered(e2e=made_up())
        for part in ("TCP, 1 stream", "Round trips, idle", "Goals", "./dev bench e2e", "not reached"):
            self.assertIn(part, text)

    def test_scale_and_siege_get_their_tables(self):
        scale = {"conditions": {}, "results": [
            {"system": "ringwire", "peers": 1000, "figures": {"idle_kib": 1.4, "setconf_s": 0.02}}]}
        siege = {"conditions": {}, "results": [
            {"system": "ringwire", "attack": "garbage", "figures": {"throughput_left": 0.93}}]}
        text = rendered(scale=scale, siege=siege)
        self.assertIn("ringwire, 1,000 peers", text)
        self.assertIn("garbage", text)

    def test_numbers_have_three_digits(self):
        self.assertEqual([charts.number(value) for value in (0, 0.01234, 1.236, 12.34, 123.4, 256112)],
                         ["0", "0.0123", "1.24", "12.3", "123", "256,000"])

    def test_a_distribution_without_values_is_no_chart(self):
        self.assertEqual(charts.curves("x", [("a", 1, [])], "us"), "")


if __name__ == "__main__":
    unittest.main()
