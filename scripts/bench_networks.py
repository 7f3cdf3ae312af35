#!/usr/bin/env python3
"""Compiles full-size convolutional networks for CIFAR-10, and says what each costs.

usage: scripts/bench_networks.py [--build DIR] [--network vgg9|vgg16|resnet18 ...] [--bits 8|4 ...]
                                 [--chip FILE] [--run]

Networks and images are written by scripts/networks.py to BUILD/bench/networks, with the seed that is its
default. For each: processor seconds of `compile` and of `verify`, seconds by stage, the most memory, and the
guaranteed period; with --run also the report of a run of the written image on `model`. The chip is
tests/bench/cifar.toml unless another is given. Results also stand in BUILD/bench/networks.json.
Exit codes: 0; 2 wrong option; else that of the command that failed.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
NETWORKS = ("vgg9", "vgg16", "resnet18")
OPTIONS = ("--dt", "1", "--spread", "fewest", "--no-tune", "--points", "0")


def timed(command):
    """Runs a command; its processor seconds and its memory in MB."""
    print("+", *command, file=sys.stderr)
    child = subprocess.Popen([str(part) for part in command], stdout=sys.stderr, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(os.waitstatus_to_exitcode(status) or 1)
    return round(usage.ru_utime + usage.ru_stime, 1), round(usage.ru_maxrss / 1024)


def measured(network, bits, folder, options):
    """All figures of one network."""
    nir, data, image = (folder / f"{network}{end}" for end in (".nir", ".npz", f"-{bits}.loom"))
    report = folder / f"{network}-{bits}.json"
    if not nir.exists():
        script = ROOT / "scripts" / "networks.py"
        timed(["/usr/bin/python3", script, nir, "--network", network, "--data", data])
    command = options.build / "bin" / "spikeloom"
    figures = {"network": network, "bits": bits}
    figures["compile_s"], figures["compile_mb"] = timed(
        [command, "compile", nir, "--chip", options.chip, "--bits", bits, *OPTIONS, "-o", image]
        + ["--json", report]
    )
    figures["verify_s"], figures["verify_mb"] = timed([command, "verify", image])
    compiled = json.loads(report.read_text())
    for key in ("seconds", "synapses", "clusters", "tiles_used", "period", "weight_words"):
        figures[key] = compiled[key]
    if options.run:
        ran = folder / f"{network}-{bits}-run.json"
        figures["run_s"], figures["run_mb"] = timed(
            [command, "run", image, "--input", data, "--device", "model", "--json", ran]
        )
        figures["run"] = json.loads(ran.read_text())
    return figures


def main():
    """Reads the arguments, runs everything, prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--network", choices=NETWORKS, nargs="+", default=NETWORKS)
    parser.add_argument("--bits", type=int, choices=(8, 4), nargs="+", default=(8, 4))
    parser.add_argument("--chip", type=pathlib.Path, default=ROOT / "tests" / "bench" / "cifar.toml")
    parser.add_argument("--run", action="store_true")
    options = parser.parse_args()
    folder = options.build / "bench" / "networks"
    folder.mkdir(parents=True, exist_ok=True)
    results = []
    for network in options.network:
        for bits in options.bits:
            figures = measured(network, bits, folder, options)
            results.append(figures)
            stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in figures["seconds"].items())
            print(
                f"{network}, {bits} bits: compile {figures['compile_s']} s, {figures['compile_mb']} MB; "
                f"verify {figures['verify_s']} s; {figures['synapses']} synapses, {figures['clusters']} "
                f"clusters on {figures['tiles_used']} tiles; "
                f"a step every {figures['period']['guaranteed']:.0f} cycles"
                f"\n  by stage (elapsed): {stages}"
            )
    (folder.parent / "networks.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
