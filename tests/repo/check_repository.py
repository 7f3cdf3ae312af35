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
import tomllib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from hardware import description, parameters  # noqa: E402

MAX_BYTES = 2 * 1024 * 1024
README_LINES = 40
MAX_COLUMNS = 110
MOST_PASSED = 6  # parameters that are passed on under their own name, line by line
CODE = {".cpp", ".hpp", ".h", ".sv", ".svh", ".py", ".sh", ".cmake"}
COLUMNS = CODE | {".c", ".cl", ".toml", ".md", ".tcl", ".xdc", ".cfg"}
GENERATED = (
    "spikeloom_pkg.sv",
    "spikeloom_parameters.svh",
    "spikeloom_hw.hpp",
    "spikeloom_memory_fields.hpp",
    "spikeloom_parameters.hpp",
    "spikeloom_keys.inc",
    "spikeloom_hw.cl",
    "kernel.xml",
)
PARTS = "rtl/*/*.toml"  # that cores share: rtl/NAME/NAME.toml
DESCRIPTION = ("rtl/hardware.toml", "rtl/core/*/core.toml", PARTS)
MARKERS = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
INCLUDE = re.compile(r'^\s*#\s*include\s+"((?:compiler|host|rtl|hls|tests)/[^"]+)"')

# Who may include whom, besides itself: the seams. The same as the LINK lists of the folders' CMakeLists.txt.
# tests may include everything.
MAY_INCLUDE = {
    "compiler/base": "",
    "compiler/chip": "compiler/base",
    "compiler/sdf": "compiler/base",
    "compiler/linear": "compiler/base",
    "compiler/model": "compiler/base compiler/linear",
    "compiler/golden": "compiler/base compiler/linear compiler/model",
    "compiler/quantize": "compiler/base compiler/linear compiler/model compiler/golden",
    "compiler/core": "compiler/base compiler/chip compiler/linear compiler/golden",
    "compiler/partition": "compiler/base compiler/chip compiler/linear compiler/model compiler/golden"
    " compiler/core",
    "compiler/fit": "compiler/base compiler/chip compiler/linear compiler/model compiler/golden compiler/core"
    " compiler/partition",
    "compiler/map": "compiler/base compiler/chip compiler/core compiler/partition",
    "compiler/image": "compiler/base compiler/chip compiler/core compiler/partition compiler/map",
    "compiler/schedule": "compiler/base compiler/chip compiler/sdf compiler/core compiler/map"
    " compiler/image",
    "compiler/data": "compiler/base",
    "compiler/chip_model": "compiler/base compiler/chip compiler/core",
    "compiler/replay": "compiler/base compiler/chip compiler/core compiler/image compiler/data"
    " compiler/chip_model",
    "compiler/admit": "compiler/base compiler/chip compiler/sdf compiler/map compiler/image"
    " compiler/schedule",
    "compiler/verify": "compiler/base compiler/chip compiler/golden compiler/core compiler/partition"
    " compiler/image compiler/schedule compiler/admit",
    "compiler/flow": "compiler/base compiler/chip compiler/model compiler/golden compiler/quantize"
    " compiler/core compiler/partition compiler/fit compiler/map compiler/image compiler/schedule"
    " compiler/data compiler/chip_model compiler/replay compiler/admit",
    "host/device": "compiler/base compiler/chip compiler/chip_model",
    "host/emulation": "compiler/base compiler/chip compiler/chip_model host/device",
    "host/run": "compiler/base compiler/chip compiler/core compiler/image compiler/schedule compiler/data"
    " compiler/chip_model compiler/replay compiler/admit",
    "host/opencl": "compiler/base compiler/chip compiler/core compiler/image compiler/chip_model"
    " compiler/replay host/device host/run",
    "host/api": "compiler/base compiler/chip compiler/sdf compiler/golden compiler/fit compiler/map"
    " compiler/image"
    " compiler/schedule compiler/data compiler/chip_model compiler/replay compiler/admit compiler/verify"
    " compiler/flow host/device host/emulation host/run host/opencl",
    "host/cli": "",  # public headers only: see DOORS
    "rtl": "",
    "hls": "",
    "constraints": "",
}

# Where a core's name may stand beside its own folders, the table of cores, chip files and docs. Of the first
# core, what was built round it before there was a second; of a later one, nothing.
TABLE_OF_CORES = "compiler/core/cores.cpp"
CORE_KNOWN_IN = {
    "crossbar": (
        "compiler/golden/neuron_step.hpp",  # where the step is written in other languages
        "host/opencl/core_kernels.cpp",  # the table of cores with kernels
        "hls/",  # its kernels' test bench, and the chip whose sizes they have
        "rtl/hardware.toml",  # the core of a kind of tile that names none
        "rtl/node/node.sv",  # which holds the core
        "scripts/hls.py",
        "scripts/synth.py",
        "tests/chip/chip_test.cpp",  # the default core, by its name
        "tests/hls/",
        "tests/opencl/",
        "tests/rtl_core/",  # RTL = formula, RTL = step
        "tests/rtl_net/",
        "tests/rtl_shell/CMakeLists.txt",
        "tests/xilinx/card_test.py",
    ),
    "systolic": (  # its kernels
        "hls/",
        "host/opencl/core_kernels.cpp",
        "scripts/hls.py",
        "tests/chips/cores.toml",  # a mesh of two cores
        "tests/chips/quarter.toml",  # tiles that take a stream of weights
        "tests/hls/",
        "tests/opencl/",
    ),
}

# Where a part's parameters may be read beside its own folders and those of the cores that take it.
PART_KNOWN_IN = {"neuron": ("host/opencl/",)}  # neuron.cl is the part's update in OpenCL C

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
    """Includes go only to the same folder or one that stands before it and that MAY_INCLUDE names."""
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
            elif there != here and here != "tests" and there not in MAY_INCLUDE.get(here, "").split():
                yield f"{name}:{number}: {here} may not include {there} (MAY_INCLUDE in tests/repo)"


def check_folder_table(root):
    """docs/architecture.md has a row for every folder of compiler/ and host/, and none for another."""
    page = root / "docs/architecture.md"
    if not page.exists():
        return
    rows = re.findall(r"^\| `((?:compiler|host)/\w+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    folders = [folder for folder in folder_order(root) if folder.startswith(("compiler/", "host/"))]
    for folder in folders:
        if folder not in rows:
            yield f"docs/architecture.md:1: no row for {folder}"
    for row in rows:
        if row not in folders:
            yield f"docs/architecture.md:1: a row for {row}, which CMakeLists.txt does not have"
    for folder, may in MAY_INCLUDE.items():
        for below in may.split():
            if folder in rows and below in rows and rows.index(below) > rows.index(folder):
                yield f"docs/architecture.md:1: {below} stands below {folder}, which may include it"


def linked_folders(text, order):
    """Of every Spikeloom target in a CMakeLists.txt: the line on which it begins, the folders it links."""
    folder_of = {pathlib.PurePosixPath(folder).name: folder for folder in order}
    folder_of["cores"] = str(pathlib.PurePosixPath(TABLE_OF_CORES).parent)  # with every core
    for call in re.finditer(r"^ *spikeloom_library\((.*?)\)", text, re.DOTALL | re.MULTILINE):
        words = call.group(1).split()
        begin = words.index("LINK") + 1 if "LINK" in words else len(words)
        end = words.index("PRIVATE_LINK") if "PRIVATE_LINK" in words else len(words)
        yield text.count("\n", 0, call.start()) + 1, {folder_of.get(word, word) for word in words[begin:end]}
    for call in re.finditer(r"^target_link_libraries\(spikeloom +(.*?)\)", text, re.DOTALL | re.MULTILINE):
        names = [n for n in re.findall(r"\bspikeloom_(\w+)", call.group(1)) if n != "flags"]
        yield text.count("\n", 0, call.start()) + 1, {folder_of.get(name, name) for name in names}


def check_links(root):
    """A folder links what MAY_INCLUDE says that it may include, no more and no less."""
    order = folder_order(root)
    for folder in order:
        name = pathlib.PurePosixPath(folder) / "CMakeLists.txt"
        if folder == "tests" or not (root / name).is_file():
            continue
        if folder not in MAY_INCLUDE:
            yield f"{name}:1: {folder} has no row in MAY_INCLUDE of tests/repo/check_repository.py"
            continue
        allowed = set(MAY_INCLUDE[folder].split())
        for number, linked in linked_folders(text_of(root, name), order):
            linked = {there for there in linked if there != folder and not there.startswith("${")}
            for extra in sorted(linked - allowed):
                yield f"{name}:{number}: links {extra}, which it may not include (MAY_INCLUDE in tests/repo)"
            for missing in sorted(allowed - linked):
                yield f"{name}:{number}: may include {missing} by MAY_INCLUDE, but does not link it"


# What the public headers and the command may include, beside the standard library: names without a folder
# (and the kernel's sys/...).
ANY_INCLUDE = re.compile(r"^\s*#\s*include\s+([<\"])([^>\"]+)")
STANDARD = re.compile(r"(?:[a-z_0-9]+|[a-z_]+\.h|sys/[a-z]+\.h)$")
PUBLIC = "host/api/include/"
DOORS = {
    PUBLIC: (("<", "spikeloom/"),),
    "host/cli/": (("<", "spikeloom/"), ("<", "CLI/"), ("<", "nlohmann/"), ('"', "host/cli/")),
}


# By public header: the first folder, in the order of the root CMakeLists.txt, that may include it. Those
# before it know nothing of what it is about.
PUBLIC_FROM = {
    "error.hpp": "compiler/base",
    "export.hpp": "compiler/base",
    "files.hpp": "compiler/base",
    "ratio.hpp": "compiler/base",
    "resources.hpp": "compiler/base",
    "start_runs.hpp": "compiler/sdf",
    "compile_options.hpp": "compiler/model",
    "data.hpp": "compiler/model",
    "promise.hpp": "compiler/image",
    "outputs.hpp": "compiler/data",
    "progress.hpp": "compiler/chip_model",
    "chip.hpp": "compiler/replay",
    "image.hpp": "compiler/replay",
    "report.hpp": "compiler/replay",
    "admit.hpp": "compiler/admit",
    "compile.hpp": "compiler/flow",
    "explain.hpp": "compiler/flow",
    "devices.hpp": "host/device",
    "emulate.hpp": "host/emulation",
    "dataflow.hpp": "host/api",
    "loop.hpp": "host/api",
    "memories.hpp": "host/api",
    "run.hpp": "host/api",
    "spikeloom.hpp": "host/api",
    "version.hpp": "host/api",
}
PUBLIC_INCLUDE = re.compile(r'^\s*#\s*include\s+[<"](?:host/api/include/)?spikeloom/([^>"]+)')

TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)[^;]*\{")

# In a public header: a namespace that libspikeloom does not export, and what may stand in one.
HIDDEN = re.compile(r"namespace (?!SPIKELOOM_API)[\w:]+ \{")
HIDDEN_LINE = re.compile(r"(?:(?:struct|class) \w+;|//.*)?$")


def check_exports(root):
    """What a public header declares stands in a namespace opened with SPIKELOOM_API, or no program could call
    it; forward declarations of what its handles own need not.
    """
    for name in tracked(root):
        if not str(name).startswith(PUBLIC) or name.suffix != ".hpp":
            continue
        hidden = False
        for number, line in enumerate(text_of(root, name).splitlines(), 1):
            if line.startswith(("}", "namespace SPIKELOOM_API ")):
                hidden = False
            elif HIDDEN.match(line):
                hidden = True
            elif hidden and not HIDDEN_LINE.match(line):
                yield f"{name}:{number}: is not exported; open the namespace with SPIKELOOM_API (export.hpp)"
                hidden = False


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


def check_public_from(root):
    """A public header is included by no folder before its own in PUBLIC_FROM, nor by a header of such a
    folder; every header has a row there, and every row a header.
    """
    order = folder_order(root)
    names = tracked(root)
    headers = {str(name)[len(PUBLIC) :] for name in names if str(name).startswith(PUBLIC + "spikeloom/")}
    headers = {pathlib.PurePosixPath(name).name for name in headers if name.endswith(".hpp")}
    for missing in sorted(headers - set(PUBLIC_FROM)):
        yield f"{PUBLIC}spikeloom/{missing}:1: has no row in PUBLIC_FROM of tests/repo/check_repository.py"
    if headers:
        for gone in sorted(set(PUBLIC_FROM) - headers):
            yield f"{PUBLIC}spikeloom:1: has no {gone}, which has a row in PUBLIC_FROM of tests/repo"
    for name in names:
        public = str(name).startswith(PUBLIC)
        here = PUBLIC_FROM.get(name.name) if public else room(name, order)
        if name.suffix not in {".cpp", ".hpp", ".h"} or here not in order:
            continue
        for number, line in enumerate(text_of(root, name).splitlines(), 1):
            match = PUBLIC_INCLUDE.match(line)
            first = PUBLIC_FROM.get(match.group(1)) if match else None
            if first in order and order.index(here) < order.index(first):
                yield f"{name}:{number}: {here} may not include {match.group(1)}, only {first} and up may"


CORE_FOLDERS = ("compiler/core", "rtl/core", "hls", "host/opencl", "tests/core")


def core_folders(core):
    return tuple(f"{folder}/{core}/" for folder in CORE_FOLDERS)


def core_names(names):
    """Cores are the folders of compiler/core but for the parts that cores share, which stand in rtl/NAME."""
    parts = {name.parts[1] for name in names if name.match(PARTS) and name.parts[1] == name.stem}
    folders = {
        name.parts[2] for name in names if name.parts[:2] == ("compiler", "core") and len(name.parts) > 3
    }
    return sorted(folders - parts)


def check_cores(root):
    """Nothing but a core's own folders and the table of cores includes its inside or knows its name."""
    names = tracked(root)
    cores = core_names(names)
    for name in names:
        code = name.suffix in CODE | {".c", ".cl", ".toml", ".tcl", ".in"} or name.name == "CMakeLists.txt"
        if not code or name.parts[0] == "chips" or name.parts[:2] == ("tests", "repo"):
            continue
        if str(name) == TABLE_OF_CORES:
            continue
        for core in cores:
            if str(name).startswith(core_folders(core) + CORE_KNOWN_IN.get(core, ())):
                continue
            for number, line in enumerate(text_of(root, name).splitlines(), 1):
                # As a word or a word's beginning: "grid", "kGridLanes", but not "hybridgrid".
                if re.search(rf"(?<![A-Za-z]){core}|{core.capitalize()}|{core.upper()}", line):
                    yield f"{name}:{number}: knows the core {core} by name: {line.strip()}"


# Where the flow test of a core is that does not have it in its own folder of tests.
FLOW_TESTS = {"crossbar": "tests/flow/flow_test.cpp"}


def check_core_tests(root):
    """Every core has what the contract suite cannot give: tests of its RTL against `time` and the model, and
    of whole runs in which the guarantee holds.
    """
    names = {str(name) for name in tracked(root)}
    lists = {name: text_of(root, name) for name in names if name.endswith("CMakeLists.txt")}
    for core in core_names(tracked(root)):
        folder = f"tests/core/{core}"
        if f"{folder}/inputs.cpp" not in names:
            yield f"{folder}:1: no inputs.cpp, which gives the contract suite networks and chips"
        if not any(f"spikeloom_core_rtl_test({core} " in text for text in lists.values()):
            yield f"{folder}:1: no spikeloom_core_rtl_test({core} ...) in a CMakeLists.txt: RTL = model"
        flow = FLOW_TESTS.get(core, f"{folder}/flow_test.cpp")
        place, _, file = flow.rpartition("/")
        if flow not in names or file not in lists.get(f"{place}/CMakeLists.txt", ""):
            yield f"{folder}:1: no {flow} with its line in CMakeLists.txt: golden = RTL, guarantee kept"


def key_readers(root):
    """(core or part, folders that may read its parameters, their names): a part's are also its cores'."""
    taken = {}  # by part: the cores' folders
    for file in sorted(root.glob("rtl/core/*/core.toml")):
        core, table = file.parent.name, tomllib.loads(file.read_text(encoding="utf-8"))
        folders = core_folders(core) + CORE_KNOWN_IN.get(core, ())
        keys = [item["key"] for item in table.get("parameter", ()) if "rtl" in item or "parts" not in table]
        yield f"core {core}", folders, keys
        for part in table.get("parts", ()):
            taken[part] = taken.get(part, ()) + folders
    for file in sorted(root.glob(PARTS)):
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        part = table.get("part")
        if part is not None:
            folders = taken.get(part, ()) + PART_KNOWN_IN.get(part, ()) + (f"compiler/core/{part}/",)
            yield f"part {part}", folders, [item["key"] for item in table["parameter"]]


def check_core_keys(root):
    """Outside a core's own folders nothing in compiler/ and host/ reads its parameters or names their keys:
    stages ask the core. A comment may. What belongs to a part that cores share, the part and its cores read.
    """
    # chip.tile.lanes, kind.lanes, chip.kind(k).lanes, chip.kind_at(t).lanes; "tile.lanes" in a message.
    of_tile = r"(?:\btile|\bkind|\b[Kk]ind(?:_at)?\([^;]*?\))"
    for owner, folders, keys in key_readers(root):
        names = [key.removeprefix("tile.") for key in keys if key.startswith("tile.")]
        if not names:
            continue
        known = re.compile(rf"{of_tile}\.({'|'.join(names)})\b")
        for name in tracked(root):
            if name.suffix not in {".cpp", ".hpp", ".h"} or name.parts[0] not in ("compiler", "host"):
                continue
            if str(name).startswith(folders):
                continue
            for number, line in enumerate(text_of(root, name).splitlines(), 1):
                match = known.search(re.sub(r"//.*", "", line))
                if match:
                    yield f"{name}:{number}: knows tile.{match.group(1)}, a key of the {owner}"


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


NODES = "compiler/model/nodes/"
INTEGER_FORM = "docs/integer-network.md"


def check_node_types(root):
    """The types of NIR nodes are named in their table and nowhere else in the code; compiler/model/README.md
    describes each of them, and docs/integer-network.md each kind of neuron.
    """
    table = "".join(text_of(root, name) for name in tracked(root) if str(name).startswith(NODES))
    kinds = set(re.findall(r'\{NeuronKind::\w+, "(\w+)"', table))
    types = set(re.findall(r'\.name = "(\w+)"', table)) | kinds
    literal = re.compile('"(' + "|".join(sorted(types)) + ')"')
    for name in tracked(root):
        if not types or name.parts[0] not in ("compiler", "host", "hls") or str(name).startswith(NODES):
            continue
        if name.suffix in {".cpp", ".hpp", ".h"}:
            for number, line in enumerate(text_of(root, name).splitlines(), 1):
                if match := literal.search(re.sub(r"//[^\n]*", "", line)):
                    yield f"{name}:{number}: names the node type {match.group()}: ask its row in {NODES}"
    for page, what, wanted in (
        ("compiler/model/README.md", "node type", types),
        (INTEGER_FORM, "kind of neuron", kinds),
    ):
        described = set(re.findall(r"\w+", text_of(root, page))) if (root / page).is_file() else set()
        for missing in sorted(wanted - described):
            yield f"{page}:1: does not describe the {what} {missing}"


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


def check_lists(root):
    """In Markdown, a list's entry begins its own line: reflowed prose runs entries together."""
    inside = re.compile(r"\S[;.] [*-](?: |$)")
    for name in tracked(root):
        if name.suffix != ".md":
            continue
        fenced = False
        for number, line in enumerate(text_of(root, name).splitlines(), 1):
            fenced ^= line.lstrip().startswith("```")
            table = line.lstrip().startswith("|")
            if not fenced and not table and inside.search(re.sub(r"`[^`]*`", "``", line)):
                yield f"{name}:{number}: a list's entry within a line"


def check_generated(root):
    """What is generated is not committed."""
    for name in tracked(root):
        if (
            name.name in GENERATED
            or name.parts[0] == "build"
            or name.suffix in {".o", ".so", ".a", ".pyc", ".fst"}
        ):
            yield f"{name}:1: generated, and committed"


def described_parameters(root):
    """SystemVerilog names of the parameters that more than the top takes: mesh.width is Width, and so is a
    common cell's.
    """
    files = [path for pattern in DESCRIPTION for path in sorted(root.glob(pattern))]
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in files]
    return {
        item["rtl"]
        for table in tables
        for item in table.get("parameter", ())
        if "core" in table or "part" in table or item.get("modules")
        if "rtl" in item  # else a part's, said there
    }


# Signals that hold a described word in every module that has them.
WORDS = {"config_data_i", "cfg_data_i", "ring_data", "here_data", "ring_address", "here_address", "offset"}


def hand_made_fields(text):
    """(line's number, breach) of fields that a module takes or composes by bare numbers."""
    words = WORDS | set(re.findall(r"`SPIKELOOM_(?:FIELD|LOW)\(\s*(\w+)", text))
    sliced = re.compile(rf"\b({'|'.join(sorted(words))})\s*\[\s*\d")
    held = r"(?:KIND|ADDR|MEM|FORMAT)_(?!\w+_(?:LSB|W|WIDTH)\b)\w+"
    sized = re.compile(rf"\b(?!32')\d+'\(\s*spikeloom_pkg::{held}\s*\)")
    narrowed = re.compile(r"\b(?!32')\w+'\(\s*`SPIKELOOM_FIELD")
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        if "_LSB" in line:
            yield number, "a field's lowest bit: write `SPIKELOOM_FIELD(word, NAME) or `SPIKELOOM_PART(NAME)"
        if match := sliced.search(line):
            yield number, f"{match[1]} sliced by bare numbers: write `SPIKELOOM_FIELD({match[1]}, NAME)"
        if narrowed.search(line):
            yield number, "a field cut by a cast, which Yosys 0.23 may not: write `SPIKELOOM_LOW"
        if sized.search(line):
            yield number, "a constant's width by hand: those that a field holds are as wide as it"


def check_described(root):
    """What the description says is not said again: no parameter declared or passed on by hand in a list, no
    address composed or taken apart by bare numbers, no field of a word taken or composed by them.
    """
    known = described_parameters(root)
    declared = re.compile(r"\bparameter\s+(?:int\s+unsigned|logic\s*\[31:0\])\s+(\w+)\b")
    passed = re.compile(r"^\s*\.(\w+)\s*\(\1\)\s*,?\s*$")
    shifts = (
        (
            re.compile(r"\bkAddr\w+\s*<<|<<\s*\w+\s*\|\s*(?:hw::|layout::)?kAddr\w+"),
            "address composed by a shift",
        ),
        (
            re.compile(r"(?i)address\w*(?:\(\))?\s*(?:>>\s*\d|&\s*(?:0x|\d))"),
            "address taken apart by bare numbers",
        ),
        (re.compile(r"\bblock\s*<<"), "address composed by a shift"),
    )
    for name in tracked(root):
        if name.parts[:2] == ("tests", "repo") or name.parts[0] == "scripts":
            continue
        if name.suffix in {".sv", ".svh"}:
            many = []
            for number, line in enumerate(without_comments(text_of(root, name)).splitlines(), 1):
                for parameter in declared.findall(line):
                    if parameter in known:
                        yield f"{name}:{number}: declares {parameter}: write `SPIKELOOM_PARAMETER_{parameter}"
                match = passed.match(line)
                many = many + [match[1]] if match and match[1] in known else []
                if len(many) == MOST_PASSED:
                    yield f"{name}:{number}: passes a list of parameters on: write a `SPIKELOOM_PASS_* macro"
            for number, breach in hand_made_fields(text_of(root, name)):
                yield f"{name}:{number}: {breach}"
        if name.suffix in {".cpp", ".hpp", ".h"}:
            for number, line in enumerate(without_comments(text_of(root, name)).splitlines(), 1):
                for pattern, why in shifts:
                    if pattern.search(line):
                        yield f"{name}:{number}: {why}: use the hw::Address structures"


def check_chip_file_page(root):
    """The table of docs/chip-file.md is that of the description."""
    page = root / "docs/chip-file.md"
    if not (root / "rtl/hardware.toml").exists() or not page.exists():
        return
    text = page.read_text(encoding="utf-8")
    if parameters.refreshed(description.load(root / "rtl/hardware.toml"), text) != text:
        yield (
            "docs/chip-file.md:1: stale; refresh it: "
            "scripts/generate_hardware.py rtl/hardware.toml --docs docs/chip-file.md"
        )


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
