#!/usr/bin/env python3
"""Writes a chain of many small layers as an integer network, and a chip that holds it.

usage: scripts/deep_chain.py OUT.json [--layers 2000] [--neurons 4] [--seed 1] [--chip OUT.toml]

Every layer has --neurons IF neurons and hears the layer before it; weights are drawn. The chip is
chips/mesh16x16.toml with 32 × 32 tiles, and as many contexts and channels a tile as the chain needs. What is
measured with it: docs/benchmarks.md, "Deep chains".
"""
import argparse
import json
import pathlib
import random

MESH = 32
SMALL = pathlib.Path(__file__).resolve().parent.parent / "chips" / "mesh16x16.toml"


def chain(layers, neurons, seed):
    draw = random.Random(seed)
    populations, projections = [], []
    for layer in range(layers):
        name = f"n{layer}"
        populations.append(
            {
                "name": name,
                "kind": "IF",
                "shape": [neurons],
                "alpha": 0,
                "beta": 4096,
                "bias_i": 0,
                "bias_v": 0,
                "reset": "value",
                "theta": 50,
                "v_reset": 0,
            }
        )
        source = {"input": "in"} if layer == 0 else {"population": f"n{layer - 1}"}
        rows = [[draw.randint(-20, 60) for _ in range(neurons)] for _ in range(neurons)]
        projections.append({"name": f"w{layer}", "from": source, "to": name, "rows": rows})
    return {
        "format": "spikeloom-integer-network",
        "version": 2,
        "name": "chain",
        "inputs": [{"name": "in", "shape": [neurons]}],
        "populations": populations,
        "projections": projections,
        "outputs": [{"name": "out", "shape": [neurons], "from": f"n{layers - 1}"}],
    }


def chip(layers):
    """The small mesh's text with other numbers in some lines."""
    contexts = 4
    while contexts * MESH * MESH < layers:
        contexts *= 2
    wanted = {
        "name": f'"mesh{MESH}x{MESH}"',
        "width": MESH,
        "height": MESH,
        "contexts": contexts,
        "channels": max(8, contexts),
    }
    lines = SMALL.read_text().splitlines()
    for number, line in enumerate(lines):
        key = line.split(" = ")[0]
        if key in wanted:
            lines[number] = f"{key} = {wanted.pop(key)}"
    return "\n".join(lines[1:]) + "\n"  # without the comment, which is of the small mesh


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", 1)[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("network", type=pathlib.Path)
    parser.add_argument("--layers", type=int, default=2000)
    parser.add_argument("--neurons", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chip", type=pathlib.Path)
    options = parser.parse_args()
    options.network.write_text(json.dumps(chain(options.layers, options.neurons, options.seed)))
    if options.chip:
        options.chip.write_text(chip(options.layers))


if __name__ == "__main__":
    main()
