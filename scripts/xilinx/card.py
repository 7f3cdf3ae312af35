#!/usr/bin/env python3
"""Builds the chip for an FPGA card: stages the RTL, packages the kernel (.xo), links it (.xclbin).

usage: scripts/xilinx/card.py prepare|xo|ooc|link|firmware --card u50|u55c|u250|kv260 [--chip CHIP.toml]
                              [--target hw|hw_emu] [--platform XPFM] [--build DIR] [--out DIR] [--dsp]
                              [--dry-run] [--deadline SECONDS]

prepare   writes OUT: src/ (the RTL, the chip's parameters set in the kernel's), settings.tcl, floorplan.tcl;
          no vendor tool
xo        prepare, then Vivado packages OUT/spikeloom_kernel.xo
ooc       prepare, then Vivado places and routes the kernel alone: timing and utilisation in OUT/ooc
link      xo, then v++ links OUT/spikeloom.TARGET.xclbin; hw_emu also writes emconfig.json
firmware  kv260: link, then bootgen and dtc write OUT/firmware, what xmutil loads

--chip      default chips/tile1.toml
--platform  default: the card's, from constraints/CARD.toml
--dsp       DSP48E2 placed by hand (SPIKELOOM_DSP48E2)
--dry-run   prints the vendor tools' commands, runs none
Exit codes: 0 done, 2 usage or a wrong file, 3 a tool is missing or failed.
"""
import argparse
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import rtl  # noqa: E402
from hardware import description  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
TOP = "spikeloom_kernel"
CARDS = ("u50", "u55c", "u250", "kv260")
STEPS = ("prepare", "xo", "ooc", "link", "firmware")
CARD_KEYS = {"title": str, "part": str, "platform": str, "clock_mhz": int, "slrs": list, "home_slr": str}
# What each tool comes with.
SOURCE = {
    "vivado": "AMD Vivado (source settings64.sh)",
    "v++": "AMD Vitis (source settings64.sh)",
    "emconfigutil": "AMD Vitis (source settings64.sh)",
    "bootgen": "Debian's bootgen-xlnx or AMD Vivado",
    "dtc": "Debian's device-tree-compiler",
}


class Failed(Exception):
    """exit_code, and what to do."""

    def __init__(self, text, exit_code=3):
        super().__init__(text)
        self.exit_code = exit_code


def read_card(name):
    path = ROOT / "constraints" / f"{name}.toml"
    card = tomllib.loads(path.read_text(encoding="utf-8"))
    wrong = [key for key, kind in CARD_KEYS.items() if not isinstance(card.get(key), kind)]
    wrong += sorted(set(card) - set(CARD_KEYS))
    if wrong:
        raise Failed(f"{path}: {', '.join(wrong)}: expected exactly {', '.join(CARD_KEYS)}", 2)
    if card["slrs"] and card["home_slr"] not in card["slrs"]:
        raise Failed(
            f"{path}: home_slr: expected one of {', '.join(card['slrs'])}, found {card['home_slr']}", 2
        )
    return card


def kernel_sources(build):
    shell = sorted((ROOT / "rtl" / "shell").glob("*.sv"))
    if ROOT / "rtl" / "shell" / f"{TOP}.sv" not in shell:
        raise Failed(f"rtl/shell/{TOP}.sv: no such file; it is the kernel's top", 2)
    return list(dict.fromkeys([*rtl.packages(build), *rtl.modules(), *shell]))


def inlined(path, macros):
    """A file's text with includes and parameter lists in place: a packaged kernel has one flat folder of
    sources, and the packager reads the top's parameters from its text.
    """

    def include(match):
        return (ROOT / match[1]).read_text(encoding="utf-8")

    text = rtl.expanded(path.read_text(encoding="utf-8"), macros)
    return re.sub(r'^`include "([^"]+)"$', include, text, flags=re.MULTILINE)


def with_parameters(text, values):
    """The kernel's top with the chip's parameters as its defaults, for the packager knows no others. Each
    exactly once.
    """
    for name, words in values.items():
        pattern = rf"\bparameter\s+(int unsigned|logic \[[^,\n]+\])\s+{name}\s*=\s*[^,\n]+?(?=\)?[,\n])"
        width = 32 * len(words)

        def declared(match, name=name, words=words, width=width):
            kind = match[1] if match[1].startswith("int") else f"logic [{width - 1}:0]"
            literal = str(words[0]) if width == 32 and words[0] < 2**31 else rtl.literal(words)
            return f"parameter {kind} {name} = {literal}"

        text, count = re.subn(pattern, declared, text)
        if count != 1:
            raise Failed(
                f"rtl/shell/{TOP}.sv: parameter {name}: expected once, found {count} times; "
                "the chip file's value would not reach the card",
                2,
            )
    return text


def check_kernel_xml(path):
    if not path.exists():
        raise Failed(
            f"{path}: no such file; configure the build folder: it is generated from rtl/hardware.toml", 2
        )
    kernel = xml.etree.ElementTree.parse(path).getroot().find("kernel")
    if kernel is None or kernel.get("name") != TOP:
        raise Failed(f"{path}: expected a kernel named {TOP}", 2)


def brace(values):
    return " ".join("{" + str(value) + "}" for value in values)


def check_kinds(path):
    """Refuses kinds of tile whose core has no kernels in hls/: nothing would be there to compare it with."""
    chip = tomllib.loads(path.read_text(encoding="utf-8"))
    first = description.load(ROOT / "rtl" / "hardware.toml")["cores"][0]
    kinds = [{"name": "tile", "core": first, **chip.get("tile", {})}]
    kinds += [{"core": first, **kind} for kind in chip.get("kind", [])]
    wrong = [kind for kind in kinds if not (ROOT / "hls" / str(kind["core"])).is_dir()]
    if wrong:
        raise Failed(
            f"{path}: "
            + "; ".join(
                f"kind {kind.get('name')}: its core {kind['core']} has no kernels in hls/" for kind in wrong
            )
            + "; a card takes chips whose kinds of tile all have them",
            2,
        )


def prepare(card, arguments):
    """Stages everything that the vendor tools read; needs none of them."""
    out = arguments.out
    kernel_xml = arguments.build / "generated" / "kernel.xml"
    check_kernel_xml(kernel_xml)
    check_kinds(arguments.chip)
    values = rtl.parameters(arguments.build, arguments.chip)
    sources = out / "src"
    shutil.rmtree(sources, ignore_errors=True)
    sources.mkdir(parents=True)
    staged = []
    macros = rtl.macros(arguments.build)
    for path in kernel_sources(arguments.build):
        text = inlined(path, macros)
        if path.stem == TOP:
            text = with_parameters(text, values)
        if arguments.dsp:
            text = "`define SPIKELOOM_DSP48E2\n" + text
        if (sources / path.name).exists():
            raise Failed(f"{path}: a second file of that name", 2)
        (sources / path.name).write_text(text, encoding="utf-8")
        staged.append(sources / path.name)
    shutil.copy(kernel_xml, out / "kernel.xml")
    lines = [
        f"set top {TOP}",
        f"set part {{{card['part']}}}",
        f"set out {{{out}}}",
        f"set kernel_xml {{{out / 'kernel.xml'}}}",
        f"set timing {{{ROOT / 'constraints' / 'timing.xdc'}}}",
        f"set clock_mhz {card['clock_mhz']}",
        f"set sources [list {brace(staged)}]",
        f"set xo {{{out / (TOP + '.xo')}}}",
    ]
    (out / "settings.tcl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    floorplan = [
        f"set rows {values['Height'][0]}",
        f"set slrs [list {brace(card['slrs'])}]",
        f"set home_slr {{{card['home_slr']}}}",
        f"source {{{HERE / 'floorplan.tcl'}}}",
    ]
    (out / "floorplan.tcl").write_text("\n".join(floorplan) + "\n", encoding="utf-8")


def run(command, arguments):
    """Runs a vendor tool in its own process group, which ends with it or with the deadline."""
    words = [str(word) for word in command]
    print(" ".join(shlex.quote(word) for word in words), flush=True)
    if arguments.dry_run:
        return
    tool = shutil.which(words[0])
    if not tool:
        raise Failed(f"{words[0]} is missing: expected it on PATH; it comes with {SOURCE[words[0]]}")
    child = subprocess.Popen(
        [tool, *words[1:]], cwd=arguments.out, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        if code := child.wait(timeout=arguments.deadline):
            raise Failed(f"{words[0]} ended with exit code {code}; its logs are in {arguments.out}")
    except subprocess.TimeoutExpired:
        raise Failed(f"{words[0]}: not done after {arguments.deadline} s (--deadline)") from None
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def vivado(script, arguments):
    run(
        [
            "vivado",
            "-mode",
            "batch",
            "-notrace",
            "-source",
            HERE / script,
            "-tclargs",
            arguments.out / "settings.tcl",
        ],
        arguments,
    )


def link(card, arguments):
    out, target = arguments.out, arguments.target
    platform = arguments.platform or card["platform"]
    command = [
        "v++",
        "--link",
        "--target",
        target,
        "--platform",
        platform,
        "--save-temps",
        "--temp_dir",
        out / "link",
        "--config",
        ROOT / "constraints" / f"{arguments.card}.cfg",
    ]
    if target == "hw":
        command += ["--config", ROOT / "constraints" / "implementation.cfg"]
        if card["slrs"]:
            command += ["--vivado.prop", f"run.impl_1.STEPS.PLACE_DESIGN.TCL.PRE={out / 'floorplan.tcl'}"]
    run([*command, "--output", out / f"spikeloom.{target}.xclbin", out / f"{TOP}.xo"], arguments)
    if target == "hw_emu":
        run(["emconfigutil", "--platform", platform, "--nd", "1", "--od", out], arguments)
        shutil.copy(ROOT / "constraints" / "emulation" / "xrt.ini", out / "xrt.ini")


def firmware(arguments):
    """What xmutil loads on Kria: bitstream without header, device tree overlay, shell.json, xclbin."""
    if arguments.card != "kv260" or arguments.target != "hw":
        raise Failed("firmware: only of --card kv260 --target hw; PCIe cards load the .xclbin itself", 2)
    out, folder = arguments.out, arguments.out / "firmware"
    folder.mkdir(exist_ok=True)
    source = ROOT / "constraints" / "kv260"
    bitstream = out / "link" / "link" / "vivado" / "vpl" / "prj" / "prj.runs" / "impl_1" / "system.bit"
    bif = (source / "spikeloom.bif").read_text(encoding="utf-8").replace("BITSTREAM", str(bitstream))
    (out / "spikeloom.bif").write_text(bif, encoding="utf-8")
    run(
        [
            "bootgen",
            "-image",
            out / "spikeloom.bif",
            "-arch",
            "zynqmp",
            "-o",
            folder / "spikeloom.bit.bin",
            "-w",
        ],
        arguments,
    )
    run(
        ["dtc", "-@", "-I", "dts", "-O", "dtb", "-o", folder / "spikeloom.dtbo", source / "spikeloom.dts"],
        arguments,
    )
    shutil.copy(source / "shell.json", folder / "shell.json")
    if not arguments.dry_run:
        shutil.copy(out / "spikeloom.hw.xclbin", folder / "spikeloom.xclbin")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("--card", required=True, choices=CARDS)
    parser.add_argument("--chip", type=pathlib.Path, default=ROOT / "chips" / "tile1.toml")
    parser.add_argument("--target", choices=("hw", "hw_emu"), default="hw")
    parser.add_argument("--platform")
    rtl.add_arguments(parser)
    parser.add_argument("--out", type=pathlib.Path, help="default: BUILD/cards/CARD-CHIP")
    parser.add_argument("--dsp", action="store_true")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument(
        "--deadline", type=int, default=12 * 3600, help="seconds for a tool (default %(default)s)"
    )
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    arguments.out = (
        arguments.out or arguments.build / "cards" / f"{arguments.card}-{arguments.chip.stem}"
    ).resolve()
    try:
        card = read_card(arguments.card)
        prepare(card, arguments)
        if arguments.step == "ooc":
            vivado("out_of_context.tcl", arguments)
        if arguments.step in ("xo", "link", "firmware"):
            vivado("gen_xo.tcl", arguments)
        if arguments.step in ("link", "firmware"):
            link(card, arguments)
        if arguments.step == "firmware":
            firmware(arguments)
    except Failed as failure:
        print(f"card: error: {failure}", file=sys.stderr)
        sys.exit(failure.exit_code)
    except (OSError, tomllib.TOMLDecodeError, subprocess.CalledProcessError) as failure:
        print(f"card: error: {failure}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
