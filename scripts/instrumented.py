#!/usr/bin/env python3
"""The unit and flow tests, built so that they watch themselves.

usage: instrumented.py sanitize [REGEX]   under AddressSanitizer and UndefinedBehaviorSanitizer, in
                                          BUILD/sanitize; then what runs on threads under ThreadSanitizer,
                                          in BUILD/threads
       instrumented.py coverage [REGEX]   with gcov, in BUILD/coverage: the lines of each folder that ran;
                                          those that fail with an error and never did are in errors.txt there

REGEX chooses test programs by their names (data_test); BUILD: $SPIKELOOM_BUILD, or build. scripts/test.sh
calls it. Exit codes: 0 well, 1 a test failed or a sanitizer spoke, 3 the build did.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("SPIKELOOM_BUILD") or ROOT / "build").resolve()
FLAGS = {
    "sanitize": "-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer",
    "threads": "-O1 -g1 -fsanitize=thread",
    # Counters that threads share; a child process that reads a file writes its counts before it ends.
    "coverage": "-O0 -g1 --coverage -fprofile-update=atomic -DSPIKELOOM_COVERAGE",
}
# Beside the unit tests, which the build lists.
FLOW = ["flow_test", "parts_test", "semantics_test", "shared_test", "bounds_test", "admit_test"]
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
LARGE = "-Large/*"
SECONDS = 3600  # of a program
# The child that reads HDF5 leaves by _exit, so the library's own memory is nobody's leak.
ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "LSAN_OPTIONS": f"suppressions={ROOT / 'tests/fuzz/leaks.supp'}:print_suppressions=0",
    "TSAN_OPTIONS": "halt_on_error=1",
    "SPIKELOOM_THREADS": "4",
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


def unit_tests(folder):
    query = subprocess.run(
        ["ninja", "-C", folder, "-t", "query", "unit_tests"], capture_output=True, text=True
    )
    return sorted(set(re.findall(r"(\w+_test)$", query.stdout, re.MULTILINE)))


def chosen(programs, regex):
    names = [name for name in programs if re.search(regex, name)]
    if not names:
        sys.exit(
            f"instrumented: error: {regex}: no test program's name matches; there are {', '.join(programs)}"
        )
    return names


def build(folder, programs):
    if subprocess.run(["ninja", "-C", folder, "--quiet", *programs]).returncode:
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


def run(kind, folder, name, patterns):
    program = next(folder.glob(f"tests/*/{name}"))
    if empty := unmatched(program, patterns):
        print(f"{kind}: {name}: no test matches {', '.join(empty)}")
        return 1
    tests = ":".join(patterns) if patterns else LARGE
    begin = time.monotonic()
    try:
        done = subprocess.run(
            [program, f"--gtest_filter={tests}"],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            env=ENVIRONMENT | os.environ,
            stdin=subprocess.DEVNULL,
        )
        code, output = done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        code, output = 1, f"has not ended after {SECONDS} s"
    passed = re.search(r"\[  PASSED  \] (\d+) tests?", output)
    count = passed[1] if passed else "0"
    print(f"{kind}: {name}: {'failed' if code else 'passed'}, {count} tests, "
          f"{time.monotonic() - begin:.0f} s", flush=True)  # fmt: skip
    if code:
        print("\n".join(output.splitlines()[-80:]))
    elif not passed or passed[1] == "0":
        print(f"{kind}: {name}: no test ran: {tests}")
        code = 1
    return 1 if code else 0


def run_all(kind, regex, filters=None):
    folder = configure(kind)
    programs = sorted(filters) if filters else unit_tests(folder) + FLOW
    if filters and not any(re.search(regex, name) for name in programs):
        return 0  # nothing of it has threads
    programs = chosen(programs, regex)
    build(folder, programs)
    return max(run(kind, folder, name, (filters or {}).get(name, [])) for name in programs)


# ---- coverage ----


def lines_of(folder):
    """By file: whether each of its lines that is code ran."""
    report = folder / "coverage.json"
    command = ["gcovr", "--root", ROOT, "--object-directory", folder, "--json", report, "--filter",
               f"{ROOT}/compiler/", "--filter", f"{ROOT}/host/", "--gcov-ignore-parse-errors",
               folder]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr[-4000:])
        sys.exit(3)
    files = json.loads(report.read_text())["files"]
    return {
        entry["file"]: {
            line["line_number"]: line["count"] > 0 for line in entry["lines"] if not line.get("gcovr/noncode")
        }
        for entry in files
    }


# A line that ends in an error, begins one, or says what is wrong.
FAILS = re.compile(r"\bthrow\b|(?:input|device)_error\(|problems?_?\.add\(|\bfail\(|malformed\(")


def coverage(regex):
    if subprocess.run(["which", "gcovr"], capture_output=True).returncode:
        sys.exit("instrumented: error: no gcovr; scripts/setup.sh optional installs it")
    folder = configure("coverage")
    for old in folder.rglob("*.gcda"):
        old.unlink()
    wrong = run_all("coverage", regex)
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
