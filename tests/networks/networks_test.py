#!/usr/bin/env python3
"""Networks of scripts/networks.py from their file to their spikes.

usage: networks_test.py SPIKELOOM narrow|whole|three_layers|streamed|streamed_whole

Each is written, its activities are within 5 and 25 %, it is compiled, verified with its network, and run on
`model`, where measured and predicted stamps must agree. narrow: a sixteenth of the channels. whole: all of
them, for 8 and 4 bits, in at most 2 GB. three_layers: the first three of VGG9, on the RTL. streamed: VGG9
with an eighth of the channels on a chip with a quarter of the memory that its weights take, on `model` and on
the RTL; streamed_whole: with all channels, on `model`. Every layer's spikes are those of the same network on
a chip that holds all weights, and as many words of weights reach the tiles as the compiler says. Exit code
77: h5py or numpy is missing.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CHIP = ROOT / "tests" / "bench" / "cifar.toml"
OPTIONS = ("--dt", "1", "--spread", "fewest", "--no-tune", "--points", "0")
# Layers of VGG9, and the kind of tile that each goes to; weights are streamed to those of kind "streamed".
LAYERS = ("if0", "if1", "if2", "if3", "if4", "if5", "if_fc0", "if_fc1", "if_fc2")
KINDS = {
    "quarter": ("tile",) * 4 + ("streamed",) * 5,
    "streamed5x1": ("tile",) * 2 + ("middle",) * 2 + ("streamed",) * 5,
}
BITS = 8
MOST_MB = 2048
MISSING = 77


def run(*command):
    """Runs a command, which must succeed; its output and its memory in MB."""
    with tempfile.TemporaryFile("w+") as out:
        child = subprocess.Popen([str(part) for part in command], stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    if child.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit code {child.returncode}\n{text}")
    return text, usage.ru_maxrss / 1024


def check(condition, what):
    """Ends the test where the condition does not hold."""
    if not condition:
        sys.exit(what)


def passes(spikeloom, folder, network, bits, more=(), device="model", chip=CHIP):
    """One network, all the way."""
    nir, data, image = (folder / name for name in ("n.nir", "n.npz", "n.loom"))
    script = ROOT / "scripts" / "networks.py"
    text, _ = run("/usr/bin/python3", script, nir, "--network", network, "--data", data, *more)
    activities = [float(percent) for percent in re.findall(r"activity ([0-9.]+) %", text)]
    check(activities and all(5 <= percent <= 25 for percent in activities), f"{network}: {text}")
    _, memory = run(spikeloom, "compile", nir, "--chip", chip, "--bits", bits, *OPTIONS, "-o", image)
    check(memory <= MOST_MB, f"{network}, {bits} bits: {memory:.0f} MB to compile it")
    run(spikeloom, "verify", image, "--network", nir)
    run(spikeloom, "run", image, "--input", data, "--device", device)
    print(f"{network}, {bits} bits: {len(activities)} layers, compiled in {memory:.0f} MB")


def weight_bits(spikeloom, chip):
    """Of all tiles' weight memories, as `spikeloom chip` lists them: bits a word, words, tiles."""
    text, _ = run(spikeloom, "chip", chip)
    rows = re.findall(r"(?m)^ +([0-9]+) +([0-9]+) +([0-9]+) .*: weights$", text)
    return sum(int(width) * int(words) * int(tiles) for width, words, tiles in rows)


def network_bits(nir):
    """What the weights of a network take, each stored once."""
    script = (
        "import h5py, sys; bits = 0\n"
        "for node in h5py.File(sys.argv[1])['node/nodes'].values():\n"
        "    bits += int(sys.argv[2]) * node['weight'].size if 'weight' in node else 0\n"
        "print(bits)"
    )
    text, _ = run("/usr/bin/python3", "-c", script, nir, BITS)
    return int(text)


def streamed(spikeloom, folder, chip, width, devices):
    """VGG9 on a chip with a quarter of its weights' memory, beside itself on one that holds them all."""
    nir, data = folder / "n.nir", folder / "n.npz"
    script = ROOT / "scripts" / "networks.py"
    run("/usr/bin/python3", script, nir, "--network", "vgg9", "--width", width, "--data", data)
    check(0 < 4 * weight_bits(spikeloom, chip) <= network_bits(nir), f"{chip} has more than a quarter")

    def outputs(name, place, devices, *more):
        image, compiled = folder / f"{name}.loom", folder / f"{name}.json"
        options = ("--chip", place, "--bits", BITS, *OPTIONS, *more)
        run(spikeloom, "compile", nir, *options, "-o", image, "--json", compiled)
        run(spikeloom, "verify", image, "--network", nir)
        words = json.loads(compiled.read_text())["streamed_words"]
        for device in devices:
            output, report = folder / f"{name}-{device}.npz", folder / "run.json"
            records = [word for layer in LAYERS for word in ("--record", f"{layer}:spikes")]
            into = ("--output", output, "--json", report, *records)
            run(spikeloom, "run", image, "--input", data, "--device", device, *into)
            ran = json.loads(report.read_text())
            counted = sum(tile["streamed_words"] for tile in ran["tiles"])
            steps = ran["steps"]
            check(counted == words * steps, f"{device}: {counted} words in {steps} steps of {words}")
            check(ran["promises_kept"], f"{device}: a promise is broken")
            yield output, words

    ((whole, words),) = outputs("whole", CHIP, ("model",))
    check(words == 0, "weights are streamed unasked")
    places = [word for layer, kind in zip(LAYERS, KINDS[chip.stem]) for word in ("--kind", f"{layer}={kind}")]
    names = [layer for layer, kind in zip(LAYERS, KINDS[chip.stem]) if kind == "streamed"]
    streams = [word for name in names for word in ("--stream-weights", name)]
    for output, words in outputs("streamed", chip, devices, *places, *streams):
        check(words > 0, "no weights are streamed")
        run(spikeloom, "compare", whole, output)
    print(f"{chip.stem}: {words} words of weights a step")


def longer_pages(folder):
    """The chip with pages of twice as many chunks."""
    text = CHIP.read_text()
    longer = re.sub(r"(?m)^page_chunks = .*$", "page_chunks = 2048", text)
    longer = re.sub(r"(?m)^chunk_index_bits = .*$", "chunk_index_bits = 12", longer)
    check(longer.count("page_chunks = 2048") == longer.count("chunk_index_bits = 12") == 1, "other keys")
    chip = folder / "longer.toml"
    chip.write_text(longer.replace('name = "cifar"', 'name = "longer"'))
    return chip


def main():
    """As the arguments say."""
    try:
        subprocess.run(["/usr/bin/python3", "-c", "import h5py, numpy"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("skipped: python3-h5py or python3-numpy is missing; scripts/setup.sh installs them")
        sys.exit(MISSING)
    spikeloom, kind = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if kind == "three_layers":
            small = CHIP.read_text().replace("width = 8\nheight = 8", "width = 4\nheight = 3")
            chip = folder / "three.toml"
            chip.write_text(small.replace('name = "cifar"', 'name = "three"'))
            passes(spikeloom, folder, "vgg9", 8, ("--layers", "3"), "verilator", chip)
            return
        if kind == "streamed":
            streamed(spikeloom, folder, ROOT / "tests/chips/quarter.toml", 0.125, ("model", "verilator"))
            return
        if kind == "streamed_whole":
            streamed(spikeloom, folder, ROOT / "chips/streamed5x1.toml", 1, ("model",))
            return
        width = ("--width", "0.0625") if kind == "narrow" else ()
        for network in ("vgg9", "vgg16", "resnet18"):
            # One neuron of resnet18's last population reads 24,192 axons: more than a page of this chip.
            chip = longer_pages(folder) if (network, kind) == ("resnet18", "whole") else CHIP
            for bits in (8, 4) if kind == "whole" else (8,):
                passes(spikeloom, folder, network, bits, width, chip=chip)


if __name__ == "__main__":
    main()
