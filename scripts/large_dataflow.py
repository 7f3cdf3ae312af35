#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes cyclo-static dataflow graphs of the shapes of the largest ones that tools are measured with, and
times `spikeloom dataflow analyze` on them.

    large_dataflow.py [--seeds N] [--keep FOLDER]

A row a graph: actors, channels, firings of an iteration, period, processor seconds.

The shapes are those of autogen1, autogen2 and autogen3 of Kiter's collection (github.com/bbodin/kiter,
benchmarks/AGB5CSDF), read off the files and not copied: so many actors, and so many channels beside one from
each actor to itself; all times 1; of each actor one number of tokens that a round of its phases writes to,
and reads from, each of its channels, from the few in SHAPES; each token in a phase by chance. Those numbers
have large prime factors of their own, so that repetition counts are large: that makes the graphs hard. Who is
joined to whom, and how many tokens lie in a channel, is drawn here: as many as a potential of each actor asks
for, drawn too, with which no circle of channels can be stuck. So these graphs are like those, and their
periods are their own.
"""

import argparse
import json
import math
import pathlib
import random
import resource
import subprocess
import tempfile

# Actors, channels without those to the actor itself, and (tokens of a round, phases) of the kinds of actors
# that were seen in the files, in their order there.
SHAPES = {
    "autogen1": (90, 617, [(1877, 1), (1877, 1), (2199, 1), (2199, 3)]),
    "autogen2": (70, 473, [(435340, 4), (435340, 5), (369130, 2), (553695, 1), (553695, 3), (553695, 5)]),
    "autogen3": (
        154,
        671,
        [(1312172, 1), (1312172, 2), (1312172, 4), (1067508, 1), (1067508, 2), (1067508, 4)]
        + [(1601262, 1), (1601262, 2), (1601262, 3), (800631, 3)],
    ),
}


def split(rng, total, phases):
    """Each of so many tokens in a phase by chance: whole numbers that add up to the total."""
    rates = []
    for left in range(phases, 1, -1):
        fair, rest = total / phases, total - sum(rates)
        rates.append(min(rest, max(0, round(rng.gauss(fair, math.sqrt(fair * (1 - 1 / left)))))))
    return [*rates, total - sum(rates)]


def graph(name, actors, channels, kinds, seed):
    rng = random.Random(f"{name} {seed}")
    kind_of = [kinds[a * len(kinds) // actors] for a in range(actors)]
    potential = [rng.uniform(0, 3 * max(total for total, _ in kinds)) for _ in range(actors)]
    result = {"format": "spikeloom-dataflow", "version": 1, "name": f"{name}-like-{seed}"}
    result["actors"] = [{"name": f"a{a}", "execution": [1] * kind_of[a][1]} for a in range(actors)]
    result["channels"] = []

    def join(a, b):
        (written, phases), (read, read_phases) = kind_of[a], kind_of[b]
        # A round of phases taken for one firing: no circle is stuck that holds more than what all of its
        # readers lack at most, which is what they read less the common divisor.
        step = math.gcd(written, read)
        least = read - step + potential[b] - potential[a]
        channel = {"name": f"c{len(result['channels'])}", "from": f"a{a}", "to": f"a{b}"}
        channel["produce"] = split(rng, written, phases)
        channel["consume"] = split(rng, read, read_phases)
        channel["tokens"] = max(0, step * (math.floor(least / step) + 1))
        result["channels"].append(channel)

    for a in range(actors):
        one = [1] * kind_of[a][1]
        loop = {"name": f"loop{a}", "from": f"a{a}", "to": f"a{a}", "produce": one, "consume": one}
        loop["tokens"] = 1
        result["channels"].append(loop)
    for a in range(1, actors):
        join(rng.randrange(a), a)
    while len(result["channels"]) < actors + channels:
        a, b = rng.sample(range(actors), 2)
        join(a, b)
    rounds = math.lcm(*(total for total, _ in kind_of))
    return result, sum(rounds // total * phases for total, phases in kind_of)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=SHAPES, help="one shape")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the graphs")
    parser.add_argument("--command", default=pathlib.Path(__file__).parents[1] / "build/bin/spikeloom")
    options = parser.parse_args()
    folder = options.keep or pathlib.Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    print("| shape of | actors | channels | firings | period | s |\n| --- | --- | --- | --- | --- | --- |")
    for name, (actors, channels, kinds) in SHAPES.items():
        if options.only not in (None, name):
            continue
        for seed in range(1, options.seeds + 1):
            made, firings = graph(name, actors, channels, kinds, seed)
            path = folder / f"{name}-like-{seed}.json"
            path.write_text(json.dumps(made))
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            report = folder / "report.json"
            subprocess.run(
                [options.command, "dataflow", "analyze", path, "--json", report],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            period = json.loads(report.read_text())["period"]
            print(f"| {name} | {actors} | {channels} | {firings:,} | {period} | {seconds:.2f} |", flush=True)


if __name__ == "__main__":
    main()
