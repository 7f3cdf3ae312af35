#!/usr/bin/env python3
"""The unit and flow tests, built so that they watch themselves.

usage: instrumented.py sanitize [REGEX]   under AddressSanitizer and UndefinedBehaviorSanitizer, in
                                          BUILD/sanitize; then what runs on threads under ThreadSanitizer,
                                          in BUILD/threads
       instrumented.py coverage [REGEX]   with gcov, in BUILD/coverage: the lines of each folder that ran;
                                          those that fail with an error and never did are in errors.txt there

REGEX chooses test programs by their names (data_test); BUILD: $SPIKELOOM_BUILD, or build. scripts/test.sh
calls it. A program's tests are run in parts, two at a time, each with a limit of processor time. Where lines
are counted, a part that exceeds it is left out, and said so. Exit codes: 0 well, 1 a test failed or a
sanitizer spoke, 3 the build did.
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("SPIKELOOM_BUILD") or ROOT / "build").resolve()
FLAGS = {
    "sanitize": "-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer",
    "threads": "-O1 -g1 -fsanitize=thread",
    # Counters that threads share; a child process that reads a file writes its counts before it ends.
    # -Og keeps a line's code on its line, and is faster than -O0.
    "coverage": "-Og -g1 --coverage -fprofile-update=atomic -DSPIKELOOM_COVERAGE",
}
# Whose programs are run. The others are about circuits or cards (rtl, formal, opencl), or run whole networks
# for longer than instrumented programs should (real, long).
LABELS = ["unit", "cli", "admit", "flow"]
# What runs on threads: parallel_for and its users, values that are computed ahead of the replay, writers of
# one file, a state's lock, the server of an emulated card. The chips of the Verilator device have threads of
# Verilator's own. Each pattern must match a test.
THREADED = {
    "base_test": ["*"],
    "partition_test": ["*"],
    "admit_test": ["StateLock.*", "StateFile.*"],
    "emulation_test": ["HwEmuServer.*"],
    "flow_test": ["*ModelIsGolden*", "Compile.*"],
}
# Tests that are run. Verilated chips are no code of ours, and slow to build: lines are counted without them.
TESTS = {"sanitize": "-Large/*", "coverage": "-Large/*:*Rtl*"}
AT_ONCE = 2
# A program's tests are run apart in so many parts; flow_test's take 160 processor seconds without counters.
PARTS, PARTS_OF = 4, {"flow_test": 24}
# Of a part: processor seconds, and as the last resort of a part that waits, seconds by the clock.
LIMITS = {"sanitize": (1800, 7200), "threads": (1800, 7200), "coverage": (180, 3600)}
# The child that reads HDF5 leaves by _exit, so the library's own memory is nobody's leak.
ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "LSAN_OPTIONS": f"suppressions={ROOT / 'tests/fuzz/leaks.supp'}:print_suppressions=0",
    "TSAN_OPTIONS": "halt_on_error=1",
    "SPIKELOOM_THREADS": "4",
    "SPIKELOOM_CACHE": str(BUILD / "chips"),  # Verilated chips are the same whoever opens them
}


def configure(kind):
    folder = BUILD / kind
    # Verilated models in the tests are not ours to watch; the device builds its own when it is opened.
    command = ["cmake", "-G", "Ninja", "-S", ROOT, "-B", folder, "-DCMAKE_BUILD_TYPE=None",
               f"-DCMAKE_CXX_FLAGS={FLAGS[kind]}", f"-DCMAKE_EXE_LINKER_FLAGS={FLAGS[kind]}",
               f"-DCMAKE_SHARED_LINKER_FLAGS={FLAGS[kind]}", "-DBUILD_TESTING=ON",
               "-DCMAKE_DISABLE_FIND_PACKAGE_verilator=ON",
               "-DPython3_EXECUTABLE=/usr/bin/python3"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr)
        sys.exit(3)
    return folder


def test_programs(folder):
    """Those of LABELS, in that order."""
    names = []
    for label in LABELS:
        command = ["ninja", "-C", folder, "-t", "query", f"{label}_tests"]
        query = subprocess.run(command, capture_output=True, text=True)
        names += sorted(set(re.findall(r"(\w+_test)$", query.stdout, re.MULTILINE)))
    return names


def chosen(programs, regex):
    names = [name for name in programs if re.search(regex, name)]
    if not names:
        sys.exit(
            f"instrumented: error: {regex}: no test program's name matches; there are {', '.join(programs)}"
        )
    return names


def build(folder, programs):
    if subprocess.run(["ninja", "-C", folder, "--quiet", f"-j{AT_ONCE}", *programs]).returncode:
        sys.exit(3)


def unmatched(program, patterns):
    """The patterns that none of the program's tests match: what they were meant for would not be run."""
    empty = []
    for pattern in patterns:
        command = [program, "--gtest_list_tests", f"--gtest_filter={pattern}"]
        done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT | os.environ)
        if not re.search(r"^  \S", done.stdout, re.MULTILINE):
            empty.append(pattern)
    return empty


def run_part(kind, folder, program, tests, part):
    """(exit code or None where a limit ended it, what it said)"""
    processor, clock = LIMITS[kind]
    parts = PARTS_OF.get(program.name, PARTS)
    shard = {"GTEST_TOTAL_SHARDS": str(parts), "GTEST_SHARD_INDEX": str(part)}
    try:
        done = subprocess.run(
            ["prlimit", f"--cpu={processor}", program, f"--gtest_filter={tests}"],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=clock,
            env=ENVIRONMENT | os.environ | shard,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as ended:
        return None, (ended.stdout or b"").decode(errors="replace")
    ended = -done.returncode in (signal.SIGXCPU, signal.SIGKILL)
    return None if ended else done.returncode, done.stdout + done.stderr


def left_out(output):
    """Of a part that did not end: the test that it was in, and how many of its tests were still to come."""
    begun = re.findall(r"^\[ RUN      \] (\S+)", output, re.MULTILINE)
    of = re.search(r"Running (\d+) tests? from", output)
    return begun[-1] if begun else "its start", int(of[1]) - len(begun) if of else 0


def run(kind, folder, name, patterns):
    """1 where a test failed or, with a sanitizer, did not end."""
    program = next(folder.glob(f"tests/**/{name}"))
    if empty := unmatched(program, patterns):
        print(f"{kind}: {name}: no test matches {', '.join(empty)}")
        return 1
    tests = ":".join(patterns) if patterns else TESTS[kind]
    begin = time.monotonic()
    count = range(PARTS_OF.get(name, PARTS))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        parts = list(pool.map(lambda n: run_part(kind, folder, program, tests, n), count))
    passed = sum(int(n) for _, output in parts for n in re.findall(r"\[  PASSED  \] (\d+) test", output))
    wrong = [output for code, output in parts if code]
    late = [output for code, output in parts if code is None]
    print(f"{kind}: {name}: {'failed' if wrong else 'passed'}, {passed} tests, "
          f"{time.monotonic() - begin:.0f} s", flush=True)  # fmt: skip
    for output in wrong:
        print("\n".join(output.splitlines()[-80:]))
    for output in late:
        test, more = left_out(output)
        print(f"{kind}: {name}: {LIMITS[kind][0]} s of processor time ran out in {test}: left out are this "
              f"part's tests up to it and {more} behind it")  # fmt: skip
    if not wrong and not late and passed == 0:
        print(f"{kind}: {name}: no test ran: {tests}")
        return 1
    return 1 if wrong or (late and kind != "coverage") else 0


def run_all(kind, regex, filters=None):
    folder = configure(kind)
    programs = sorted(filters) if filters else test_programs(folder)
    if filters and not any(re.search(regex, name) for name in programs):
        return 0  # nothing of it has threads
    programs = chosen(programs, regex)
    build(folder, programs)
    return max(run(kind, folder, name, (filters or {}).get(name, [])) for name in programs)


# ---- coverage ----


def counted(counts):
    """What gcov says of one object's counts: (file, line, how often) of our own files."""
    command = ["gcov", "--stdout", "--json-format", counts]
    done = subprocess.run(command, capture_output=True, text=True, cwd=counts.parent)
    if done.returncode:
        print(f"coverage: {counts}: {done.stderr[-1000:]}")
        sys.exit(3)
    found = []
    for text in done.stdout.splitlines():
        for entry in json.loads(text)["files"]:
            # Paths of the sources are mapped to those below the root (-ffile-prefix-map), or absolute.
            name = os.path.relpath(os.path.normpath(ROOT / entry["file"]), ROOT)
            if name.startswith(("compiler/", "host/")):
                found += [(name, line["line_number"], line["count"]) for line in entry["lines"]]
    return found


def lines_of(folder):
    """By file: whether each of its lines that is code ran."""
    files = collections.defaultdict(dict)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(counted, sorted(folder.rglob("*.gcda"))):
            for name, number, count in found:
                files[name][number] = files[name].get(number, False) or count > 0
    return files


# A line that ends in an error, begins one, or says what is wrong.
FAILS = re.compile(r"\bthrow\b|(?:input|device)_error\(|problems?_?\.add\(|\bfail\(|malformed\(")


def coverage(regex):
    folder = configure("coverage")
    for old in folder.rglob("*.gcda"):
        old.unlink()
    wrong = run_all("coverage", regex)
    print(f"left out: tests that match {TESTS['coverage'][1:]}, and those labelled otherwise than "
          f"{', '.join(LABELS)}")  # fmt: skip
    files = lines_of(folder)
    total, ran = collections.Counter(), collections.Counter()
    never = []
    for name, lines in sorted(files.items()):
        place = "/".join(name.split("/")[:2])
        total[place] += len(lines)
        ran[place] += sum(lines.values())
        text = (ROOT / name).read_text().splitlines()
        never += [
            f"{name}:{number}: {text[number - 1].strip()}"
            for number, there in sorted(lines.items())
            if not there and FAILS.search(text[number - 1])
        ]
    print("\n| folder | lines | run |\n| --- | --- | --- |")
    for place in sorted(total):
        print(f"| `{place}` | {total[place]} | {100 * ran[place] / total[place]:.1f} % |")
    print(f"| all | {total.total()} | {100 * ran.total() / max(1, total.total()):.1f} % |")
    (folder / "errors.txt").write_text("\n".join(never) + "\n")
    print(f"\n{len(never)} lines that fail with an error never ran: {folder / 'errors.txt'}")
    return wrong


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in ("sanitize", "coverage"):
        sys.exit(__doc__)
    regex = sys.argv[2] if len(sys.argv) == 3 else ""
    if sys.argv[1] == "coverage":
        return coverage(regex)
    return max(run_all("sanitize", regex), run_all("threads", regex, THREADED))


if __name__ == "__main__":
    sys.exit(main())
