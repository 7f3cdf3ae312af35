#!/usr/bin/env python3
"""Whole data sets on `model`, on `verilator` and in a plain NumPy/SciPy loop: writes a table into
docs/benchmarks.md.

usage: scripts/dataset_speed.py [--spikeloom build/bin/spikeloom] [--data ../shared/data]
                                [--out docs/benchmarks.md] [--repetitions 3]

1000 MNIST images and 91 N-MNIST recordings (README.md in the data folder names the sources). Every program's
output is compared before its time counts: with the recorded counts, with the other devices, with itself on
another number of threads. The loops are those that one writes without a library for spiking networks: a
matrix-vector product a layer and step, dense or (unrolled convolutions and pooling) CSR, float32, on one
processor.
"""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

# The loop's matrix-vector products stay on one processor; OpenBLAS reads this when NumPy loads it.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import h5py
import numpy as np
import scipy.sparse

import markdown

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- dataset_speed.py: begin -->", "<!-- dataset_speed.py: end -->"
AT_LEAST = 3  # seconds of repetitions, however short one is
REAL = np.float32

SETS = {
    "mnist-snn": {
        "nir": "mnist-snn/mlp_784_128_10_w4.nir",
        "compile": ["--chip", "chips/mesh2x2.toml", "--bits", "4"],
        "run": ["--input", "$DATA/mnist-snn/test1000_spikes_T8.npz", "--packed"],
        "steps": 8,
        "samples": 1000,
        "verilator": 1000,
    },
    "nir-nmnist-scnn": {
        "nir": "nir-nmnist-scnn/cnn_sinabs.nir",
        "compile": ["--chip", "chips/scnn.toml", "--planes", "2"],
        "run": [
            "--input",
            "$DATA/nir-nmnist-scnn/events",
            "--labels",
            "$DATA/nir-nmnist-scnn/golden_zero.npz",
            "--steps",
            "310",
        ],
        "steps": 310,
        "samples": 91,
        "verilator": 10,
    },
}


def fail(text):
    sys.exit(f"dataset_speed: error: {text}")


# The plain loop ---------------------------------------------------------------------------------------------


def conv2d(weight, node, shape):
    """A Conv2d as a CSR matrix over flattened (C, H, W) values; returns it and its output's shape."""
    if int(node["groups"][()]) != 1:
        fail("the plain loop knows no grouped convolutions")
    (sy, sx), (py, px), (dy, dx) = (node[name][()] for name in ("stride", "padding", "dilation"))
    outs, ins, ky, kx = weight.shape
    _, height, width = shape
    oh, ow = (height + 2 * py - dy * (ky - 1) - 1) // sy + 1, (width + 2 * px - dx * (kx - 1) - 1) // sx + 1
    o, c, y, x, i, j = np.meshgrid(
        *(np.arange(n) for n in (outs, ins, oh, ow, ky, kx)), indexing="ij", sparse=True
    )
    row, col = y * sy - py + i * dy, x * sx - px + j * dx
    full = np.broadcast_shapes(o.shape, c.shape, row.shape, col.shape)
    inside = np.broadcast_to((row >= 0) & (row < height) & (col >= 0) & (col < width), full)
    value = np.broadcast_to(weight[:, :, None, None, :, :], full)[inside]
    to = np.broadcast_to((o * oh + y) * ow + x, full)[inside]
    source = np.broadcast_to((c * height + row) * width + col, full)[inside]
    return scipy.sparse.csr_matrix((value, (to, source)), shape=(outs * oh * ow, ins * height * width)), (
        outs,
        oh,
        ow,
    )


def sum_pool2d(node, shape):
    """A SumPool2d as a convolution with ones that stays within each channel."""
    kernel, channels = node["kernel_size"][()], shape[0]
    parameters = {
        "groups": np.int64(1),
        "stride": node["stride"][()],
        "padding": node["padding"][()],
        "dilation": np.array([1, 1]),
    }
    weight = np.einsum("oc,ij->ocij", np.eye(channels), np.ones(kernel))
    return conv2d(weight, {name: {(): value} for name, value in parameters.items()}, shape)


def chain(file):
    """Names of the nodes in order, for a network without branches."""
    after = {source.decode(): to.decode() for source, to in file["node/edges"][()]}
    names = ["input"]
    while names[-1] in after:
        names.append(after[names[-1]])
    if len(names) != len(file["node/nodes"]):
        fail(f"{file.filename}: not a chain; the plain loop runs nothing else")
    return names


class Layer:
    """Products one after the other, their bias, and the neurons that integrate the sum."""

    def __init__(self, products, bias, node, dt):
        self.products = [
            p.astype(REAL) if scipy.sparse.issparse(p) else np.ascontiguousarray(p, REAL) for p in products
        ]
        self.bias = None if bias is None or not bias.any() else bias.astype(REAL)
        self.threshold = node["v_threshold"][()].ravel().astype(REAL)
        self.reset = (
            node["v_reset"][()].ravel().astype(REAL) if "v_reset" in node else np.zeros_like(self.threshold)
        )
        r = node["r"][()].ravel()
        if node["type"][()] == b"LIF":
            share = dt / node["tau"][()].ravel()
            self.leak, self.rest, self.gain = (
                share.astype(REAL),
                node["v_leak"][()].ravel().astype(REAL),
                (share * r).astype(REAL),
            )
        else:
            self.leak, self.rest, self.gain = None, None, None if (r == 1).all() else r.astype(REAL)
        folded = self.products[0]
        for product in self.products[1:]:
            folded = product @ folded
        # Weights other than 0 that one spike of each source meets, pooling folded into them.
        self.fan_out = np.asarray((folded != 0).sum(axis=0)).ravel()

    def step(self, values, v):
        """One step: new spikes as 0 and 1; v is changed in place."""
        for product in self.products:
            values = product @ values
        if self.bias is not None:
            values = values + self.bias
        if self.gain is not None:
            values = values * self.gain
        if self.leak is not None:
            v += self.leak * (self.rest - v)
        v += values
        spikes = v > self.threshold
        v[spikes] = self.reset[spikes]
        return spikes.astype(REAL)


def load(path):
    """The layers of a NIR file, in order: forward Euler, spike if v > threshold, reset to v_reset (0 where it
    has none).
    """
    with h5py.File(path) as file:
        dt = float(file["node/metadata/dt"][()]) if "node/metadata/dt" in file else 1.0
        layers, products, bias, shape = [], [], None, None
        for name in chain(file):
            node = file["node/nodes"][name]
            kind = node["type"][()].decode()
            if kind == "Input":
                shape = tuple(int(n) for n in node["shape"][()])
            elif kind in ("Linear", "Affine"):
                products.append(node["weight"][()])
                bias = node["bias"][()] if kind == "Affine" else None
                shape = (products[-1].shape[0],)
            elif kind == "Conv2d":
                matrix, shape = conv2d(node["weight"][()], node, shape)
                products.append(matrix)
                bias = np.repeat(node["bias"][()], shape[1] * shape[2])
            elif kind == "SumPool2d":
                matrix, shape = sum_pool2d(node, shape)
                products.append(matrix)
            elif kind in ("IF", "LIF"):
                layers.append(Layer(products, bias, node, dt))
                products, bias = [], None
            elif kind not in ("Flatten", "Output"):
                fail(f"{path}: the plain loop knows no {kind} (node '{name}')")
    return layers


def loop(layers, samples, totals=None):
    """Output counts of every sample. `totals`, one array a layer, gathers what its sources sent (and is not
    timed).
    """
    counts = np.zeros((len(samples), len(layers[-1].threshold)), np.int64)
    for number, sample in enumerate(samples):
        potentials = [np.zeros_like(layer.threshold) for layer in layers]
        total = np.zeros_like(layers[-1].threshold)
        if totals is not None:
            totals[0] += ((sample & 1) + (sample >> 1)).sum(
                axis=0, dtype=np.int64
            )  # a value is at most 3: a spike a bit plane
        for values in sample.astype(REAL):
            for at, (layer, v) in enumerate(zip(layers, potentials)):
                values = layer.step(values, v)
                if totals is not None and at + 1 < len(layers):
                    totals[at + 1] += values.astype(np.int64)
            total += values
        counts[number] = total
    return counts


def mnist_data(data):
    with np.load(data / "mnist-snn/test1000_spikes_T8.npz") as file:
        spikes = np.unpackbits(file["spikes"], axis=2)
    return spikes, np.load(data / "mnist-snn/mlp_784_128_10_w4_refcounts.npy")[: len(spikes)].astype(np.int64)


def nmnist_data(data):
    """Frames of 1 ms from the first event: five bytes an event, x, y, polarity, 23 bits of microseconds."""
    with np.load(data / "nir-nmnist-scnn/golden_zero.npz") as file:
        ids, counts = file["ids"], file["out_counts_T310"].astype(np.int64)
    frames = np.zeros((len(ids), 310, 2, 34, 34), np.uint8)
    for frame, number in zip(frames, ids):
        b = (
            np.fromfile(data / f"nir-nmnist-scnn/events/{number}.bs2", np.uint8)
            .reshape(-1, 5)
            .astype(np.int64)
        )
        t = (b[:, 2] & 0x7F) << 16 | b[:, 3] << 8 | b[:, 4]
        step = (t - t.min()) // 1000
        kept = step < len(frame)
        np.add.at(frame, (step[kept], (b[:, 2] >> 7)[kept], b[kept, 1], b[kept, 0]), 1)
    if frames.max() > 3:
        fail("a pixel has more than 3 events in one frame; two bit planes do not hold them")
    return frames.reshape(len(ids), 310, -1), counts


# Measuring --------------------------------------------------------------------------------------------------


def timed(call, repetitions, who):
    """Wall and processor seconds of the fastest run, which others on the machine disturbed least, and what
    the last returned.
    """
    runs = []
    while len(runs) < repetitions or sum(wall for wall, _ in runs) < AT_LEAST:
        before, start = resource.getrusage(who), time.perf_counter()
        result = call()
        wall, after = time.perf_counter() - start, resource.getrusage(who)
        runs.append((wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return *min(runs), result


class Spikeloom:
    def __init__(self, program, data, work, repetitions):
        self.program, self.data, self.work, self.repetitions = program, data, work, repetitions

    def __call__(self, *arguments, threads=None):
        environment = dict(os.environ)
        environment.pop("SPIKELOOM_THREADS", None)
        if threads:
            environment["SPIKELOOM_THREADS"] = str(threads)
        command = [str(self.program)] + [str(a).replace("$DATA", str(self.data)) for a in arguments]
        report = self.work / "report.json"
        done = subprocess.run(
            command + ["--json", str(report)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            fail(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return json.loads(report.read_text())

    def speed(self, image, data, samples, device, threads=None):
        """Samples 2 to `samples`: a run of all less a run of the first, which has read the network and
        started the device.
        """

        def run(limit):
            return lambda: self("run", image, *data, "--device", device, "--limit", limit, threads=threads)

        run(1)()  # builds the chip where it has not been built
        wall, processor, report = timed(run(samples), self.repetitions, resource.RUSAGE_CHILDREN)
        first_wall, first_processor, first = timed(run(1), self.repetitions, resource.RUSAGE_CHILDREN)
        return {
            "samples": samples - 1,
            "seconds": wall - first_wall,
            "processor": processor - first_processor,
            "operations": report["synaptic_operations"] - first["synaptic_operations"],
            "report": report,
        }


def plain(layers, samples, repetitions):
    """The loop's speed, its output counts, and the synaptic operations of its own spikes and weights."""
    wall, processor, counts = timed(lambda: loop(layers, samples), repetitions, resource.RUSAGE_SELF)
    totals = [np.zeros(len(layer.fan_out), np.int64) for layer in layers]
    if not np.array_equal(loop(layers, samples, totals), counts):
        fail("the plain loop gave two results")
    operations = sum(int(sent @ layer.fan_out) for sent, layer in zip(totals, layers))
    return {
        "samples": len(samples),
        "seconds": wall,
        "processor": processor,
        "operations": operations,
    }, counts


def measure(name, spikeloom):
    """Rows of one data set, name by name, and what was compared, in words."""
    row, data = SETS[name], spikeloom.data
    image, out = spikeloom.work / f"{name}.loom", spikeloom.work / f"{name}.npz"
    spikeloom("compile", data / row["nir"], *row["compile"], "-o", image)
    everything = spikeloom("run", image, *row["run"], "--output", out)
    rows = {
        "`model`, 1 thread": spikeloom.speed(image, row["run"], row["samples"], "model", 1),
        f"`model`, {os.cpu_count()} threads": spikeloom.speed(
            image, row["run"], row["samples"], "model", os.cpu_count()
        ),
        "`verilator`": spikeloom.speed(image, row["run"], row["verilator"], "verilator"),
    }
    one, many, rtl = (r["report"] for r in rows.values())
    if one != many or one["synaptic_operations"] != everything["synaptic_operations"]:
        fail(f"{name}: the report depends on the number of threads")
    if rtl["replay"]["mismatched_steps"] != 0 or rtl["replay"]["differing_values"] != 0:
        fail(f"{name}: the RTL did not do what `model` says")
    samples, reference = (mnist_data if name == "mnist-snn" else nmnist_data)(data)
    rows["NumPy/SciPy, 1 thread"], counts = plain(load(data / row["nir"]), samples, spikeloom.repetitions)
    with np.load(out) as file:
        return rows, compared(name, counts, reference, file["counts"], file["predictions"])


def compared(name, counts, reference, ours, decided):
    """What the comparison of outputs found, in words; stops where the loop's decisions are not the
    reference's.
    """
    total, decisions = len(reference), reference.argmax(axis=1)
    loop_differs, model_differs = (int((c != reference).any(axis=1).sum()) for c in (counts, ours))
    if (counts.argmax(axis=1) != decisions).any() or loop_differs > total // 20:
        fail(
            f"{name}: the plain loop's counts of {loop_differs} of {total} samples are not the recorded ones"
        )
    away = 100 * np.abs(ours.astype(np.int64) - reference).sum() / reference.sum()
    return (
        f"{name}: the loop's output counts differ from the recorded float reference's in {loop_differs} "
        f"of {total} samples, "
        f"`model`'s (integers) in {model_differs}, by {away:.3g} % of all output spikes; `model` decides "
        f"{int((decided != decisions).sum())} of {total} samples otherwise."
    )


def figure(value):
    """Three significant digits."""
    return f"{float(f'{value:.3g}'):,g}"


def table(results):
    lines = [
        "| data set | program | samples × steps | seconds | processor seconds | samples/s "
        "| M synaptic operations | M/s | M/s per core |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, (rows, _) in results.items():
        for program, r in rows.items():
            million = r["operations"] / 1e6
            figures = map(
                figure,
                (
                    r["seconds"],
                    r["processor"],
                    r["samples"] / r["seconds"],
                    million,
                    million / r["seconds"],
                    million / r["processor"],
                ),
            )
            lines.append(
                f"| {name} | {program} | {r['samples']:,} × {SETS[name]['steps']} | "
                + " | ".join(figures)
                + " |"
            )
    return markdown.wrap("\n".join(lines + [""] + [f"- {text}" for _, text in results.values()]))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--spikeloom", type=pathlib.Path, default=ROOT / "build/bin/spikeloom")
    parser.add_argument(
        "--data",
        type=pathlib.Path,
        default=pathlib.Path(os.environ.get("SPIKELOOM_DATA", ROOT.parent / "shared/data")),
    )
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/benchmarks.md")
    parser.add_argument(
        "--repetitions", type=int, default=3, help="least number of runs of which the fastest counts"
    )
    options = parser.parse_args()
    if not options.spikeloom.is_file():
        fail(f"no program {options.spikeloom}; build it, or name it with --spikeloom")
    if not (options.data / "mnist-snn").is_dir():
        fail(f"no data in {options.data}; name the folder of real data with --data")
    text = options.out.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        fail(f"{options.out}: needs one line '{BEGIN}' and after it one '{END}'; the table goes between them")
    with tempfile.TemporaryDirectory(prefix="spikeloom-speed-") as folder:
        spikeloom = Spikeloom(
            options.spikeloom.resolve(), options.data.resolve(), pathlib.Path(folder), options.repetitions
        )
        results, load = {}, os.getloadavg()[0]
        for name in SETS:
            print(f"dataset_speed: {name}", file=sys.stderr)
            results[name] = measure(name, spikeloom)
    made = (
        table(results)
        + f"\n- The machine's load when this began and ended: {load:.1f} and {os.getloadavg()[0]:.1f} "
        f"on {os.cpu_count()} processors."
    )
    print(made)
    options.out.write_text(
        text[: text.index(BEGIN) + len(BEGIN)] + "\n" + made + "\n" + text[text.index(END) :],
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
