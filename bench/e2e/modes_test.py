#!/usr/bin/env python3
"""The arithmetic of the run's modes: what ringwire counted, even streams, wires, and names of work."""
import json
import unittest

import counted
import even
import hosts
import wire
import work


class CountedTest(unittest.TestCase):
    def test_an_end_is_its_workers_together_and_its_drops(self):
        status = {"workers": [{"counts": {"wakeups": 2}}, {"counts": {"wakeups": 3}}], "drops": {"replay": 4}}
        self.assertEqual(counted.of_status(status), {"wakeups": 5, "drop_replay": 4})

    def test_only_what_was_counted_meanwhile_counts(self):
        before = {"a": {"wakeups": 5}}
        self.assertEqual(counted.between(before, {"a": {"wakeups": 7, "drop_replay": 1}}),
                         {"a": {"wakeups": 2, "drop_replay": 1}})

    def test_figures_are_of_both_ends(self):
        ends = {"a": {"udp_send_runs": 2, "udp_send_segments": 80, "tun_read_runs": 3, "wakeups": 1},
                "b": {"udp_receive_runs": 1, "udp_receive_segments": 60, "wakeups": 3, "drop_replay": 6}}
        figures = counted.figures(ends, 2.0)
        self.assertEqual(figures["segments_per_train"], 40)
        self.assertEqual(figures["inputs_per_turn"], 1)
        self.assertEqual(figures["turns_per_s"], 2)
        self.assertEqual(figures["sealed_lost"], 0.25)
        self.assertEqual(figures["replay_drops"], 6)
        self.assertNotIn("segments_per_write", figures)


class EvenTest(unittest.TestCase):
    def test_no_queue_gets_more_than_its_share(self):
        # Even source ports hash to the first queue but for every tenth, which nobody knows the queue of.
        def find(port):
            return (None if port % 10 == 0 else 0 if port % 4 else 1), 2
        chosen = even.choose(6, find)
        self.assertEqual([find(port)[0] for port in chosen].count(0), 3)
        self.assertEqual([find(port)[0] for port in chosen].count(1), 3)

    def test_a_kernel_that_never_takes_a_queue_is_an_error(self):
        with self.assertRaisesRegex(hosts.Failed, "source ports gave 1 of 2"):
            even.choose(2, lambda port: (0, 2))


class NamesTest(unittest.TestCase):
    def test_a_work_over_a_wire_is_the_same_work(self):
        found = work.find("tcp1@loss1")
        self.assertEqual((found.wire, found.figure), ("loss1", work.RATE))
        self.assertIn("1 % of the packets lost", found.title)
        self.assertIsNone(work.find("tcp1").wire)

    def test_unknown_work_wires_and_pinned_work_over_another_wire_are_refused(self):
        for name in ("tcp9", "tcp1@", "tcp1@rope", "alone-send@segmented", "@loss1"):
            self.assertIsNone(work.find(name), name)

    def test_the_host_that_is_measured_alone_has_the_first_cpu(self):
        self.assertEqual(work.cpus("alone-receive64"), {"a": "1", "b": "0"})
        self.assertIsNone(work.cpus("tcp1"))


class SinkTest(unittest.TestCase):
    def test_a_superpacket_counts_as_the_datagrams_that_it_has(self):
        # One datagram alone, and 10 in one packet with one pair of headers.
        rules = {"nftables": [{"metainfo": {}}, {"rule": {"expr": [
            {"match": {}}, {"counter": {"packets": 2, "bytes": 2 * 28 + 11 * 64}}, {"drop": None}]}}]}
        self.assertEqual(work.datagrams_in(json.dumps(rules), 64), 11)


class WireTest(unittest.TestCase):
    def test_only_wires_that_harm_packets_need_a_router(self):
        self.assertEqual([name for name, kind in wire.KINDS.items() if kind.routed], ["loss1", "loss5", "reorder1"])

    def test_the_router_harms_the_packets_of_both_hosts(self):
        self.assertIn("iifname { ra, rb } numgen random mod 1000 < 50 drop", wire.ruleset(wire.KINDS["loss5"]))
        self.assertIn("mod 1000 < 10 meta mark set 1", wire.ruleset(wire.KINDS["reorder1"]))


if __name__ == "__main__":
    unittest.main()
