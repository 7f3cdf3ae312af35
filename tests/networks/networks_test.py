#!/usr/bin/env python3
"""Networks of scripts/networks.py from their file to their spikes.

usage: networks_test.py SPIKELOOM narrow|whole|three_layers

Each is written, its activities are within 5 and 25 %, it is compiled, verified with its network, and run on
`model`, where measured and predicted stamps must agree. narrow: a sixteenth of the channels. whole: all of
them, for 8 and 4 bits, in at most 2 GB. three_layers: the first three of VGG9, on the RTL. Exit code 77: h5py
or numpy is missing.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CHIP = ROOT / "tests" / "bench" / "cifar.toml"
OPTIONS = ("--dt", "1", "--spread", "fewest", "--no-tune", "--points", "0")
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
        width = ("--width", "0.0625") if kind == "narrow" else ()
        for network in ("vgg9", "vgg16", "resnet18"):
            # One neuron of resnet18's last population reads 24,192 axons: more than a page of this chip.
            chip = longer_pages(folder) if (network, kind) == ("resnet18", "whole") else CHIP
            for bits in (8, 4) if kind == "whole" else (8,):
                passes(spikeloom, folder, network, bits, width, chip=chip)


if __name__ == "__main__":
    main()
