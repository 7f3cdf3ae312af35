#!/usr/bin/env python3
"""Runs Vitis HLS over the cores in hls/ and compares what it achieved with the headers' contracts.

usage: scripts/hls.py [--build DIR] [--out DIR] [--part PART] [--clock-ns NS]
                      [--stages csim,csynth,cosim] [--seed N] [--deadline SECONDS] [crossbar] [lif] [systolic]

Needs Vitis HLS (vitis_hls, or vitis-run of 2024.1 and later) on PATH, and in the build folder the generated
headers and spikeloom-hls-case, which writes the test bench's case. Table to stdout: contract, achieved, yes
or no.
Exit codes: 0 all kept, 1 a contract is broken or a simulation differs, 2 usage, 3 a tool is missing or fails.
"""
import argparse
import ast
import operator
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
KERNELS = ("crossbar", "lif", "systolic")
STAGES = ("csim", "csynth", "cosim")
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}


class Failed(Exception):
    """Something on this machine: exit code 3."""


def source_of(name):
    """The file of that name, in whichever folder of hls/ it lies."""
    return next((ROOT / "hls").rglob(name))


def contract(kernel):
    """{("loop", label): II, ("resource", name): ceiling, ("latency", ""): formula} of hls/KERNEL.hpp."""
    found = {}
    for line in source_of(f"{kernel}.hpp").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"// contract: loop (\w+) ii = (\d+)", line):
            found["loop", match[1]] = int(match[2])
        elif match := re.fullmatch(r"// contract: resource (\w+) (\d+)", line):
            found["resource", match[1]] = int(match[2])
        elif match := re.fullmatch(r"// contract: latency (.+)", line):
            found["latency", ""] = match[1]
        elif line.startswith("// contract:"):
            raise Failed(f"hls/{kernel}.hpp: not understood: {line}")
    return found


def evaluate(formula, values):
    """A formula of +, -, *, numbers and the case's values."""

    def value(node):
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        if isinstance(node, ast.Name) and node.id in values:
            return values[node.id]
        raise Failed(f"contract: latency {formula}: not a sum or product of {', '.join(sorted(values))}")

    return value(ast.parse(formula, mode="eval").body)


def case_values(case):
    """The value_X lines of a case file."""
    values = {}
    for line in case.read_text(encoding="utf-8").splitlines():
        if line.startswith("value_"):
            name, _, number = line.split()
            values[name.removeprefix("value_")] = int(number)
    return values


def tcl_script(kernel, arguments, case, folder):
    flags = f"-std=c++14 -I{ROOT} -I{arguments.build / 'generated'}"
    run = {
        "csim": f'csim_design -argv "{case}"',
        "csynth": "csynth_design",
        "cosim": f'cosim_design -argv "{case}"',
    }
    return "\n".join(
        [
            f"cd {{{folder}}}",
            "open_project -reset project",
            f"set_top spikeloom_{kernel}",
            f'add_files {{{source_of(f"spikeloom_{kernel}.cpp")}}} -cflags "{flags}"',
            f'add_files -tb {{{ROOT / "hls" / "testbench.cpp"}}} '
            f'-cflags "{flags} -DSPIKELOOM_TB_{kernel.upper()}"',
            "open_solution -reset solution -flow_target vitis",
            f"set_part {arguments.part}",
            f"create_clock -period {arguments.clock_ns} -name default",
            *(run[stage] for stage in STAGES if stage in arguments.stages),
            "exit",
            "",
        ]
    )


def run(command, log, deadline):
    """Runs a tool in its own process group; the group ends with it or with the deadline."""
    with open(log, "w", encoding="utf-8") as out:
        child = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            return child.wait(timeout=deadline)
        except subprocess.TimeoutExpired:
            raise Failed(f"{command[0]}: not done after {deadline} s (--deadline); log: {log}") from None
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def tool_command(script):
    if tool := shutil.which("vitis_hls"):
        return [tool, "-f", str(script)]
    if tool := shutil.which("vitis-run"):
        return [tool, "--mode", "hls", "--tcl", str(script)]
    raise Failed(
        "Vitis HLS is missing: expected vitis_hls or vitis-run on PATH, found neither; install AMD Vitis and "
        "source its settings64.sh. The cores are tested without it: ctest -R Hls"
    )


def achieved(solution, kernel):
    """(loop label → worst II, resource → number) of the synthesis reports."""
    reports = sorted((solution / "syn" / "report").glob("*_csynth.xml"))
    top = solution / "syn" / "report" / f"spikeloom_{kernel}_csynth.xml"
    if top not in reports:
        raise Failed(f"{top}: no such report; see the log")
    loops, resources = {}, {}
    for report in reports:
        root = xml.etree.ElementTree.parse(report).getroot()
        for summary in root.iter("SummaryOfLoopLatency"):
            for loop in summary.iter():
                interval = loop.find("PipelineII")
                if interval is None:
                    continue
                name = (loop.findtext("Name") or loop.tag).strip("- ")
                number = int(interval.text) if (interval.text or "").strip().isdigit() else None
                for label in name.split("_"):  # a flattened nest is named after all its loops
                    loops.setdefault(label, []).append(number)
        if report == top:
            for item in root.findall("AreaEstimates/Resources/*"):
                resources[item.tag] = int(item.text)
    return loops, resources


def cosim_latency(solution, kernel):
    """Largest latency that co-simulation measured, in cycles."""
    report = solution / "sim" / "report" / f"spikeloom_{kernel}_cosim.rpt"
    if not report.exists():
        raise Failed(f"{report}: no such report; see the log")
    for line in report.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] == "Verilog":
            if cells[1] != "Pass":
                return None
            return int(cells[4])  # RTL, Status, Latency min, avg, max
    raise Failed(f"{report}: no line for Verilog")


def compare(kernel, arguments, solution, values):
    """Rows (thing, contract, achieved, kept)."""
    wanted = contract(kernel)
    if "csynth" in arguments.stages:
        loops, resources = achieved(solution, kernel)
        for (kind, name), limit in wanted.items():
            if kind == "loop":
                found = loops.get(name, [])
                worst = "no such loop" if not found else "not pipelined" if None in found else max(found)
                yield f"II of {name}", limit, worst, isinstance(worst, int) and worst <= limit
            elif kind == "resource":
                if name not in resources:
                    yield name, limit, "not reported", False
                else:
                    yield name, limit, resources[name], resources[name] <= limit
    if "cosim" in arguments.stages:
        limit = evaluate(wanted["latency", ""], values)
        latency = cosim_latency(solution, kernel)
        kept = latency is not None and latency <= limit
        yield "latency", limit, "cosim failed" if latency is None else latency, kept


def one(kernel, arguments):
    folder = arguments.out / kernel
    folder.mkdir(parents=True, exist_ok=True)
    writer = arguments.build / "bin" / "spikeloom-hls-case"
    if not writer.exists():
        raise Failed(f"{writer}: no such file; build it: ninja -C {arguments.build} spikeloom-hls-case")
    case = folder / "case.txt"
    if subprocess.run([writer, kernel, case, str(arguments.seed)], check=False).returncode != 0:
        raise Failed(f"{writer}: could not write {case}")
    shutil.rmtree(folder / "project", ignore_errors=True)  # no report of an earlier run may be read
    script, log = folder / "run.tcl", folder / "vitis_hls.log"
    script.write_text(tcl_script(kernel, arguments, case, folder), encoding="utf-8")
    if code := run(tool_command(script), log, arguments.deadline):
        raise Failed(
            f"{kernel}: Vitis HLS ended with exit code {code}: "
            f"a stage failed, or a simulation differs; log: {log}"
        )
    kept = True
    for thing, limit, found, good in compare(
        kernel, arguments, folder / "project" / "solution", case_values(case)
    ):
        print(
            f"{kernel:10} {thing:20} contract {limit!s:>10}  achieved {found!s:>14}  "
            f"{'yes' if good else 'NO'}"
        )
        kept = kept and good
    return kept


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--build", type=pathlib.Path, default=pathlib.Path(os.environ.get("SPIKELOOM_BUILD", ROOT / "build"))
    )
    parser.add_argument("--out", type=pathlib.Path, help="default: BUILD/hls_reports")
    parser.add_argument("--part", default="xcu50-fsvh2104-2-e")
    parser.add_argument("--clock-ns", type=float, default=3.33)
    parser.add_argument("--stages", default=",".join(STAGES), type=lambda text: text.split(","))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--deadline", type=int, default=7200, help="seconds for a kernel (default %(default)s)"
    )
    parser.add_argument("kernels", nargs="*", metavar="KERNEL")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.kernels if name not in KERNELS]:
        parser.error(f"{', '.join(unknown)}: expected {', '.join(KERNELS)}")
    if unknown := [name for name in arguments.stages if name not in STAGES]:
        parser.error(f"--stages {', '.join(unknown)}: expected {', '.join(STAGES)}")
    arguments.build = arguments.build.resolve()
    arguments.out = (arguments.out or arguments.build / "hls_reports").resolve()
    try:
        tool_command("")
        kept = [one(kernel, arguments) for kernel in arguments.kernels or KERNELS]
    except Failed as failure:
        print(f"hls: error: {failure}", file=sys.stderr)
        sys.exit(3)
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
