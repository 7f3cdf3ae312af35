#!/usr/bin/env python3
"""Records what the authors' neurons do with shared membranes, for tests/golden/shared_neurons_test.cpp.

usage: record.py OUT_DIR       (needs PyTorch and SpikingJelly 0.0.0.0.12, whose clock_driven they use)
writes OUT_DIR/small.json and .npz, a layer in four groups of channels, and OUT_DIR/layers.json and .npz, four
convolutions: the first two share by channels, the second with another reset, the last two share a layer's
neurons. NAME.json is the integer network (docs/integer-network.md), NAME.npz its input and the spikes of
every population, a bit each.

As EfficientLIF-Net does it (archs/cifar10/vgg*_channelshare.py and _layershare.py): one stateful LIFNode is
called once for every group of channels within a step, or once for every layer that shares it, in the order of
the network. tau = 4/3: v <- 0.25 v + 0.75 x, a spike where v >= 1.
"""

import json
import pathlib
import sys

import numpy
import torch
from spikingjelly.clock_driven import neuron

SCALE = 10
ONE = 256 << SCALE  # of a membrane: 0.75 * x is counted in 1 / (256 << SCALE), x in 1 / 64
BIAS = 1237 * 2**-16  # of a convolution: no sum of dyadic numbers then stands right at the threshold


def lif(v_reset=None):
    return neuron.LIFNode(tau=4.0 / 3.0, v_threshold=1.0, v_reset=v_reset)


def in_groups(node, x, groups):
    """x: [1, C, H, W]. The same node for one group of channels after another."""
    size = x.shape[1] // groups
    return torch.cat([node(x[:, g * size : (g + 1) * size]) for g in range(groups)], dim=1)


def population(name, shape, v_reset=None, bias=BIAS, **sharing):
    reset = {"reset": "subtract", "v_reset": ONE} if v_reset is None else {"reset": "value", "v_reset": 0}
    return {
        "name": name,
        "kind": "LIF",
        "shape": list(shape),
        "scale": SCALE,
        "alpha": 0,
        "beta": 1024,
        "bias_i": round(0.75 * bias * ONE),
        "bias_v": 0,
        **reset,
        "theta": ONE - 1,
        "unit": 1 / ONE,
        **sharing,
    }


def network(name, shape, planes, populations, projections):
    return {
        "format": "spikeloom-integer-network",
        "version": 2,
        "name": name,
        "inputs": [{"name": "in", "shape": list(shape), "planes": planes, "signed": True, "unit": 1 / 64}],
        "populations": populations,
        "projections": projections,
        "outputs": [
            {"name": "out " + p["name"], "shape": p["shape"], "from": p["name"]} for p in populations
        ],
    }


def convolution(source, target, weight, size):
    outputs, inputs = weight.shape[:2]
    return {
        "name": f"{target} weights",
        "from": source,
        "to": target,
        "map": {
            "form": "window",
            "inputs": inputs,
            "outputs": outputs,
            "groups": 1,
            "in": [size, size],
            "out": [size, size],
            "kernel": [3, 3],
            "stride": [1, 1],
            "dilation": [1, 1],
            "before": [1, 1],
        },
        "weights": [3 * w for w in weight.flatten().tolist()],  # 0.75 * w / 64 = 3 * w / 256
    }


def write(out, name, text, values, spikes):
    (out / f"{name}.json").write_text(json.dumps(text, separators=(",", ":")) + "\n")
    packed = {key: numpy.packbits(numpy.array(each, dtype=numpy.uint8)) for key, each in spikes.items()}
    numpy.savez_compressed(out / f"{name}.npz", input=values, **packed)
    for key, each in spikes.items():
        each = numpy.array(each)
        print(f"{name}: {key}: {each.size} times a neuron might spike, {int(each.sum())} times it did")


def small(out):
    """Values in 1 / 64 straight into C#4."""
    random = numpy.random.default_rng(4)
    channels, size, groups, steps = 8, 6, 4, 5
    values = random.integers(-40, 120, (steps, channels, size, size))
    node, spikes = lif(), []
    for step in range(steps):
        x = torch.tensor(values[step] / 64, dtype=torch.float32)[None]
        spikes.append(in_groups(node, x, groups)[0].numpy().astype(numpy.uint8))
    shape = (channels, size, size)
    projection = {
        "name": "weights",
        "from": {"input": "in"},
        "to": "lif",
        "map": {"form": "diagonal", "size": channels * size * size, "run": channels * size * size},
        "weights": [3],
    }
    text = network("small", shape, 8, [population("lif", shape, bias=0, share=groups)], [projection])
    write(out, "small", text, values.astype(numpy.int16), {"lif": spikes})


def layers(out):
    random = numpy.random.default_rng(5)
    size, channels, samples, steps = 10, 16, 2, 8
    values = random.integers(-8, 8, (samples, steps, 3, size, size))
    shapes = {"conv1": (channels, 3), "conv2": (channels, channels), "conv3": (8, channels), "conv4": (8, 8)}
    ranges = {"conv1": (-12, 18), "conv2": (-15, 18), "conv3": (-12, 20), "conv4": (-16, 22)}
    weights = {name: random.integers(*ranges[name], (*shape, 3, 3)) for name, shape in shapes.items()}
    spikes = {name: [] for name in weights}
    for sample in range(samples):
        node1, node2, node3 = lif(), lif(0.0), lif()
        for step in range(steps):
            x = torch.tensor(values[sample, step], dtype=torch.float32)[None]

            def convolved(source, name):
                kernel = torch.tensor(weights[name] / 64, dtype=torch.float32)
                bias = torch.full((kernel.shape[0],), BIAS)
                return torch.nn.functional.conv2d(source, kernel, bias, padding=1)

            one = in_groups(node1, convolved(x, "conv1"), 4)
            two = in_groups(node2, convolved(one, "conv2"), 2)
            three = node3(convolved(two, "conv3"))
            four = node3(convolved(three, "conv4"))
            for name, each in zip(weights, (one, two, three, four)):
                spikes[name].append(each[0].numpy().astype(numpy.uint8))
    of = {name: (shape[0], size, size) for name, shape in shapes.items()}
    populations = [
        population("conv1", of["conv1"], share=4),
        population("conv2", of["conv2"], v_reset=0.0, share=2),
        population("conv3", of["conv3"]),
        population("conv4", of["conv4"], membranes="conv3"),
    ]
    sources = [{"input": "in"}] + [{"population": f"conv{n}"} for n in (1, 2, 3)]
    projections = [
        convolution(source, name, weight, size) for source, (name, weight) in zip(sources, weights.items())
    ]
    text = network("layers", (3, size, size), 4, populations, projections)
    write(out, "layers", text, values.astype(numpy.int16), spikes)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    torch.set_grad_enabled(False)
    small(out)
    layers(out)


if __name__ == "__main__":
    main()
