#!/usr/bin/env python3
"""Every real network on the RTL, measured beside predicted: writes docs/results.md.

usage: scripts/results.py [--spikeloom build/bin/spikeloom] [--data ../shared/data]
                          [--out docs/results.md] [--keep DIR]

Runs the `spikeloom` commands that the page shows, and takes every figure from their JSON. Needs numpy.
Without the folder of real data (README.md in it names the sources) there are only the networks that ship with
the project, and the page says what was skipped. Fails where a run does not end with exit code 0: a promise
broken, a stamp mispredicted or a bit that differs is no result. --keep keeps images and reports. The chips of
equal LUTs are scripts/equal_luts.py's.
"""
import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import h5py
import numpy

import equal_luts
import markdown

ROOT = pathlib.Path(__file__).resolve().parent.parent
TH10 = ["$DATA/braille-th10/braille7_test_inputs.npz", "--array", "x"]
MNIST = ["$DATA/mnist-snn/test1000_spikes_T8.npz", "--packed"]
SAMPLE0 = ["$DATA/nir-braille-srnn/sample0_input_256x12.npy"]
SRNN = "$DATA/nir-braille-srnn/braille_noDelay_"

# name, network, chip, options of compile, data, what calibrates the contracts
ROWS = [
    (
        "digits",
        "examples/digits/digits.nir",
        "tile1",
        [],
        ["examples/digits/test.npz"],
        ["examples/digits/calibration.npz"],
    ),
    (
        "digits",
        "examples/digits/digits.nir",
        "mesh2x2",
        [],
        ["examples/digits/test.npz"],
        ["examples/digits/calibration.npz"],
    ),
    (
        "melody",
        "examples/melody/melody.nir",
        "mesh2x2",
        [],
        ["examples/melody/test.npz"],
        ["examples/melody/calibration.npz"],
    ),
    (
        "mnist-snn, two clusters",
        "$DATA/mnist-snn/mlp_784_128_10_w4.nir",
        "mesh2x2",
        ["--bits", "4", "--spread", "fewest"],
        MNIST,
        [*MNIST, "--limit", "250"],
    ),
    (
        "mnist-snn",
        "$DATA/mnist-snn/mlp_784_128_10_w4.nir",
        "mesh2x2",
        ["--bits", "4"],
        MNIST,
        [*MNIST, "--limit", "250"],
    ),
    (
        "mnist-snn",
        "$DATA/mnist-snn/mlp_784_128_10_w4.nir",
        "mesh4x4",
        ["--bits", "4"],
        MNIST,
        [*MNIST, "--limit", "250"],
    ),
    (
        "braille-th10",
        "$DATA/braille-th10/braille7_th10_srnn_w8.nir",
        "tile1",
        [],
        TH10,
        [*TH10, "--limit", "70"],
    ),
    (
        "braille-th10",
        "$DATA/braille-th10/braille7_th10_srnn_w8.nir",
        "mesh2x2",
        [],
        TH10,
        [*TH10, "--limit", "70"],
    ),
    ("Braille bias_zero", SRNN + "bias_zero.nir", "tile1", [], SAMPLE0, [*SAMPLE0, "--steps", "128"]),
    (
        "Braille noBias_subtract",
        SRNN + "noBias_subtract.nir",
        "tile1",
        ["--reset", "subtract"],
        SAMPLE0,
        [*SAMPLE0, "--steps", "128"],
    ),
    (
        "lava-oxford",
        "$WORK/oxford.json",
        "mesh2x2",
        [],
        ["$WORK/oxford_input.npy"],
        ["$WORK/oxford_input.npy", "--steps", "500"],
    ),
    (
        "nir-lif",
        "$DATA/nir-lif/lif_norse.nir",
        "tile1",
        ["--dt", "1e-4"],
        ["$WORK/lif_input.npy"],
        ["$WORK/lif_input.npy", "--steps", "500"],
    ),
]

# name, network, options of compile, data: what each width costs
WIDTHS = [
    ("digits", "examples/digits/digits.nir", [], ["examples/digits/test.npz"]),
    ("melody", "examples/melody/melody.nir", [], ["examples/melody/test.npz"]),
    ("mnist-snn (4-bit grid)", "$DATA/mnist-snn/mlp_784_128_10_w4.nir", [], MNIST),
    ("braille-th10 (8-bit grid)", "$DATA/braille-th10/braille7_th10_srnn_w8.nir", [], TH10),
    ("Braille bias_zero, sample 0", SRNN + "bias_zero.nir", [], SAMPLE0),
    ("Braille noBias_subtract, sample 0", SRNN + "noBias_subtract.nir", ["--reset", "subtract"], SAMPLE0),
]

# Contracts as near to the samples as the analysis gets them.
TIGHT = ["--contract-order", "given", "--margin", "0"]

# Read from the *_accuracy_* files of the NIR paper's repository, percent.
CITED = """| | Lava (Loihi 2 simulator) | Nengo | Norse | Rockpool | snnTorch | SpiNNaker2 | Spyx | Xylo |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| Braille bias_zero, 140 samples | 48.57 | 55.71 | 94.29 | | 95.00 | 85.00 | 84.29 | |
| Braille noBias_subtract, 140 samples | | 78.57 | 93.57 | 71.43 | 92.14 | 93.57 | 92.14 | 85.71 |
"""

REAL = """\
- braille-th10: the samples whose hidden spikes differ from the float network's agree with it in every bit
  with 32 bits of state (test `RealBrailleTh10`): what differs is truncation of the state. 10 of the 280
  decisions are ties.
- mnist-snn: the output counts of all 1000 images are the float reference's (test `RealMnist`)."""

SKIPPED = """
**Skipped**, for the folder of real data was not there: every network that does not ship with the project, the
convolutional network, and the chips of equal LUTs.
"""

TIGHTNESS_HEAD = [
    "network",
    "chip",
    "contracted",
    "measured",
    "contracted / measured",
    "guaranteed",
    "measured, all ones",
    "guaranteed / measured",
]
WIDTHS_HEAD = [
    "network",
    "weight bits",
    "accuracy float, %",
    "accuracy integer, %",
    "samples decided otherwise",
    "hidden bits that differ from float",
]


class Runner:
    def __init__(self, program, data, work):
        self.program, self.paths = program, {"$DATA": str(data), "$WORK": str(work)}
        self.work = work
        self.shown = []  # commands of the current row, as the page shows them

    def real(self, argument):
        for name, path in self.paths.items():
            argument = argument.replace(name, path)
        return argument

    def __call__(self, *arguments, report=None, show=True):
        """Runs one command from the project's root; returns its JSON report."""
        command = list(arguments)
        if show:
            self.shown.append(
                markdown.wrap_command(
                    " ".join(["spikeloom"] + [a if a.startswith("$") else shlex.quote(a) for a in command])
                )
            )
        if report:
            command += ["--json", "$WORK/" + report]
        done = subprocess.run(
            [str(self.program)] + [self.real(a) for a in command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(
                f"results: error: spikeloom {' '.join(command)}: exit code {done.returncode}\n"
                f"{done.stdout}{done.stderr}"
            )
        return json.loads((self.work / report).read_text()) if report else None


def prepare(data, work):
    """Inputs and networks that are in the folder in another form: the LIF's input column, Oxford's dense
    layer.
    """
    column = numpy.loadtxt(data / "nir-lif/lif_norse.csv", delimiter=",", usecols=0)
    numpy.save(work / "lif_input.npy", column.astype(numpy.uint8).reshape(-1, 1))
    with numpy.load(data / "lava-oxford/oxford_layer0.npz") as oxford:
        numpy.save(work / "oxford_input.npy", oxford["input_spikes"])
        weight = oxford["weight"]
    if (weight % 2).any():
        sys.exit("results: error: lava-oxford: odd weights")
    layer = {
        "name": "layer0",
        "kind": "CubaLIF",
        "shape": [256],
        "scale": 6,
        "alpha": 4096 - 4096,
        "beta": 4096 - 415,
        "bias_i": 0,
        "bias_v": 0,
        "reset": "value",
        "theta": 6 << 6,
        "v_reset": 0,
    }
    dense = {
        "name": "dense",
        "from": {"input": "input"},
        "to": "layer0",
        "delay": 0,
        "bits": 8,
        "shift": 1,
        "rows": (weight.T // 2).tolist(),
    }
    network = {
        "format": "spikeloom-integer-network",
        "version": 1,
        "name": "lava-oxford",
        "state_bits": 24,
        "inputs": [{"name": "input", "shape": [200]}],
        "populations": [layer],
        "projections": [dense],
        "outputs": [{"name": "output", "shape": [256], "from": "layer0"}],
    }
    (work / "oxford.json").write_text(json.dumps(network))


def percent(value):
    return "–" if value is None else f"{100 * value:.2f}"


def cycles(value):
    return "–" if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def recorded_bits(run, name, data, work, image_data, image):
    """Bits that differ from what others recorded, where the folder has a recording of exactly this network's
    output.
    """
    run("run", image, "--input", *image_data, "--output", "$WORK/out.npz", show=False)
    with numpy.load(work / "out.npz") as out:
        spikes = out[[name for name in out.files if name.startswith("spikes.")][0]][0]
    if name == "lava-oxford":
        with numpy.load(data / "lava-oxford/oxford_layer0.npz") as oxford:
            theirs = oxford["output_spikes"]
        late = numpy.concatenate([numpy.zeros((1, 256), spikes.dtype), spikes[:-1]])
        return (
            f"{int((late != theirs).sum())} of {theirs.size:,} output bits differ from Loihi's arithmetic "
            "as lava-dl recorded it"
        )
    steps = " ".join(str(step) for step in numpy.flatnonzero(spikes))
    return f"spikes at steps {steps}, as the exact solution, Nengo, Norse, snnTorch and SpiNNaker2"


def run_row(run, number, row, data, work):
    name, network, chip, options, inputs, calibration = row
    run.shown = []
    image = f"$WORK/{number}.loom"
    base = ["compile", network, "--chip", f"chips/{chip}.toml", *options]
    compiled = run(*base, "-o", image, "--calibrate", *calibration, report=f"{number}-compile.json")
    measured = run("run", image, "--input", *inputs, "--device", "verilator", report=f"{number}-run.json")
    if measured["replay"]["mismatched_steps"] != 0 or measured["replay"]["differing_values"] != 0:
        sys.exit(f"results: error: {name}: the replay is not what the RTL did")
    # The float network's accuracy on all of the data; nothing else of this compilation is used.
    whole = run(*base, "-o", "$WORK/whole.loom", "--calibrate", *inputs, report="whole.json", show=False)
    real = whole["calibration"]["accuracy"]["before"] if whole["calibration"] else None
    slack = {promise["name"]: promise for promise in measured["promises"]}
    contract = slack["contracted"]["void_from"]
    row_text = [
        str(number),
        name,
        chip,
        f"{compiled['clusters']} on {compiled['tiles_used']}",
        f"{measured['samples']:,} × {measured['steps'] // measured['samples']}",
        f"{percent(real)} / {percent(measured['accuracy'])}",
        *(cycles(measured["period"][kind]) for kind in ("guaranteed", "contracted", "replayed", "measured")),
        f"{measured['latency']['guaranteed']:,} / {measured['latency']['measured']:,}",
        f"{slack['guaranteed']['least_slack']:,} / {slack['contracted']['least_slack']:,}"
        + ("" if contract is None else f" (void from step {contract})"),
        str(measured["replay"]["mismatched_steps"]),
        f"{measured['derived']['steps_per_second']:,.0f}",
    ]
    note = None
    if name in ("lava-oxford", "nir-lif"):
        note = f"- {name}: " + recorded_bits(run, name, data, work, inputs, image) + "."
        run.shown = run.shown[:2]
    return row_text, run.shown, note


def input_elements(path):
    """Elements of the only input of a network file."""
    if path.suffix == ".json":
        return int(numpy.prod(json.loads(path.read_text())["inputs"][0]["shape"]))
    with h5py.File(path) as file:
        nodes = file["node/nodes"].values()
        return int(
            numpy.prod([node["shape"][()] for node in nodes if node["type"][()].decode() == "Input"][0])
        )


def at_hand(rows, has_data):
    """Those of ROWS or WIDTHS that can run: without the real data only networks of the project."""
    return [row for row in rows if has_data or row[1].startswith("examples/")]


def run_tightness(run, rows):
    """Promises beside measured periods: contracts on their own calibration samples, the guarantee under all
    ones.
    """
    lines = []
    for name, network, chip, options, inputs, _ in rows:
        run(
            "compile",
            network,
            "--chip",
            f"chips/{chip}.toml",
            *options,
            *TIGHT,
            "-o",
            "$WORK/tight.loom",
            "--calibrate",
            *inputs,
            show=False,
        )
        calibrated = run(
            "run",
            "$WORK/tight.loom",
            "--input",
            *inputs,
            "--device",
            "verilator",
            report="tight.json",
            show=False,
        )
        numpy.save(
            run.work / "ones.npy",
            numpy.ones((8, 32, input_elements(pathlib.Path(run.real(network)))), numpy.uint8),
        )
        ones = run(
            "run",
            "$WORK/tight.loom",
            "--input",
            "$WORK/ones.npy",
            "--device",
            "verilator",
            report="ones.json",
            show=False,
        )
        for report in (calibrated, ones):
            if not report["promises_kept"] or report["replay"]["mismatched_steps"] != 0:
                sys.exit(f"results: error: {name}: a promise or the replay did not hold")
        if [p for p in calibrated["promises"] if p["void_from"] is not None]:
            sys.exit(f"results: error: {name}: its own calibration samples break the contract")
        contracted, guaranteed = calibrated["period"], ones["period"]
        lines.append(
            [
                name,
                chip,
                cycles(contracted["contracted"]),
                cycles(contracted["measured"]),
                f"{contracted['contracted'] / contracted['measured']:.3f}",
                cycles(guaranteed["guaranteed"]),
                cycles(guaranteed["measured"]),
                f"{guaranteed['guaranteed'] / guaranteed['measured']:.3f}",
            ]
        )
    return lines


def run_widths(run, rows):
    lines = []
    for name, network, options, inputs in rows:
        for bits in (8, 4, 2, 1):
            command = [
                "compile",
                network,
                "--chip",
                "chips/mesh4x4.toml",
                *options,
                "--bits",
                str(bits),
                "-o",
                "$WORK/width.loom",
                "--calibrate",
                *inputs,
            ]
            report = run(*command, report="width.json", show=False)
            cost = report["calibration"]
            hidden = list(cost["populations"].values())[0]
            lines.append(
                [
                    name,
                    str(bits),
                    percent(cost["accuracy"]["before"]),
                    percent(cost["accuracy"]["after"]),
                    f"{cost['decided_otherwise']} of {cost['samples']}",
                    f"{hidden['differing_bits']:,} of {hidden['bits']:,}",
                ]
            )
    return lines


SCNN = "$DATA/nir-nmnist-scnn/"
RECORDINGS = [SCNN + "events", "--labels", SCNN + "golden_zero.npz"]
# Files of the NIR paper's repository, and whose number they hold.
PUBLISHED = {
    "lava": "Lava (Loihi 2 simulator)",
    "nengo": "Nengo",
    "norse": "Norse",
    "sinabs": "Sinabs",
    "snntorch": "snnTorch",
    "s2": "SpiNNaker2",
    "speck": "Speck (chip)",
    "spyx": "Spyx",
}


def scnn_contracts(run):
    """Contracts from the first ten recordings, held against all of them: the table, and the first margin that
    holds with how many times shorter its period is than the guaranteed one. The command of 50 % is shown.
    """
    rows, holds = [], None
    for margin in (0, 20, 50, 100):
        run(
            "compile",
            SCNN + "cnn_sinabs.nir",
            "--chip",
            "chips/scnn.toml",
            "--planes",
            "2",
            "-o",
            "$WORK/scnn-contract.loom",
            "--calibrate",
            *RECORDINGS,
            "--steps",
            "310",
            "--limit",
            "10",
            "--no-calibrate-weights",
            "--margin",
            str(margin),
            show=margin == 50,
        )
        whole = run(
            "run",
            "$WORK/scnn-contract.loom",
            "--input",
            *RECORDINGS,
            "--steps",
            "310",
            report="scnn-contract-run.json",
            show=margin == 50,
        )
        promise = next(p for p in whole["promises"] if p["name"] == "contracted")
        if not whole["broken_contracts"] and holds is None:
            holds = margin, whole["period"]["guaranteed"] / whole["period"]["contracted"]
        over = [text.split(": ", 1)[1].split(" firings", 1)[0] for text in whole["broken_contracts"]]
        rows.append(
            [
                str(margin),
                cycles(whole["period"]["contracted"]),
                cycles(whole["period"]["replayed"]),
                str(whole["correct"]),
                f"{sum(int(n) for n in over)} of {sum(tile['firings'] for tile in whole['tiles'] if tile):,}",
                f"{promise['steps_checked']:,} of {whole['steps']:,}",
            ]
        )
    if holds is None:
        sys.exit(
            "results: error: the convolutional network: its recordings break the contracts with every margin"
        )
    return *holds, table(
        [
            "margin, %",
            "contracted",
            "replayed",
            "decided rightly, of 91",
            "firings over the contract",
            "steps before the first of them",
        ],
        rows,
    )


def scnn(run, data, work):
    """The convolutional network: every recording on `model`, ten on the RTL, beside what others published."""
    run.shown = []
    compiled = run(
        "compile",
        SCNN + "cnn_sinabs.nir",
        "--chip",
        "chips/scnn.toml",
        "--planes",
        "2",
        "-o",
        "$WORK/scnn.loom",
        report="scnn-compile.json",
    )
    whole = run(
        "run",
        "$WORK/scnn.loom",
        "--input",
        *RECORDINGS,
        "--steps",
        "310",
        "--output",
        "$WORK/scnn.npz",
        report="scnn-model.json",
    )
    rtl = run(
        "run",
        "$WORK/scnn.loom",
        "--input",
        *RECORDINGS,
        "--steps",
        "50",
        "--limit",
        "10",
        "--device",
        "verilator",
        report="scnn-rtl.json",
    )
    margin, times, contracts = scnn_contracts(run)
    if rtl["replay"]["mismatched_steps"] != 0 or rtl["replay"]["differing_values"] != 0:
        sys.exit("results: error: the convolutional network: the replay is not what the RTL did")
    with numpy.load(data / "nir-nmnist-scnn/golden_zero.npz") as golden, numpy.load(work / "scnn.npz") as out:
        ids, labels, theirs, ours, counts = (
            golden["ids"],
            golden["labels"],
            golden["out_counts_T310"],
            out["predictions"],
            out["counts"],
        )
        if [str(i) for i in ids] != list(out["ids"]):
            sys.exit("results: error: the recordings are not the reference's")
    float_right = int((theirs.argmax(1) == labels).sum())
    missed = [
        f"{i} ({label} taken for {found})" for i, label, found in zip(ids, labels, ours) if label != found
    ]
    by_class = [
        [
            str(digit),
            " ".join(str(i) for i in ids[labels == digit]),
            " ".join(str(found) for found in ours[labels == digit]),
        ]
        for digit in range(10)
    ]
    words = compiled["weight_words"]
    places = -(-compiled["synapses"] // 16)
    platforms = [
        [name, f"{100 * float(numpy.load(data / f'nir-nmnist-scnn/{key}_accuracy.npy')):.2f}", "10,000"]
        for key, name in PUBLISHED.items()
    ]
    accuracies = [
        [
            "**8 bits, `model`**",
            f"{percent(whole['correct'] / whole['samples'])} ({whole['correct']})",
            str(whole["samples"]),
        ],
        [
            "float reference, the same recordings",
            f"{percent(float_right / len(ids))} ({float_right})",
            str(len(ids)),
        ],
        *platforms,
    ]
    apart = abs(counts - theirs)
    period = whole["period"]
    differing = (
        f"{rtl['replay']['mismatched_steps']} stamps and {rtl['replay']['differing_values']} output values"
    )
    listing = "\n".join(run.shown)
    return f"""## A convolutional network: N-MNIST

The trained spiking CNN of the NIR paper (2×34×34 – 16 – 16 – pool – 8 – pool – 256 – 10, IF neurons that
reset to 0), its weights at 8 bits, on {compiled['tiles_used']} tiles; frames of 1 ms, up to 3 events of a
pixel in one (two bit planes). Thresholds and scales follow from the network file alone: nothing was
calibrated on these recordings.

{table(["", "accuracy, %", "recordings"], accuracies)}

The lower rows are cited (Pedersen et al., 2024), on the data set's 10,000 test recordings; 91 are too few to
rank anything by.

- Missed: {", ".join(missed) or "none"}. Output counts differ from the float reference's by at most
  {int(apart.max())} spikes (mean {apart.mean():.3f}).
- The float interpreter gives every spike of the reference (test `RealScnn`): with 32-bit sums all of them;
  with 64-bit sums one membrane of recording 4 stays 4e-8 below the threshold that its rounded sum exceeds.
- Weight words: {words['stored']:,} of 16 bytes, {places:,} if each of the {compiled['synapses']:,} synapses
  had a place of its own (ratio {words['stored'] / places:.4f}), {words['unrolled_rows']:,} in rows that are
  not shared (ratio {words['stored'] / words['unrolled_rows']:.4f}).
- Cycles a step over all recordings: {cycles(period['replayed'])} replayed, {cycles(period['guaranteed'])}
  guaranteed for any input (every neuron firing in every step).
- RTL: ten recordings, {rtl['steps']} steps: {differing} differ from the replay;
  {cycles(rtl['period']['measured'])} cycles a step measured.

{table(["digit", "recordings", "decided as"], by_class)}

Contracts from the work of the first ten recordings, in any order, held against all 91; weights are quantised
as before, without data. Where the input breaks a contract the counters say so and the promise is void from
that step on; up to there, and everywhere else, it was kept. With {margin} % it holds for all of them, at a
{times:.0f}th of what is guaranteed for any input.

{contracts}

```
{listing}
```
"""


def table(head, rows):
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *rows])


def page(rows, commands, notes, tightness, widths, parts):
    head = [
        "",
        "network",
        "chip",
        "clusters on tiles",
        "samples × steps",
        "accuracy float / integer, %",
        "period: guaranteed",
        "contracted",
        "replayed",
        "measured",
        "latency: guaranteed / measured",
        "slack: guaranteed / contracted",
        "mismatched steps",
        "steps/s at 100 MHz, derived",
    ]
    listing = "\n".join(f"# {number}\n" + "\n".join(lines) for number, lines in commands)
    return f"""# Results

Made by `scripts/results.py` (real data: the folder that `SPIKELOOM_DATA` or `--data` names; digits and melody
ship with the project). Every run is on the `verilator` device; the commands stand below the table and end
with exit code 0.
{parts['skipped']}
Cycles of the chip. *Accuracy*: the float interpreter's on the same samples, and the device's. *Contracted*:
contracts from the data that the compile command names (for networks of others a part of all samples), checked
on all of them. *Slack*: cycles between the promise's bound and the stamp, the least of all steps. *Mismatched
steps*: stamps that differ from the replay's; output values never differed either. *Steps/s* follow from the
measured period and the chip file's clock; they are no measurement.

{table(head, rows)}

{os.linesep.join(notes)}
{parts['real']}

```
{listing}
```

`$DATA` is the folder of real data, `$WORK` a scratch folder; `oxford.json` (the dense layer in the file form
of `docs/integer-network.md`), `oxford_input.npy` and `lif_input.npy` are written by the script.

## How tight the promises are

`spikeloom compile NETWORK … {' '.join(TIGHT)} --calibrate DATA`, then `spikeloom run` of DATA, samples back
to back, and of 8 × 32 steps in which every input is 1; both on `verilator`, every promise kept and every
stamp predicted. Contracted periods are for exactly these samples in their order. What remains, by network:
sends, for no counter sees how many flits a firing gives, so every step pays for the most of them. lava-oxford
works 20.77 cycles a step (rho of its contract) and its five flits take up to 21 more, four slots of sixteen
each on the one way to the host, so no contract on work promises less than 41.77 with these slots; the Braille
networks' recurrent and local spikes are the same case, smaller. And tiles that do not work alike: what the
busiest one's contract leaves over is paid by every step, also by those in which another tile is the late one
(mnist-snn: lif2 beside lif1), or else bursts have to fit into 16 pages. Guaranteed periods are for any input,
and ones are the worst input only of the first layer.

{table(TIGHTNESS_HEAD, tightness)}

## What integers cost

`spikeloom compile NETWORK --chip chips/mesh4x4.toml --bits BITS --calibrate DATA --json REPORT`, all samples:
the float network beside the integer one. Weights on a grid that fits are taken over exactly at that width and
above. 1 bit means {{-1, +1}}: a projection with absent synapses gets 2 bits then, so rows for 1 and 2 bits
can be the same. Calibration takes activity and work from the data, never labels.

{table(WIDTHS_HEAD, widths)}

{parts['convolutional']}
{parts['equal_luts']}
## Others, on the same networks (cited, not measured here)

Accuracy in percent as published with the NIR paper (Pedersen et al., 2024), on its own 140 test samples, of
which only sample 0 is in the folder of real data.

{CITED}"""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--spikeloom", type=pathlib.Path, default=ROOT / "build/bin/spikeloom")
    parser.add_argument(
        "--data",
        type=pathlib.Path,
        default=pathlib.Path(os.environ.get("SPIKELOOM_DATA", ROOT / "../shared/data")),
    )
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/results.md")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for images and reports")
    options = parser.parse_args()
    if not options.spikeloom.exists():
        sys.exit(f"results: error: {options.spikeloom} is not there; see --help")
    has_data = options.data.exists()
    if not has_data:
        print(f"results: skipped: all that needs {options.data}, which is not there", file=sys.stderr)
    with tempfile.TemporaryDirectory() as scratch:
        work = options.keep.resolve() if options.keep else pathlib.Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        data, program = options.data.resolve(), options.spikeloom.resolve()
        if has_data:
            prepare(data, work)
        run = Runner(program, data, work)
        rows, commands, notes = [], [], []
        wanted = at_hand(ROWS, has_data)
        for number, row in enumerate(wanted, 1):
            print(f"results: {number} of {len(wanted)}: {row[0]} on {row[2]}", file=sys.stderr)
            text, shown, note = run_row(run, number, row, data, work)
            rows.append(text)
            commands.append((number, shown))
            notes += [note] if note else []
        parts = {"skipped": "", "real": "", "convolutional": "", "equal_luts": ""}
        if has_data:
            parts["real"] = REAL
            parts["convolutional"] = scnn(run, data, work)
            parts["equal_luts"] = equal_luts.section(program, data, work)
        else:
            parts["skipped"] = SKIPPED
        tightness = run_tightness(run, wanted)
        widths = run_widths(run, at_hand(WIDTHS, has_data))
        options.out.write_text(
            markdown.wrap(page(rows, commands, notes, tightness, widths, parts)), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
