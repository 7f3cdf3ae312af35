#!/usr/bin/env python3
"""generate_hardware.py: package, header and kernel.xml say the same of the kernel; faults are named."""
import copy
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import generate_hardware  # noqa: E402

DESCRIPTION = tomllib.loads((ROOT / "rtl/hardware.toml").read_text())
KERNEL = DESCRIPTION["kernel"]


class GenerateHardware(unittest.TestCase):
    def assert_refused(self, change, part):
        kernel = copy.deepcopy(KERNEL)
        change(kernel)
        with self.assertRaises(SystemExit) as stopped:
            generate_hardware.check_kernel(kernel)
        self.assertIn(part, str(stopped.exception))

    def test_the_kernel_is_written_alike_everywhere(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [sys.executable, ROOT / "scripts/generate_hardware.py", ROOT / "rtl/hardware.toml", folder],
                check=True,
            )
            package = (pathlib.Path(folder) / "spikeloom_pkg.sv").read_text()
            header = (pathlib.Path(folder) / "spikeloom_hw.hpp").read_text()
            tree = xml.etree.ElementTree.parse(pathlib.Path(folder) / "kernel.xml").getroot()
        arguments = {item.get("name"): item for item in tree.iter("arg")}
        self.assertEqual(list(arguments), [argument[1] for argument in KERNEL["arguments"]])
        for number, name, offset, size, what in KERNEL["arguments"]:
            self.assertIn(f"localparam int unsigned KERNEL_OFFSET_{name.upper()} = {offset};", package)
            is_global = "true" if what == "global" else "false"
            self.assertIn(f'{{{number}, "{name}", 0x{offset:x}, {size}, {is_global}}}', header)
            self.assertEqual(
                (
                    int(arguments[name].get("id")),
                    int(arguments[name].get("offset"), 0),
                    int(arguments[name].get("size"), 0),
                    arguments[name].get("addressQualifier"),
                ),
                (number, offset, size, str(int(what == "global"))),
            )
        for name, offset in KERNEL["registers"].items():
            self.assertIn(f"localparam int unsigned KERNEL_REGISTER_{name} = {offset};", package)
            self.assertRegex(header, rf"kKernelRegister{generate_hardware.camel(name.lower())} = {offset};")
        ports = {port.get("name"): port for port in tree.iter("port")}
        self.assertEqual(set(ports), {KERNEL["control_port"], KERNEL["memory_port"]})
        self.assertTrue(all(item.get("port") in ports for item in arguments.values()))
        self.assertEqual(tree.find("kernel").get("hwControlProtocol"), "ap_ctrl_hs")

    def test_the_hash_follows_the_register_map_and_no_comment(self):
        text = (ROOT / "rtl/hardware.toml").read_text()
        digests = []
        for changed in (
            text,
            text + "# a comment\n",
            text.replace("RESULTS_WRITTEN = 0x80", "RESULTS_WRITTEN = 0xA0"),
            text.replace('"quiet_cycles", 0x38', '"quiet_cycles", 0x40'),
        ):
            with tempfile.TemporaryDirectory() as folder:
                source = pathlib.Path(folder) / "hardware.toml"
                source.write_text(changed)
                subprocess.run(
                    [sys.executable, ROOT / "scripts/generate_hardware.py", source, folder], check=True
                )
                digests.append(
                    re.search(
                        r"kHardwareHash = (\w+)", (pathlib.Path(folder) / "spikeloom_hw.hpp").read_text()
                    ).group(1)
                )
        self.assertEqual(digests[0], digests[1])
        self.assertEqual(len(set(digests)), 3)

    def test_registers_on_one_another_are_refused(self):
        self.assert_refused(lambda k: k["registers"].update(ERROR=k["registers"]["CYCLES"]), "lies on ERROR")
        self.assert_refused(lambda k: k["arguments"][0].__setitem__(2, 0x18), "lies on")

    def test_registers_outside_the_range_are_refused(self):
        self.assert_refused(lambda k: k["registers"].update(CYCLES=k["control_range"]), "CYCLES")
        self.assert_refused(lambda k: k["registers"].update(CYCLES=0x8E), "CYCLES")

    def test_arguments_out_of_order_or_of_a_wrong_size_are_refused(self):
        self.assert_refused(lambda k: k["arguments"].reverse(), "ids count up")
        self.assert_refused(lambda k: k["arguments"][2].__setitem__(3, 8), "expected a global of 8 bytes")
        self.assert_refused(
            lambda k: k["arguments"][0].__setitem__(4, "stream"), "expected a global of 8 bytes"
        )

    def test_equal_numbers_and_a_short_header_are_refused(self):
        self.assert_refused(lambda k: k["errors"].update(READ=2), "errors: a value occurs twice")
        self.assert_refused(lambda k: k.update(header_words=3), "behind header_words")


if __name__ == "__main__":
    unittest.main()
