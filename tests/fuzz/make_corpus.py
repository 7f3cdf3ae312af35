#!/usr/bin/env python3
"""Makes the first inputs of the fuzzers' corpora with the project's own command, examples and test files.

usage: make_corpus.py SPIKELOOM [--only REGEX]     SPIKELOOM: the command, build/bin/spikeloom

Writes tests/fuzz/corpus/TARGET/NAME. Inputs that a fuzzer has found stand beside them under the name of what
they showed, and are left alone. To be run again when a form changes: image/wire is what the link's targets
run.
"""
import argparse
import io
import json
import pathlib
import re
import struct
import subprocess
import tempfile
import zipfile
import zlib

import h5py
import numpy

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FRAMEWORKS = ROOT / "tests/real/frameworks"

NETWORK = {
    "format": "spikeloom-integer-network",
    "version": 2,
    "name": "wire",
    "state_bits": 24,
    "inputs": [{"name": "in", "shape": [3], "planes": 1, "signed": False, "unit": 1}],
    "populations": [
        {
            "name": "n",
            "kind": "LIF",
            "shape": [4],
            "scale": 2,
            "alpha": 0,
            "beta": 3681,
            "bias_i": 0,
            "bias_v": [1, 2, 3, 4],
            "reset": "value",
            "theta": 40,
            "v_reset": 0,
            "unit": 0.5,
        },
        {"name": "sum", "kind": "I", "shape": [2], "alpha": 0, "beta": 4096, "bias_i": 0, "bias_v": 0},
    ],
    "projections": [
        {
            "name": "w",
            "from": {"input": "in"},
            "to": "n",
            "bits": 8,
            "shift": 1,
            "rows": [[1, 0, -2, 5], {"targets": [1], "weights": [9]}, [7, 7, 7, 7]],
        },
        {
            "name": "v",
            "from": {"population": "n"},
            "to": "sum",
            "map": {"form": "dense", "sources": 4, "targets": 2},
            "weights": [1, 2, 3, 4, 5, 6, 7, 8],
        },
        {
            "name": "again",
            "from": {"population": "n"},
            "to": "n",
            "delay": 1,
            "rows": [[-3, 0, 0, 0], [0, -3, 0, 0], [0, 0, -3, 0], [0, 0, 0, -3]],
        },
    ],
    "outputs": [
        {"name": "spikes", "shape": [4], "from": "n"},
        {"name": "out", "shape": [2], "from": "sum"},
    ],
}

GRAPH = {
    "format": "spikeloom-dataflow",
    "version": 1,
    "name": "codec",
    "actors": [{"name": "a", "execution": 5}, {"name": "b", "execution": [3, 4]}],
    "channels": [
        {"name": "x", "from": "a", "to": "b", "produce": 2, "consume": [1, 1]},
        {"name": "y", "from": "b", "to": "a", "produce": [1, 1], "consume": 2, "tokens": 4, "latency": 2},
        {"name": "s", "from": "a", "to": "a", "tokens": 1},
    ],
}

SDF_TEXT = """sdf 1
actor "tile(0,0) fire out[0]" execution 12
actor "b" execution 3  # a comment
channel "spikes" 0 -> 1 tokens 0 latency 3
channel "back" 1 -> 0 tokens 2 latency 0
channel "batch" 0 -> 1 tokens 0 latency 3 rates 4 1
"""


def npy(array):
    out = io.BytesIO()
    numpy.save(out, array)
    return out.getvalue()


def npz(**arrays):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(name + ".npy", (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, npy(numpy.asarray(array)))
    return out.getvalue()


# ---- steps of an HDF5 file: hdf5_recipe.hpp ----


def word(text):
    raw = text.encode() if isinstance(text, str) else bytes(text)
    return bytes([min(len(raw), 255)]) + raw[:255]


KINDS = ["f4", "f8", "i1", "u1", "i4", "i8", "u8", "bool"]


def numbers(name, array, storage=0):
    array = numpy.asarray(array)
    kind = "bool" if array.dtype == bool else array.dtype.str[1:]
    extents = b"".join(struct.pack("<H", extent) for extent in array.shape)
    head = bytes([2]) + word(name) + bytes([KINDS.index(kind) + 8 * storage, array.ndim])
    return head + extents + array.tobytes()


def steps_of(group):
    """What makes a group of an HDF5 file, without what a recipe cannot say."""
    steps = b""
    for name, value in group.attrs.items():
        if isinstance(value, str):
            steps += bytes([5]) + word(name) + word(value)
        else:
            steps += bytes([6]) + word(name) + struct.pack("<d", float(value))
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            steps += bytes([0]) + word(name) + steps_of(item) + bytes([1])
            continue
        value = item[()]
        if isinstance(value, (bytes, str)):
            steps += bytes([3]) + word(name) + word(value)
        elif item.dtype.kind in "OS":
            extents = b"".join(struct.pack("<H", extent) for extent in item.shape)
            texts = b"".join(word(text) for text in numpy.asarray(value).ravel())
            steps += bytes([4]) + word(name) + bytes([item.ndim]) + extents + texts
        else:
            steps += numbers(name, value)
    return steps


def lists(name, kind, values):
    """Lists of numbers: step 8."""
    counted = b"".join(bytes([len(each)]) + numpy.asarray(each, kind).tobytes() for each in values)
    return bytes([8]) + word(name) + bytes([KINDS.index(kind), len(values)]) + counted


# ---- AEDAT 4.0 and MAT files: compiler/data/read_aedat4.cpp, read_stmnist.cpp ----


def lz4(data):
    """A frame of one block that is stored as it is."""
    return b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(data) | 1 << 31) + data + bytes(4)


def zstd(data):
    """A frame of one block that is stored as it is."""
    return b"\x28\xb5\x2f\xfd\x00\x00" + (1 | len(data) << 3).to_bytes(3, "little") + data


def sized(data):
    return struct.pack("<I", len(data)) + data


def flat_list(identifier, count, elements):
    """A FlatBuffer whose root table has one field, a list; its layout stands at 8, the table at 14."""
    layout = struct.pack("<HHHxx", 6, 8, 4)
    table = struct.pack("<iI", 8, 4)
    return struct.pack("<I", 16) + identifier + layout + table + struct.pack("<I", count) + elements


def aedat4(events, method, closed):
    pack = {0: bytes, 1: lz4, 3: zstd}[method]
    xml = (
        '<dv version="2.0"><node name="outInfo" path="/"><node name="0" path="/">'
        '<attr key="originalOutputName" type="string">events</attr>'
        '<attr key="typeIdentifier" type="string">EVTS</attr><node name="info" '
        'path="/"><attr key="sizeX" type="int">34</attr><attr key="sizeY" type="int">34</attr></node></node>'
        "</node></dv>"
    ).encode()
    structs = b"".join(struct.pack("<qhhB3x", t, x, y, p) for x, y, p, t in events)
    body = pack(sized(flat_list(b"EVTS", len(events), structs)))
    packets = struct.pack("<ii", 0, len(body)) + body
    place = 14 + 48 + len(xml) + 1 + len(packets)
    header = struct.pack("<I4s5Hxx", 20, b"IOHE", 10, 20, 4, 8, 16)
    header += struct.pack("<iiqII", 12, method, place if closed else -1, 4, len(xml)) + xml + b"\0"
    entry = struct.pack("<I7H", 20, 14, 44, 4, 12, 20, 28, 36) + bytes(2)
    entry += struct.pack("<iqiiqqq", 16, 0, 0, 1, 1, 0, max(t for *_, t in events))
    table = pack(sized(flat_list(b"FTAB", 1, entry))) if closed else b""
    return b"#!AER-DAT4.0\r\n" + sized(header) + packets + table


def mat(columns, compressed):
    """spiketrain in single precision: 100 taxels and a time a column."""
    values = numpy.zeros((len(columns), 101), "<f4")
    for row, (taxel, change, seconds) in zip(values, columns):
        row[taxel], row[100] = change, seconds
    body = struct.pack("<4I", 6, 8, 7, 0) + struct.pack("<IIii", 5, 8, 101, len(columns))
    body += struct.pack("<II16s", 1, 10, b"spiketrain") + struct.pack("<II", 7, values.nbytes)
    body += values.tobytes() + bytes(-values.nbytes % 8)
    element = struct.pack("<II", 14, len(body)) + body
    if compressed:
        packed = zlib.compress(element)
        element = struct.pack("<II", 15, len(packed)) + packed
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + element


# ---- a graph between the processes: compiler/model/nir_bytes.hpp ----


def u64(value):
    return struct.pack("<Q", value)


def counted(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return u64(len(raw)) + raw


def tree_of(node):
    fields, texts, graphs = {}, {}, []
    kind = node["type"][()]
    for name, item in node.items():
        if name in ("type", "nodes", "edges", "metadata") or not isinstance(item, h5py.Dataset):
            continue
        value = item[()]
        if isinstance(value, (bytes, str)):
            texts[name] = value
        elif item.dtype.kind not in "OS":
            fields[name] = numpy.asarray(value, dtype="<f8")
    if "nodes" in node:
        graphs.append(node)
    out = counted(kind) + u64(len(fields))
    for name, array in sorted(fields.items()):
        out += counted(name) + u64(array.ndim) + b"".join(u64(extent) for extent in array.shape)
        out += u64(array.size) + array.tobytes()
    out += u64(len(texts)) + b"".join(counted(name) + counted(text) for name, text in sorted(texts.items()))
    return out + u64(0) + u64(len(graphs)) + b"".join(graph_of(graph) for graph in graphs)


def graph_of(node, version=""):
    nodes = node["nodes"]
    out = counted(version) + u64(len(nodes))
    for name in sorted(nodes):
        out += counted(name) + tree_of(nodes[name])
    edges = node["edges"][()] if "edges" in node else []
    out += u64(len(edges)) + b"".join(counted(a) + counted(b) for a, b in edges)
    return out + u64(0)


# ---- protobuf's wire format ----


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def damage(*edits):
    """Edits of a stream of words: wire.hpp."""
    out = b""
    for before, what, rest in edits:
        out += bytes([before, what]) + rest
    return out


class Corpus:
    def __init__(self, spikeloom, only, temporary):
        self.spikeloom, self.only, self.temporary = spikeloom, only, temporary

    def add(self, target, name, content):
        if not self.only.search(target):
            return
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def command(self, *arguments):
        done = subprocess.run([self.spikeloom, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode not in (0, 1):
            raise SystemExit(f"make_corpus: error: {arguments}: {done.stderr}")

    def data(self):
        spikes = numpy.array([[1, 0, 0, 1, 0, 0, 0, 1], [0] * 8, [1] * 8], dtype="u1")
        self.add("npy", "u1", npy(spikes))
        self.add("npy", "f4", npy(numpy.array([0.5, -1, 1e30], dtype="f4")))
        self.add("npy", "fortran", npy(numpy.asfortranarray(numpy.arange(6, dtype="i2").reshape(2, 3))))
        self.add("npy", "text", npy(numpy.array(["ab", "c"])))
        self.add("npy", "bool", npy(numpy.array(True)))
        self.add("npy_data", "steps", npy(spikes))
        self.add("npy_data", "values", npy(numpy.arange(8, dtype="f8") / 8))
        self.add("npz", "spikes", npz(spikes=spikes[None], labels=[3], ids=["a"], steps=[2]))
        self.add("npz", "values", npz(values=spikes.astype("f4"), encoder="rate", steps=4, full_scale=1.0))
        self.add("npz", "events", npz(t=[0, 0, 3], index=[1, 7, 2], sample=[0, 0, 1], value=[1.0, 2, 3]))
        two = {"spikes.a": numpy.ones((1, 2, 3), "u1"), "spikes.b": numpy.ones((1, 2, 2), "u1")}
        self.add("npz", "two_inputs", npz(**two))
        self.add("npz", "packed", npz(images=numpy.packbits(spikes[None], axis=-1)))
        self.add("labels", "labels", npz(ids=["1", "2"], labels=[5, 6]))
        self.add("labels", "outputs", npz(**{"spikes.out": spikes[None], "counts": [[1, 2]], "ids": ["a"]}))
        self.add("csv", "index", "t,index,value\n0,1,1\n0,3,2\n5,7,-1\n")
        self.add("csv", "pixels", "# a comment\nt,x,y,p\n1000,3,4,1\n2500,33,0,0\n")
        self.add("csv", "no_heading", "0,1\n1,2\n\n3,4\n")
        events = [(3, 4, 1, 1000), (33, 33, 0, 2500), (0, 0, 1, 2500), (5, 6, 0, 900)]
        packed = [x << 32 | y << 24 | p << 23 | t for x, y, p, t in events]
        self.add("nmnist", "four", b"".join(value.to_bytes(5, "big") for value in packed))
        dat = b"".join(struct.pack("<II", t, x | y << 14 | p << 28) for x, y, p, t in events)
        self.add("prophesee", "cd", b"% Data file containing CD events.\n% Version 2\n" + b"\x0c\x08" + dat)
        self.add("prophesee", "no_heading", dat)
        for name, method, closed in (
            ("plain", 0, True),
            ("open", 0, False),
            ("lz4", 1, True),
            ("zstd", 3, True),
        ):
            self.add("aedat4", name, aedat4(events, method, closed))
        taxels = [(3, 1, 0.001), (99, -1, 0.0025)]
        self.add("stmnist", "plain", mat(taxels, False))
        self.add("stmnist", "compressed", mat(taxels, True))
        tonic = [("x", "<i2"), ("y", "<i2"), ("p", "?"), ("t", "<i8")]
        self.add("npy_records", "tonic", npy(numpy.array([(x, y, p, t) for x, y, p, t in events], tonic)))
        line = numpy.dtype(
            {"names": ["t", "x"], "formats": [">f4", ">u2"], "offsets": [2, 8], "itemsize": 12}
        )
        self.add("npy_records", "line", npy(numpy.array([(0.5, 3), (4000, 7)], line)))

    def networks(self):
        self.add("int_network", "wire", json.dumps(NETWORK))
        for name in ("sinabs_iaf", "spyx_if"):
            dump = self.temporary / name
            self.command("compile", FRAMEWORKS / f"{name}.nir", "--chip", ROOT / "chips/mesh2x2.toml", "-o",
                         self.temporary / f"{name}.loom", "--points", 1, "--dump", dump)  # fmt: skip
            text = (dump / "02-quantize.txt").read_text()
            found = re.search(r"^\{.*", text, re.MULTILINE | re.DOTALL)
            if found:
                self.add("int_network", name, found.group(0))
        for name in ("sinabs_iaf", "snntorch_synaptic", "nengo_if", "rockpool_lif", "norse_lif"):
            with h5py.File(FRAMEWORKS / f"{name}.nir") as file:
                self.add("nir", name, steps_of(file))
                version = file["version"][()].decode() if "version" in file else ""
                self.add("nir_tree", name, graph_of(file["node"], version))
        for name in ("flatten", "convolution"):
            self.add("nir_tree", name, self.made(name))
        self.add("hdf5_damaged", "nir", self.small_nir())

    def made(self, name):
        """Graphs of nodes that the frameworks' files do not have."""
        path = self.temporary / f"{name}.h5"
        with h5py.File(path, "w") as file:
            node = file.create_group("node")
            node["type"] = "NIRGraph"
            nodes = node.create_group("nodes")

            def add(label, kind, **fields):
                group = nodes.create_group(label)
                group["type"] = kind
                for key, value in fields.items():
                    group[key] = value

            add("input", "Input", shape=numpy.array([2, 4, 4]))
            if name == "flatten":
                add("pool", "AvgPool2d", kernel_size=[2, 2], stride=[2, 2], padding=[0, 0])
                add("flat", "Flatten", start_dim=0, end_dim=-1, input_type=[2, 2, 2])
                add("scale", "Scale", scale=numpy.full(8, 0.5))
                add("delay", "Delay", delay=numpy.full(8, 0.002))
                add("linear", "Linear", weight=numpy.ones((3, 8)))
                chain = ["input", "pool", "flat", "scale", "delay", "linear", "lif", "output"]
                size = (3,)
            else:
                add("conv", "Conv2d", weight=numpy.ones((2, 2, 3, 3)), bias=[0.1, 0.2], stride=[1, 1],
                    padding=[1, 1], dilation=[1, 1], groups=1, input_shape=[4, 4])  # fmt: skip
                add("sum", "SumPool2d", kernel_size=[2, 2], stride=[2, 2], padding=[0, 0])
                chain = ["input", "conv", "sum", "lif", "output"]
                size = (2, 2, 2)
            values = {"tau": 0.01, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0}
            add("lif", "LIF", **{key: numpy.full(size, value) for key, value in values.items()})
            add("output", "Output", shape=numpy.array(size))
            edges = [[a.encode(), b.encode()] for a, b in zip(chain, chain[1:])]
            node["edges"] = numpy.array(edges, dtype="S")
        with h5py.File(path) as file:
            return graph_of(file["node"])

    def small_nir(self):
        path = self.temporary / "small.h5"
        with h5py.File(path, "w", libver="latest") as file:
            node = file.create_group("node")
            node["type"] = "NIRGraph"
            nodes = node.create_group("nodes")
            for label, kind in (("input", "Input"), ("output", "Output")):
                nodes.create_group(label)["type"] = kind
                nodes[label]["shape"] = numpy.array([2])
            node["edges"] = numpy.array([[b"input", b"output"]])
        return path.read_bytes()

    def nirdata(self):
        def file_of(kind, *sets):
            steps = bytes([5]) + word("__type__") + word("NIRGraphData") + bytes([0]) + word("nodes")
            for node in ("input", "a", "b"):
                steps += (
                    bytes([0]) + word(node) + bytes([0]) + word("observables") + bytes([0]) + word("spikes")
                )
                steps += bytes([5]) + word("__type__") + word(kind) + b"".join(sets)
                if kind == "EventData":
                    steps += bytes([6]) + word("t_max") + struct.pack("<d", 0.01)
                steps += bytes([1, 1, 1])
            return steps

        grid = numpy.ones((1, 2, 8), "u1")
        self.add("nirdata", "gridded", file_of("TimeGriddedData", numbers("data", grid)))
        self.add("nirdata", "bits", file_of("TimeGriddedData", numbers("data", grid.astype(bool), 2)))
        idx, time = numpy.array([[0, 2, -1]], "i8"), numpy.array([[0, 0.003, 0]], "f8")
        sets = (numbers("idx", idx), numbers("time", time, 1))
        self.add("nirdata", "events", file_of("EventData", *sets))
        valued = (*sets, numbers("value", numpy.array([[1, 2, 0]], "f4")))
        self.add("nirdata", "valued", file_of("ValuedEventData", *valued))
        spikes = lists("times", "f4", [[0.25, 0.5], [], [0.001]]) + lists("units", "i4", [[7, 0], [], [3]])
        spikes = bytes([0]) + word("spikes") + spikes + bytes([1])
        self.add("shd", "spikes", spikes)
        self.add("shd", "labels", spikes + numbers("labels", numpy.array([4, 19, 0], "i4")))

    def chips_and_images(self):
        for name in ("tile1", "mesh2x2", "lean32"):
            self.add("chip", name, (ROOT / f"chips/{name}.toml").read_bytes())
        self.add("chip", "mixed", (ROOT / "tests/chips/mixed.toml").read_bytes())
        network = self.temporary / "wire.json"
        network.write_text(json.dumps(NETWORK))
        for name, chip, *options in (
            ("wire", "tile1", "--points", "0"),
            ("points", "mesh2x2", "--points", "1"),
        ):
            image = self.temporary / f"{name}.loom"
            self.command("compile", network, "--chip", ROOT / f"chips/{chip}.toml", "-o", image, *options)
            self.add("image", name, image.read_bytes()[32:])  # behind the seal
        state = self.temporary / "state.json"
        image = self.temporary / "points.loom"
        for name in ("one", "two"):
            self.command("admit", state, image, "--name", name)
            self.add("state", name, state.read_bytes())

    def graphs(self):
        path = self.temporary / "graph.json"
        path.write_text(json.dumps(GRAPH))
        flat = json.loads(json.dumps(GRAPH))
        del flat["channels"][1]["latency"]
        (self.temporary / "flat.json").write_text(json.dumps(flat))
        self.command("dataflow", "convert", self.temporary / "flat.json", self.temporary / "graph.xml")
        xml = (self.temporary / "graph.xml").read_text()
        self.add("sdf3", "csdf", xml)
        self.add("sdf3", "initial", re.sub(r'rate=[\'"]1,1[\'"]', 'rate="3;1,1"', xml))
        self.add("sdf_json", "codec", path.read_bytes())
        self.add("sdf_text", "three", SDF_TEXT)
        certificate = {
            "format": "spikeloom-dataflow-certificate",
            "version": 1,
            "period": "5",
            "potentials": [["a", 0], ["b", 7]],
            "critical_cycle": [0, 1],
        }
        self.add("certificate", "holds", json.dumps(certificate))
        self.add("certificate", "huge", json.dumps(certificate | {"potentials": [["a", 1e300], ["b", 7]]}))

    def wires(self):
        hashes = struct.pack("<Q", 0x1000000200000003)
        for target in ("from_device", "to_device"):
            self.add(target, "none", b"\xff")
            self.add(target, "another_word", damage((5, 0, hashes), (20, 1, b"\x3d")))
            self.add(target, "dropped", damage((7, 2, b""), (9, 4, b""), (3, 5, b"")))
            self.add(target, "put_before", damage((100, 3, hashes), (100, 2, b"")))
        first = bytes(17)
        self.add("card", "quiet", first + struct.pack("<8H", 0, 0, 64, 0, 10, 0, 0, 0))
        self.add("card", "answers", first + struct.pack("<8H", 2, 64, 10, 0, 0, 0, 0, 0) + bytes(17))
        session = "spikeloom session 1\ndevice model\n> 1000000200000003\n< 2000000200000003\n"
        self.add("session", "session", session)
        self.add("session", "device", "verilator:?trace=a.fst&threads=2")
        message = (
            b"\x08\x05" + b"\x12\x03abc" + b"\x1d" + struct.pack("<I", 7) + b"\x21" + struct.pack("<Q", 9)
        )
        frame = b"\x09" + struct.pack("<Q", len(message)) + b"\x15" + struct.pack("<I", 6)
        self.add("rpc", "frame", frame + message)
        self.add("rpc", "varint", frame + b"\x18" + varint(1 << 60))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("spikeloom")
    parser.add_argument("--only", default="", help="targets whose name matches")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        corpus = Corpus(arguments.spikeloom, re.compile(arguments.only), pathlib.Path(temporary))
        corpus.data()
        corpus.networks()
        corpus.nirdata()
        corpus.chips_and_images()
        corpus.graphs()
        corpus.wires()


if __name__ == "__main__":
    main()
