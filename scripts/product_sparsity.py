#!/usr/bin/env python3
"""What product sparsity would bring on the recorded spikes of VGG9 and LeNet-5.

usage: scripts/product_sparsity.py [--data ../shared/data]
                                   [--experiment build/bin/product_sparsity [--spikeloom build/bin/spikeloom]]

A chunk is 16 channels of one position in one step (16 elements of a vector), with its mask of spikes; its
work is, for every tap of the kernel that reaches a neuron, a row of output channels per spike. Counted for
each layer, in cycles of 128 adders:

- spikes: every spike adds its rows, which is what the chip does;
- equal: chunks of the same channels and step with equal masks share one sum: the first one makes it, spike by
  spike, every other one adds it, once;
- subset: a mask that is new begins with the sum of the largest mask that lies within it, where there is one.

Sums are kept for the length of a step, and making one is as long as adding it to a neuron. What that takes:

- kept: the most masks that differ in one step, all groups of channels together, since a page is walked
  position by position;
- memory: of their sums in one tile, in Mb: a sum of SUM_BITS for each tap and output channel of the tile,
  where output channels are shared out over TILES. A tile of chips/lanes128.toml has 4 Mb of weights.

With --experiment (`ninja -C build product_sparsity`) also what it would make of this chip's cycles: each
layer is compiled and its pages are walked by the core's own formula, without sums (those are the cycles of
`model`, or the experiment ends), with equal masks, and with masks within masks; sums that are as many words
as a row, or twice as many; all of a page's kept, or some. Cycles of an image on the busiest tile.

Exit code 77: the recorded spikes are not there.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from common_load import (
    CHIP,
    FILES,
    LANES,
    LAYERS,
    OPTIONS,
    ROOT,
    SKIPPED,
    Load,
    convolved,
    recorded,
    run,
)

CHUNK = 16
TILES = 8
SUM_BITS = 16  # sixteen weights of 8 bits take 12, as memories have them 16
POWERS = 1 << np.arange(CHUNK)


def masks_of(spikes):
    """(chunks, positions) of masks in one step: channels (C, H, W), or a vector."""
    flat = spikes.reshape(len(spikes), -1)
    padded = np.pad(flat, ((0, -len(flat) % CHUNK), (0, 0))).astype(np.int64)
    return np.einsum("cbp,b->cp", padded.reshape(-1, CHUNK, flat.shape[1]), POWERS)


def costs(spikes, reached):
    """Rows in one step: by spikes, with equal chunks, with subsets; and how many masks differ."""
    total = np.zeros(3)
    kept = 0
    for chunk in masks_of(spikes):
        present = chunk > 0
        masks, first = np.unique(chunk[present], return_index=True)
        kept += len(masks)
        taps = reached.ravel()[present] if reached.size > 1 else np.full(present.sum(), reached.item())
        total[0] += (popcount(chunk[present]) * taps).sum()
        again = taps.sum() - taps[first].sum()
        total[1] += again + (popcount(masks) * taps[first]).sum()
        total[2] += again + (fresh(masks) * taps[first]).sum()
    return total, kept


def popcount(masks):
    """Bits that are set."""
    return ((masks[..., np.newaxis] & POWERS) != 0).sum(axis=-1)


def fresh(masks):
    """Rows that each mask adds: its spikes, or what a smaller one leaves and that one's sum."""
    bits = popcount(masks)
    cost = bits.copy()
    for n, mask in enumerate(masks):
        inside = (masks & ~mask == 0) & (bits < bits[n])
        if inside.any():
            cost[n] = min(cost[n], bits[n] - bits[inside].max() + 1)
    return cost


def counts(folder):
    """A table a network: what an ideal machine would save."""
    for network, layers in LAYERS.items():
        print("| layer | spikes | equal | subset | kept | memory |\n| --- | --- | --- | --- | --- | --- |")
        total = np.zeros(3)
        for layer, shape in layers.items():
            spikes = recorded(folder, network, layer)
            reached, rows, area = np.array(1.0), shape, 1
            if isinstance(shape, tuple):
                rows, taps, padding = shape
                area = taps * taps
                side = spikes.shape[-1] + 2 * padding - taps + 1
                ones = np.ones((1, 1, side, side), np.float32)
                reached = convolved(ones, np.ones((1, 1, taps, taps), np.float32), taps - 1 - padding)[0, 0]
            steps = [costs(step, reached) for step in spikes]
            cycles = sum(step for step, _ in steps) * rows / LANES
            kept = max(masks for _, masks in steps)
            memory = kept * area * max(CHUNK, rows / TILES) * SUM_BITS / 2**20
            total += cycles
            counted = " | ".join(f"{c:,.0f}" for c in cycles)
            print(f"| {layer} | {counted} | {kept:,} | {memory:.2f} |")
        print("| sum | " + " | ".join(f"{c:,.0f}" for c in total) + " | | |\n")


def tried(experiment, load, apply):
    """The experiment on a compiled layer: its cycles without sums, and by (masks within masks, sums kept)."""
    command = [experiment, load.image, load.data, apply]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    result = json.loads(done.stdout)
    rows = {(False, -1): result["plain"]}
    for variant in result["variants"]:
        rows[variant["parts"], variant["kept"]] = variant["cycles"]
        rows["compared", variant["parts"], variant["kept"]] = variant["compared"]
        rows["sums", variant["parts"], variant["kept"]] = variant["sums_at_once"]
    return rows


def experiments(experiment, spikeloom, folder, temporary):
    """A table for each number of words that a sum takes: cycles of an image, summed over layers."""
    results = {}
    for network, layers in LAYERS.items():
        for number, layer in enumerate(layers):
            load = Load(temporary, network, layer, recorded(folder, network, layer), number + 1)
            run([spikeloom, "compile", load.network, "--chip", CHIP, "-o", load.image, *OPTIONS])
            for apply in (1, 2):
                results[network, layer, apply] = tried(experiment, load, apply)
    kept = sorted({key[1] for key in results["vgg9", "fc_2", 1] if key[0] is False and key[1] > 0}) + [0]
    names = ["all" if number == 0 else f"{number:,}" for number in kept]
    for network, layers in LAYERS.items():
        for apply in (1, 2):
            print(f"{network}, a sum takes {apply} x the words of a row")
            print("| layer | without | " + " | ".join(f"equal, {n}" for n in names) + " | ", end="")
            print(" | ".join(f"subset, {n}" for n in names) + " | masks compared a cycle | most sums |")
            print("| --- " * (4 + 2 * len(names)) + "|")
            columns = [(False, -1)] + [(parts, number) for parts in (False, True) for number in kept]
            rows = {layer: results[network, layer, apply] for layer in layers}
            added = {key: max if key[0] == "sums" else sum for key in rows["fc_2"]}
            rows["sum"] = {key: add(row[key] for row in rows.values()) for key, add in added.items()}
            for layer, row in rows.items():
                compared = row["compared", True, 0] / row[True, 0]
                print(
                    f"| {layer} | "
                    + " | ".join(f"{row[key]:,.0f}" for key in columns)
                    + f" | {compared:.0f} | {row['sums', True, 0]:,} |"
                )
            print()


def main():
    """Prints a table a network."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    data = os.environ.get("SPIKELOOM_DATA", ROOT.parent / "shared" / "data")
    parser.add_argument("--data", default=data, type=pathlib.Path, help="folder of recorded data")
    parser.add_argument("--experiment", type=pathlib.Path, help="program that tries it in the cycle formula")
    parser.add_argument("--spikeloom", default=ROOT / "build" / "bin" / "spikeloom", type=pathlib.Path)
    args = parser.parse_args()
    folder = args.data / "layer-spikes"
    if not all((folder / name).is_file() for name in FILES.values()):
        print(f"skipped: {folder} has no recorded spikes; --data or SPIKELOOM_DATA names the data folder")
        sys.exit(SKIPPED)
    counts(folder)
    if args.experiment:
        with tempfile.TemporaryDirectory() as temporary:
            experiments(args.experiment, args.spikeloom, folder, pathlib.Path(temporary))


if __name__ == "__main__":
    main()
