#!/usr/bin/env python3
"""Writes a convolutional network for CIFAR-10 as a NIR file, with seeded weights and an image to run it on.

usage: scripts/networks.py OUT.nir [--network vgg9|vgg16|lenet5|resnet18] [--width 1.0] [--seed 1]
                           [--data OUT.npz] [--steps 4] [--layers N] [--pool sum|max]

vgg9      3-64-64 | 64-128-128 | 128-256-256, fully connected 4096-1024-1024-10
vgg16     3-64-64 | 64-128-128 | 128-256-256-256 | 256-512-512-512 | 512-512-512-512, fully connected
          512-512-10
lenet5    3-6 | 6-16 |, of 5×5 without padding; fully connected 400-120-84-10
resnet18  SEW-ResNet-18: 3-64, then four stages of two blocks of 64, 128, 256 and 512 channels, the last
          three beginning with a stride of 2; sums over 4×4; fully connected 512-10. A block's output is the
          sum of its last spikes and of what came in (by way of a convolution of 1×1 and neurons where the
          size changes), as Fang et al., NeurIPS 2021 have it with ADD

Convolutions of 3×3 with a padding of 1, each followed by IF neurons; "|" stands for sums over 2×2, with
--pool max (not of resnet18) for the OR of their spikes: sums, and a Threshold of 0.5 behind them. --width
scales all channels, --layers ends all but resnet18 after so many layers of neurons. Weights are normal with
the variance 1 / fan-in. The thresholds are found layer by layer, such that --activity of the neurons' steps
are spikes on the written image, and printed with the activity that they give.
"""
import argparse
import pathlib

import h5py
import numpy as np

# Channels of the convolutions by block, widths of the matrices, and the kernels' size and padding.
CHAINS = {
    "vgg9": (((64, 64), (128, 128), (256, 256)), (1024, 1024), 3, 1),
    "vgg16": (((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3), (512,), 3, 1),
    "lenet5": (((6,), (16,)), (120, 84), 5, 0),
}
STAGES = (64, 128, 256, 512)
CLASSES, SIDE, COLOURS = 10, 32, 3


def convolved(images, weight, stride, padding):
    """Kernels over images [steps, channels, side, side]."""
    size = weight.shape[-1]
    side = (images.shape[-1] + 2 * padding - size) // stride + 1
    padded = np.pad(images, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    total = np.zeros((len(images), len(weight), side, side), np.float32)
    for y in range(size):
        for x in range(size):
            part = padded[:, :, y : y + side * stride : stride, x : x + side * stride : stride]
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


class Flow:
    """Values at one place of the network, [steps, …], and the nodes whose outputs they are the sum of."""

    def __init__(self, values, nodes):
        self.values, self.nodes = values, nodes

    def __add__(self, other):
        return Flow(self.values + other.values, self.nodes + other.nodes)


class Network:
    """Grows node by node, and runs as it grows."""

    def __init__(self, spikes, activity, generator):
        self.nodes, self.edges = {}, []
        self.activity, self.generator = activity, generator
        self.input = self.add(
            "input", {"type": "Input", "shape": np.array(spikes.shape[1:], np.int64)}, (), spikes
        )

    def add(self, name, fields, sources, values):
        """A node behind the nodes of `sources`; what comes out of it."""
        self.nodes[name] = fields
        self.edges += [(source, name) for source in sources]
        return Flow(values, (name,))

    def weights(self, shape):
        """Normal, with the variance 1 / fan-in."""
        fan_in = np.prod(shape[1:])
        return (self.generator.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32)

    def neurons(self, name, current):
        """IF neurons."""
        threshold = np.float32(threshold_for(current.values, self.activity))
        spikes = spikes_of(current.values, threshold)
        size = spikes.shape[1:]
        print(f"{name}: threshold {threshold:.4f}, activity {100 * spikes.mean():.1f} %")
        fields = {
            "type": "IF",
            "r": np.ones(size, np.float32),
            "v_threshold": np.full(size, threshold, np.float32),
            "v_reset": np.zeros(size, np.float32),
        }
        return self.add(name, fields, current.nodes, spikes)

    def convolution(self, name, flow, channels, size=3, stride=1, padding=None):
        """A convolution and its neurons, if{name}; of the same side before the stride, if not said."""
        padding = size // 2 if padding is None else padding
        weight = self.weights((channels, flow.values.shape[1], size, size))
        fields = {
            "type": "Conv2d",
            "input_shape": np.array(flow.values.shape[2:], np.int64),
            "weight": weight,
            "bias": np.zeros(channels, np.float32),
            "stride": np.full(2, stride, np.int64),
            "padding": np.full(2, padding, np.int64),
            "dilation": np.full(2, 1, np.int64),
            "groups": 1,
        }
        current = convolved(flow.values, weight, stride, padding)
        return self.neurons(f"if{name}", self.add(f"conv{name}", fields, flow.nodes, current))

    def pool(self, name, flow, size):
        """Sums over size × size."""
        fields = {
            "type": "SumPool2d",
            "kernel_size": np.full(2, size, np.int64),
            "stride": np.full(2, size, np.int64),
            "padding": np.zeros(2, np.int64),
        }
        steps, channels, side, _ = flow.values.shape
        parts = flow.values.reshape(steps, channels, side // size, size, side // size, size)
        return self.add(f"pool{name}", fields, flow.nodes, parts.sum(axis=(3, 5)))

    def max_pool(self, name, flow, size):
        """Spikes where any of size × size is one."""
        summed = self.pool(name, flow, size)
        shape = summed.values.shape[1:]
        fields = {"type": "Threshold", "threshold": np.full(shape, 0.5, np.float32)}
        spikes = (summed.values > 0).astype(np.float32)
        return self.add(f"max{name}", fields, summed.nodes, spikes)

    def flatten(self, flow):
        """All channels and positions in a row."""
        shape = flow.values.shape
        fields = {
            "type": "Flatten",
            "start_dim": 0,
            "end_dim": -1,
            "input_type": np.array(shape[1:], np.int64),
        }
        return self.add("flatten", fields, flow.nodes, flow.values.reshape(len(flow.values), -1))

    def dense(self, name, flow, width):
        """A matrix and its neurons, if_fc{name}."""
        weight = self.weights((width, flow.values.shape[1]))
        fields = {"type": "Linear", "weight": weight}
        current = self.add(f"fc{name}", fields, flow.nodes, flow.values @ weight.T)
        return self.neurons(f"if_fc{name}", current)

    def finish(self, flow):
        """The output."""
        fields = {"type": "Output", "shape": np.array(flow.values.shape[1:], np.int64)}
        self.add("output", fields, flow.nodes, flow.values)

    def write(self, path):
        """As nir 1.0 does."""
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


def chain(network, shape, scaled, layers, pool):
    """Blocks of convolutions with pools between them, then matrices; at most so many layers of neurons."""
    blocks, dense, size, padding = shape
    flow, number = network.input, 0
    for block, channels in enumerate(blocks):
        for width in channels:
            flow = network.convolution(number, flow, scaled(width), size=size, padding=padding)
            number += 1
            if number == layers:
                return flow
        flow = pool(block, flow, 2)
    flow = network.flatten(flow)
    widths = [*map(scaled, dense), CLASSES]
    for place, width in enumerate(widths[: layers - number]):
        flow = network.dense(place, flow, width)
    return flow


def resnet(network, scaled):
    """SEW-ResNet-18."""
    flow = network.convolution("_stem", network.input, scaled(STAGES[0]))
    for stage, width in enumerate(STAGES):
        for block in range(2):
            name = f"{stage}_{block}"
            stride = 2 if stage > 0 and block == 0 else 1
            inner = network.convolution(f"{name}a", flow, scaled(width), stride=stride)
            inner = network.convolution(f"{name}b", inner, scaled(width))
            if stride != 1:
                flow = network.convolution(f"{name}s", flow, scaled(width), size=1, stride=stride)
            flow = inner + flow
    flow = network.pool("", flow, flow.values.shape[-1])
    return network.dense("", network.flatten(flow), CLASSES)


def main():
    """Reads the arguments and writes the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--network", choices=[*CHAINS, "resnet18"], default="vgg9")
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--layers", type=int, default=99)
    parser.add_argument("--pool", choices=["sum", "max"], default="sum")
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
    if options.network in CHAINS:
        pool = network.max_pool if options.pool == "max" else network.pool
        network.finish(chain(network, CHAINS[options.network], scaled, options.layers, pool))
    else:
        network.finish(resnet(network, scaled))
    network.write(options.out)


if __name__ == "__main__":
    main()
