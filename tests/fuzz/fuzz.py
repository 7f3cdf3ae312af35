#!/usr/bin/env python3
"""The fuzzers: built with clang, libFuzzer and sanitizers, once for all of them.

usage: fuzz.py build                        into BUILD/fuzz
       fuzz.py replay [--only REGEX]        every input of the corpora, under the sanitizers
       fuzz.py same [--only REGEX]          after the replay, the same inputs every time: so many runs of each
                                            target, from one seed; continuous integration runs it
       fuzz.py run SECONDS [--only REGEX]   all fuzzers together for so long, after the replay, by chance
       fuzz.py grow SECONDS [--only REGEX]  the same, and the corpora under BUILD/fuzz are kept for next time

BUILD: $SPIKELOOM_BUILD, or build. All of them build first. What a fuzzer finds stands under
BUILD/fuzz/found, with the command that shows it again: mend the kind of fault, put the input into
tests/fuzz/corpus, and write a unit test of it. Exit codes: 0 well, 1 something was found, 77 there is no
clang with libFuzzer (scripts/setup.sh ci).
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("SPIKELOOM_BUILD") or ROOT / "build").resolve() / "fuzz"
PROGRAM = BUILD / "tests/fuzz/spikeloom_fuzz"
JOBS = 2
ABSENT = 77
MOST_BYTES = 300_000  # of all corpora
LIMITS = ["-timeout=20", "-rss_limit_mb=2560", "-max_len=16384"]
# Runs of `same`: as many as a target makes in eight seconds of a processor, at most so many.
SEED = 1
MOST_RUNS = 150_000
RUNS = {
    "aedat4": 12_000,
    "card": 100_000,
    "csv": 35_000,
    "from_device": 1_500,
    "hdf5_damaged": 600,
    "image": 30_000,
    "int_network": 90_000,
    "nir": 1_500,
    "nir_tree": 10_000,
    "nirdata": 3_000,
    "nmnist": 75_000,
    "npy_data": 80_000,
    "npy_records": 50_000,
    "npz": 60_000,
    "prophesee": 60_000,
    "shd": 2_000,
    "state": 80_000,
    "stmnist": 30_000,
    "to_device": 2_400,
}
# The heap limit ends a target that believes a size; leaks of libraries are listed in leaks.supp.
SANITIZERS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=0:strict_string_checks=1:quarantine_size_mb=16",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "LSAN_OPTIONS": f"suppressions={HERE / 'leaks.supp'}:print_suppressions=0",
}


def compiler():
    """clang++, where its libFuzzer is there; the newest first."""
    for name in ("clang++-14", "clang++"):
        path = shutil.which(name)
        if path is None:
            continue
        found = subprocess.run([path, "-print-runtime-dir"], capture_output=True, text=True)
        folder = pathlib.Path(found.stdout.strip())
        if any(folder.glob("libclang_rt.fuzzer*.a")):
            return path
    return None


def build():
    path = compiler()
    if path is None:
        print("fuzz: skipped: no clang with libFuzzer; scripts/setup.sh ci installs libclang-rt-14-dev")
        sys.exit(ABSENT)
    configure = ["cmake", "-G", "Ninja", "-S", ROOT, "-B", BUILD, "-DCMAKE_BUILD_TYPE=None",
                 "-DCMAKE_CXX_FLAGS=-g1", f"-DCMAKE_CXX_COMPILER={path}",
                 f"-DCMAKE_C_COMPILER={path.replace('clang++', 'clang')}", "-DBUILD_TESTING=OFF",
                 "-DSPIKELOOM_FUZZ=ON", "-DPython3_EXECUTABLE=/usr/bin/python3"]  # fmt: skip
    done = subprocess.run(configure, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    if subprocess.run(["ninja", "-C", BUILD, "--quiet", "spikeloom_fuzz"]).returncode:
        sys.exit("fuzz: error: the fuzzers do not build; the compiler's messages are above")


def names(only):
    done = subprocess.run([PROGRAM, "--list"], capture_output=True, text=True, check=True)
    listed = done.stdout.split()
    chosen = [name for name in listed if re.search(only, name)]
    if not chosen:
        sys.exit(f"fuzz: error: --only {only}: no target's name matches; there are {', '.join(listed)}")
    return chosen


def fuzzer(target, *options):
    found = BUILD / "found"
    found.mkdir(exist_ok=True)
    command = [PROGRAM, f"--target={target}", f"-artifact_prefix={found}/{target}-", *LIMITS, *options]
    before = set(found.iterdir())
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, errors="replace",
                          env=os.environ | SANITIZERS)  # fmt: skip
    if done.returncode == 0:
        # What a child process dies of that reads damaged HDF5 is written too, and is no finding.
        for path in set(found.glob(f"{target}-*")) - before:
            path.unlink()
    return done.returncode, done.stderr


def report(target, log):
    """The part of a fuzzer's output that says what was found, and how to see it again."""
    lines = log.splitlines()
    signs = re.compile("ERROR|runtime error|broken law|internal error|terminate called")
    first = next((i for i, line in enumerate(lines) if signs.search(line)), 0)
    print(f"fuzz: {target}: found:")
    print("\n".join("  " + line for line in lines[first : first + 30]))
    for path in re.findall(r"Test unit written to (\S+)", log):
        print(f"  again: {PROGRAM} --target={target} {path}")


def replay(target):
    folder = HERE / "corpus" / target
    if not folder.is_dir():
        return target, 1, f"ERROR: {folder} is not there: every target has a corpus (make_corpus.py)"
    files = sorted(str(path) for path in folder.iterdir())
    return target, *fuzzer(target, *files)


def go(target, seconds, keep):
    grown = BUILD / "corpus" / target
    if not keep:
        shutil.rmtree(grown, ignore_errors=True)
    grown.mkdir(parents=True, exist_ok=True)
    options = (f"-max_total_time={seconds}", "-print_final_stats=1", grown, HERE / "corpus" / target)
    return target, *fuzzer(target, *options)


def same(target):
    """The runs that follow from the seed. Inputs are given one by one: a folder has no order."""
    seeds = sorted(str(path) for path in (HERE / "corpus" / target).iterdir())
    runs = RUNS.get(target, MOST_RUNS)
    options = [f"-seed={SEED}", f"-runs={runs}", "-print_final_stats=1", "-seed_inputs=" + ",".join(seeds)]
    return target, *fuzzer(target, *options)


def all_of(work, targets, jobs=JOBS):
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for target, code, log in pool.map(work, targets):
            if code:
                report(target, log)
                wrong += 1
                continue
            runs = re.search(r"number_of_executed_units: (\d+)", log)
            covered = re.findall(r"cov: (\d+)", log)
            if runs:
                print(
                    f"fuzz: {target}: {runs[1]} inputs, {covered[-1] if covered else '?'} edges", flush=True
                )
    return wrong


def main():
    parser = argparse.ArgumentParser(description="see the head of this file")
    parser.add_argument("what", choices=["build", "replay", "same", "run", "grow"])
    parser.add_argument("seconds", nargs="?", type=int, default=0)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    if arguments.what in ("run", "grow") and arguments.seconds <= 0:
        parser.error("expected SECONDS above 0")
    build()
    if arguments.what == "build":
        return 0
    targets = names(arguments.only)
    wrong = all_of(replay, targets)
    size = sum(path.stat().st_size for path in (HERE / "corpus").rglob("*") if path.is_file())
    if size > MOST_BYTES:
        print(f"fuzz: tests/fuzz/corpus has {size} bytes, at most {MOST_BYTES}: take out what others cover")
        wrong += 1
    print(f"fuzz: the corpora of {len(targets)} targets were replayed, {wrong} with a fault")
    if wrong or arguments.what == "replay":
        return 1 if wrong else 0
    # Every target has its share of the time: so many of them run at once.
    share = max(1, arguments.seconds * JOBS // len(targets))
    begin = time.monotonic()
    if arguments.what == "same":
        if strangers := set(RUNS) - set(names("")):
            sys.exit(f"fuzz: error: RUNS names no target: {', '.join(sorted(strangers))}")
        wrong = all_of(same, targets)
        each = f"seed {SEED}"
    else:
        wrong = all_of(lambda target: go(target, share, arguments.what == "grow"), targets)
        each = f"{share} s each"
    took = time.monotonic() - begin
    print(f"fuzz: {len(targets)} fuzzers, {each}, {took:.0f} s together: {wrong} with a fault")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
