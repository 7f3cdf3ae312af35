#!/usr/bin/env python3
"""Event-driven chips, chips of arrays and mixed ones of equal LUTs: a section of docs/results.md.

usage: scripts/equal_luts.py [--spikeloom build/bin/spikeloom] [--data ../shared/data] [--keep DIR]

Goes to stdout; scripts/results.py puts it into the page. Three loads: mnist-snn with weights of 4 bits, the
N-MNIST network and every layer of VGG9 with 8 bits, the layers on the spikes that were recorded there
(common_load.py). Each runs on three chips of about as many LUTs: 84 an event-driven lane, and for a
multiplier of an array what scripts/synth measures at the weights' bits (the page of the arrays' core,
"Size"). All runs are on `model`, whose stamps are the RTL's. The layers' output spikes are compared with
NumPy's.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib

import common_load
import markdown

ROOT = pathlib.Path(__file__).resolve().parent.parent
LANE_LUTS = 84
# A multiplier with its share of everything that integrates, of an array of 16 × 8; by bits of a weight.
MULTIPLIER_LUTS = {4: 12.6, 8: 18.7}
LANES, MULTIPLIERS = 16, 16 * 8  # of a tile
LANE_WORD, ARRAY_WORD = 16, 8  # bytes of a word of weights
IMAGES, SETTLED = 4, 2  # of a layer's runs: as many, and those before the ones that are measured
LAYERS = common_load.LAYERS["vgg9"]
STEPS = 4  # of a VGG9 image


def places(width, count):
    """Tiles of a mesh for its second kind, spread over it."""
    return [f"{n % width},{n // width}" for n in range(1, 2 * count, 2)]


def chip_text(name, base, size, tile, kind=None):
    """A chip file: a shipped one on another mesh, with a [tile] that keeps what `tile` does not say; `kind`:
    keys of a second kind and how many tiles are of it.
    """
    chip = tomllib.loads((ROOT / "chips" / f"{base}.toml").read_text())
    lines = [f'name = "{name}"', f"clock_mhz = {chip['clock_mhz']}"]

    def table(title, keys):
        lines.extend(["", title])
        for key, value in keys.items():
            lines.append(f"{key} = " + json.dumps(value))

    table("[mesh]", {"width": size[0], "height": size[1]})
    table("[noc]", chip["noc"])
    table("[tile]", {**chip["tile"], **tile})
    if kind:
        keys, count = kind
        table("[[kind]]", {"name": "array", **keys})
        table("[map]", {"array": places(size[0], count)})
    table("[host]", chip["host"])
    return "\n".join(lines) + "\n"


ARRAYS, LANES_TILE = (
    tomllib.loads((ROOT / "chips" / f"{name}.toml").read_text())["tile"] for name in ("arrays4x3", "mesh4x4")
)
CORE = ARRAYS["core"]


def array_keys(node, **own):
    """Keys of an array: those of the tiles of arrays4x3 that no tile of mesh4x4 has, the `own` ones changed
    (each without what stands before its name there), and these of the node.
    """
    keys = {key: value for key, value in ARRAYS.items() if key not in LANES_TILE}
    for name, value in own.items():
        keys[f"{CORE}_{name}"] = value
    return {**keys, **node}


KINDS = ("event-driven", CORE, "mixed")
# Arrays of 4-bit weights as in arrays4x3, and beside the tiles of mesh4x4.
SMALL_ARRAY = array_keys({"lif_lanes": 8, "state_words": 256, "out_entries": 1024}, weight_bits=4)
# Arrays for VGG9's layers, four steps a firing, beside the tiles of lanes128.
LARGE_ARRAY = array_keys(
    {
        "lif_lanes": 8,
        "page_rows": 32,
        "page_blocks": 512,
        "state_words": 4096,
        "update_entries": 8192,
        "out_entries": 4096,
    },
    pages=4,
    blocks=512,
    folds=8192,
    words=131072,
)
NODE = ("acc_bits", "state_bits", "bias_bits", "max_scale", "current", "readout", "contexts", "page_chunks")
NODE += ("param_sets", "channels", "deliveries", "credit_counters", "order_entries")


def arrays_text(name, base, size, keys):
    """A chip of nothing but such arrays, its network interface as a shipped chip's tiles have it."""
    tile = tomllib.loads((ROOT / "chips" / f"{base}.toml").read_text())["tile"]
    text = chip_text(name, base, size, {})
    head, rest = text.split("[tile]\n", 1)
    own = {**{key: tile[key] for key in NODE}, "page_rows": tile["page_rows"]}
    lines = [f"{key} = {json.dumps(value)}" for key, value in {**own, **keys}.items()]
    return head + "[tile]\n" + "\n".join(lines) + "\n" + rest[rest.index("\n[host]") :]


class Chip:
    """One of the three of a load: its file, tiles of both cores, LUTs."""

    def __init__(self, folder, kind, bits, name, text, lanes, arrays):
        self.kind, self.name, self.lane_tiles, self.arrays = kind, name, lanes, arrays
        self.luts = round(LANE_LUTS * LANES * lanes + MULTIPLIER_LUTS[bits] * MULTIPLIERS * arrays)
        if text is None:
            self.path = ROOT / "chips" / f"{name}.toml"
        else:
            self.path = folder / f"{name}.toml"
            self.path.write_text(text)

    @property
    def tiles(self):
        parts = [f"{self.lane_tiles} × 16 lanes"] if self.lane_tiles else []
        return " + ".join(parts + ([f"{self.arrays} × 16 × 8"] if self.arrays else []))


def chips(folder, bits):
    """The three chips of a load, by the bits of its weights."""
    wide = {"page_rows": 32, "state_words": 2048, "out_entries": 4096, "update_entries": 2048}
    wide["weight_words"] = 65536
    if bits == 4:
        made = (
            ("mesh4x4", None, 16, 0),
            ("arrays13x1", arrays_text("arrays13x1", "mesh4x4", (13, 1), SMALL_ARRAY), 0, 13),
            ("mixed5x3", chip_text("mixed5x3", "mesh4x4", (5, 3), {}, (SMALL_ARRAY, 5)), 10, 5),
        )
    else:
        made = (
            ("lanes4x4", chip_text("lanes4x4", "lanes128", (4, 4), {}), 16, 0),
            ("arrays3x3", arrays_text("arrays3x3", "lanes128", (3, 3), LARGE_ARRAY), 0, 9),
            ("mixed4x3", chip_text("mixed4x3", "lanes128", (4, 3), wide, (LARGE_ARRAY, 4)), 8, 4),
        )
    return [Chip(folder, kind, bits, *of) for kind, of in zip(KINDS, made, strict=True)]


class Command:
    """`spikeloom`, whose reports are what everything is taken from."""

    def __init__(self, program, data, folder):
        self.program, self.data, self.folder, self.shown = program, data, folder, []

    def show(self, arguments):
        text = " ".join(str(a) for a in arguments)
        for path, name in ((self.data, "$DATA"), (self.folder, "$WORK"), (ROOT, ".")):
            text = text.replace(str(path), name)
        line = markdown.wrap_command("spikeloom " + text.replace("./chips/", "chips/"))
        if line not in self.shown:
            self.shown.append(line)

    def __call__(self, *arguments, show=True):
        if show:
            self.show(arguments)
        report = self.folder / "equal-luts.json"
        command = [str(a) for a in (self.program, *arguments, "--json", report)]
        done = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return json.loads(report.read_text())


def words_of(report, chip):
    """Words of weights that were read, on tiles with lanes and on arrays."""
    lanes = arrays = 0
    for tile in filter(None, report["tiles"]):
        if chip.lane_tiles == 0 or tile.get("kind") == "array":
            arrays += tile["words"]
        else:
            lanes += tile["words"]
    return lanes, arrays


def used(report):
    return sum(tile is not None for tile in report["tiles"])


def cycles(value):
    return "–" if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def network_rows(run, label, network, bits, sample_steps, options, data, made):
    """A network on three chips: lines of the table, and which kind its populations took on the mixed one."""
    lines, notes = [], []
    for chip in made:
        arguments = ["compile", network, "--chip", chip.path, *options, "--sample-steps", sample_steps]
        arguments += ["--kinds", "guaranteed"] if chip.kind == "mixed" else []
        image = run.folder / "equal-luts.loom"
        compiled = run(*arguments, "-o", image)
        report = run("run", image, "--input", *data)
        samples, period = report["samples"], report["period"]
        lanes, arrays = (words / samples for words in words_of(report, chip))
        lines.append(
            [
                label,
                chip.kind,
                f"`{chip.name}`: {chip.tiles}",
                f"{chip.luts:,}",
                str(bits),
                f"{compiled['clusters']} on {compiled['tiles_used']}",
                cycles(period["guaranteed"]),
                cycles(period["sampled"]),
                cycles(period["replayed"]),
                f"{lanes:,.0f}" if lanes else "–",
                f"{arrays:,.0f}" if arrays else "–",
                f"{(lanes * LANE_WORD + arrays * ARRAY_WORD) / 1024:,.0f}",
            ]
        )
        notes += [note for note in compiled["notes"] if " goes to tiles of kind " in note]
    return lines, notes


def layer_row(run, load, chip):
    """A layer of VGG9 on one of the chips: promised and replayed cycles and words, of an image."""
    arguments = ["compile", load.network, "--chip", chip.path, *common_load.OPTIONS, "-o", load.image]
    compiled = run(*arguments, *(["--sample-steps", load.steps] if chip.arrays else []), show=False)
    period = compiled["period"]
    before, whole = (common_load.ran(run.program, load, images) for images in (SETTLED, IMAGES))
    return {
        "promised": period.get("sampled", period["guaranteed"]) * load.steps,
        "replayed": (whole["cycles"] - before["cycles"]) / (IMAGES - SETTLED),
        "words": sum(words_of(whole, chip)) / IMAGES,
        "bytes": LANE_WORD if chip.lane_tiles else ARRAY_WORD,
    }


def layer_rows(run, made):
    """All layers on chips of one kind: lines of the table, a sum last."""
    lines, sums = [], [[0, 0, 0, 0] for _ in made]
    for number, layer in enumerate(LAYERS):
        spikes = common_load.recorded(run.data / "layer-spikes", "vgg9", layer)
        load = common_load.Load(run.folder, "vgg9", layer, spikes, number + 1)
        rows = [layer_row(run, load, chip) for chip in made]
        found = ", ".join(f"{row['replayed']:,.0f}" for row in rows)
        print(f"equal_luts: {layer}: {found}", file=sys.stderr)
        keys = ("promised", "replayed", "words")
        lines.append([layer, *(f"{row[key]:,.0f}" for key in keys for row in rows)])
        for of, row in zip(sums, rows, strict=True):
            for n, key in enumerate(keys):
                of[n] += row[key]
            of[3] += row["words"] * row["bytes"]
    lines.append(["**sum**", *(f"**{of[n]:,.0f}**" for n in range(3) for of in sums)])
    lines.append(["MB read", *[""] * 4, *(f"{of[3] / 1e6:,.1f}" for of in sums)])
    return lines


def table(head, rows):
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *rows])


def chips_text(made):
    return "; ".join(f"{chip.kind} `{chip.name}`, {chip.tiles}, {chip.luts:,} LUTs" for chip in made)


def section(program, data, folder):
    """The part of the page."""
    run = Command(program, data, folder)
    small, large = chips(folder, 4), chips(folder, 8)
    mnist = [data / "mnist-snn/test1000_spikes_T8.npz", "--packed"]
    scnn = data / "nir-nmnist-scnn"
    rows, notes = network_rows(
        run, "mnist-snn", data / "mnist-snn/mlp_784_128_10_w4.nir", 4, 8, ["--bits", 4], mnist, small
    )
    recordings = [scnn / "events", "--labels", scnn / "golden_zero.npz", "--steps", 310, "--limit", 20]
    more, other_notes = network_rows(
        run, "N-MNIST", scnn / "cnn_sinabs.nir", 8, 310, ["--planes", 2], recordings, large
    )
    where = "\n".join(f"- {note}" for note in [*notes, *other_notes])
    if all((data / "layer-spikes" / name).is_file() for name in common_load.FILES.values()):
        head = ["layer"]
        for what in ("promised", "replayed", "weight words"):
            head += [f"{what}: {kind}" for kind in KINDS[:2]]
        layers = table(head, layer_rows(run, large[:2]))
    else:
        layers = "**Skipped**: the recorded spikes (`layer-spikes` of the real data) were not there."
    listing = "\n".join(run.shown)
    return f"""## Event-driven, {CORE} and mixed chips of equal LUTs

Chips of about as many LUTs, where an event-driven lane takes {LANE_LUTS} and a multiplier of an array,
with its share of everything that integrates, {MULTIPLIER_LUTS[4]} with weights of up to 4 bits and
{MULTIPLIER_LUTS[8]} with 8 (docs/{CORE}.md, "Size"); beside each its tiles, of 16 lanes and of 16 × 8
multipliers. Those that are not shipped are written by `scripts/equal_luts.py`: chips of such tiles on other
meshes, with memories that hold these networks, so memories are not equal. Everything is on `model`, whose
stamps are the RTL's. A *word* of weights has {LANE_WORD} bytes on lanes and {ARRAY_WORD} on arrays.

Cycles a step; *for these samples*: promised for samples of 8 and of 310 steps; words a sample. N-MNIST: the
first 20 recordings.

{table(["network", "chip", "tiles", "LUTs", "bits", "clusters on tiles", "guaranteed", "for these samples"]
       + ["replayed", "words on lanes", "words on arrays", "KiB read"], rows + more)}

{where}

```
{listing}
```

VGG9's layers, each a network by itself on the spikes that were recorded there (docs/benchmarks.md, "The
common load"), weights of 8 bits; cycles and words an image of {STEPS} steps, *promised* for every input of as
many steps, *replayed* of images back to back. {chips_text(large[:2])}. A layer is one population, which goes
to tiles of one kind: alone on the mixed chip it would be on a part of one of these.

{layers}
"""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--spikeloom", type=pathlib.Path, default=ROOT / "build/bin/spikeloom")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for chips, networks, images and reports")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or pathlib.Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        print(markdown.wrap(section(args.spikeloom.resolve(), args.data.resolve(), folder)))


if __name__ == "__main__":
    main()
