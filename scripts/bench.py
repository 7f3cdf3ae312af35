#!/usr/bin/env python3
"""Every benchmark with one command: what compiling costs, how fast the devices are, how near the RTL comes to
its ideal.

usage: scripts/bench [--build DIR] [--repetitions N] [--synth] [--no-build]
                     [--only compile|devices|model|common_load|opencl|dataflow|admit|partition|
                             dataflow_large|devices_large ...]

Builds the target `benchmarks`, runs the programs of tests/bench and writes Google Benchmark's JSON to
BUILD/bench/NAME.json, the medians of all of them to BUILD/bench/summary.json, and a table to stdout. Times
are processor times, medians over the repetitions; what differs between them by more than a tenth is marked.
--synth runs scripts/synth as well (BUILD/bench/synth.json). Chips are Verilated on first use (minutes),
before anything is timed. Exit codes: 0; 2 wrong option; else the failing program's.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ("common_load", "devices", "model", "opencl", "compile", "dataflow", "admit")
# By name only; --repetitions 1 is enough. devices_large is mesh16x16, and mesh8x8 with code of its own for
# each tile, which takes many minutes to build.
LONG = ("partition", "dataflow_large", "devices_large")
PARTS = {
    "dataflow_large": ("dataflow", "--large"),
    "devices_large": ("devices", "--large"),
}  # of a program, by option
NOISY = 0.1


def short(value):
    for limit, suffix, digits in ((1e6, " M", 2), (1e4, " k", 1)):
        if abs(value) >= limit:
            return f"{value / (1e6 if limit == 1e6 else 1e3):.{digits}f}{suffix}"
    return f"{value:.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def run(program, build, repetitions):
    """Name of a case → its counters: medians, the time in seconds, the largest coefficient of variation of a
    rate.
    """
    out = build / "bench" / f"{program}.json"
    binary, *options = PARTS.get(program, (program,))
    command = [
        build / "bin" / f"bench_{binary}",
        *options,
        f"--benchmark_out={out}",
        "--benchmark_out_format=json",
        f"--benchmark_repetitions={repetitions}",
        "--benchmark_report_aggregates_only=true",
        "--benchmark_display_aggregates_only=true",
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)
    cases, spread = {}, {}
    for row in json.loads(out.read_text())["benchmarks"]:
        name = row["run_name"].removesuffix("/manual_time").removesuffix("/iterations:1")
        counters = {
            key: value
            for key, value in row.items()
            if isinstance(value, float) and key not in ("real_time", "cpu_time")
        }
        if row.get("aggregate_name", "median") == "median":  # a single repetition is its own
            cases[name] = {"seconds": row["real_time"] / 1e3, **counters}
        elif row.get("aggregate_name") == "cv":
            spread[name] = row["real_time"]
    for name, values in cases.items():
        values["spread"] = spread.get(name, 0.0)
    return cases


def table(title, columns, cases):
    """Columns are (heading, function of a case's counters)."""
    rows = [["", *(heading for heading, _ in columns)]]
    for name, values in cases.items():
        label = name.split("/", 1)[1] + ("  ~" if values["spread"] > NOISY else "")
        rows.append([label, *(column(values) for _, column in columns)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        )
        for row in rows
    ]
    return "\n".join([title, *lines, ""])


def counter(key):
    return lambda values: short(values[key])


def optional(key):
    return lambda values: short(values[key]) if key in values else ""


def stages(cases):
    return sorted({key for values in cases.values() for key in values if key.startswith("ms_")})


def summary(results):
    parts = []
    if "common_load" in results:
        parts.append(
            table(
                "Common load: 256 axons × 256 neurons, dense, 26 input spikes a step, "
                "one tile of 16 lanes (RTL, Verilated)",
                [
                    ("cycles/step", counter("cycles_per_step")),
                    ("ideal", counter("ideal_cycles")),
                    ("× ideal", counter("times_ideal")),
                    ("synops/cycle", counter("synops_per_cycle")),
                    ("RANC/ours", counter("ranc_over_ours")),
                    ("ODIN/ours", counter("odin_over_ours")),
                    ("tinyODIN/ours", counter("tinyodin_over_ours")),
                    ("cycles/s", counter("cycles_per_s")),
                    ("steps/s", counter("steps_per_s")),
                ],
                results["common_load"],
            )
        )
    for program in ("devices", "devices_large"):
        if program not in results:
            continue
        parts.append(
            table(
                "Devices: a dense layer of 256 neurons a tile, 10 % active, processor time, all in one run",
                [
                    ("tiles", counter("tiles")),
                    ("cycles/step", counter("cycles_per_step")),
                    ("RTL cycles/s, own code", optional("own_cycles_per_s")),
                    ("shared", counter("shared_cycles_per_s")),
                    ("with assertions, own", optional("checked_own_cycles_per_s")),
                    ("shared", counter("checked_shared_cycles_per_s")),
                    ("model steps/s", counter("model_steps_per_s")),
                    ("model synops/s", counter("model_synops_per_s")),
                    ("model/RTL", counter("model_over_verilator")),
                    ("2 threads, wall", optional("second_thread_gain")),
                ],
                results[program],
            )
        )
    if "model" in results:
        parts.append(
            table(
                "model on layers of VGG9's shapes beside a plain loop over the same rows and words, "
                "processor time, in turns",
                [
                    ("model synops/s", counter("model_synops_per_s")),
                    ("loop synops/s", counter("loop_synops_per_s")),
                    ("model/loop", counter("model_over_loop")),
                ],
                results["model"],
            )
        )
    if "opencl" in results:
        parts.append(
            table(
                "OpenCL kernels on PoCL and model: a dense layer of 256 neurons a tile, 10 % active, "
                "16 steps a sample, wall time",
                [
                    ("model samples/s", counter("model_samples_per_s")),
                    ("walk", counter("walk_samples_per_s")),
                    ("batch", counter("batch_samples_per_s")),
                    ("auto", counter("auto_samples_per_s")),
                    ("auto/model", counter("opencl_over_model")),
                    ("by processor time", counter("opencl_over_model_processor")),
                ],
                results["opencl"],
            )
        )
    if "compile" in results:
        cases = results["compile"]
        order = {"ms_network": 0, "ms_quantize": 1, "ms_partition": 2, "ms_map": 3, "ms_schedule": 4}
        names = sorted(stages(cases), key=lambda key: order.get(key, 9))
        parts.append(
            table(
                "Compiling from NIR, ms of processor time by stage (a stage's includes its checker)",
                [("synapses", counter("synapses")), ("tiles", counter("tiles"))]
                + [(name.removeprefix("ms_"), counter(name)) for name in names]
                + [("all", lambda values: short(1e3 * values["seconds"]))],
                cases,
            )
        )
    for program in ("dataflow", "dataflow_large"):
        if program not in results:
            continue
        parts.append(
            table(
                "Dataflow analyses, ms of processor time "
                "(certified: period with certificate; boost: maximum_cycle_ratio)",
                [
                    ("actors", counter("actors")),
                    ("channels", counter("channels")),
                    ("points", optional("points")),
                    ("ms", lambda values: short(1e3 * values["seconds"])),
                ],
                results[program],
            )
        )
    if "admit" in results:
        parts.append(
            table(
                "Admission to mesh8x8 with 32 of 64 tiles taken: medians of wall time of the library call, "
                "the whole command and compilations;\n"
                "guaranteed periods in cycles a step: admitted, compiled for the whole empty chip, "
                "compiled for half of it",
                [
                    ("tiles", counter("tiles")),
                    ("admit ms", counter("admit_ms")),
                    ("command ms", counter("process_ms")),
                    ("compile ms", counter("compile_ms")),
                    ("for half ms", counter("half_compile_ms")),
                    ("admitted", counter("period")),
                    ("greedy", counter("greedy_period")),
                    ("whole chip", counter("compiled_period")),
                    ("half chip", counter("half_period")),
                ],
                results["admit"],
            )
        )
    if "partition" in results:
        parts.append(
            table(
                "Partitioning and mapping at scale: sheets of neurons whose inputs lie near, "
                "numbered at random; wall seconds\n"
                "(cut: spikes' ways into clusters; by place: the same of a grid that knows "
                "where neurons lie)",
                [
                    (name, counter(key))
                    for name, key in (
                        ("neurons", "neurons"),
                        ("synapses", "synapses"),
                        ("clusters", "clusters"),
                        ("partition", "partition_s"),
                        ("build", "build_s"),
                        ("map", "map_s"),
                        ("check", "check_s"),
                        ("peak MB", "peak_MB"),
                        ("cut", "cut"),
                        ("by place", "cut_by_place"),
                    )
                ],
                results["partition"],
            )
        )
    return "\n".join(parts) + "~: the repetitions differ by more than a tenth"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--build",
        type=pathlib.Path,
        default=pathlib.Path(os.environ.get("SPIKELOOM_BUILD", ROOT / "build")),
        help="build folder (default %(default)s)",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=PROGRAMS + LONG,
        default=list(PROGRAMS),
        help="default: all but " + ", ".join(LONG),
    )
    parser.add_argument("--repetitions", type=int, default=3, help="of every case (default %(default)s)")
    parser.add_argument("--synth", action="store_true", help="scripts/synth too")
    parser.add_argument("--no-build", action="store_true", help="the programs are built already")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    os.environ.setdefault("SPIKELOOM_CACHE", str(build / "chips"))
    if not arguments.no_build:
        os.environ["SPIKELOOM_BUILD"] = str(build)
        built = subprocess.run(
            [ROOT / "scripts" / "build.sh", "benchmarks", "spikeloom-build-chip"],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            check=False,
        )
        if built.returncode != 0:
            sys.exit(built.returncode)
    (build / "bench").mkdir(parents=True, exist_ok=True)
    results = {program: run(program, build, arguments.repetitions) for program in arguments.only}
    (build / "bench" / "summary.json").write_text(
        json.dumps({"schema": "spikeloom-bench-1", **results}, indent=2) + "\n"
    )
    print(summary(results))
    if arguments.synth:
        print(flush=True)
        sys.exit(
            subprocess.run(
                [ROOT / "scripts" / "synth", "--build", build, "--out", build / "bench" / "synth.json"],
                stdin=subprocess.DEVNULL,
                check=False,
            ).returncode
        )


if __name__ == "__main__":
    main()
