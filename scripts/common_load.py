#!/usr/bin/env python3
"""The common load: every layer of VGG9 and LeNet-5 on recorded spikes, 128 lanes; writes a table into
docs/benchmarks.md.

usage: scripts/common_load.py [--spikeloom build/bin/spikeloom] [--data ../shared/data] [--verilator]
                              [--only NETWORK/LAYER ...] [--keep DIR]
                              [--out docs/benchmarks.md | --compare docs/benchmarks.md]

Published simulators of spiking accelerators take the spikes of trained networks layer by layer and add up
the cycles. This does the same: each layer is a network by itself, with the recorded spikes of one image
(README.md in the data folder names their source), seeded 8-bit weights, and IF neurons whose threshold lets
about 15 % of them spike. Every layer is compiled for one chip with one set of options. Printed and written:

- the period of an image: all its steps, images back to back, from the third to the last of IMAGES;
  everything is in it, waits, updates, slots and readout too;
- one image alone, from the run's cycle 0 to its last stamp.

The device's output spikes are compared with NumPy's, and where --verilator runs the RTL, its stamps with the
replay's: a difference ends the script. --compare writes nothing and fails where a period is not the page's.
Exit code 77: the recorded spikes are not there.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

import markdown
import networks

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- common_load.py: begin -->", "<!-- common_load.py: end -->"
CHIP = ROOT / "chips" / "lanes128.toml"
OPTIONS = ["--spread", "paired"]
LANES = 128
IMAGES, SETTLED = 4, 2  # run; of them before those that are measured
ACTIVITY = 0.15
LIMIT = 127  # of a weight
RTL_CYCLES = 300_000  # of a run: longer ones are left out where --verilator runs the RTL
SKIPPED = 77
# Of a convolution: channels out, kernel, padding. Of a matrix: rows.
LAYERS = {
    "vgg9": {
        "conv2d_0": (64, 3, 1),
        "conv2d_1": (64, 3, 1),
        "conv2d_2": (128, 3, 1),
        "conv2d_3": (128, 3, 1),
        "conv2d_4": (256, 3, 1),
        "conv2d_5": (256, 3, 1),
        "fc_0": 1024,
        "fc_1": 1024,
        "fc_2": 10,
    },
    "lenet5": {"conv2d_0": (6, 5, 2), "conv2d_1": (16, 5, 0), "fc_0": 120, "fc_1": 84, "fc_2": 10},
}
FILES = {"vgg9": "vgg9_cifar10.npz", "lenet5": "lenet5_mnist.npz"}
TITLES = {"vgg9": "VGG9 on CIFAR-10, 4 steps", "lenet5": "LeNet-5 on MNIST, 32 steps"}
# Prosperity's simulators (HPCA 2025) on the same spikes, and what is computed from them; cycles.
PUBLISHED = ("Eyeriss", "PTB", "SATO", "MINT", "Prosperity, bit sparsity", "Prosperity, product sparsity")
OTHERS = {
    "vgg9": (3892326, 2516598, 2123456, 939977, 833348, 360240),
    "lenet5": (114178, 62319, 61012, 196013, 183492, 41178),
}
# VGG9's first layer once more, in no sum: its picture is the same in every step.
STATIC = "conv2d_0, static input"
PIXELS = "conv2d_0, pixels of 8 bits"
PIXELS_STATIC = PIXELS + ", static input"
BESIDE = (STATIC, PIXELS, PIXELS_STATIC)


def recorded(data, network, layer):
    """Spikes (T, ...) of one image."""
    with np.load(data / FILES[network]) as file:
        shape = tuple(file[layer + ".shape"])
        return np.unpackbits(file[layer])[: np.prod(shape)].reshape(shape).astype(np.float32)


def convolved(images, weight, padding):
    """Kernels over images [steps, channels, side, side]."""
    taps = weight.shape[-1]
    padded = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    side = padded.shape[-1] - taps + 1
    total = np.zeros((len(images), len(weight), side, side), np.float32)
    for y in range(taps):
        for x in range(taps):
            part = padded[:, :, y : y + side, x : x + side]
            total += np.einsum("oc,tchw->tohw", weight[:, :, y, x], part, optimize=True)
    return total


def write_chain(path, nodes):
    """Nodes one behind the other, as nir 1.0 writes them."""
    text = h5py.string_dtype("utf-8")
    names = list(nodes)
    with h5py.File(path, "w") as file:
        file.create_dataset("version", data="1.0", dtype=text)
        graph = file.create_group("node")
        graph.create_dataset("type", data="NIRGraph", dtype=text)
        edges = np.array(list(zip(names, names[1:])), dtype=object)
        graph.create_dataset("edges", data=edges, dtype=text)
        for name, fields in nodes.items():
            group = graph.create_group(f"nodes/{name}")
            for field, value in fields.items():
                group.create_dataset(field, data=value, dtype=text if isinstance(value, str) else None)


class Load:
    """One layer as a network: its files, the spikes that must come out, and what an ideal machine takes."""

    def __init__(self, folder, network, layer, spikes, seed):
        self.name = f"{network}_{layer}".replace(" ", "_").replace(",", "")
        self.values = spikes
        self.is_static = layer in (STATIC, PIXELS_STATIC)
        self.steps = len(spikes)
        shape = LAYERS[network][layer.split(",")[0]]
        generator = np.random.default_rng(seed)
        nodes = {"input": {"type": "Input", "shape": np.array(spikes.shape[1:], np.int64)}}
        if isinstance(shape, tuple):
            channels, taps, padding = shape
            weight = self.weights(generator, (channels, spikes.shape[1], taps, taps))
            current = convolved(spikes, weight, padding)
            # How many neurons each input drives.
            ones = np.ones((1, channels, *current.shape[2:]), np.float32)
            back = np.flip(np.ones((1, channels, taps, taps), np.float32), (2, 3))
            reached = convolved(ones, back, taps - 1 - padding)[0, 0]
            self.operations = int((self.sent().sum(axis=(0, 1)) * reached).sum())
            one, pad = np.array([1, 1], np.int64), np.array([padding, padding], np.int64)
            nodes["map"] = {
                "type": "Conv2d",
                "input_shape": np.array(spikes.shape[2:], np.int64),
                "weight": weight,
                "bias": np.zeros(channels, np.float32),
                "stride": one,
                "padding": pad,
                "dilation": one,
                "groups": 1,
            }
        else:
            weight = self.weights(generator, (shape, spikes.shape[1]))
            current = spikes @ weight.T
            self.operations = int(self.sent().sum() * shape)
            nodes["map"] = {"type": "Linear", "weight": weight}
        size = current.shape[1:]
        self.neurons = int(np.prod(size))
        threshold = np.float32(round(networks.threshold_for(current, ACTIVITY)))
        self.expected = networks.spikes_of(current, threshold).astype(np.uint8)
        nodes["neurons"] = {
            "type": "IF",
            "r": np.ones(size, np.float32),
            "v_threshold": np.full(size, threshold, np.float32),
            "v_reset": np.zeros(size, np.float32),
        }
        nodes["output"] = {"type": "Output", "shape": np.array(size, np.int64)}
        self.network = folder / f"{self.name}.nir"
        self.data = folder / f"{self.name}.npz"
        self.image = folder / f"{self.name}.loom"
        write_chain(self.network, nodes)
        np.savez(self.data, spikes=np.repeat(spikes[np.newaxis].astype(np.uint8), IMAGES, axis=0))

    def weights(self, generator, shape):
        """Whole numbers, so that nothing is rounded."""
        return generator.integers(-LIMIT, LIMIT + 1, shape).astype(np.float32)

    def bits(self):
        """Spikes by element: of a value of 8 bits as many as are set."""
        if self.values.max() <= 1:
            return self.values
        shape = self.values.shape
        bits = np.unpackbits(self.values.astype(np.uint8)[..., np.newaxis], axis=-1)
        return bits.sum(axis=-1).reshape(shape)

    def sent(self):
        """The same of what is sent: of a static input, the first step."""
        return self.bits()[:1] if self.is_static else self.bits()

    @property
    def planes(self):
        """Bit planes of the input."""
        return 1 if self.values.max() <= 1 else 8


def run(command):
    """Runs a `spikeloom` command; its error ends the script."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(str(part) for part in command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def ran(spikeloom, load, images, device="model"):
    """The report of so many images, whose outputs are compared with NumPy's."""
    report, output = load.image.with_suffix(".json"), load.image.with_suffix(".out.npz")
    run(
        [spikeloom, "run", load.image, "--input", load.data, "--limit", images, "--device", device]
        + ["--json", report, "--output", output]
    )
    with np.load(output) as file:
        spikes = file["spikes.output"].reshape(images, *load.expected.shape)
    differing = int((spikes != load.expected).sum())
    if differing:
        sys.exit(f"{load.name}: {differing} output spikes on {device} differ from NumPy's")
    return json.loads(report.read_text())


def chip_of(load):
    """The chip; where a sum is held, with currents, which hold it and change no cycle."""
    if not load.is_static:
        return CHIP
    text = CHIP.read_text()
    if "\ncurrent = 0\n" not in text:
        sys.exit(f"{CHIP}: expected current = 0, of which a chip with currents could be made")
    chip = load.image.with_suffix(".toml")
    chip.write_text(text.replace("\ncurrent = 0\n", "\ncurrent = 1\n"))
    return chip


def promised_of(report):
    """The shortest period that holds whatever the spikes, in cycles a step."""
    period = report["period"]
    return period["guaranteed"] if period["sampled"] is None else period["sampled"]


def measured(spikeloom, load, verilator):
    """The row of a layer."""
    command = [spikeloom, "compile", load.network, "--chip", chip_of(load), "-o", load.image, *OPTIONS]
    command += ["--planes", load.planes] if load.planes > 1 else []
    run(command + (["--static-input", "--sample-steps", load.steps] if load.is_static else []))
    alone, before, whole = (ran(spikeloom, load, images) for images in (1, SETTLED, IMAGES))
    row = {
        "operations": load.operations,
        "ideal": load.operations / LANES,
        "updates": load.steps * load.neurons / LANES,
        "words": max(tile["words"] for tile in whole["tiles"]) / IMAGES,
        "period": (whole["cycles"] - before["cycles"]) / (IMAGES - SETTLED),
        "alone": alone["cycles"],
        "promised": promised_of(whole) * load.steps,
        "clusters": sum(tile["memory"]["contexts"][0] for tile in whole["tiles"]),
        "rtl": None,
    }
    images = SETTLED if before["cycles"] <= RTL_CYCLES else 1
    if verilator and (images > 1 or alone["cycles"] <= RTL_CYCLES):
        report = ran(spikeloom, load, images, "verilator")
        wrong = report["replay"]["mismatched_steps"] + report["replay"]["differing_values"]
        if wrong:
            sys.exit(f"{load.name}: {wrong} stamps or values of the RTL differ from the replay's")
        row["rtl"] = report["steps"]
    return row


def pixels(shape, seed):
    """A picture of 8-bit pixels, the same in every step."""
    picture = np.random.default_rng(seed).integers(0, 256, shape[1:])
    return np.broadcast_to(picture, shape).astype(np.float32)


def rows_of(args, folder):
    """By network and layer; those beside the recorded ones belong to no sum."""
    rows = {}
    for network, layers in LAYERS.items():
        for number, layer in enumerate(layers):
            names = [layer] if (network, layer) != ("vgg9", "conv2d_0") else [layer, *BESIDE]
            for name in names:
                if args.only and f"{network}/{name}" not in args.only:
                    continue
                spikes = recorded(args.spikes, network, layer)
                if name in (PIXELS, PIXELS_STATIC):
                    spikes = pixels(spikes.shape, number)
                load = Load(folder, network, name, spikes, number + 1)
                row = measured(args.spikeloom, load, args.verilator)
                rows[network, name] = row
                rtl = "" if row["rtl"] is None else f"; RTL: 0 of {row['rtl']} steps differ"
                print(
                    f"{network}/{name}: period {row['period']:,.0f}, ideal {row['ideal']:,.0f}, "
                    f"one image {row['alone']:,}, promised {row['promised']:,.0f}{rtl}",
                    flush=True,
                )
    return rows


def line(cells):
    """A row of a table."""
    return "| " + " | ".join(cells) + " |"


def number(value):
    """With commas; a half is kept."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def cells(row):
    """What the table shows of a layer, or of a sum."""
    lost = row["words"] - row["ideal"]
    return [
        number(row["operations"]),
        f"{row['ideal']:,.0f}",
        f"{row['updates']:,.0f}",
        f"{lost:,.0f}",
        f"{row['period'] - row['words'] - row['updates']:,.0f}",
        f"**{number(row['period'])}**",
        f"{row['period'] / (row['ideal'] + row['updates']):.3f}",
        f"{row['alone']:,}",
    ]


def table(rows):
    """The page's part."""
    text = []
    for network, title in TITLES.items():
        layers = {name: row for (net, name), row in rows.items() if net == network}
        summed = [row for name, row in layers.items() if name not in BESIDE]
        total = {key: sum(row[key] for row in summed) for key in summed[0] if key not in ("rtl", "clusters")}
        text += [
            "",
            f"**{title}**, cycles an image; sum: **{number(total['period'])}**",
            "",
            line(
                ["layer", "clusters", "synaptic operations", "ideal", "updates", "fuller tile", "rest"]
                + ["period", "× ideal with updates", "one image alone"]
            ),
            line(["---"] * 10),
        ]
        for name, row in layers.items():
            text.append(line([name, str(row["clusters"]), *cells(row)]))
        text += [
            line(["sum" if len(summed) == len(layers) else "sum of the recorded", "", *cells(total)]),
            "",
        ]
        text += [line(["", *PUBLISHED, "here"]), line(["---"] * (len(PUBLISHED) + 2))]
        text.append(line(["cycles", *(f"{n:,}" for n in OTHERS[network]), f"**{number(total['period'])}**"]))
        ratios = [f"{total['period'] / n:.2f}" for n in OTHERS[network]]
        text.append(line(["here / theirs", *ratios, "1"]))
    return "\n".join(text) + "\n"


def compare(rows, page):
    """Fails where a period is not the page's."""
    text = page.read_text()
    part = text[text.index(BEGIN) : text.index(END)]
    tables = dict(zip(TITLES, part.split("**, cycles an image")[1:], strict=True))
    for (network, name), row in rows.items():
        wanted = line([name, str(row["clusters"]), *cells(row)])
        if wanted not in tables[network]:
            sys.exit(f"{page}: the row of {network}/{name} should be\n{wanted}")


def main():
    """Options, rows, page."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--spikeloom", default=ROOT / "build" / "bin" / "spikeloom", type=pathlib.Path)
    data = os.environ.get("SPIKELOOM_DATA", ROOT.parent / "shared" / "data")
    parser.add_argument("--data", default=data, type=pathlib.Path, help="folder of recorded data")
    parser.add_argument("--only", action="append", metavar="NETWORK/LAYER", help="this layer; repeatable")
    parser.add_argument("--out", type=pathlib.Path, help="page whose table is written")
    parser.add_argument("--compare", type=pathlib.Path, help="page whose periods must be these")
    parser.add_argument(
        "--verilator",
        action="store_true",
        help=f"the RTL too, two images or one, up to {RTL_CYCLES:,} cycles",
    )
    parser.add_argument("--keep", type=pathlib.Path, help="folder for networks, images and reports")
    args = parser.parse_args()
    if args.out and args.only:
        parser.error("--out writes whole tables: leave out --only")
    args.spikes = args.data / "layer-spikes"
    known = {f"{network}/{layer}" for network in LAYERS for layer in LAYERS[network]} | {
        f"vgg9/{name}" for name in BESIDE
    }
    for name in set(args.only or ()) - known:
        parser.error(f"--only {name}: expected one of {', '.join(sorted(known))}")
    if not all((args.spikes / name).is_file() for name in FILES.values()):
        print(f"skipped: {args.spikes} has no recorded spikes; --data or SPIKELOOM_DATA names the folder")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rows = rows_of(args, folder)
    if args.compare:
        compare(rows, args.compare)
    if args.out:
        text = args.out.read_text()
        head, tail = text.partition(BEGIN)[0], text.partition(END)[2]
        args.out.write_text(head + BEGIN + "\n" + markdown.wrap(table(rows)) + "\n" + END + tail)


if __name__ == "__main__":
    main()
