#!/usr/bin/env python3
"""Plants faults one at a time and says which of them the nearest test program finds.

usage: planted.py check SOURCE                          every fault of the lists fits its file, once
       planted.py draw SOURCE N SEED                    N faults, drawn mechanically, as drawn.toml has them
       planted.py run SOURCE BUILD [--only REGEX]       in a copy of the sources under BUILD/planted

The lists are tests/planted/*.toml and those of cores, tests/core/*/planted.toml. A fault edits `file`:
`old` becomes `new`; `test` is the program nearest to it. It is found when that program, built with it, fails
or runs into its limit. `unseen` is the reason why none can see it. Prints a line a fault; exit code 1 where
fewer than 95 of 100 without such a reason are found.
"""
import argparse
import pathlib
import random
import re
import shutil
import subprocess
import sys
import textwrap
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
WANTED = 95  # of 100
LIMIT = 900  # seconds of a test program

# Where faults are drawn, and the program nearest to each file.
DRAWN_FROM = {
    "compiler/schedule/timing_graph.cpp": "schedule/schedule_test",
    "compiler/schedule/arcs.cpp": "schedule/schedule_test",
    "compiler/schedule/schedule.cpp": "schedule/schedule_test",
    "compiler/schedule/pool.cpp": "schedule/schedule_test",
    "compiler/sdf/verify.cpp": "sdf/sdf_test",
    "compiler/sdf/latency.cpp": "sdf/sdf_test",
    "compiler/image/check_image.cpp": "image/image_test",
    "compiler/map/check_binding.cpp": "map/map_test",
    "compiler/admit/retime.cpp": "admit/admit_test",
    "host/run/report.cpp": "run/run_test",
    "host/device/card_link.cpp": "device/card_link_test",
}
# What is drawn: an operator or a number, or a line that is dropped.
CHANGES = (
    (re.compile(r" < "), " <= "),
    (re.compile(r" <= "), " < "),
    (re.compile(r" > "), " >= "),
    (re.compile(r" >= "), " > "),
    (re.compile(r" == "), " != "),
    (re.compile(r" != "), " == "),
    (re.compile(r" && "), " || "),
    (re.compile(r" \|\| "), " && "),
    (re.compile(r" \+ 1\b"), ""),
    (re.compile(r" - 1\b"), ""),
    (re.compile(r", 1, "), ", 2, "),
    (re.compile(r"std::max\b"), "std::min"),
    (re.compile(r"^arc\(.*\);$"), ""),
    (re.compile(r"^require\(.*\);$"), ""),
)


def faults():
    for path in sorted([*HERE.glob("*.toml"), *HERE.parent.glob("core/*/planted.toml")]):
        with open(path, "rb") as file:
            yield from tomllib.load(file)["fault"]


def check(source):
    wrong = 0
    seen = set()
    for fault in faults():
        text = (source / fault["file"]).read_text()
        count = text.count(fault["old"])
        if count != 1 or fault["old"] == fault["new"]:
            print(f"{fault['file']}: fault {fault['what']!r}: its text stands there {count} times")
            wrong += 1
        if not (source / "tests" / fault["test"]).parent.is_dir():
            print(f"tests/planted: fault {fault['what']!r}: no folder of {fault['test']}")
            wrong += 1
        key = (fault["file"], fault["old"], fault["new"])
        if key in seen:
            print(f"tests/planted: fault {fault['what']!r}: twice")
            wrong += 1
        seen.add(key)
    return 1 if wrong else 0


def drawable(source, path):
    text = (source / path).read_text()
    for line in map(str.strip, text.splitlines()):
        if line.startswith(("//", "#", "for (", "template")) or text.count(line) != 1:
            continue
        code = line.split("//")[0]
        for pattern, new in CHANGES:
            found = list(pattern.finditer(code))
            if len(found) != 1 or '"' in code[: found[0].start()]:
                continue
            changed = code[: found[0].start()] + new + code[found[0].end() :]
            yield line, changed + line[len(code) :]


def draw(source, number, seed):
    rng = random.Random(seed)
    lists = {path: list(drawable(source, path)) for path in DRAWN_FROM}
    for edits in lists.values():
        rng.shuffle(edits)
    print("# Drawn by tests/planted/planted.py draw; each stands as it was drawn until its line changes.")
    left = number
    while left and any(lists.values()):
        for path, edits in lists.items():
            if not edits or not left:
                continue
            old, new = edits.pop()
            what = f"{path.rsplit('/', 1)[1]}: {' '.join(old.split())[:60]}"
            print_fault({"what": what, "file": path, "old": old, "new": new, "test": DRAWN_FROM[path]})
            left -= 1


def print_fault(fault):
    """As TOML; what is long goes over several lines."""
    print("\n[[fault]]")
    for key, value in fault.items():
        text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        if len(text) < 90:
            print(f'{key} = "{text}"')
            continue
        print(f'{key} = """\\')
        print(" \\\n".join(textwrap.wrap(text, 90, break_long_words=False, break_on_hyphens=False)) + '"""')


def copy(source, target):
    """The files that git knows, or where there is no git, all but build."""
    known = subprocess.run(["git", "-C", str(source), "ls-files", "-z"], capture_output=True, check=False)
    names = [n for n in known.stdout.decode().split("\0") if n and (source / n).is_file()]
    if not names:
        names = [str(p.relative_to(source)) for p in source.rglob("*") if p.is_file()]
        names = [n for n in names if not n.startswith("build/")]
    for name in names:
        to = target / name
        to.parent.mkdir(parents=True, exist_ok=True)
        if not to.exists() or to.read_bytes() != (source / name).read_bytes():
            shutil.copyfile(source / name, to)
            shutil.copymode(source / name, to)


def build(folder, test):
    target = test.rsplit("/", 1)[1]
    made = subprocess.run(["ninja", "-C", str(folder), target], capture_output=True, text=True)
    return made.returncode == 0, made.stdout


def verdict(folder, test):
    try:
        ran = subprocess.run(
            [str(folder / "tests" / test), "--gtest_filter=-*Large*"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
    except subprocess.TimeoutExpired:
        return "did not end"
    if ran.returncode == 0:
        return None
    failed = re.findall(r"^\[  FAILED  \] ([^\s,]+)", ran.stdout, re.M)
    return failed[0] if failed else f"ended with {ran.returncode}"


def run(source, target, only):
    copied, folder = target / "planted/source", target / "planted/build"
    copy(source, copied)
    # One object a file: a fault costs one compilation and a link.
    configured = subprocess.run(
        ["cmake", "-G", "Ninja", "-S", str(copied), "-B", str(folder)]
        + ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_UNITY_BUILD=OFF", "-DPython3_EXECUTABLE=/usr/bin/python3"],
        capture_output=True,
        text=True,
    )
    if configured.returncode != 0:
        print(configured.stdout, configured.stderr, file=sys.stderr)
        return 3
    wanted = [f for f in faults() if re.search(only, f["what"] + " " + f["file"])]
    sound = set()
    found = counted = 0
    for number, fault in enumerate(wanted, 1):
        test = fault["test"]
        if test not in sound:
            made, log = build(folder, test)
            broken = verdict(folder, test) if made else "does not build: " + log[-2000:]
            if broken:
                print(f"{test} without a fault: {broken}", file=sys.stderr)
                return 3
            sound.add(test)
        file = copied / fault["file"]
        text = file.read_text()
        file.write_text(text.replace(fault["old"], fault["new"]))
        try:
            made, log = build(folder, test)
            result = verdict(folder, test) if made else "the compiler"
        finally:
            file.write_text(text)
        counted += 0 if "unseen" in fault else 1
        found += 1 if result and "unseen" not in fault else 0
        said = f"found by {result}" if result else "not found; " + fault.get("unseen", "nobody says why")
        print(f"{number}/{len(wanted)} {fault['file']}: {fault['what']}: {said}", flush=True)
    print(f"{found} of {counted} found; {len(wanted) - counted} more cannot be seen")
    return 0 if found * 100 >= counted * WANTED else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check").add_argument("source", type=pathlib.Path)
    drawing = commands.add_parser("draw")
    drawing.add_argument("source", type=pathlib.Path)
    drawing.add_argument("number", type=int)
    drawing.add_argument("seed", type=int)
    running = commands.add_parser("run")
    running.add_argument("source", type=pathlib.Path)
    running.add_argument("build", type=pathlib.Path)
    running.add_argument("--only", default="")
    given = parser.parse_args()
    if given.command == "check":
        return check(given.source)
    if given.command == "draw":
        return draw(given.source, given.number, given.seed)
    return run(given.source.resolve(), given.build.resolve(), given.only)


if __name__ == "__main__":
    sys.exit(main())
