#!/usr/bin/env python3
"""scripts/hardware: the generated files say the same in every language; faults are named."""
import copy
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from hardware import cpp, description, kernel, parameters, systemverilog  # noqa: E402

HARDWARE = ROOT / "rtl/hardware.toml"
DESCRIPTION = description.load(HARDWARE)
KERNEL = DESCRIPTION["kernel"]


class GenerateHardware(unittest.TestCase):
    def assert_refused(self, change, part):
        changed = copy.deepcopy(KERNEL)
        change(changed)
        with self.assertRaises(SystemExit) as stopped:
            kernel.check(changed)
        self.assertIn(part, str(stopped.exception))

    def refused(self, change, part):
        """The whole description is refused after a change."""
        changed = copy.deepcopy(DESCRIPTION)
        change(changed)
        with self.assertRaises(SystemExit) as stopped:
            description.check(changed)
        self.assertIn(part, str(stopped.exception))

    @staticmethod
    def parameter(described, key):
        return next(item for item in described["parameter"] if item.get("key") == key)

    def test_the_kernel_is_written_alike_everywhere(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [sys.executable, ROOT / "scripts/generate_hardware.py", HARDWARE, folder],
                check=True,
            )
            package = (pathlib.Path(folder) / "spikeloom_pkg.sv").read_text()
            header = (pathlib.Path(folder) / "spikeloom_hw.hpp").read_text()
            tree = xml.etree.ElementTree.parse(pathlib.Path(folder) / "kernel.xml").getroot()
        arguments = {item.get("name"): item for item in tree.iter("arg")}
        self.assertEqual(list(arguments), [argument[1] for argument in KERNEL["arguments"]])
        for number, name, offset, size, what in KERNEL["arguments"]:
            self.assertIn(f"localparam int unsigned KERNEL_OFFSET_{name.upper()} = {offset};", package)
            is_global = "true" if what == "global" else "false"
            self.assertIn(f'{{{number}, "{name}", 0x{offset:x}, {size}, {is_global}}}', header)
            self.assertEqual(
                (
                    int(arguments[name].get("id")),
                    int(arguments[name].get("offset"), 0),
                    int(arguments[name].get("size"), 0),
                    arguments[name].get("addressQualifier"),
                ),
                (number, offset, size, str(int(what == "global"))),
            )
        for name, offset in KERNEL["registers"].items():
            self.assertIn(f"localparam int unsigned KERNEL_REGISTER_{name} = {offset};", package)
            self.assertRegex(header, rf"kKernelRegister{description.camel(name.lower())} = {offset};")
        ports = {port.get("name"): port for port in tree.iter("port")}
        self.assertEqual(set(ports), {KERNEL["control_port"], KERNEL["memory_port"]})
        self.assertTrue(all(item.get("port") in ports for item in arguments.values()))
        self.assertEqual(tree.find("kernel").get("hwControlProtocol"), "ap_ctrl_hs")

    def test_the_hash_follows_meaning_and_no_comment(self):
        core, part = "core/crossbar/core.toml", "neuron/neuron.toml"
        found = [*(ROOT / "rtl").glob("core/*/core.toml"), *(ROOT / "rtl").glob("*/*.toml")]
        names = [str(path.relative_to(ROOT / "rtl")) for path in found]
        texts = {name: (ROOT / "rtl" / name).read_text() for name in ("hardware.toml", *names)}

        def digest(name, *change):
            self.assertIn(change[0], texts[name])
            with tempfile.TemporaryDirectory() as folder:
                for file, text in texts.items():
                    path = pathlib.Path(folder) / file
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text.replace(*change) if file == name else text)
                return description.digest(description.load(pathlib.Path(folder) / "hardware.toml"))

        now = description.digest(DESCRIPTION)
        self.assertEqual(digest("hardware.toml", "version = 2", "version = 2  # a comment"), now)
        self.assertEqual(digest(core, 'unit = "lanes"', 'unit = "pieces"'), now)
        self.assertEqual(digest(part, "Width of an accumulator.", "Bits of an accumulator."), now)
        changed = [
            digest("hardware.toml", "RESULTS_WRITTEN = 0x80", "RESULTS_WRITTEN = 0xA0"),
            digest("hardware.toml", '"quiet_cycles", 0x38', '"quiet_cycles", 0x40'),
            digest(
                "hardware.toml", '["field", 0, 5], ["context", 5, 7]', '["field", 0, 6], ["context", 6, 6]'
            ),
            digest("hardware.toml", "CONTRACT_FRACTION_BITS = 8", "CONTRACT_FRACTION_BITS = 6"),
            digest(core, "range = [4, 64]", "range = [4, 32]"),
            digest(core, 'divides = "tile.lanes"\n', ""),
            digest(core, "WEIGHTS = 2", "WEIGHTS = 8"),
            digest(part, "range = [12, 24]", "range = [12, 25]"),
        ]
        self.assertEqual(len({now, *changed}), 1 + len(changed))

    def test_faults_of_parameters_are_refused(self):
        def change(which, **entries):
            return lambda described: self.parameter(described, which).update(entries)

        self.refused(change("tile.lanes", default=65), "tile.lanes: the default 65 lies outside 4 to 64")
        self.refused(change("tile.lanes", default=6), "no multiple of 4")
        self.refused(change("tile.lif_lanes", default=3), "no power of two")
        self.refused(change("tile.lif_lanes", divides="tile.lane"), "divides tile.lane: no such key")
        self.refused(change("tile.lanes", owner="abacus"), "owner abacus: expected one of chip")
        self.refused(change("tile.lanes", rtl="LifLanes"), "rtl LifLanes occurs twice")
        self.refused(change("tile.lanes", key="core.lanes"), "expected a key of the tables mesh")
        self.refused(change("tile.lanes", rnage=[1, 2]), "rnage: no such entry")
        self.refused(change("tile.weight_bits", default=[4]), "the default lacks 8")
        self.refused(lambda d: self.parameter(d, "tile.lanes").pop("unit"), "unit is missing")

    def test_constants_are_as_wide_as_the_fields_that_hold_them(self):
        package = systemverilog.package(DESCRIPTION)
        for line in (
            "logic [3:0] KIND_OUT_SENT = 4'd10;",
            "logic [3:0] ADDR_BLOCK_MEMORY = 4'd11;",
            "logic [11:0] ADDR_NODE_HIGH = 12'd32;",
            "logic [4:0] ADDR_CONTEXT_LIMIT = 5'd16;",
            "logic [1:0] ADDR_DELIVERY_RANGE = 2'd1;",
            "logic [3:0] MEM_CURRENTS = 4'd7;",
            "logic [1:0] FORMAT_W1 = 2'd3;",
            "int unsigned LIMIT_PAGES = 16;",
        ):
            self.assertIn(f"localparam {line}", package)
        self.refused(lambda d: d["kinds"].update(OUT_SENT=16), "KIND_OUT_SENT = 16: its field has 4 bits")
        self.refused(lambda d: d["address"].update(NODE_HIGH=4096), "ADDR_NODE_HIGH = 4096")
        self.refused(lambda d: d["limits"].update(PAGES=32), "rows: 5 bits do not hold 32")
        self.refused(lambda d: d["ports"].update(EAST=2, SOUTH=1), "route: expected the ports' selectors")

    def test_faults_of_addresses_and_chunks_are_refused(self):
        self.refused(lambda d: d["address_block"][1].update(block=0), "a block occurs twice")
        self.refused(lambda d: d["address_block"][0].update(block=15), "address_node: block 15")
        self.refused(lambda d: d["address_block"][1].update(fields=[["context", 5, 8]]), "does not fit 12")
        self.refused(lambda d: d["numbers"].update(CHUNK_BITS=32), "a mask of 16 bits, CHUNK_BITS = 32")

    def test_a_core_names_its_folder_and_nobody_elses_things(self):
        for part, message in (
            ({"core": "systolic"}, "expected the folder's name, crossbar"),
            ({"core": "crossbar", "memories": {"CHUNKS": 9}}, "CHUNKS is another core's"),
            ({"core": "crossbar", "kinds": {}}, "kinds: a core's file has"),
            ({"core": "crossbar", "memories": {"A": 3, "B": 3}}, "memories: expected numbers of its own"),
            ({"core": "crossbar", "memories": {"A": 16}}, "memories: expected numbers of its own"),
        ):
            with self.assertRaises(SystemExit) as stopped:
                description.add_core(copy.deepcopy(DESCRIPTION), part, ROOT / "rtl/core/crossbar/core.toml")
            self.assertIn(message, str(stopped.exception))

    ABACUS = {
        "core": "abacus",
        "parts": ["neuron"],
        "memories": {"BEADS": 0, "UPDATES": 3, "SETS": 4, "BIASES": 5, "POTENTIALS": 6, "CURRENTS": 7},
        "parameter": [
            {
                "key": "tile.beads",
                "rtl": "Beads",
                "range": [1, 9],
                "default": 1,
                "unit": "beads",
                "text": "Beads of a wire.",
            },
            *(
                {"key": item["key"]} | ({"divides": "tile.beads"} if item["rtl"] == "LifLanes" else {})
                for item in DESCRIPTION["parts"]["neuron"]["parameter"]
            ),
        ],
    }

    def with_abacus(self, change=lambda core: None):
        described, core = copy.deepcopy(DESCRIPTION), copy.deepcopy(self.ABACUS)
        change(core)
        description.add_core(described, core, ROOT / "rtl/core/abacus/core.toml")
        description.number_cores(described)
        description.check(described)
        return described

    def test_a_part_is_there_once_for_all_cores_that_take_it(self):
        described = self.with_abacus()
        package, header = systemverilog.package(described), systemverilog.header(described)
        for text in ("MEM_UPDATES = 4'd3;", "MEM_UPDATE_ENTRY_WIDTH = 64;", "MEM_BEADS = 4'd0;"):
            self.assertEqual(package.count(text), 1, text)
        lists = dict(systemverilog.lists(described))
        own = {item["rtl"] for item in DESCRIPTION["parts"]["neuron"]["parameter"]}
        for core in ("CROSSBAR", "ABACUS"):
            self.assertLessEqual(own, {item["rtl"] for item in lists[core]})
        checks = {
            core: re.search(rf"`define SPIKELOOM_CHECK_{core}_PARAMETERS \\\n((?:.*\\\n)*.*)\n", header)[1]
            for core in ("CROSSBAR", "ABACUS", "TALLY")
        }
        for core, condition in (("CROSSBAR", "Lanes % LifLanes != 0"), ("ABACUS", "Beads % LifLanes != 0")):
            for other, text in checks.items():
                self.assertEqual(condition in text, core == other, f"{condition} in {other}")
        self.assertIn("AccBits > StateBits", checks["CROSSBAR"])
        self.assertIn("AccBits > StateBits", checks["ABACUS"])
        keys = cpp.key_table(described)
        self.assertEqual(keys.count('.name = "lif_lanes"'), 1)
        lanes = next(line for line in keys.splitlines() if "c.tile.lif_lanes" in line)
        for core, divisor in (("crossbar", "tile.lanes"), ("abacus", "tile.beads")):
            self.assertRegex(lanes, rf'\.cores = {{[^}}]*"{core}"')
            self.assertIn(f'{{.core = "{core}", .divides = "{divisor}"}}', lanes)
        for core in ("crossbar", "abacus"):
            self.assertIn(f'{{"{core}", 3, 2, kUpdateEntryFields}}', cpp.memory_fields(described))
        row = next(line for line in parameters.markdown(described).splitlines() if "`tile.lif_lanes`" in line)
        for text in ("a divisor of `tile.lanes` (core crossbar)", "a divisor of `tile.beads` (core abacus)"):
            self.assertIn(text, row)
        self.assertIn("| lanes | neuron |", row)

    def test_a_core_that_looks_is_told_the_page_delay_and_a_key_may_set_its_pages(self):
        self.assertNotIn(
            "CORE_ABACUS ?", systemverilog.header(self.with_abacus()).split("SPIKELOOM_LOOKS \\")[1]
        )
        described = self.with_abacus(lambda core: core.update(looks=True, pages_per_firing="tile.beads"))
        header = systemverilog.header(described)
        self.assertIn("Core == spikeloom_pkg::CORE_ABACUS ? 1 : ", header)
        self.assertIn("`define SPIKELOOM_PAGE_DELAY", header)
        self.assertIn("Core == spikeloom_pkg::CORE_ABACUS ? Beads : ", header)
        self.assertNotIn("FIRING_PAGES_ABACUS", systemverilog.package(described))
        lists = {name: [i["rtl"] for i in taken] for name, taken in systemverilog.lists(described)}
        has = {name for name, taken in lists.items() if "PageDelay" in taken}
        self.assertLessEqual({"CORE", "ABACUS"}, has)
        self.assertFalse(has & {"CROSSBAR", "TALLY"})
        self.assertNotEqual(description.digest(described), description.digest(self.with_abacus()))
        for pages in ("tile.lanes", "tile.rods", 0, 17):
            with self.assertRaises(SystemExit) as stopped:
                self.with_abacus(lambda core, pages=pages: core.update(pages_per_firing=pages))
            self.assertIn(f"pages_per_firing = {pages}: expected 1 to 16, or a key", str(stopped.exception))

    def test_a_core_takes_a_part_as_it_is(self):
        for change, message in (
            (lambda core: core.update(parts=["axon"]), "parts: axon: no file"),
            (
                lambda core: core["memories"].pop("SETS"),
                "SETS: expected a number for each window of its part",
            ),
            (
                lambda core: core["memories"].update(SETS=8),
                "SETS = 8: expected 4, as other cores of the part",
            ),
            (lambda core: core["memories"].update(CHUNKS=8), "CHUNKS is another core's"),
            (lambda core: core.pop("parts"), "UPDATES is another core's"),
            (lambda core: core["parameter"].pop(), "expected the key of every parameter of its parts"),
            (lambda core: core["parameter"][2].update(range=[1, 2]), "range: the part neuron says that"),
            (
                lambda core: core["parameter"][1].update(divides="tile.tally_lanes"),
                "divides tile.tally_lanes: no key of the core abacus",
            ),
            (
                lambda core: core.update(
                    memory_word=[{"name": "more", "memory": "SETS", "parts": 1, "fields": []}]
                ),
                "memory_word more: memory: expected one of BEADS, found SETS",
            ),
        ):
            with self.assertRaises(SystemExit) as stopped:
                self.with_abacus(change)
            self.assertIn(message, str(stopped.exception))

    def test_rules_reach_every_language(self):
        header, keys = systemverilog.header(DESCRIPTION), cpp.key_table(DESCRIPTION)
        self.assertIn("`define SPIKELOOM_PARAMETER_Lanes parameter int unsigned Lanes = 16", header)
        self.assertIn(
            "`define SPIKELOOM_PARAMETER_WeightFormats parameter int unsigned WeightFormats = 15", header
        )
        for condition in (
            "Lanes < 4 || Lanes > 64",
            "Lanes % 4 != 0",
            "(LifLanes & (LifLanes - 1)) != 0",
            "Lanes % LifLanes != 0",
            "AccBits > StateBits",
            "PageChunks > (1 << ChunkIndexBits)",
            "(WeightFormats & 1) == 0 || WeightFormats > 15",
        ):
            self.assertIn(f"if ({condition}) begin", header)
        lanes = next(line for line in keys.splitlines() if '"lif_lanes"' in line)
        self.assertIn('.power_of_two = true, .rules = {{.core = "crossbar", .divides = "tile.lanes"}', lanes)
        for key in ("tile.lif_lanes", "tile.weight_bits"):
            self.assertIn(f"`{key}`", parameters.markdown(DESCRIPTION))

    def test_lists_declare_what_they_pass_on(self):
        known = {item["rtl"] for item in DESCRIPTION["parameter"]}
        lists = dict(systemverilog.lists(DESCRIPTION))
        self.assertEqual({item["rtl"] for item in lists["CHIP"]}, known - {"Kind", "PageDelay"})
        header = systemverilog.header(DESCRIPTION)
        for name, taken in lists.items():
            names = [item["rtl"] for item in taken]
            body = re.search(rf"`define SPIKELOOM_{name}_PARAMETERS \\\n((?:.*\\\n)*.*)\n", header)[1]
            self.assertEqual(re.findall(r"(?:PARAMETER_|Kinds-1:0\] )(\w+)", body), names)
            body = re.search(rf"`define SPIKELOOM_PASS_{name}_PARAMETERS \\\n((?:.*\\\n)*.*)\n", header)[1]
            self.assertEqual(re.findall(r"\.(\w+)\(\1(?:\[32\*Kind\+:32\])?\)", body), names)

    def test_what_a_kind_of_tile_has_is_a_vector_at_the_top_and_one_of_it_for_the_node(self):
        header = systemverilog.header(DESCRIPTION)
        for name in ("Core", "Contexts", "Lanes"):
            self.assertRegex(header, rf"parameter logic \[32\*Kinds-1:0\] {name} = {{Kinds{{32'd\d+}}}}[, ]")
            self.assertIn(f".{name}({name}[32*Kind+:32])", header)
        for name in ("StateBits", "SpikeWheel", "ChipHash", "Kinds"):
            self.assertNotIn(f"Kinds-1:0] {name} ", header)
            self.assertNotIn(f"{name}[32", header)
        keys = {
            line.split('.rtl = "')[1].split('"')[0]: line
            for line in cpp.key_table(DESCRIPTION).splitlines()[1:]
        }
        self.assertIn('.of_kind = true, .cores = {"crossbar"}', keys["Lanes"])
        self.assertIn(".of_kind = true, .number", keys["Contexts"])
        self.assertNotIn("of_kind", keys["StateBits"])

    def test_a_second_core_needs_a_folder_only(self):
        described = copy.deepcopy(DESCRIPTION)
        others = [name for name in described["cores"] if name != "crossbar"]
        (part,) = [item for item in described["parameter"] if item.get("rtl") == "Groups"]
        extra = {k: v for k, v in part.items() if k != "owner"} | {"key": "tile.beads", "rtl": "Beads"}
        description.add_core(
            described,
            {
                "core": "abacus",
                "pages_per_firing": 3,
                "memories": {"WIRES": 0, "RODS": 13},
                "parameter": [extra],
            },
            ROOT / "rtl/core/abacus/core.toml",
        )
        description.number_cores(described)
        self.assertEqual(described["cores"], ["crossbar", "abacus", *others])
        package, header = systemverilog.package(described), systemverilog.header(described)
        self.assertIn("CORE_CROSSBAR = 0;", package)
        self.assertIn("CORE_ABACUS = 1;", package)
        self.assertIn("logic [3:0] MEM_WIRES = 4'd0;", package)  # as the first of another core
        self.assertIn("FIRING_PAGES_CROSSBAR = 1;", package)
        self.assertIn("FIRING_PAGES_ABACUS = 3;", package)
        self.assertIn("Core == spikeloom_pkg::CORE_ABACUS ? spikeloom_pkg::FIRING_PAGES_ABACUS", header)
        self.assertRegex(
            header, r"if \(Core == spikeloom_pkg::CORE_ABACUS\) begin : gen_abacus \\\n\s+abacus_core #"
        )
        self.assertIn('kCoreNames = {"crossbar", "abacus"', cpp.header(described))
        self.assertIn("struct AbacusTileConfig {", cpp.structures(described))
        self.assertIn("kMemoryWindows = 14;", cpp.header(described))  # a tile's memories have room for it

    def test_faults_of_cores_and_derived_parameters_are_refused(self):
        def parameter(described, rtl):
            return next(item for item in described["parameter"] if item["rtl"] == rtl)

        self.refused(lambda d: parameter(d, "Core").update(default="abacus"), "core abacus: no such folder")
        self.refused(lambda d: d["cores"].append("node"), "a core cannot have this name")
        self.refused(lambda d: d["pages_per_firing"].update(crossbar=17), "pages_per_firing = 17: expected 1")
        self.refused(
            lambda d: parameter(d, "Kinds").update(derived="sorts"), "derived sorts: expected one of"
        )
        self.refused(lambda d: parameter(d, "Lanes").update(key="noc.lanes"), "expected table tile")

    @unittest.skipUnless(
        shutil.which("verilator") and shutil.which("c++"), "needs verilator and a C++ compiler"
    )
    def test_cpp_and_systemverilog_agree_on_every_field(self):
        """C++ packs random values; SystemVerilog takes each field out of the word and finds the value, and
        composes the word of the values.
        """
        rng = random.Random(13)
        shapes = [(name, width, fields, None) for name, width, fields in description.layouts(DESCRIPTION)]
        offset = description.offset_bits(DESCRIPTION)
        shapes += [(n, offset, f, block) for n, block, f in description.address_blocks(DESCRIPTION)]
        with tempfile.TemporaryDirectory() as place:
            folder = pathlib.Path(place)
            (folder / "spikeloom_hw.hpp").write_text(cpp.header(DESCRIPTION))
            (folder / "spikeloom_pkg.sv").write_text(systemverilog.package(DESCRIPTION))
            (folder / "spikeloom_parameters.svh").write_text(systemverilog.header(DESCRIPTION))

            def run(*command):
                return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout

            packs, checks = [], []
            for struct, width, fields, block in shapes:
                values = {field: rng.getrandbits(size) for field, _, size in fields}
                setters = " ".join(f"x.{field} = {value}ULL;" for field, value in values.items())
                kind = f"hw::{description.camel(struct)}"
                packs.append(
                    f"{{ {kind} x; {setters} if ({kind}::unpack(x.pack()) != x) return 1; show(x.pack()); }}"
                )
                checks.append((struct, width, values, block))
            (folder / "pack.cpp").write_text(
                '#include <cstdio>\n#include "spikeloom_hw.hpp"\nusing namespace spikeloom;\n'
                'static void show(std::uint64_t bits) { std::printf("%llx\\n", (unsigned long long)bits); }\n'
                "template <std::size_t N> void show(const std::array<std::uint32_t, N>& parts) {\n"
                "  for (auto p = N; p-- > 0;) "
                'std::printf("%08x", parts[p]); std::printf("\\n"); }\n'
                "int main() {\n" + "\n".join(packs) + "\n}\n"
            )
            run("c++", "-std=c++20", "-O0", "-I.", "pack.cpp", "-o", "pack")
            packed = run("./pack").split()
            self.assertEqual(len(packed), len(checks))
            body = []
            for (struct, width, values, block), word in zip(checks, packed):
                bits = width if block is None else 16
                word_name = f"w_{struct}"
                body.append(f"  localparam logic [{bits - 1}:0] {word_name} = {bits}'h{word};")
                made = [f"made_{struct} = {bits}'d0;"]
                for field, value in values.items():
                    upper = f"{struct.upper()}_{field.upper()}"
                    body.append(
                        f"  if (64'(`SPIKELOOM_FIELD({word_name}, {upper})) != 64'd{value}) "
                        f'begin : b_{struct}_{field}\n    $error("{struct}.{field}");\n  end'
                    )
                    made.append(
                        f"`SPIKELOOM_FIELD(made_{struct}, {upper}) = `SPIKELOOM_FIT({upper}, 64'd{value});"
                    )
                if block is not None:
                    constant = f"spikeloom_pkg::ADDR_BLOCK_{struct[len('address_') :].upper()}"
                    body.append(
                        f"  if (`SPIKELOOM_FIELD({word_name}, ADDRESS_BLOCK) != {constant}) "
                        f'begin : b_{struct}_block\n    $error("{struct}: block");\n  end'
                    )
                    made.append(f"`SPIKELOOM_FIELD(made_{struct}, ADDRESS_BLOCK) = {constant};")
                body.append(
                    f"  function automatic logic [{bits - 1}:0] made_{struct}(input logic unused);\n"
                    "    begin\n      " + " ".join(made) + "\n    end\n  endfunction\n"
                    f"  if (made_{struct}(1'b0) != {word_name}) begin : b_{struct}\n"
                    f'    $error("{struct}: composed");\n  end'
                )
            top = folder / "fields.sv"
            lint = ("verilator", "--lint-only", "-I.", "spikeloom_pkg.sv", "fields.sv")
            head = '`include "spikeloom_parameters.svh"\nmodule fields ();\n'
            text = head + "\n".join(body) + "\nendmodule\n"
            top.write_text(text)
            run(*lint, "--top-module", "fields")
            # A package whose field lies a bit higher is found.
            package = (folder / "spikeloom_pkg.sv").read_text()
            line = "ADDRESS_CONTEXT_CONTEXT_LSB = 5;"
            self.assertIn(line, package)
            (folder / "spikeloom_pkg.sv").write_text(package.replace(line, line.replace("5", "4")))
            with self.assertRaises(subprocess.CalledProcessError) as stopped:
                run(*lint, "--top-module", "fields")
            self.assertIn("address_context.context", stopped.exception.stderr)

    def test_registers_on_one_another_are_refused(self):
        self.assert_refused(lambda k: k["registers"].update(ERROR=k["registers"]["CYCLES"]), "lies on ERROR")
        self.assert_refused(lambda k: k["arguments"][0].__setitem__(2, 0x18), "lies on")

    def test_registers_outside_the_range_are_refused(self):
        self.assert_refused(lambda k: k["registers"].update(CYCLES=k["control_range"]), "CYCLES")
        self.assert_refused(lambda k: k["registers"].update(CYCLES=0x8E), "CYCLES")

    def test_arguments_out_of_order_or_of_a_wrong_size_are_refused(self):
        self.assert_refused(lambda k: k["arguments"].reverse(), "ids count up")
        self.assert_refused(lambda k: k["arguments"][2].__setitem__(3, 8), "expected a global of 8 bytes")
        self.assert_refused(
            lambda k: k["arguments"][0].__setitem__(4, "stream"), "expected a global of 8 bytes"
        )

    def test_equal_numbers_and_a_short_header_are_refused(self):
        self.assert_refused(lambda k: k["errors"].update(READ=2), "errors: a value occurs twice")
        self.assert_refused(lambda k: k.update(header_words=3), "behind header_words")


if __name__ == "__main__":
    unittest.main()
