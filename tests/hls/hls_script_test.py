#!/usr/bin/env python3
"""scripts/hls.py with a stand-in for Vitis HLS on PATH. usage: hls_script_test.py BUILD TESTBENCHES"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD, TESTBENCHES = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])


def needed_words(core):
    """Elements that the top kernels of a core read or write through each of their ports."""
    shape = (BUILD / "generated" / f"hls_{core}_shape.hpp").read_text()
    sizes = {name: int(value) for name, value in re.findall(r"k(\w+) = (\d+);", shape)}
    steps = sizes.get("SystolicPages", 16)  # of a call
    states = sizes["StateWords"] * sizes["LifLanes"]
    needed = {
        "context": 32,
        "control": steps,
        "pages": steps * sizes["PageChunks"],
        "updates": 2 * sizes["UpdateEntries"],
        "sets": 5 * sizes["ParamSets"],
        "biases": states,
        "potentials": states,
        "currents": states,
        "out": steps * sizes["UpdateEntries"],
        "out_count": steps,
    }
    if core == "crossbar":
        needed |= {
            "chunks": 2 * sizes["ChunkEntries"],
            "axons": 2 * sizes["AxonEntries"],
            "weights": sizes["WeightWords"] * sizes["Lanes"] // 4,
            "sums": steps * sizes["Groups"] * sizes["Lanes"],
        }
    else:
        needed |= {
            "blocks": 4 * sizes["SystolicBlocks"],
            "folds": 5 * sizes["SystolicFolds"],
            "matrices": sizes["SystolicWords"] * sizes["SystolicColumns"] // 4,
            "cycles": 2,
        }
    return needed


class HlsScript(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_hls(self, *arguments, fake="", tool="vitis_hls"):
        tools = self.folder / "tools"
        tools.mkdir(exist_ok=True)
        if tool:
            path = tools / tool
            path.write_text(f'#!/bin/sh\nexec /usr/bin/tclsh {HERE / "fake_vitis_hls.tcl"} "$@"\n')
            path.chmod(0o755)
        environment = {
            **os.environ,
            "PATH": f"{tools}:/usr/bin:/bin",
            "FAKE_HLS": fake,
            "FAKE_HLS_TESTBENCHES": str(TESTBENCHES),
        }
        return subprocess.run(
            [
                sys.executable,
                ROOT / "scripts" / "hls.py",
                "--build",
                BUILD,
                "--out",
                self.folder / "out",
                *arguments,
            ],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def test_a_missing_tool_is_named(self):
        done = self.run_hls(tool=None)
        self.assertEqual(done.returncode, 3)
        self.assertIn("Vitis HLS is missing", done.stderr)
        self.assertIn("vitis_hls", done.stderr)

    def test_kept_contracts_are_a_yes(self):
        done = self.run_hls()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for kernel in ("crossbar", "lif", "systolic"):
            self.assertIn(f"{kernel}", done.stdout)
        self.assertRegex(done.stdout, r"crossbar\s+II of ACCUMULATE\s+contract\s+1\s+achieved\s+1\s+yes")
        self.assertRegex(done.stdout, r"systolic\s+latency\s+contract\s+\d+\s+achieved\s+500\s+yes")

    def test_every_kind_of_breach_is_found(self):
        for fake, said in (
            ("slow_loop", "II of FIND .*2 +NO"),
            ("much_lut", "LUT .*9999999 +NO"),
            ("late", "latency .*99999999 +NO"),
            ("cosim_fails", "latency .*cosim failed +NO"),
            ("no_loop", "II of FIND .*no such loop +NO"),
        ):
            with self.subTest(fake):
                done = self.run_hls("crossbar", fake=fake)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertRegex(done.stdout, said)

    def test_no_array_of_the_test_bench_is_shorter_than_its_depth(self):
        deepest = int(re.search(r"kDeepest = (\d+)", (ROOT / "hls" / "testbench.cpp").read_text())[1])
        for kernel, core in (("crossbar", "crossbar"), ("lif", "crossbar"), ("systolic", "systolic")):
            needed = needed_words(core)
            source = (next((ROOT / "hls").rglob(f"spikeloom_{kernel}.cpp"))).read_text()
            depths = {
                name: int(depth) for name, depth in re.findall(r"m_axi port = (\w+) .*depth = (\d+)", source)
            }
            self.assertEqual(source.count("m_axi"), len(depths))
            for name, depth in depths.items():
                self.assertLessEqual(needed[name], depth, f"{kernel}: {name}")
                self.assertLessEqual(depth, deepest, f"{kernel}: {name}")

    def test_a_wrong_kernel_is_a_usage_error(self):
        self.assertEqual(self.run_hls("dense").returncode, 2)

    def test_the_test_bench_sees_a_wrong_result(self):
        for kernel in ("crossbar", "lif", "systolic"):
            case = self.folder / "case.txt"
            subprocess.run([BUILD / "bin" / "spikeloom-hls-case", kernel, case, "7"], check=True)
            bench = TESTBENCHES / f"hls_testbench_{kernel}"
            self.assertEqual(subprocess.run([bench, case], capture_output=True, check=False).returncode, 0)
            lines = case.read_text().splitlines()
            at = next(n for n, line in enumerate(lines) if line.startswith("expected_"))
            words = lines[at].split()
            words[2] = str(int(words[2]) + 1)
            lines[at] = " ".join(words)
            case.write_text("\n".join(lines) + "\n")
            self.assertEqual(subprocess.run([bench, case], capture_output=True, check=False).returncode, 1)
            self.assertEqual(
                subprocess.run([bench, "absent"], capture_output=True, check=False).returncode, 2
            )


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
