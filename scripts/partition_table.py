#!/usr/bin/env python3
"""Partitioning methods side by side on synthetic and real networks: writes docs/partitioning.md.

usage: scripts/partition_table.py [--spikeloom build/bin/spikeloom] [--data ../shared/data]
                                  [--out docs/partitioning.md]

Every network is compiled with --partition greedy, refined and multilevel, calibrated on its own input, and
run on the RTL; every figure comes from the JSON of these commands. The synthetic networks are made here, from
a seed, with their neurons in shuffled order; real ones are left out where the folder of real data is absent.
Fails where a run does not end with exit code 0. Needs numpy and h5py.
"""
import argparse
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

import numpy as np

import markdown

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples"))
METHODS = ("greedy", "refined", "multilevel")


def lif(n):
    return {
        "type": "LIF",
        "tau": np.full(n, 0.016),
        "r": np.full(n, 16.0),
        "v_leak": np.zeros(n),
        "v_threshold": np.ones(n),
        "v_reset": np.zeros(n),
    }


def port(kind, n):
    return {"type": kind, "shape": np.array([n])}


def linear(weight):
    return {"type": "Linear", "weight": weight.astype(np.float32)}


def weights(rng, mask):
    """A weight of 1/32 to 31/32 where the mask is, so that 8 bits take it over exactly; most excite."""
    size = rng.integers(1, 32, mask.shape) / 32 * np.where(rng.random(mask.shape) < 0.8, 1, -1)
    return np.where(mask, size * 4 / max(1.0, mask.sum(1).mean() ** 0.5), 0)


def on_grid(weight):
    return np.round(weight * 32) / 32


def near(rng, side, radius, order_from, order_to):
    """(to, from): neurons of two square sheets, each in its own order, that lie within the radius of one
    another.
    """
    at = np.stack(np.divmod(np.arange(side * side), side), 1)
    distance = np.abs(at[order_to][:, None, :] - at[order_from][None, :, :]).max(2)
    return (distance <= radius) & (rng.random(distance.shape) < 0.9)


def sheets(rng, side=18, radius=2):
    """Three sheets of neurons that each read what lies near them in the sheet before."""
    n = side * side
    orders = [rng.permutation(n) for _ in range(4)]
    nodes, edges, last = {"input": port("Input", n)}, [], "input"
    for k in range(3):
        nodes[f"w{k}"] = linear(on_grid(weights(rng, near(rng, side, radius, orders[k], orders[k + 1]))))
        nodes[f"sheet{k}"] = lif(n)
        edges += [(last, f"w{k}"), (f"w{k}", f"sheet{k}")]
        last = f"sheet{k}"
    nodes["output"] = port("Output", n)
    return n, nodes, edges + [(last, "output")]


def communities(rng, n=768, groups=12):
    """A recurrent population of groups, dense inside and sparse between; inputs each reach one group."""
    of, source = rng.permutation(n) % groups, rng.permutation(256) % groups
    inside = (of[:, None] == of[None, :]) & (rng.random((n, n)) < 0.3)
    between = rng.random((n, n)) < 0.004
    nodes = {
        "input": port("Input", 256),
        "in": linear(on_grid(weights(rng, (of[:, None] == source[None, :]) & (rng.random((n, 256)) < 0.7)))),
        "cell": lif(n),
        "recurrent": linear(on_grid(weights(rng, inside | between) / 4)),
        "output": port("Output", n),
    }
    return (
        256,
        nodes,
        [("input", "in"), ("in", "cell"), ("cell", "recurrent"), ("recurrent", "cell"), ("cell", "output")],
    )


def unstructured(rng, n=512):
    """One neuron in ten reads another, at random: there is nothing to be found."""
    nodes = {
        "input": port("Input", n),
        "w0": linear(on_grid(weights(rng, rng.random((n, n)) < 0.1))),
        "a": lif(n),
        "w1": linear(on_grid(weights(rng, rng.random((n, n)) < 0.1))),
        "b": lif(n),
        "output": port("Output", n),
    }
    return n, nodes, [("input", "w0"), ("w0", "a"), ("a", "w1"), ("w1", "b"), ("b", "output")]


def make_synthetic(work):
    """name → (network, chip, options of compile, input)."""
    import common  # pylint: disable=import-outside-toplevel

    made = {}
    for seed, (build, options) in enumerate(
        (
            (sheets, ["--max-neurons", "48"]),
            (communities, ["--max-neurons", "64"]),
            (unstructured, ["--max-neurons", "64"]),
        )
    ):
        rng = np.random.default_rng(seed)
        inputs, nodes, edges = build(rng)
        name = build.__name__
        common.write_nir(work / f"{name}.nir", nodes, edges)
        np.savez(work / f"{name}.npz", spikes=(rng.random((6, 32, inputs)) < 0.1).astype(np.uint8))
        made[name] = (work / f"{name}.nir", "mesh4x4", options, [str(work / f"{name}.npz")])
    return made


def networks(work, data):
    rows = make_synthetic(work)
    rows["digits"] = ("examples/digits/digits.nir", "mesh4x4", [], ["examples/digits/calibration.npz"])
    rows["melody"] = ("examples/melody/melody.nir", "mesh4x4", [], ["examples/melody/calibration.npz"])
    if (data / "mnist-snn").is_dir():
        rows["mnist-snn"] = (
            data / "mnist-snn/mlp_784_128_10_w4.nir",
            "mesh4x4",
            ["--bits", "4"],
            [str(data / "mnist-snn/test1000_spikes_T8.npz"), "--packed", "--limit", "50"],
        )
    if (data / "braille-th10").is_dir():
        rows["braille-th10"] = (
            data / "braille-th10/braille7_th10_srnn_w8.nir",
            "mesh4x4",
            [],
            [str(data / "braille-th10/braille7_test_inputs.npz"), "--array", "x", "--limit", "10"],
        )
    return rows


def call(program, *arguments):
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(
            f"partition_table: error: {shlex.join(command)}: exit code {done.returncode}\n"
            f"{done.stdout}{done.stderr}"
        )


def measure(program, work, row, method):
    network, chip, options, inputs = row
    image, compiled, ran = work / "image.loom", work / "compile.json", work / "run.json"
    call(
        program,
        "compile",
        network,
        "--chip",
        f"chips/{chip}.toml",
        *options,
        "--partition",
        method,
        "--calibrate",
        *inputs,
        "-o",
        image,
        "--json",
        compiled,
    )
    call(program, "run", image, "--input", *inputs, "--device", "verilator", "--json", ran)
    report, run = json.loads(compiled.read_text()), json.loads(ran.read_text())
    if run["replay"]["mismatched_steps"] != 0 or not run["promises_kept"]:
        sys.exit(f"partition_table: error: {network}: a stamp mispredicted or a promise broken")
    return {
        "clusters": report["clusters"],
        "between": report["spikes_a_step"]["between_tiles"],
        "hops": report["spikes_a_step"]["hops"],
        "guaranteed": run["period"]["guaranteed"],
        "measured": run["period"]["measured"],
        "seconds": sum(report["seconds"].values()),
    }


def page(table, command):
    lines = [
        "# Partitioning: three methods side by side",
        "",
        "Written by",
        "",
        "```",
        command,
        "```",
        "",
        "Greedy is the packing of Song et al. (LCTES 2020), refined adds moves (Fiduccia and Mattheyses),",
        "multilevel is what ships (`compiler/partition/README.md`). Spikes are expected a step, counted once",
        "for every destination on another tile; hops are routers passed, inputs and outputs included;",
        "periods are cycles a step, measured on the Verilated RTL with 0 mispredicted stamps; seconds are",
        "the whole of `compile`, spreading included, on the machine of `docs/benchmarks.md`.",
        "",
        "| network | method | clusters | spikes between tiles | hops | guaranteed | measured | compile s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, methods in table.items():
        for method, m in methods.items():
            lines.append(
                f"| {name} | {method} | {m['clusters']} | {m['between']:.1f} | {m['hops']:.1f} | "
                f"{m['guaranteed']:.1f} | {m['measured']:.1f} | {m['seconds']:.2f} |"
            )
    gain = [
        (name, methods["multilevel"]["between"] / methods["greedy"]["between"])
        for name, methods in table.items()
        if methods["greedy"]["between"] > 0
    ]
    lines += [
        "",
        "Spikes between tiles, multilevel over greedy: "
        + ", ".join(f"{name} {ratio:.2f}" for name, ratio in gain)
        + ".",
        "Dense layers (digits, mnist-snn, braille-th10) give no method anything to choose: every neuron",
        "reads every source, and their clusters are even blocks. What is written of larger networks stands",
        "in `docs/benchmarks.md`, from `scripts/bench --only partition`.",
    ]
    return markdown.wrap("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--spikeloom", type=pathlib.Path, default=ROOT / "build/bin/spikeloom")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared/data")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/partitioning.md")
    options = parser.parse_args()
    if not options.spikeloom.is_file():
        sys.exit(
            f"partition_table: error: no program {options.spikeloom}; build it, or name it with --spikeloom"
        )
    with tempfile.TemporaryDirectory(prefix="spikeloom-partition-") as folder:
        work = pathlib.Path(folder)
        table = {}
        for name, row in networks(work, options.data).items():
            table[name] = {}
            for method in METHODS:
                print(f"{name}, {method}", file=sys.stderr)
                table[name][method] = measure(options.spikeloom.resolve(), work, row, method)
        options.out.write_text(page(table, "scripts/partition_table.py"), encoding="utf-8")


if __name__ == "__main__":
    main()
