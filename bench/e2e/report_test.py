#!/usr/bin/env python3
"""The arithmetic of the report, on made-up results."""
import unittest

import report


def result(kind, system, **figures):
    return {"round": 1, "work": kind, "system": system, "figures": figures}


class ReportTest(unittest.TestCase):
    def test_median_and_spread_are_of_all_rounds(self):
        summary = report.summarize([result("tcp1", "aes", gbit_per_s=rate) for rate in (4, 9, 5)])
        self.assertEqual(summary["tcp1", "aes"]["gbit_per_s"],
                         {"median": 5, "min": 4, "max": 9, "q1": 4.5, "q3": 7, "rounds": 3})

    def test_failed_measurements_are_left_out_and_warned_of(self):
        failed = {"round": 1, "work": "tcp1", "system": "aes", "error": "it broke"}
        results = [failed, result("tcp1", "aes", gbit_per_s=4)]
        self.assertEqual(report.summarize(results)["tcp1", "aes"]["gbit_per_s"]["rounds"], 1)
        warnings = list(report.warnings({"rounds": 9, "load_before": 0.0}, results))
        self.assertEqual(warnings, ["1 measurements failed, the first: it broke"])

    def test_warns_of_a_sender_that_was_held_up(self):
        results = [result("udp64", "aes", offered_per_s=100, wanted_per_s=100),
                   result("udp1300", "aes", offered_per_s=94, wanted_per_s=100)]
        warnings = list(report.warnings({"rounds": 9, "load_before": 0.0}, results))
        self.assertEqual(len(warnings), 1, warnings)
        self.assertIn("udp1300: the sender", warnings[0])

    def test_ratio_is_of_the_medians_and_none_without_both(self):
        summary = report.summarize([result("tcp1", "aes", gbit_per_s=6),
                                    result("tcp1", "wireguard-go", gbit_per_s=2)])
        self.assertEqual(report.ratio(summary, "tcp1", "aes", "wireguard-go", "gbit_per_s"), 3)
        self.assertIsNone(report.ratio(summary, "tcp1", "off", "wireguard-go", "gbit_per_s"))

    def judged(self, mine, theirs):
        """Whether ChaCha's targets on one TCP stream are reached, by figure."""
        summary = report.summarize([
            result("tcp1", "chacha", gbit_per_s=mine[0], daemon_cpu_s_per_gb=mine[1]),
            result("tcp1", "wireguard-go", gbit_per_s=theirs[0], daemon_cpu_s_per_gb=theirs[1])])
        return {one["figure"]: one["reached"] for one in report.judge(summary)}

    def test_more_is_better_for_rates_and_less_for_cpu(self):
        self.assertEqual(self.judged((2.0, 0.45), (1, 1)),
                         {"gbit_per_s": True, "daemon_cpu_s_per_gb": True})
        self.assertEqual(self.judged((1.99, 0.46), (1, 1)),
                         {"gbit_per_s": False, "daemon_cpu_s_per_gb": False})

    def test_warns_of_few_rounds_a_busy_machine_and_a_busy_hypervisor(self):
        results = [result("tcp1", "aes", machine_cpu_s=10, stolen_cpu_s=1)]
        warnings = list(report.warnings({"rounds": 3, "load_before": 2.0}, results))
        self.assertEqual(len(warnings), 3, warnings)


if __name__ == "__main__":
    unittest.main()
