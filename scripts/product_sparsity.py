#!/usr/bin/env python3
"""What product sparsity would bring on the recorded spikes of VGG9 and LeNet-5: counts, no simulation.

usage: scripts/product_sparsity.py [--data ../shared/data]

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

Exit code 77: the recorded spikes are not there.
"""
import argparse
import os
import pathlib
import sys

import numpy as np

from common_load import FILES, LANES, LAYERS, ROOT, SKIPPED, convolved, recorded

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


def main():
    """Prints a table a network."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    data = os.environ.get("SPIKELOOM_DATA", ROOT.parent / "shared" / "data")
    parser.add_argument("--data", default=data, type=pathlib.Path, help="folder of recorded data")
    folder = parser.parse_args().data / "layer-spikes"
    if not all((folder / name).is_file() for name in FILES.values()):
        print(f"skipped: {folder} has no recorded spikes; --data or SPIKELOOM_DATA names the data folder")
        sys.exit(SKIPPED)
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


if __name__ == "__main__":
    main()
