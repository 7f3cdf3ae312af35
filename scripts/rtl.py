"""Where the RTL is and with which parameters: for the scripts that run tools on it."""
import argparse
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOP = "spikeloom_chip"
KERNEL = "spikeloom_kernel"  # the chip for a card, the same parameters


def add_arguments(parser: argparse.ArgumentParser):
    parser.add_argument(
        "--build",
        type=pathlib.Path,
        default=pathlib.Path(os.environ.get("SPIKELOOM_BUILD", ROOT / "build")),
        help="build folder: holds the generated package and spikeloom-build-chip (default %(default)s)",
    )


def packages(build):
    return [build / "generated" / "spikeloom_pkg.sv", *sorted((ROOT / "rtl").rglob("*_pkg.sv"))]


def modules():
    """Every module's file, the card's kernel around the chip among them."""
    return [path for path in sorted((ROOT / "rtl").rglob("*.sv")) if not path.stem.endswith("_pkg")]


def folders(build):
    """Where modules and included files lie."""
    inside = sorted(path for path in (ROOT / "rtl").rglob("*") if path.is_dir())
    return [ROOT, build / "generated", ROOT / "rtl", *inside]


def macros(build):
    """Name → (names of the arguments, text) of the generated macros."""
    text = (build / "generated" / "spikeloom_parameters.svh").read_text(encoding="utf-8")
    found = re.findall(r"^`define (\w+)(?:\(([^)]*)\))?(?: ((?:.*\\\n)*.*))?$", text, flags=re.MULTILINE)
    return {
        name: (re.findall(r"\w+", arguments), body.replace("\\\n", "\n").strip("\n"))
        for name, arguments, body in found
    }


def actual_arguments(text, start):
    """The arguments in the parentheses that begin at `start`, and where they end."""
    depth, place, found = 0, start, [""]
    while True:
        letter = text[place]
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 0:
            return [argument.strip() for argument in found], place + 1
        if letter == "," and depth == 1:
            found.append("")
        elif place > start:
            found[-1] += letter
        place += 1


def expanded(text, known):
    """SystemVerilog without the generated macros: for tools that are given each file alone."""
    text = re.sub(r'^`include "spikeloom_parameters.svh"\n', "", text, flags=re.MULTILINE)
    text = re.sub(
        r"^`ifdef (\w+)\n(.*?)^`endif\n",
        lambda found: found[2] if found[1] in known else found[0],
        text,
        flags=re.MULTILINE | re.DOTALL,
    )
    pattern = re.compile(r"`(" + "|".join(sorted(known, key=len, reverse=True)) + r")\b")
    while match := pattern.search(text):
        names, body = known[match[1]]
        end = match.end()
        if names:
            actual, end = actual_arguments(text, end)
            values = dict(zip(names, actual, strict=True))
            formal = re.compile(r"\b(" + "|".join(names) + r")\b")
            body = formal.sub(lambda found: values[found[1]], body).replace("``", "")
        text = text[: match.start()] + body + text[end:]
    return text


def parameters(build, chip):
    """Name → value of the top's parameters for a chip file: words of 32 bits, lowest first; of what a kind of
    tile has for itself a word for each kind.
    """
    tool = build / "bin" / "spikeloom-build-chip"
    printed = subprocess.run([tool, "--parameters", chip], check=True, capture_output=True, text=True).stdout
    lines = [line.split() for line in printed.splitlines()]
    return {name: [int(word) for word in words] for name, *words in lines}


def literal(words):
    """A parameter's value in SystemVerilog."""
    if len(words) == 1:
        return f"32'd{words[0]}"
    return f"{32 * len(words)}'h" + "".join(f"{word:08x}" for word in reversed(words))


def yosys_read(build, formal=False, defines=()):
    """Yosys commands that read the package and every module."""
    switches = "".join(f" -D{name}" for name in defines)
    includes = " ".join(f"-I{folder}" for folder in folders(build))
    files = " ".join(str(path) for path in [*packages(build), *modules()])
    return [
        f"read_verilog -sv {'-formal ' if formal else '-noassert -noassume '}{includes}{switches} {files}"
    ]


def yosys_top(name, values):
    """Yosys commands that make a module with these parameters the top.

    chparam first: hierarchy's own -chparam stops Yosys 0.23 with an internal error on this design.
    """
    sets = " ".join(f"-set {key} {literal(words)}" for key, words in values.items())
    return [f"chparam {sets} {name}", f"hierarchy -check -top {name}", f"rename -top {name}"]
