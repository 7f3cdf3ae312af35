#!/usr/bin/env python3
"""Programs that others start say so when a person starts them otherwise.

usage: programs_test.py BUILD_CHIP DEVICE_SERVER
"""
import os
import socket
import subprocess
import sys
import tempfile
import unittest

BUILD_CHIP, DEVICE_SERVER = sys.argv[1:3]


def said(*command, **variables):
    """(exit code, what stands on standard error)"""
    environment = {k: v for k, v in os.environ.items() if k not in ("USER", "EMULATION_SOCKETID")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment | variables)
    return done.returncode, done.stderr


class BuildChip(unittest.TestCase):
    def test_names_what_is_no_option(self):
        for word in ("--colour", "--jobs"):
            code, text = said(BUILD_CHIP, word)
            self.assertEqual(code, 2)
            self.assertIn(f"{word}: not an option, or without its value (--jobs: 1 to 9); see --help", text)

    def test_wants_a_chip(self):
        code, text = said(BUILD_CHIP, "--waves")
        self.assertEqual(code, 2)
        self.assertIn("no chip file given; see --help", text)


class DeviceServer(unittest.TestCase):
    OPTIONS = {"--chip": "", "--kernel": "model", "--library": "", "--stall": "0"}

    def start(self, watch):
        words = [word for pair in (self.OPTIONS | {"--watch": watch}).items() for word in pair]
        return said(DEVICE_SERVER, *words)

    def test_says_who_calls_it(self):
        code, text = said(DEVICE_SERVER)
        self.assertNotEqual(code, 0)
        self.assertIn("--chip: missing; `spikeloom emulate` calls this program", text)

    def test_names_a_socket_that_cannot_be(self):
        code, text = self.start("/tmp/" + 200 * "a")
        self.assertNotEqual(code, 0)
        self.assertIn("a: too long for a socket's name", text)

    def test_wants_what_xrt_sets(self):
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as supervisor:
            supervisor.bind(folder + "/watch")
            supervisor.listen()
            code, text = self.start(folder + "/watch")
            self.assertNotEqual(code, 0)
            self.assertIn("USER is not set; XRT sets it when it starts this program", text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
