#!/usr/bin/env python3
"""Plants faults one at a time and says which of them the nearest test program finds.

usage: planted.py check SOURCE                          every fault of the lists fits its file, once
       planted.py draw SOURCE N SEED                    N faults, drawn mechanically, as drawn.toml has them
       planted.py conditions SOURCE                     every condition of the checkers: checkers.toml
       planted.py run SOURCE BUILD [--only REGEX] [--missing] [--ready FOLDER]
                              [--first FILTER] [--jobs N]
                                                        in a copy of the sources under BUILD/planted
       planted.py table SOURCE                          what all runs found, for docs/verification.md

The lists are tests/planted/*.toml and those of cores, tests/core/*/planted.toml. A fault edits `file`:
`old` becomes `new`; `test` is the program nearest to it. It is found when that program, built with it, fails
or runs into its limit. `unseen` is the reason why none can see it. A program is built once for all faults
that can stand in one text (together.py), and once for each of the others. Prints a line a fault; exit code 1
where fewer than 95 of 100 without such a reason are found. What a run finds is kept in
SOURCE/tests/planted/results.json, which is committed: of each fault its file, its name and the test that
found it, or null.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import tomllib

import linked
import together

HERE = pathlib.Path(__file__).resolve().parent
WANTED = 95  # of 100
LIMIT = 900  # seconds of a test program
ALL = "-*Large*"  # tests, as GoogleTest filters them
COMPILER = "the compiler"
UNTRIED = "not tried"
RESULTS = "tests/planted/results.json"
# Areas of tests that are configured for faults of circuits, by the area of their program.
CIRCUIT_AREAS = {
    "rtl_units": "rtl_units",
    "rtl_net": "rtl_net",
    "rtl_shell": "rtl_net;rtl_shell",
}

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
# Checkers of certificates and of images, and the program nearest to each.
CHECKERS = {
    "compiler/sdf/verify.cpp": "sdf/sdf_test",
    "compiler/sdf/verify_latency.cpp": "sdf/sdf_test",
    "compiler/verify/verify.cpp": "verify/verify_test",
    "compiler/verify/decode_tables.cpp": "verify/verify_test",
    "compiler/admit/retime.cpp": "admit/admit_test",
}
# What a condition leads to where it is one of a checker's.
REPORTS = re.compile(r"(return \{|wrong\w*\.|list\.|faults\w*\.|result_\.faults)")
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


def conditions(source):
    """Each condition of the checkers of certificates and images, never true; each `require`, dropped."""
    print("# Drawn by tests/planted/planted.py conditions: what a checker no longer asks.")
    for path, test in CHECKERS.items():
        text = (source / path).read_text()
        edits = []
        for found in re.finditer(r"\bif \(", text):
            end = together.closing(text, found.end() - 1)
            body = text[end + 1 :].lstrip()
            if REPORTS.match(body):
                edits.append((text[found.start() : end + 1], "if (false)"))
        for found in re.finditer(r"\brequire\((?!false|bool)", text):
            end = together.closing(text, found.end() - 1)
            if text[end + 1] == ";":
                edits.append((text[found.start() : end + 2], ""))
        for old, new in edits:
            if text.count(old) == 1:
                what = f"{path.rsplit('/', 1)[1]}: not asked: {' '.join(old.split())[:60]}"
                print_fault({"what": what, "file": path, "old": old, "new": new, "test": test})


def print_fault(fault):
    """As TOML; what is long goes over several lines."""
    print("\n[[fault]]")
    for key, value in fault.items():
        text = value.replace("\\", "\\\\").replace('"', '\\"')
        if "\n" in text:
            lines = text.split("\n")
            print(f'{key} = """\n' + "\n".join(lines[:-1]) + f'\n{lines[-1]}\\\n"""')
            continue
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


def asked_to_end(number, frame):
    """A request to end counts as an interrupt, so that the file in hand is restored."""
    raise KeyboardInterrupt


class Bench:
    """A copy of the sources, built, in which faults stand for as long as they are tried.

    BUILD/planted/source          the copy; its build folder lies where the sources' own would, so that a
                                  compiler's cache knows everything but the files with faults
    tests/planted/results.json    of the sources: each fault's result
    """

    def __init__(self, source, target, jobs=1, first=None):
        self.first = first  # tests that are run alone before all of a program are
        self.source = target / "planted/source"
        self.kept = source / RESULTS
        copy(source, self.source)
        self.environment = {**os.environ, "CCACHE_BASEDIR": str(self.source), "CCACHE_NOHASHDIR": "1"}
        self.environment.pop(together.VARIABLE, None)
        self.limits = {}  # seconds, by program
        self.jobs = jobs  # runs of a program at once

    def configure(self, areas=""):
        """All tests, or those of some areas only: a changed circuit is read anew by each that has it."""
        self.folder = self.source / ("build-" + areas.replace(";", "-") if areas else "build")
        # A file with faults is compiled by itself: it costs one compilation and a link.
        alone = sorted({f["file"] for f in faults()})
        command = ["cmake", "-G", "Ninja", "-S", str(self.source), "-B", str(self.folder)]
        command += ["-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DPython3_EXECUTABLE=/usr/bin/python3"]
        command += [f"-DSPIKELOOM_TEST_AREAS={areas}", "-DSPIKELOOM_ALONE=" + ";".join(alone)]
        made = self.started(command)
        if made.returncode != 0:
            print(made.stdout, made.stderr, file=sys.stderr)
        return made.returncode == 0

    def started(self, command, limit=None, fault=None):
        chosen = {} if fault is None else {together.VARIABLE: str(fault)}
        return subprocess.run(
            command,
            cwd=self.source,
            env={**self.environment, **chosen},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
        )

    def build(self, test):
        made = self.started(["ninja", "-C", str(self.folder), test.rsplit("/", 1)[1]])
        return made.returncode == 0, made.stdout

    def verdict(self, test, fault=None, tests=ALL):
        """The first of these tests that fails; None where all pass."""
        program = [str(self.program(test)), f"--gtest_filter={tests}", "--gtest_fail_fast"]
        try:
            ran = self.started(program, self.limits.get(test, LIMIT), fault)
        except subprocess.TimeoutExpired:
            return "did not end"
        if ran.returncode == 0:
            return None
        failed = re.findall(r"^\[  FAILED  \] ([^\s,]+)", ran.stdout, re.M)
        running = re.findall(r"^\[ RUN      \] (\S+)", ran.stdout, re.M)
        return failed[0] if failed else f"{running[-1] if running else 'start'} (ended with {ran.returncode})"

    def program(self, test):
        return self.folder / "tests" / test

    def passes(self, test, tests=ALL):
        """Whether the program as it is built passes; how long it may take with a fault follows."""
        made, log = self.build(test)
        if not made:
            return "does not build: " + log[-2000:]
        begin = time.monotonic()
        failed = self.verdict(test, None, tests)
        if not failed:
            self.limits[test] = min(LIMIT, 30 + 10 * (time.monotonic() - begin))
        return failed

    @contextlib.contextmanager
    def changed(self, texts):
        """Files with other texts for a while, by name."""
        before = {name: (self.source / name).read_text() for name in texts}
        try:
            for name, text in texts.items():
                (self.source / name).write_text(text)
            yield
        finally:
            for name, text in before.items():
                (self.source / name).write_text(text)

    def in_one_text(self, chosen):
        """Texts with as many of the faults as fit, by file, and the faults in them by number."""
        texts, numbers = {}, {}
        for number, fault in enumerate(chosen, 1):
            text = texts.get(fault["file"], (self.source / fault["file"]).read_text())
            made = together.both(text, fault, number) if fault["file"].endswith((".cpp", ".hpp")) else None
            if made is None:
                continue
            texts[fault["file"]] = made
            numbers[number] = fault
        return {name: together.PRELUDE + text for name, text in texts.items()}, numbers

    def try_together(self, test, chosen):
        """The faults that were tried, with their results; those of a file that does not compile are not."""
        texts, numbers = self.in_one_text(chosen)
        while numbers:
            with self.changed(texts):
                made, log = self.build(test)
                if made:
                    for tests in filter(None, (self.first, ALL)):
                        found = []
                        for number, result in self.verdicts(test, numbers, tests):
                            if result or tests == ALL:
                                found.append(number)
                                yield numbers[number], result
                        numbers = {n: f for n, f in numbers.items() if n not in found}
                    return
            bad = {name for name in texts if re.search(rf"^FAILED: .*{re.escape(name)}", log, re.M)}
            if not bad:
                print(log[-3000:], file=sys.stderr)
                return
            print(f"{', '.join(sorted(bad))}: its faults one by one", file=sys.stderr)
            texts = {name: text for name, text in texts.items() if name not in bad}
            numbers = {n: f for n, f in numbers.items() if f["file"] not in bad}

    def verdicts(self, test, numbers, tests):
        """By the faults' numbers, unless the program fails without a fault."""
        self.limits.pop(test, None)
        if numbers and (failed := self.passes(test, tests)):
            print(f"{test} without a fault: {failed}", file=sys.stderr)
            return
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            yield from zip(numbers, pool.map(lambda n: self.verdict(test, n, tests), numbers))

    def try_alone(self, fault):
        text = (self.source / fault["file"]).read_text()
        with self.changed({fault["file"]: text.replace(fault["old"], fault["new"])}):
            made, _ = self.build(fault["test"])
            return self.verdict(fault["test"]) if made else COMPILER

    def try_all(self, test, chosen):
        left = list(chosen)
        while left:
            tried = []
            for fault, result in self.try_together(test, left):
                tried.append(fault)
                yield fault, result
            left = [f for f in left if f not in tried]
            if not tried:
                break
        if left and test not in self.limits:
            if failed := self.passes(test):
                print(f"{test} without a fault: {failed}", file=sys.stderr)
                return
        for fault in left:
            yield fault, self.try_alone(fault)

    def keep(self, fault, result):
        results = results_of(self.kept) | {key(fault): result}  # another run may have added some
        write_results(self.kept, results)


class LinkedBench(Bench):
    """Takes everything but what a changed text is in from a finished build: see linked.py."""

    def __init__(self, source, target, ready, jobs=1, first=None):
        super().__init__(source, target, jobs, first)
        self.ready = linked.Ready(ready, target / "planted/linked", jobs)
        for name in {f["file"] for f in faults() if f["file"].endswith(".hpp")}:
            self.ready.add_header(name)
        self.names = [n for n in self.ready.units if (self.source / n).exists()]
        self.made = None  # the program that was built last, and of which texts

    def configure(self, areas=""):
        return not areas

    def program(self, test):
        return self.ready.target / test

    def build(self, test):
        names = self.ready.different(self.source, self.names)
        wanted = (test, {name: (self.source / name).read_bytes() for name in names})
        if wanted == self.made:
            return True, ""
        path, log = self.ready.program(test, self.source, names)
        self.made = wanted if path else None
        return path is not None, log


def key(fault):
    """A fault's name among the results: another text or another program makes it another fault."""
    parts = "\0".join(fault[k] for k in ("file", "old", "new", "test"))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def results_of(path):
    """The test that found it, or None, by a fault's key."""
    return {k: found for k, (_, _, found) in json.loads(path.read_text()).items()} if path.exists() else {}


def write_results(path, results):
    """A line for each fault that is still on a list."""
    lines = [
        f"{json.dumps(key(f))}: {json.dumps([f['file'], f['what'], results[key(f)]])}"
        for f in sorted(faults(), key=lambda f: (f["file"], f["what"], key(f)))
        if key(f) in results
    ]
    new = path.with_suffix(".new")
    new.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    new.replace(path)


def run(source, target, only, missing, ready=None, jobs=1, first=None):
    signal.signal(signal.SIGTERM, asked_to_end)
    bench = LinkedBench(source, target, ready, jobs, first) if ready else Bench(source, target, jobs, first)
    wanted = [f for f in faults() if re.search(only, f"{f['what']} {f['file']} {f['test']}")]
    if missing:
        known = results_of(bench.kept)
        wanted = [f for f in wanted if not known.get(key(f))]
    if ready:  # a changed circuit is in models that this does not make
        wanted = [f for f in wanted if f["file"].endswith((".cpp", ".hpp"))]
    programs = {}
    for fault in wanted:
        circuit = fault["file"].endswith(".sv")
        areas = CIRCUIT_AREAS.get(fault["test"].split("/")[0], "") if circuit else ""
        programs.setdefault((areas, fault["test"]), []).append(fault)
    number = found = counted = 0
    for (areas, test), chosen in sorted(programs.items(), key=lambda p: (bool(p[0][0]), p[0])):
        if not bench.configure(areas):
            return 3
        for fault, result in bench.try_all(test, sorted(chosen, key=lambda f: f["file"])):
            bench.keep(fault, result)
            number += 1
            counted += 0 if "unseen" in fault else 1
            found += 1 if result and "unseen" not in fault else 0
            said = f"found by {result}" if result else "not found; " + fault.get("unseen", "nobody says why")
            print(f"{number}/{len(wanted)} {fault['file']}: {fault['what']}: {said}", flush=True)
    print(f"{found} of {counted} found; {number - counted} more cannot be seen")
    if number < len(wanted):
        return 3
    return 0 if found * 100 >= counted * WANTED else 1


def table(source):
    """For docs/verification.md: a row a file of all results that are kept."""
    kept = results_of(source / RESULTS)
    files = {}
    for fault in faults():
        files.setdefault(fault["file"], []).append((fault, kept.get(key(fault), UNTRIED)))
    print("| file | faults | tried | found | by |\n| --- | --- | --- | --- | --- |")
    for file, rows in sorted(files.items()):
        by = collections.Counter(re.match(r"[^/.]+", r)[0] for _, r in rows if r and r != UNTRIED)
        names = ", ".join(f"`{n}`" + (f" {c}" if c > 1 else "") for n, c in sorted(by.items()))
        tried = sum(1 for _, r in rows if r != UNTRIED)
        print(f"| `{file}` | {len(rows)} | {tried} | {sum(by.values())} | {names or '—'} |")
    results = [r for rows in files.values() for r in rows]
    found = sum(1 for f, r in results if r and r != UNTRIED)
    unseen = sum(1 for f, r in results if r is None and "unseen" in f)
    tried = sum(1 for _, r in results if r != UNTRIED)
    print(f"\n{tried} of {len(results)} tried: {found} found, {unseen} not, with a reason;")
    for fault, result in results:
        if result == UNTRIED or (result is None and "unseen" not in fault):
            print(f"  {result or 'not found'}: {fault['file']}: {fault['what']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check").add_argument("source", type=pathlib.Path)
    drawing = commands.add_parser("draw")
    drawing.add_argument("source", type=pathlib.Path)
    drawing.add_argument("number", type=int)
    drawing.add_argument("seed", type=int)
    commands.add_parser("conditions").add_argument("source", type=pathlib.Path)
    running = commands.add_parser("run")
    running.add_argument("source", type=pathlib.Path)
    running.add_argument("build", type=pathlib.Path)
    running.add_argument("--only", default="", metavar="REGEX")
    running.add_argument("--missing", action="store_true", help="only what no run has found yet")
    commands.add_parser("table").add_argument("source", type=pathlib.Path)
    running.add_argument("--jobs", type=int, default=1, help="runs of a program at once")
    running.add_argument(
        "--first", metavar="FILTER", help="tests that are run first: what they find needs no others"
    )
    running.add_argument(
        "--ready",
        type=pathlib.Path,
        metavar="FOLDER",
        help="a finished build of the same sources; no circuits",
    )
    given = parser.parse_args()
    if given.command == "check":
        return check(given.source)
    if given.command == "draw":
        return draw(given.source, given.number, given.seed)
    if given.command == "conditions":
        return conditions(given.source)
    if given.command == "table":
        return table(given.source)
    try:
        ready = given.ready.resolve() if given.ready else None
        source, build = given.source.resolve(), given.build.resolve()
        return run(source, build, given.only, given.missing, ready, given.jobs, given.first)
    except KeyboardInterrupt:
        print("planted: interrupted; the files are as they were", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
