#!/usr/bin/env python3
"""Checks that hold for the project's files as a whole.

usage: check_repository.py SOURCE_DIR CHECK      CHECK: one of the functions named check_* below, or all
Prints every breach as "file:line: what"; exit code 1 if there is one.
Looks at the files that git knows, and where there is no git, at every file outside build/.
"""
import pathlib
import re
import subprocess
import sys

MAX_BYTES = 2 * 1024 * 1024
README_LINES = 40
MAX_COLUMNS = 110
CODE = {".cpp", ".hpp", ".h", ".sv", ".svh", ".py", ".sh", ".cmake"}
COLUMNS = CODE | {".c", ".cl", ".toml", ".md", ".tcl", ".xdc", ".cfg"}
GENERATED = ("spikeloom_pkg.sv", "spikeloom_hw.hpp", "spikeloom_hw.cl", "kernel.xml")
MARKERS = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
INCLUDE = re.compile(r'^\s*#\s*include\s+"((?:compiler|host|rtl|hls|tests)/[^"]+)"')

# Forms that Yosys 0.23 or Verilator 5.006 refuse or, worse, misread; and behaviour that one tool alone has.
BANNED_SV = [
    (re.compile(pattern), why)
    for pattern, why in (
        (r"\bimport\s+\w+::", "import: write pkg::name"),
        (r"'\{", "assignment pattern: write a concatenation"),
        (r"\w::\w+\s*'\(", "cast to a package's type"),
        (r"\w+_t\s*'\(", "cast to a typedef"),
        (r"\$bits\s*\(", "$bits: Yosys cannot"),
        (r"\blogic\s*(?:signed\s*)?\[[^\]]+\]\s*\[", "packed multi-dimensional array: use a flat vector"),
        (r"\b\w+_t\s*\[[^\]]*\]\s*\w+", "packed array of a typedef: silently one element in Yosys"),
        (r"\b\w+_t\s+\w+\s*\[", "array of a typedef: silently one register in Yosys if it is a struct"),
        (r"\b(?:input|output)\s+[^,;)]*\]\s*\w+\s*\[", "unpacked array port"),
        (r"\bparameter\s+type\b", "type parameter"),
        (r"\b(?:interface|modport)\b", "interface"),
        (
            r"\b(?:return|break|continue|foreach)\b",
            "return, break, continue, foreach: assign to the function's name",
        ),
        (r"\binside\b", "inside"),
        (r"==\?", "wildcard equality"),
        (r"\b(?:unique|unique0|priority)\s+if\b", "unique or priority if"),
        (r"\bassert\s+property\b", "concurrent assertion: use an immediate one"),
        (r"\{\s*(?:<<|>>)", "streaming operator"),
        (r"\bnegedge\b", "falling edges"),
        (r"\balways_latch\b", "latches"),
        (r"`ifdef\s+VERILATOR\b", "behaviour that only the simulator has"),
        (r"\$readmem[hb]\b", "memories begin empty and are written over the ring"),
        (r"^\s*initial\b", "power-up values: reset, or write over the ring"),
    )
]
# "automatic" belongs to functions and tasks only, not to locals.
AUTOMATIC = re.compile(r"\bautomatic\b")
FUNCTION = re.compile(r"\b(?:function|task)\s+automatic\b")


def tracked(root):
    found = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True, check=False)
    if found.returncode == 0 and found.stdout:
        names = [name for name in found.stdout.decode().split("\0") if name]
    else:
        names = [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()]
        names = [name for name in names if not name.startswith(("build/", ".git/"))]
    return [pathlib.PurePosixPath(name) for name in sorted(names) if (root / name).is_file()]


def text_of(root, name):
    return (root / name).read_text(encoding="utf-8", errors="replace")


def folder_order(root):
    """Folders of the root CMakeLists.txt: each may include only itself and those before it."""
    listed = re.search(r"foreach\(folder IN ITEMS(.*?)\)", text_of(root, "CMakeLists.txt"), re.DOTALL)
    if not listed:
        sys.exit("CMakeLists.txt: no list of folders found")
    return listed.group(1).split()


def room(name, order):
    for folder in order:
        if str(name).startswith(folder + "/"):
            return folder
    return None


def check_includes(root):
    """Includes go only to the same folder or one that stands before it; compiler never knows the host."""
    order = folder_order(root)
    for name in tracked(root):
        here = room(name, order)
        if name.suffix not in {".cpp", ".hpp", ".h"} or here is None:
            continue
        for number, line in enumerate(text_of(root, name).splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            there = room(pathlib.PurePosixPath(match.group(1)), order)
            if there is None:
                yield f"{name}:{number}: includes {match.group(1)}: not of a listed folder"
            elif order.index(there) > order.index(here):
                yield f"{name}:{number}: {here} includes {there}, which stands after it in CMakeLists.txt"


# What the public headers and the command may include, beside the standard library: names without a folder
# (and the kernel's sys/...).
ANY_INCLUDE = re.compile(r"^\s*#\s*include\s+([<\"])([^>\"]+)")
STANDARD = re.compile(r"(?:[a-z_0-9]+|[a-z_]+\.h|sys/[a-z]+\.h)$")
PUBLIC = "host/api/include/"
DOORS = {
    PUBLIC: (("<", "spikeloom/"),),
    "host/cli/": (("<", "spikeloom/"), ("<", "CLI/"), ("<", "nlohmann/"), ('"', "host/cli/")),
}


TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)[^;]*\{")


def check_public(root):
    """Public headers include the standard library and one another only; the command includes them, CLI11,
    JSON and its own files, so whatever it does, any program can do. A type that is public is defined once.
    """
    names = tracked(root)
    known = {str(name) for name in names}
    for name in names:
        door = next((door for door in DOORS if str(name).startswith(door)), None)
        if door is None or name.suffix not in {".cpp", ".hpp", ".h"}:
            continue
        for number, line in enumerate(text_of(root, name).splitlines(), 1):
            match = ANY_INCLUDE.match(line)
            if not match:
                continue
            mark, what = match.groups()
            if mark == "<" and STANDARD.match(what):
                continue
            if not any(mark == m and what.startswith(folder) for m, folder in DOORS[door]):
                yield f"{name}:{number}: includes {what}, which is no public header"
            elif what.startswith("spikeloom/") and PUBLIC + what not in known:
                yield f"{name}:{number}: includes {what}, which is not there"
    public = {}
    for name in sorted(names, key=lambda name: not str(name).startswith(PUBLIC)):
        if name.suffix not in {".cpp", ".hpp"} or name.parts[0] not in ("compiler", "host"):
            continue
        for number, line in enumerate(text_of(root, name).splitlines(), 1):
            match = TYPE.match(line)
            if match and str(name).startswith(PUBLIC):
                public[match.group(1)] = name
            elif match and match.group(1) in public:
                yield f"{name}:{number}: {match.group(1)} is defined in {public[match.group(1)]} already"


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL)
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)
    return re.sub(r"//[^\n]*", "", text)


def check_systemverilog(root):
    """Only what Verilator 5.006 and Yosys 0.23 both read rightly; one module a file, of its name."""
    for name in tracked(root):
        if name.suffix not in {".sv", ".svh"} or name.parts[0] != "rtl":
            continue
        text = without_comments(text_of(root, name))
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, why in BANNED_SV:
                if pattern.search(line):
                    yield f"{name}:{number}: {why}"
            if len(AUTOMATIC.findall(line)) != len(FUNCTION.findall(line)):
                yield f"{name}:{number}: automatic local"
        modules = re.findall(r"^\s*module\s+(\w+)", text, re.MULTILINE)
        if name.suffix == ".sv" and not name.stem.endswith("_pkg") and modules != [name.stem]:
            yield f"{name}:1: expected one module {name.stem}, found {', '.join(modules) or 'none'}"


def check_markers(root):
    """Nothing is left open in the code."""
    for name in tracked(root):
        if name.suffix in CODE:
            for number, line in enumerate(text_of(root, name).splitlines(), 1):
                if MARKERS.search(line):
                    yield f"{name}:{number}: left open: {line.strip()}"


def check_tests_are_on(root):
    """No test is switched off, and no skip is without a reason."""
    disabled = re.compile(r"\bDISABLED" + r"_|\bGTEST_SKIP\(\)\s*;")
    for name in tracked(root):
        if name.parts[0] == "tests" and name.suffix in {".cpp", ".hpp"}:
            for number, line in enumerate(text_of(root, name).splitlines(), 1):
                if disabled.search(line):
                    yield f"{name}:{number}: switched off, or skipped without a reason"


def check_readmes(root):
    """Every folder with sources has a README of at most 40 lines; the areas of tests/ may share
    tests/README.md.
    """
    names = tracked(root)
    folders = {
        name.parent
        for name in names
        if name.suffix in CODE | {".toml"} and name.parts[0] not in ("tests", ".ci")
    }
    folders |= {pathlib.PurePosixPath(name.parts[0]) for name in names if name.parts[0] == "tests"}
    folders |= {name.parent for name in names if name.name == "README.md"}
    for folder in sorted(folders):
        if str(folder) in (".", "scripts/cmake", "docs"):
            continue
        readme = folder / "README.md"
        if readme not in names:
            yield f"{folder}:1: no README.md"
        elif len(text_of(root, readme).splitlines()) > README_LINES:
            yield f"{readme}:{README_LINES}: longer than {README_LINES} lines"


def check_sizes(root):
    """No tracked file is large."""
    for name in tracked(root):
        size = (root / name).stat().st_size
        if size > MAX_BYTES:
            yield f"{name}:1: {size} bytes, at most {MAX_BYTES}"


def check_columns(root):
    """No line of code or prose is longer than MAX_COLUMNS; rows of Markdown tables and long links may be."""
    for name in tracked(root):
        if name.suffix not in COLUMNS and name.name != "CMakeLists.txt":
            continue
        if name.parts[0] == "tests" and "data" in name.parts[1:-1]:
            continue
        for number, line in enumerate(text_of(root, name).splitlines(), 1):
            if len(line) <= MAX_COLUMNS:
                continue
            if name.suffix == ".md" and (
                line.lstrip(" ").startswith("|") or max(map(len, line.split())) > MAX_COLUMNS
            ):
                continue
            yield f"{name}:{number}: {len(line)} columns, at most {MAX_COLUMNS}"


def check_generated(root):
    """What is generated is not committed."""
    for name in tracked(root):
        if (
            name.name in GENERATED
            or name.parts[0] == "build"
            or name.suffix in {".o", ".so", ".a", ".pyc", ".fst"}
        ):
            yield f"{name}:1: generated, and committed"


def check_scripts(root):
    """Scripts can be run, and no file names a place of one machine."""
    # A path of this machine: an absolute one into a home or work folder.
    places = re.compile(r"(?<![\w.])/(?:home/\w+|work|root)/")
    for name in tracked(root):
        path = root / name
        if (name.suffix == ".sh" or str(name) == ".ci/run") and not path.stat().st_mode & 0o100:
            yield f"{name}:1: cannot be run (chmod +x)"
        if name.suffix in CODE | {".md", ".txt", ".toml", ".json"} and name.parts[:2] != ("tests", "repo"):
            for number, line in enumerate(text_of(root, name).splitlines(), 1):
                if places.search(line):
                    yield f"{name}:{number}: a place of one machine: {line.strip()}"


CHECKS = {
    name[len("check_") :]: value for name, value in sorted(globals().items()) if name.startswith("check_")
}


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in {*CHECKS, "all"}:
        sys.exit(f"usage: {sys.argv[0]} SOURCE_DIR {'|'.join(CHECKS)}|all")
    root = pathlib.Path(sys.argv[1])
    breaches = [
        breach for name, check in CHECKS.items() if sys.argv[2] in (name, "all") for breach in check(root)
    ]
    for breach in breaches:
        print(breach)
    if breaches:
        sys.exit(1)


if __name__ == "__main__":
    main()
