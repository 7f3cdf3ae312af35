# SPDX-License-Identifier: Apache-2.0
"""An event camera's recording from the file to the chip: AEDAT4 of a whole sensor of 320 × 240 pixels,
through check, compile and run, beside NumPy's run of the same network on events that are decoded here.

    event_camera_test.py SPIKELOOM FOLDER   (a command, a folder for its files)

Ends with 77 where h5py, NumPy or the recording (SPIKELOOM_DATA) is absent.
"""

import json
import os
import pathlib
import struct
import subprocess
import sys

try:
    import h5py
    import numpy as np
except ImportError as absent:
    print(f"needs {absent.name}: scripts/setup.sh installs it")
    sys.exit(77)

command, folder = sys.argv[1], pathlib.Path(sys.argv[2])
root = pathlib.Path(__file__).parents[2]
data = pathlib.Path(os.environ.get("SPIKELOOM_DATA", root / "../shared/data"))
recording = data / "event-formats/sample.aedat4"
if not recording.exists():
    print(f"{recording} is not there; SPIKELOOM_DATA names the folder with the real data")
    sys.exit(77)
folder.mkdir(parents=True, exist_ok=True)

WIDTH, HEIGHT, BLOCK, KINDS, CLASSES, FRAME_MS = 320, 240, 8, 2, 10, 10


def spikeloom(*arguments, code=0):
    ended = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True)
    assert ended.returncode == code, f"{arguments}: code {ended.returncode}\n{ended.stdout}{ended.stderr}"
    return ended.stdout + ended.stderr


def unpacked_lz4(frame):
    """An LZ4 frame, by its description: literals, and copies of what stands before."""
    flags, out = frame[4], bytearray()
    at = 7 + 8 * (flags >> 3 & 1) + 4 * (flags & 1)

    def length(nibble):
        """Goes on in further bytes where the nibble is full."""
        nonlocal at
        if nibble == 15:
            while True:
                nibble, at = nibble + frame[at], at + 1
                if frame[at - 1] < 255:
                    break
        return nibble

    while (size := struct.unpack_from("<I", frame, at)[0]) != 0:
        at += 4
        end = at + (size & 0x7FFFFFFF)
        if size >> 31:  # as it is
            out, at = out + frame[at:end], end
        while at < end:
            token, at = frame[at], at + 1
            literals = length(token >> 4)
            out, at = out + frame[at : at + literals], at + literals
            if at < end:
                back, at = struct.unpack_from("<H", frame, at)[0], at + 2
                for _ in range(length(token & 15) + 4):
                    out.append(out[-back])
        at = end + 4 * (flags >> 4 & 1)
    return bytes(out)


def events_of(path):
    """Times, columns, rows and polarities of all packets of the first stream."""
    data = path.read_bytes()
    header = struct.unpack_from("<I", data, 14)[0]
    at, packets = 14 + 4 + header, []
    while at + 8 <= len(data):
        stream, size = struct.unpack_from("<ii", data, at)
        at += 8
        if size <= 0 or at + size > len(data) or stream not in range(8):
            break  # the table of packets at the end, which is no packet
        if stream == 0:
            buffer = unpacked_lz4(data[at : at + size])
            assert buffer[8:12] == b"EVTS", buffer[:16]
            table = 4 + struct.unpack_from("<I", buffer, 4)[0]
            layout = table - struct.unpack_from("<i", buffer, table)[0]
            vector = table + struct.unpack_from("<H", buffer, layout + 4)[0]
            vector += struct.unpack_from("<I", buffer, vector)[0]
            count = struct.unpack_from("<I", buffer, vector)[0]
            kind = np.dtype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "?"), ("pad", "V3")])
            packets.append(np.frombuffer(buffer, kind, count, vector + 4))
        at += size
    return np.concatenate(packets)


def write_network(path, kernels, matrix):
    """Kernels over blocks of pixels, neurons, a matrix, neurons; every number on a grid of 1/16."""
    rows, columns = HEIGHT // BLOCK, WIDTH // BLOCK
    hidden = (KINDS, rows, columns)

    def neurons(shape, threshold):
        return {"type": "IF", "r": np.ones(shape), "v_threshold": np.full(shape, threshold)} | {
            "v_reset": np.zeros(shape)
        }

    nodes = {
        "input": {"type": "Input", "shape": np.array([2, HEIGHT, WIDTH])},
        "conv": {"type": "Conv2d", "input_shape": np.array([HEIGHT, WIDTH]), "weight": kernels}
        | {"bias": np.zeros(KINDS), "stride": np.full(2, BLOCK), "padding": np.zeros(2, int)}
        | {"dilation": np.ones(2, int), "groups": 1},
        "hidden": neurons(hidden, 2.0),
        "flatten": {"type": "Flatten", "start_dim": 0, "end_dim": -1, "input_type": np.array(hidden)},
        "dense": {"type": "Linear", "weight": matrix},
        "classes": neurons((CLASSES,), 4.0),
        "output": {"type": "Output", "shape": np.array([CLASSES])},
    }
    text = h5py.string_dtype("utf-8")
    with h5py.File(path, "w") as file:
        file.create_dataset("version", data="1.0.5", dtype=text)
        graph = file.create_group("node")
        graph.create_dataset("type", data="NIRGraph", dtype=text)
        edges = list(zip(nodes, list(nodes)[1:]))
        graph.create_dataset("edges", data=np.array(edges, dtype=object), dtype=text)
        for name, fields in nodes.items():
            for field, value in fields.items():
                kind = text if isinstance(value, str) else None
                graph.create_dataset(f"nodes/{name}/{field}", data=value, dtype=kind)


def spikes_of(currents, threshold):
    """IF neurons that are reset to 0."""
    v, spikes = np.zeros(currents.shape[1:]), np.zeros(currents.shape, np.uint8)
    for step, current in enumerate(currents):
        v = v + current
        spikes[step] = v > threshold
        v = np.where(spikes[step] > 0, 0, v)
    return spikes


# The sensor has 9,600 chunks of 16 elements, more than the chips that are shipped number. The first message
# says so, and with how many bits of an index it would do.
shipped = root / "chips/deep8x8.toml"
chip = folder / "camera.toml"
chip.write_text(
    shipped.read_text()
    .replace("chunk_index_bits = 10", "chunk_index_bits = 14")
    .replace("page_chunks = 1024", "page_chunks = 4096")
    .replace("width = 8\nheight = 8", "width = 3\nheight = 2")
    .replace('"deep8x8"', '"camera"')
)

random = np.random.default_rng(5)
kernels = random.integers(-3, 6, (KINDS, 2, BLOCK, BLOCK)) / 16
matrix = random.integers(-7, 9, (CLASSES, KINDS * HEIGHT // BLOCK * WIDTH // BLOCK)) / 16
network, image = folder / "camera.nir", folder / "camera.loom"
write_network(network, kernels, matrix)

events = events_of(recording)
step = (events["t"] - events["t"].min()) // (1000 * FRAME_MS)
counts = np.zeros((step.max() + 1, 2, HEIGHT, WIDTH), np.uint8)
np.add.at(counts, (step, events["p"].astype(int), events["y"], events["x"]), 1)
frames = np.minimum(counts, 1)
blocks = frames.reshape(len(frames), 2, HEIGHT // BLOCK, BLOCK, WIDTH // BLOCK, BLOCK)
hidden = spikes_of(np.einsum("tprycx,kpyx->tkrc", blocks, kernels), 2.0)
classes = spikes_of(hidden.reshape(len(frames), -1) @ matrix.T, 4.0)
several = f"{(counts > 1).sum()} of {frames.sum()} values in 1 of 1 sample were clipped to 1"
print(f"{len(events)} events; {several}; {hidden.sum()} hidden and {classes.sum()} class spikes")

said = spikeloom("check", network, "--dt", 1, "--chip", shipped, code=1)
assert "the inputs need 9600 chunks of 16 axons" in said and "14 bits would do" in said, said
for task in ("check", network), ("compile", network, "-o", image):
    said = spikeloom(*task, "--dt", 1, "--chip", chip, "--record", "hidden", "--spread", "fewest")
    assert "taken over exactly" in said, said
options = ["--input", recording, "--frame", FRAME_MS]
said = spikeloom("run", image, *options, code=2)
assert "--clip" in said, said
report, outputs = folder / "report.json", folder / "out.npz"
said = spikeloom("run", image, *options, "--clip", "--json", report, "--output", outputs)
assert several in said, said
found, report = np.load(outputs), json.loads(report.read_text())
assert report["steps"] == len(frames) and report["promises_kept"], report
assert np.array_equal(found["spikes:hidden"][0].reshape(hidden.shape), hidden)
assert np.array_equal(found["spikes.output"][0], classes)
print("every spike as NumPy has it")
