#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes cyclo-static dataflow graphs as large as the generated ones that tools are measured with, and times
`spikeloom dataflow analyze` on them.

    large_dataflow.py [--rounds N] [--seeds N] [--keep FOLDER]

A row a graph: actors, channels, firings of an iteration, period, processor seconds. Actors and channels
are those of autogen1, autogen2 and autogen3 of Kiter's collection; rates and times are drawn here, since the
files are not at hand.
"""

import argparse
import json
import math
import pathlib
import random
import resource
import subprocess
import tempfile

SHAPES = {"autogen1": (90, 617), "autogen2": (70, 473), "autogen3": (154, 671)}
MOST_PHASES = 12


def split(rng, total, parts):
    """Whole numbers, not negative, that add up to the total."""
    cuts = sorted(rng.randint(0, total) for _ in range(parts - 1))
    return [b - a for a, b in zip([0, *cuts], [*cuts, total])]


def graph(actors, channels, most_rounds, seed):
    rng = random.Random(seed)
    smooth = [n for n in range(1, most_rounds + 1) if 30**20 % n == 0]  # no prime factor above 5
    rounds = [rng.choice(smooth) for _ in range(actors)]
    phases = [rng.randint(1, MOST_PHASES) for _ in range(actors)]
    result = {
        "format": "spikeloom-dataflow",
        "version": 1,
        "name": f"large{seed}",
        "actors": [],
        "channels": [],
    }
    for a in range(actors):
        fair = max(10, 1_000_000 // (rounds[a] * phases[a]))
        times = [1 + rng.randint(fair // 10, fair // 2) for _ in range(phases[a])]
        result["actors"].append({"name": f"a{a}", "execution": times})

    def join(a, b):
        total = math.lcm(rounds[a], rounds[b]) * rng.randint(1, 3)
        channel = {"name": f"c{len(result['channels'])}", "from": f"a{a}", "to": f"a{b}"}
        channel["produce"] = split(rng, total // rounds[a], phases[a])
        channel["consume"] = split(rng, total // rounds[b], phases[b])
        channel["tokens"] = 0 if a < b else total
        result["channels"].append(channel)

    for a in range(actors):
        one = [1] * phases[a]
        name = f"c{len(result['channels'])}"
        loop = {"name": name, "from": f"a{a}", "to": f"a{a}", "produce": one, "consume": one, "tokens": 1}
        result["channels"].append(loop)
    for a in range(1, actors):
        join(rng.randrange(a), a)
    join(actors - 1, 0)
    while len(result["channels"]) < channels:
        a, b = rng.sample(range(actors), 2)
        join(a, b)
    return result, sum(r * p for r, p in zip(rounds, phases))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=2000, help="repetition counts at most")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the graphs")
    parser.add_argument("--command", default=pathlib.Path(__file__).parents[1] / "build/bin/spikeloom")
    options = parser.parse_args()
    folder = options.keep or pathlib.Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    print("| shape of | actors | channels | firings | period | s |\n| --- | --- | --- | --- | --- | --- |")
    for name, (actors, channels) in SHAPES.items():
        for seed in range(1, options.seeds + 1):
            made, firings = graph(actors, channels, options.rounds, seed)
            path = folder / f"{name}-{options.rounds}-{seed}.json"
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
