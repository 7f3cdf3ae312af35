#!/usr/bin/env python3
"""The C++ and C files are as clang-format writes them, the Python files as black does.

usage: check_format.py SOURCE_DIR
Prints the files that are not; exit code 1 if there is one, 77 where a formatter is not installed.
"""
import pathlib
import re
import shutil
import subprocess
import sys

import check_repository


def misformatted(command, found, root, names):
    """The files, among those named, that the formatter complains of, as `found` reads its words."""
    done = subprocess.run([*command, *map(str, names)], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    # Whatever else went wrong is a breach too.
    return sorted(set(re.findall(found, done.stderr, re.MULTILINE))) or [done.stderr.strip()]


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} SOURCE_DIR")
    if not shutil.which("clang-format") or not shutil.which("black"):
        print("clang-format or black is not installed")
        sys.exit(77)
    root = pathlib.Path(sys.argv[1])
    names = check_repository.tracked(root)
    cpp = [name for name in names if name.suffix in {".cpp", ".hpp", ".h", ".c"}]
    python = [name for name in names if name.suffix == ".py"]
    breaches = misformatted(
        ["clang-format", "--dry-run", "--Werror"], r"^([^\s:]+):\d+:\d+: error", root, cpp
    )
    breaches += misformatted(["black", "--check"], r"^would reformat (.+)$", root, python)
    for breach in breaches:
        print(breach)
    if breaches:
        sys.exit(1)


if __name__ == "__main__":
    main()
