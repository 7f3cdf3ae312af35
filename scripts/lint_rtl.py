#!/usr/bin/env python3
"""Lints the RTL with a chip file's parameters: the card's kernel with the chip in it.

usage: lint_rtl.py [--build DIR] verilator|yosys CHIP.toml
verilator: verilator --lint-only -Wall, waivers only in rtl/*.vlt, each with its reason
yosys:     every module read with warnings as errors, then check -assert: no latch, loop or double driver
"""
import argparse
import pathlib
import subprocess
import sys

import rtl


def verilator(build, chip):
    command = ["verilator", "--lint-only", "-Wall", "--no-timing", "--top-module", rtl.KERNEL]
    values = rtl.parameters(build, chip)
    command += [f"-G{name}={rtl.literal(words)}" for name, words in values.items()]
    for folder in rtl.folders(build):
        command += ["-y", str(folder), f"-I{folder}"]
    command += [str(path) for path in sorted((rtl.ROOT / "rtl").rglob("*.vlt"))]
    command += [str(path) for path in rtl.packages(build)]
    command += [str(rtl.ROOT / "rtl" / "shell" / f"{rtl.KERNEL}.sv")]
    return command


def yosys(build, chip):
    script = [
        *rtl.yosys_read(build),
        *rtl.yosys_top(rtl.KERNEL, rtl.parameters(build, chip)),
        "proc",
        "opt_clean",
        "check -assert",
        "select -assert-none t:$dlatch t:$_DLATCH_*",
    ]
    return ["yosys", "-q", "-e", ".*", "-p", "; ".join(script)]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    rtl.add_arguments(parser)
    parser.add_argument("tool", choices=("verilator", "yosys"))
    parser.add_argument("chip", type=pathlib.Path)
    arguments = parser.parse_args()
    command = {"verilator": verilator, "yosys": yosys}[arguments.tool](
        arguments.build.resolve(), arguments.chip
    )
    sys.exit(subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode)


if __name__ == "__main__":
    main()
