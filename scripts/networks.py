#!/usr/bin/env python3
"""Writes VGG9 for CIFAR-10 as a NIR file, with seeded weights and an image to run it on.

usage: scripts/networks.py OUT.nir [--width 1.0] [--seed 1] [--data OUT.npz] [--steps 4]

Convolutions 3-64-64 | 64-128-128 | 128-256-256 with kernels of 3×3 and a padding of 1, each followed by IF
neurons; sums over 2×2 after every pair; fully connected 4096-1024-1024-10. --width scales all channels.
Weights are normal with the variance 1 / fan-in. The thresholds are found layer by layer, such that --activity
of the neurons' steps are spikes on the written image, and printed with the activity that they give.
"""
import argparse
import pathlib

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCKS = ((64, 64), (128, 128), (256, 256))
DENSE = (1024, 1024)
CLASSES, SIDE, COLOURS = 10, 32, 3


def convolved(images, weight):
    """Kernels of 3×3 with a padding of 1 over images [steps, channels, side, side]."""
    side = images.shape[-1]
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    total = np.zeros((len(images), len(weight), side, side), np.float32)
    for y in range(3):
        for x in range(3):
            part = padded[:, :, y : y + side, x : x + side]
            total += np.einsum("oc,tchw->tohw", weight[:, :, y, x], part, optimize=True)
    return total


def spikes_of(current, threshold):
    """IF neurons that are reset to 0, over steps along the first axis."""
    potential = np.zeros_like(current[0])
    spikes = np.zeros_like(current)
    for step, now in enumerate(current):
        potential = potential + now
        spikes[step] = potential > threshold
        potential = np.where(spikes[step] > 0, 0, potential)
    return spikes


def threshold_for(current, activity):
    """By bisection; more threshold gives fewer spikes."""
    low, high = 0.0, float(np.abs(current).sum(axis=0).max()) + 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if spikes_of(current, middle).mean() > activity else (low, middle)
    return high


class Network:
    """Grows a chain of nodes, and runs it as it grows."""

    def __init__(self, spikes, activity, generator):
        self.nodes, self.edges, self.last = {}, [], None
        self.spikes, self.activity, self.generator = spikes, activity, generator
        self.add("input", {"type": "Input", "shape": np.array(spikes.shape[1:], np.int64)})

    def add(self, name, fields):
        """A node behind the last one."""
        self.nodes[name] = fields
        if self.last:
            self.edges.append((self.last, name))
        self.last = name

    def weights(self, shape):
        """Normal, with the variance 1 / fan-in."""
        fan_in = np.prod(shape[1:])
        return (self.generator.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32)

    def neurons(self, name, current):
        """IF neurons behind the last node, which gives them `current`."""
        threshold = np.float32(threshold_for(current, self.activity))
        self.spikes = spikes_of(current, threshold)
        size = current.shape[1:]
        print(f"{name}: threshold {threshold:.4f}, activity {100 * self.spikes.mean():.1f} %")
        self.add(
            name,
            {
                "type": "IF",
                "r": np.ones(size, np.float32),
                "v_threshold": np.full(size, threshold, np.float32),
                "v_reset": np.zeros(size, np.float32),
            },
        )

    def convolution(self, number, channels):
        """A kernel of 3×3 and its neurons."""
        weight = self.weights((channels, self.spikes.shape[1], 3, 3))
        pair = np.array([1, 1], np.int64)
        self.add(
            f"conv{number}",
            {
                "type": "Conv2d",
                "input_shape": np.array(self.spikes.shape[2:], np.int64),
                "weight": weight,
                "bias": np.zeros(channels, np.float32),
                "stride": pair,
                "padding": pair,
                "dilation": pair,
                "groups": 1,
            },
        )
        self.neurons(f"if{number}", convolved(self.spikes, weight))

    def pool(self, number):
        """Sums over 2×2."""
        pair = np.array([2, 2], np.int64)
        self.add(
            f"pool{number}",
            {"type": "SumPool2d", "kernel_size": pair, "stride": pair, "padding": np.array([0, 0], np.int64)},
        )
        steps, channels, side, _ = self.spikes.shape
        self.spikes = self.spikes.reshape(steps, channels, side // 2, 2, side // 2, 2).sum(axis=(3, 5))

    def flatten(self):
        """All channels and positions in a row."""
        shape = self.spikes.shape[1:]
        self.add(
            "flatten",
            {"type": "Flatten", "start_dim": 0, "end_dim": -1, "input_type": np.array(shape, np.int64)},
        )
        self.spikes = self.spikes.reshape(len(self.spikes), -1)

    def dense(self, number, width):
        """A matrix and its neurons."""
        weight = self.weights((width, self.spikes.shape[1]))
        self.add(f"fc{number}", {"type": "Linear", "weight": weight})
        self.neurons(f"if_fc{number}", self.spikes @ weight.T)

    def write(self, path):
        """As nir 1.0 does."""
        self.add("output", {"type": "Output", "shape": np.array(self.spikes.shape[1:], np.int64)})
        text = h5py.string_dtype("utf-8")
        with h5py.File(path, "w") as file:
            file.create_dataset("version", data="1.0", dtype=text)
            graph = file.create_group("node")
            graph.create_dataset("type", data="NIRGraph", dtype=text)
            graph.create_dataset("edges", data=np.array(self.edges, dtype=object), dtype=text)
            for name, fields in self.nodes.items():
                group = graph.create_group(f"nodes/{name}")
                for field, value in fields.items():
                    kind = text if isinstance(value, str) else None
                    group.create_dataset(field, data=value, dtype=kind)


def main():
    """Reads the arguments and writes the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument(
        "--activity", type=float, default=0.12, help="fraction of neurons' steps that are spikes"
    )
    parser.add_argument("--data", type=pathlib.Path, help="the image's spikes, [1, steps, 3, 32, 32]")
    options = parser.parse_args()

    def scaled(channels):
        return max(1, round(channels * options.width))

    generator = np.random.default_rng(options.seed)
    image = generator.random((COLOURS, SIDE, SIDE), np.float32)
    spikes = (generator.random((options.steps, *image.shape), np.float32) < image).astype(np.float32)
    if options.data:
        np.savez_compressed(options.data, spikes=spikes[np.newaxis].astype(np.uint8))
    network = Network(spikes, options.activity, generator)
    for block, pair in enumerate(BLOCKS):
        for place, channels in enumerate(pair):
            network.convolution(2 * block + place, scaled(channels))
        network.pool(block)
    network.flatten()
    for number, width in enumerate(DENSE):
        network.dense(number, scaled(width))
    network.dense(len(DENSE), CLASSES)
    network.write(options.out)


if __name__ == "__main__":
    main()
