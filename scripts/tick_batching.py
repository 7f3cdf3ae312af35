#!/usr/bin/env python3
"""What tick batching would bring event-driven tiles, on the recorded spikes of VGG9 and LeNet-5.

usage: scripts/tick_batching.py [--data ../shared/data]

Tick batching integrates T steps at once: a row of weights is read when its axon spikes in any of the T steps,
and rows of axons that are silent in all of them are skipped. Event-driven tiles read a row for every spike.
For each layer and T, in weights of 8 bits and in cycles of 128 adders, updates not included:

- reads: rows' weights that are read, as a share of those that are read for every spike;
- one adder a lane: a word that was read is held, and added to one of T accumulators a cycle, for every step
  in which its axon spikes. That is a cycle a spike, as without batches;
- T adders a lane: a word is added for all T steps in one cycle, whether they have a spike or not. With as
  many adders in all there are 128 / T lanes;
- the same, equal LUTs: of a lane (LANE_LUTS), ADDER_LUTS are its adder, its accumulator's write path and the
  spike's choice, which are needed T times; the rest, and the memory of weights, once.

Exit code 77: the recorded spikes are not there.
"""
import argparse
import os
import pathlib
import sys

import numpy as np

from common_load import FILES, LANES, LAYERS, ROOT, SKIPPED, convolved, recorded

BATCHES = (2, 4, 8, 16, 32)
LANE_LUTS = 65  # chips/lean32.toml on UltraScale+: docs/benchmarks.md, "Size"
ADDER_LUTS = 24  # accumulators of 24 bits: a LUT a bit adds a number where the step has a spike


def reached(shape, spikes):
    """Neurons that each axon of the layer reaches, in the axon's place."""
    if not isinstance(shape, tuple):
        return np.full(spikes.shape[1:], shape)
    channels, taps, padding = shape
    side = spikes.shape[-1] + 2 * padding - taps + 1
    ones = np.ones((1, 1, side, side), np.float32)
    kernel = np.ones((1, 1, taps, taps), np.float32)
    return channels * convolved(ones, kernel, taps - 1 - padding)[0, 0]


def batched(spikes, batch):
    """Of each axon, the batches of steps in which it spikes at least once."""
    padded = np.pad(spikes, [(0, -len(spikes) % batch)] + [(0, 0)] * (spikes.ndim - 1))
    return padded.reshape(-1, batch, *spikes.shape[1:]).any(axis=1).sum(axis=0)


def measured(folder, network, batch):
    """(layer, weights read a step at a time, weights read in batches) of each layer."""
    for layer, shape in LAYERS[network].items():
        spikes = recorded(folder, network, layer)
        rows = reached(shape, spikes)
        yield layer, (spikes.sum(axis=0) * rows).sum(), (batched(spikes, batch) * rows).sum()


def row_of(name, event, batch_reads, batch):
    """A line of the table."""
    event_cycles = event / LANES
    lanes = LANES / batch
    luts = (LANE_LUTS + (batch - 1) * ADDER_LUTS) / LANE_LUTS
    cells = [
        name,
        f"{event:,.0f}",
        f"{batch_reads / event:.3f}",
        f"{event_cycles:,.0f}",
        f"{batch_reads / lanes:,.0f}",
        f"{batch_reads / lanes / event_cycles:.2f}",
        f"{batch_reads / LANES * luts / event_cycles:.2f}",
    ]
    return "| " + " | ".join(cells) + " |"


def main():
    """Prints the layers at one T a network, then the sums at every T."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    data = os.environ.get("SPIKELOOM_DATA", ROOT.parent / "shared" / "data")
    parser.add_argument("--data", default=data, type=pathlib.Path, help="folder of recorded data")
    folder = parser.parse_args().data / "layer-spikes"
    if not all((folder / name).is_file() for name in FILES.values()):
        print(f"skipped: {folder} has no recorded spikes; --data or SPIKELOOM_DATA names the data folder")
        sys.exit(SKIPPED)
    head = (
        "weights read, a row a spike | reads in batches / that | cycles, one adder a lane | "
        "T adders a lane | / one adder | / one adder, equal LUTs |"
    )
    for network in LAYERS:
        print(f"{network}, batches of 4 steps\n\n| layer | {head}\n" + "| --- " * 7 + "|")
        for layer, event, reads in measured(folder, network, 4):
            print(row_of(layer, event, reads, 4))
        print(f"\n{network}, all layers\n\n| T | {head}\n" + "| --- " * 7 + "|")
        steps = len(recorded(folder, network, next(iter(LAYERS[network]))))
        for batch in (b for b in BATCHES if b <= steps):
            layers = list(measured(folder, network, batch))
            for name, rows in ((f"{batch}", layers), (f"{batch}, without {layers[0][0]}", layers[1:])):
                print(row_of(name, sum(row[1] for row in rows), sum(row[2] for row in rows), batch))
        print()


if __name__ == "__main__":
    main()
