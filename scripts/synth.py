#!/usr/bin/env python3
"""Size and speed of the hardware by open tools: Yosys for three families, nextpnr-ice40 for one-tile chips.

usage: scripts/synth [--build DIR] [--out synth.json] [--chip CHIP.toml] [--board-chip CHIP.toml]
                     [--family ice40|ecp5|xcup ...] [--block tile|core|router ...] [--no-place]
                     [--deadline SECONDS]
       scripts/synth --module NAME [--set PARAMETER=VALUE ...] [--units N] [--family ...] [--out synth.json]

Synthesised: one whole tile (node) and one spike router, out of the hierarchy of the chip with --chip's
parameters, per family; with --block core also the tile's core alone. Placed: the whole
--board-chip on UP5K-SG48; where that does not fit, by how much, and then on HX8K, at last with fewer lanes
and weights. With --module instead any module of the RTL by itself, its LUTs also by the N units that it has
(columns times rows of an array). The table goes to stdout, the same figures as JSON to --out.
Figures of xcup are Yosys's, before any vendor tool; a LUT of 1 to 6 inputs counts as one, distributed RAM by
the LUTs that hold it (LUTRAM); LUT/lane is both together.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import rtl

# Tried in turn: a memory with a single address stops Yosys 0.23's UltraScale+ LUTRAM mapping with an error.
FAMILIES = {
    "ice40": ["synth_ice40 -top {top} -dsp"],
    "ecp5": ["synth_ecp5 -top {top}"],
    # Wide multiplexers are counted as LUTs instead of MUXF7 to MUXF9, which maps this design to fewer LUTs.
    "xcup": [
        "synth_xilinx -family xcup -top {top} -flatten -noiopad -noclkbuf -abc9 -nowidelut",
        "synth_xilinx -family xcup -top {top} -flatten -noiopad -noclkbuf -abc9 -nowidelut -nolutram",
    ],
}
# UltraScale+ with the DSPs placed (rtl/neuron/xilinx_dsp.sv);
# their cell is known to the elaboration, not part
# of the netlist.
DEFINES = {"xcup": ("SPIKELOOM_DSP48E2",)}
LIBRARY = {"xcup": ("read_verilog -lib +/xilinx/cells_xtra.v", "delete =A:blackbox")}
CELLS = {
    "ice40": {
        "lut": r"SB_LUT4",
        "ff": r"SB_DFF\w*",
        "bram": r"SB_RAM40_4K\w*",
        "dsp": r"SB_MAC16",
        "spram": r"SB_SPRAM256KA",
        "carry": r"SB_CARRY",
    },
    "ecp5": {
        "lut": r"LUT4",
        "ff": r"TRELLIS_FF",
        "bram": r"DP16KD|PDPW16KD",
        "dsp": r"MULT18X18D",
        "lutram": r"TRELLIS_DPR16X4",
        "carry": r"CCU2C",
    },
    "xcup": {
        "lut": r"LUT[1-6](_2)?|INV",
        "ff": r"FD[RSCP]E\w*",
        "bram36": r"RAMB36E2",
        "bram18": r"RAMB18E2",
        "dsp": r"DSP48E2",
        "lutram": r"RAM(32|64)\w+",
        "uram": r"URAM288\w*",
        "carry": r"CARRY[48]",
    },
}
# LUTs that a cell of distributed RAM takes.
LUTRAM = {
    "TRELLIS_DPR16X4": 2,
    "RAM32M16": 8,
    "RAM64M8": 8,
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
}
BLOCKS = {"tile": "node", "core": "core", "router": "router"}
# Tried in turn: nextpnr's device and package, options of the synthesis (only UP5K has single-port RAM and
# multipliers), parameters other than the chip file's.
DEVICES = (
    ("up5k", "sg48", "-dsp -spram", {}),
    ("hx8k", "ct256", "", {}),
    ("hx8k", "ct256", "", {"Lanes": [4], "WeightWords": [256]}),
)


def yosys(script, log, deadline):
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("out of time")
    try:
        with open(log, "w", encoding="utf-8") as out:
            done = subprocess.run(
                ["yosys", "-p", "; ".join(script)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=left,
                check=False,
            )
    except subprocess.TimeoutExpired:
        raise TimeoutError("out of time") from None
    if done.returncode != 0:
        lines = [line for line in log.read_text().splitlines() if line.strip()]
        errors = [line for line in lines if "ERROR" in line or "rror:" in line] or lines[-1:]
        raise RuntimeError(f"yosys ended with {done.returncode}: {' '.join(errors[:1])}")


def instances(build, chip, blocks, family, folder, deadline):
    """The elaborated chip's netlist, written to a file, and in it the name of the parametrised module of each
    block.
    """
    netlist = folder / f"chip.{family}.il"
    before, after = LIBRARY.get(family, ("", ""))
    yosys(
        [
            *filter(None, [before]),
            *rtl.yosys_read(build, defines=DEFINES.get(family, ())),
            *rtl.yosys_top(rtl.TOP, rtl.parameters(build, chip)),
            "proc",
            *filter(None, [after]),
            f"write_rtlil {netlist}",
        ],
        folder / f"elaborate.{family}.log",
        deadline,
    )
    text = netlist.read_text()
    found = {}
    for block in blocks:
        bodies = [
            match
            for match in re.finditer(r"^module (\S+)\n(.*?)^end$", text, re.MULTILINE | re.DOTALL)
            if match.group(1).rsplit("\\", 1)[-1] == BLOCKS[block]
        ]
        if not bodies:
            raise RuntimeError(f"no module {BLOCKS[block]} in the chip")
        # Of the two routers the spike network's: it has the wider wires.
        found[block] = max(
            bodies, key=lambda body: sum(map(int, re.findall(r"wire width (\d+)", body.group(2))))
        ).group(1)
    return {block: (netlist, module) for block, module in found.items()}


def alone(build, name, values, family, folder, deadline):
    """A module with these parameters, elaborated into a netlist of which it is the top."""
    netlist = folder / f"{name}.{family}.il"
    yosys(
        [*rtl.yosys_read(build), *rtl.yosys_top(name, values), "rename -top block_top", "proc",
         f"write_rtlil {netlist}"],
        folder / f"elaborate.{family}.log",
        deadline,
    )  # fmt: skip
    return netlist, "block_top"


def count(stat, family):
    cells = {name: 0 for name in CELLS[family]}
    for kind, number in stat.items():
        for name, pattern in CELLS[family].items():
            if re.fullmatch(pattern, kind):
                cells[name] += number * (LUTRAM[kind] if name == "lutram" else 1)
    if "bram36" in cells:
        cells["bram"] = cells.pop("bram36") + cells.pop("bram18") / 2
    return cells


def size(block, module, netlist, family, folder, deadline):
    stat = folder / f"{block}.{family}.stat"
    for left, options in zip(range(len(FAMILIES[family]) - 1, -1, -1), FAMILIES[family]):
        try:
            yosys(
                [
                    f"read_rtlil {netlist}",
                    f"hierarchy -top {module}",
                    "rename -top block_top",
                    options.format(top="block_top"),
                    f"tee -o {stat} stat -json",
                ],
                folder / f"{block}.{family}.log",
                deadline,
            )
            break
        except RuntimeError:
            if left == 0:
                raise
    text = stat.read_text()
    design = json.loads(text[text.index("{") :])["design"]
    return count(design["num_cells_by_type"], family)


def place(build, chip, folder, deadline):
    """nextpnr on the boards' devices in turn; a chip that does not fit says by how much."""
    netlist = folder / "board.json"
    results = []
    for attempt, (device, package, options, changes) in enumerate(DEVICES):
        values = {**rtl.parameters(build, chip), **changes}
        yosys(
            [
                *rtl.yosys_read(build),
                *rtl.yosys_top(rtl.TOP, values),
                f"synth_ice40 -top {rtl.TOP} {options} -json {netlist}",
            ],
            folder / f"board{attempt}.log",
            deadline,
        )
        # The streams end in the fabric, as behind a serial link: --pcf-allow-unconstrained places the pins
        # anywhere.
        command = [
            "nextpnr-ice40",
            f"--{device}",
            "--package",
            package,
            "--json",
            str(netlist),
            "--seed",
            "1",
            "--pcf-allow-unconstrained",
            "--freq",
            "12",
            "--timing-allow-fail",
        ]
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=max(1, deadline - time.monotonic()),
        )
        used = {
            name: [int(have), int(of)]
            for name, have, of in re.findall(
                r"(ICESTORM_LC|ICESTORM_RAM|ICESTORM_DSP|ICESTORM_SPRAM|SB_IO):\s*(\d+)/\s*(\d+)", done.stderr
            )
        }
        fmax = re.findall(r"Max frequency for clock\s+'[^']+':\s*([\d.]+) MHz", done.stderr)
        errors = re.findall(r"^ERROR: (.*)$", done.stderr, re.MULTILINE)
        over = {name: have - of for name, (have, of) in used.items() if have > of}
        results.append(
            {
                "device": device,
                "package": package,
                "fits": done.returncode == 0,
                "used": used,
                "over": over,
                "fmax_mhz": float(fmax[-1]) if fmax and done.returncode == 0 else None,
                "error": errors[0] if errors else None,
                "changes": changes,
            }
        )
        if done.returncode == 0:
            break
    return results


def placement(report, row):
    changes = "".join(f", {name} = {words[0]}" for name, words in row["changes"].items())
    return f"{report['board_chip']}{changes} on {row['device']}-{row['package']}"


def table(report):
    unit = "LUT/unit" if "module" in report else "LUT/lane"
    lines = [
        f"{report['module']}: {report['units']} units"
        if "module" in report
        else f"{report['chip']}: {report['lanes']} lanes",
        "",
        f"{'block':8} {'family':7} {'LUT':>7} {'LUTRAM':>7} {'FF':>7} {'BRAM':>6} {'carry':>6} {'DSP':>5} "
        f"{unit:>9}",
    ]
    for row in report["blocks"]:
        if "error" in row:
            lines.append(f"{row['block']:8} {row['family']:7} {row['error']}")
            continue
        cells = row["cells"]
        per_lane = f"{row['lut_per_lane']:.1f}" if "lut_per_lane" in row else ""
        lines.append(
            f"{row['block']:8} {row['family']:7} {cells['lut']:7} {cells.get('lutram', 0):7} "
            f"{cells['ff']:7} {cells['bram']:6g} {cells['carry']:6} {cells.get('dsp', 0):5} {per_lane:>9}"
        )
    for row in report["placed"]:
        if "device" not in row:
            lines.append(f"placement: {row['error']}")
        elif row["fits"]:
            lines.append(f"{placement(report, row)}: {row['fmax_mhz']} MHz, {row['used']}")
        else:
            lines.append(f"{placement(report, row)}: does not fit, over by {row['over']}; {row['error']}")
    return "\n".join(lines + ["", f"{report['seconds']:.0f} s"])


def measure_module(arguments, build, begun):
    """The report of --module."""
    values = {name: [int(value)] for name, value in (item.split("=") for item in arguments.set)}
    report = {"schema": "spikeloom-synth-1", "module": arguments.module, "parameters": values,
              "units": arguments.units, "blocks": [], "placed": []}  # fmt: skip
    deadline = begun + arguments.deadline
    with tempfile.TemporaryDirectory() as temporary:
        for family in arguments.family:
            row = {"block": "module", "family": family}
            try:
                netlist, top = alone(
                    build, arguments.module, values, family, pathlib.Path(temporary), deadline
                )
                row["cells"] = size("module", top, netlist, family, pathlib.Path(temporary), deadline)
                luts = row["cells"]["lut"] + row["cells"].get("lutram", 0)
                row["lut_per_lane"] = luts / arguments.units
            except (RuntimeError, TimeoutError) as error:
                row["error"] = str(error)
            report["blocks"].append(row)
    return report


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    rtl.add_arguments(parser)
    parser.add_argument("--out", type=pathlib.Path, default=None, help="JSON file")
    parser.add_argument("--chip", type=pathlib.Path, default=rtl.ROOT / "chips" / "tile1.toml")
    parser.add_argument("--board-chip", type=pathlib.Path, default=rtl.ROOT / "chips" / "up5k.toml")
    parser.add_argument("--family", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--block", nargs="+", choices=BLOCKS, default=["tile", "router"])
    parser.add_argument("--no-place", action="store_true", help="no place and route")
    parser.add_argument(
        "--deadline", type=float, default=300, help="seconds for everything (default %(default)s)"
    )
    parser.add_argument("--module", default=None, help="this module alone")
    parser.add_argument("--set", nargs="+", default=[], metavar="PARAMETER=VALUE", help="its parameters")
    parser.add_argument("--units", type=int, default=1, help="by which its LUTs are divided")
    arguments = parser.parse_args()
    begun = time.monotonic()
    deadline = begun + arguments.deadline
    build = arguments.build.resolve()
    if arguments.module:
        report = measure_module(arguments, build, begun)
        report["seconds"] = time.monotonic() - begun
        print(table(report))
        if arguments.out:
            arguments.out.write_text(json.dumps(report, indent=2) + "\n")
        sys.exit(1 if any("error" in row for row in report["blocks"]) else 0)
    values = rtl.parameters(build, arguments.chip)
    if values["Kinds"] != [1]:
        parser.error(f"{arguments.chip}: has several kinds of tile; expected one, for one tile is counted")
    (lanes,) = values["Lanes"]
    report = {
        "schema": "spikeloom-synth-1",
        "chip": arguments.chip.stem,
        "board_chip": arguments.board_chip.stem,
        "lanes": lanes,
        "blocks": [],
        "placed": [],
    }
    failed = False
    with tempfile.TemporaryDirectory() as temporary, concurrent.futures.ThreadPoolExecutor(
        os.cpu_count()
    ) as pool:
        folder = pathlib.Path(temporary)
        # The longest job first.
        placed = (
            None if arguments.no_place else pool.submit(place, build, arguments.board_chip, folder, deadline)
        )
        work = {
            (block, family): pool.submit(size, block, module, netlist, family, folder, deadline)
            for family in arguments.family
            for block, (netlist, module) in instances(
                build, arguments.chip, arguments.block, family, folder, deadline
            ).items()
        }
        for (block, family), future in work.items():
            row = {"block": block, "family": family}
            try:
                row["cells"] = future.result()
                if block != "router":
                    row["lut_per_lane"] = (row["cells"]["lut"] + row["cells"].get("lutram", 0)) / lanes
            except (RuntimeError, TimeoutError, subprocess.TimeoutExpired) as error:
                row["error"], failed = str(error), True
            report["blocks"].append(row)
        if placed is not None:
            try:
                report["placed"] = placed.result()
            except (RuntimeError, TimeoutError, subprocess.TimeoutExpired) as error:
                report["placed"], failed = [{"error": str(error)}], True
    report["seconds"] = time.monotonic() - begun
    print(table(report))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=2) + "\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
