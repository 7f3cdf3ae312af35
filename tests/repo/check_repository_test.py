#!/usr/bin/env python3
"""Every check of check_repository.py finds its fault, and passes a sound tree."""
import pathlib
import tempfile
import unittest

import check_repository

SOUND = {
    "CMakeLists.txt": "foreach(folder IN ITEMS\n    compiler/base compiler/chip compiler/model"
    " compiler/core compiler/chip_model host/device)\n",
    "compiler/core/README.md": "core\n",
    "compiler/core/cores.cpp": '#include "compiler/core/grid/grid.hpp"\n'
    '#include "compiler/core/crossbar/c.hpp"\n',
    "compiler/core/crossbar/README.md": "crossbar\n",
    "compiler/core/crossbar/c.hpp": "",
    "compiler/core/grid/README.md": "grid\n",
    "compiler/core/grid/grid.hpp": "// the grid\n",
    "compiler/base/README.md": "base\n",
    "compiler/base/a.hpp": "#pragma once\n",
    "compiler/chip/README.md": "chip\n",
    "compiler/chip/CMakeLists.txt": "spikeloom_library(chip SOURCES b.cpp LINK base PRIVATE_LINK t::t)\n",
    "compiler/chip/b.hpp": '#include "compiler/base/a.hpp"\n',
    "host/device/README.md": "device\n",
    "host/device/c.cpp": '#include "compiler/chip/b.hpp"\n',
    "rtl/README.md": "rtl\n",
    "rtl/m.sv": "module m (input pkg::flit_t x, output logic [7:0] y);\n  logic [7:0] mem [0:15];\n"
    "  function automatic logic f(input logic a); f = !a; endfunction\nendmodule\n",
    "tests/README.md": "tests\n",
    "tests/core/crossbar/inputs.cpp": "",
    "tests/core/grid/CMakeLists.txt": "spikeloom_core_rtl_test(grid SOURCES rtl_test.cpp)\n"
    "spikeloom_test(grid_flow_test SOURCES flow_test.cpp)\n",
    "tests/core/grid/inputs.cpp": "",
    "tests/core/grid/flow_test.cpp": "",
    "tests/flow/CMakeLists.txt": "spikeloom_test(flow_test SOURCES flow_test.cpp)\n",
    "tests/flow/flow_test.cpp": "",
    "tests/rtl_core/CMakeLists.txt": "spikeloom_core_rtl_test(crossbar SOURCES rtl_test.cpp)\n",
}


class CheckRepository(unittest.TestCase):
    def breaches(self, check, extra=None):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {**SOUND, **(extra or {})}.items():
                if text is None:  # is not there
                    continue
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text if isinstance(text, bytes) else text.encode())
            return list(check_repository.CHECKS[check](root))

    def assert_found(self, check, extra, part):
        found = self.breaches(check, extra)
        self.assertTrue(any(part in breach for breach in found), f"{check}: {found}")

    def test_a_sound_tree_has_no_breach(self):
        for check in check_repository.CHECKS:
            self.assertEqual(self.breaches(check), [], check)

    DESCRIBED = {
        "rtl/hardware.toml": '[[parameter]]\nrtl = "Width"\nowner = "chip"\n'
        + "".join(f'[[parameter]]\nrtl = "N{n}"\nowner = "node"\nmodules = ["node"]\n' for n in range(8)),
        "rtl/core/crossbar/core.toml": 'core = "crossbar"\n[[parameter]]\nrtl = "Lanes"\n',
    }

    def test_parameters_that_are_declared_by_hand_are_found(self):
        for line in ("    parameter int unsigned Lanes = 16,", "  parameter  int unsigned N3 = 1"):
            for place in ("rtl/n.sv", "tests/rtl_net/stub/n.sv", "host/device/n.sv"):
                text = f"module n #(\n{line}\n) ();\nendmodule\n"
                self.assert_found("described", {**self.DESCRIBED, place: text}, "n.sv:2: declares")
        own = "module n #(\n    parameter int unsigned Width = 16,\n    `SPIKELOOM_PARAMETER_Lanes\n) ();\n"
        self.assertEqual(self.breaches("described", {**self.DESCRIBED, "rtl/n.sv": own}), [])

    def test_lists_that_are_passed_on_by_hand_are_found(self):
        def passing(count):
            lines = "".join(f"      .N{n}(N{n}),\n" for n in range(count))
            return {**self.DESCRIBED, "rtl/n.sv": f"module n ();\n  m #(\n{lines}  ) u_m ();\nendmodule\n"}

        self.assert_found("described", passing(6), "n.sv:8: passes a list")
        self.assertEqual(self.breaches("described", passing(5)), [])

    def test_addresses_made_of_bare_numbers_are_found(self):
        for line in (
            "word.address = hw::kAddrBlockMemory << 12U | offset;",
            "write(node, context << 5U | hw::kAddrContextMode);",
            "word.address = block << 12U | offset;",
            "if (ring.address >> 12U == 3) return;",
            "const auto offset = address & 0xfffU;",
        ):
            with self.subTest(line):
                self.assert_found("described", {"host/device/d.cpp": f"\n{line}\n"}, "d.cpp:2: address")
        sound = "word.address = hw::Address{.offset = 1U << bit, .block = 3}.pack();\n"
        self.assertEqual(self.breaches("described", {"host/device/d.cpp": sound}), [])

    def test_fields_that_are_taken_by_bare_numbers_are_found(self):
        for line, part in (
            ("assign field = offset[4:0];", "offset sliced by bare numbers"),
            ("assign slot = offset[5+:Bits];", "offset sliced by bare numbers"),
            ("x <= config_data_i[spikeloom_pkg::REG_CREDIT_COUNT_LSB+:5];", "a field's lowest bit"),
            ("localparam int unsigned KindLsb = spikeloom_pkg::WORD_RING_KIND_LSB;", "a field's lowest bit"),
            ("assign is = `SPIKELOOM_FIELD(mine, WORD_RING_KIND) == 1 && mine[59:48] == 0;", "mine sliced"),
            ("assign x = {Bits'(`SPIKELOOM_FIELD(mine, REG_SLOT_TX)), 1'b0};", "a field cut by a cast"),
            ("assign w = kind == 4'(spikeloom_pkg::KIND_RING_WRITE);", "a constant's width by hand"),
        ):
            for place in ("rtl/n.sv", "tests/formal/n.sv"):
                with self.subTest(line):
                    self.assert_found("described", {place: f"module n ();\n  {line}\n"}, f"n.sv:2: {part}")
        sound = (
            "assign x = `SPIKELOOM_FIELD(mine, REG_SLOT_TX) == `SPIKELOOM_LOW(mine, REG_SLOT_RX, Bits);\n"
            "assign y = mine[Bits-1:0];\n"
            "assign z = 32'(`SPIKELOOM_FIELD(mine, REG_SLOT_TX)) + 32'(spikeloom_pkg::ADDR_NODE_HIGH);\n"
            "assign p = 8'(spikeloom_pkg::MEM_SET_ENTRY_WIDTH / 32);  // not offset[3:0]\n"
        )
        self.assertEqual(self.breaches("described", {"rtl/n.sv": sound}), [])

    def test_a_stale_table_of_keys_is_found(self):
        root = pathlib.Path(__file__).resolve().parents[2]
        cores = [str(path.relative_to(root)) for path in sorted(root.glob("rtl/core/*/core.toml"))]
        cores += [str(path.relative_to(root)) for path in sorted(root.glob("rtl/*/*.toml"))]
        names = ("rtl/hardware.toml", *cores, "docs/chip-file.md")
        files = {name: (root / name).read_text() for name in names}
        self.assertEqual(self.breaches("chip_file_page", files), [])
        changed = files["rtl/core/crossbar/core.toml"].replace("range = [4, 64]", "range = [4, 32]")
        self.assert_found("chip_file_page", {**files, "rtl/core/crossbar/core.toml": changed}, "stale")

    def test_includes_that_go_up_are_found(self):
        self.assert_found("includes", {"compiler/base/d.cpp": '#include "compiler/chip/b.hpp"\n'}, "d.cpp:1")
        self.assert_found(
            "includes",
            {"compiler/chip/d.cpp": '\n# include "host/device/e.hpp"\n', "host/device/e.hpp": ""},
            "d.cpp:2",
        )

    def test_a_table_of_folders_that_is_not_true_is_found(self):
        row = "| `{}` | what it holds |\n"
        folders = ["compiler/" + name for name in ("base", "chip", "model", "core", "chip_model")]
        folders += ["host/device"]
        page = "".join(row.format(folder) for folder in folders)
        self.assertEqual(self.breaches("folder_table", {"docs/architecture.md": page}), [])
        for changed, part in (
            (page.replace(row.format("compiler/chip"), ""), "no row for compiler/chip"),
            (page + row.format("host/absent"), "a row for host/absent"),
            (
                row.format("compiler/chip") + page.replace(row.format("compiler/chip"), ""),
                "base stands below",
            ),
        ):
            self.assert_found("folder_table", {"docs/architecture.md": changed}, part)

    def test_includes_across_a_seam_are_found(self):
        model = {"compiler/model/README.md": "model\n", "compiler/model/m.hpp": ""}
        for name in ("compiler/chip_model/d.cpp", "host/device/d.cpp"):
            with self.subTest(name):
                self.assert_found(
                    "includes",
                    {**model, name: '#include "compiler/model/m.hpp"\n'},
                    "may not include compiler/model",
                )

    def test_links_that_are_not_the_table_s_are_found(self):
        chip = "find_package(x)\nspikeloom_library(chip SOURCES b.cpp{})\n"
        for link, part in (
            (" LINK base model", "CMakeLists.txt:2: links compiler/model"),
            ("", "may include compiler/base"),
            (" PRIVATE_LINK base", "may include compiler/base"),
        ):
            with self.subTest(link):
                self.assert_found("links", {"compiler/chip/CMakeLists.txt": chip.format(link)}, part)
        self.assert_found(
            "links",
            {
                "CMakeLists.txt": "foreach(folder IN ITEMS\n  compiler/base host/cli)\n",
                "host/cli/CMakeLists.txt": "target_link_libraries(spikeloom PRIVATE\n  spikeloom_base)\n",
            },
            "CMakeLists.txt:1: links compiler/base",
        )

    def test_links_of_the_cores_are_those_of_their_folder(self):
        core = "spikeloom_library(core SOURCES a.cpp LINK base chip linear golden)\n"
        core += "  spikeloom_library(core_${{kind}} SOURCES b.cpp LINK base chip linear {}core)\n"
        core += "spikeloom_library(cores SOURCES cores.cpp LINK base chip linear golden ${{inside}})\n"
        order = "foreach(folder IN ITEMS\n  compiler/base compiler/chip compiler/linear compiler/golden"
        order += " compiler/core)\n"
        files = {"CMakeLists.txt": order, "compiler/core/CMakeLists.txt": core.format("golden ")}
        self.assertEqual(self.breaches("links", files), [])
        self.assert_found(
            "links",
            {**files, "compiler/core/CMakeLists.txt": core.format("")},
            "CMakeLists.txt:2: may include compiler/golden",
        )
        model = "spikeloom_library(chip_model SOURCES a.cpp LINK base chip{})\n"
        name = "compiler/chip_model/CMakeLists.txt"
        self.assertEqual(self.breaches("links", {name: model.format(" cores")}), [])
        self.assert_found("links", {name: model.format("")}, "may include compiler/core")

    def test_a_folder_without_a_row_is_found(self):
        self.assert_found(
            "links",
            {
                "CMakeLists.txt": "foreach(folder IN ITEMS\n  compiler/base compiler/new)\n",
                "compiler/new/CMakeLists.txt": "",
            },
            "no row",
        )

    def test_the_table_keeps_the_seams(self):
        rows = {folder: row.split() for folder, row in check_repository.MAY_INCLUDE.items()}
        for folder, row in rows.items():
            with self.subTest(folder):
                self.assertEqual([there for there in row if there not in rows], [])
                if folder.startswith("compiler/"):
                    self.assertEqual([there for there in row if there.startswith("host/")], [])
                if "compiler/flow" in row:
                    self.assertIn(folder, {"host/api"})
        self.assertEqual(rows["compiler/sdf"], ["compiler/base"])
        self.assertEqual(rows["compiler/data"], ["compiler/base"])
        self.assertEqual(rows["compiler/chip_model"], ["compiler/base", "compiler/chip", "compiler/core"])

    def test_includes_of_unlisted_folders_are_found(self):
        self.assert_found(
            "includes", {"host/device/d.cpp": '#include "host/absent/a.hpp"\n'}, "not of a listed folder"
        )

    def test_a_way_around_the_public_headers_is_found(self):
        public = {"host/api/include/spikeloom/a.hpp": "#include <sys/types.h>\n#include <vector>\n"}
        command = "#include <CLI/CLI.hpp>\n#include <unistd.h>\n#include <spikeloom/a.hpp>\n"
        self.assertEqual(
            self.breaches("public", {**public, "host/cli/a.cpp": command + '#include "host/cli/a.hpp"\n'}), []
        )
        for line in (
            '#include "compiler/base/a.hpp"',
            '#include "spikeloom_version.hpp"',
            "#include <compiler/base/a.hpp>",
            "#include <spikeloom/absent.hpp>",
            "#  include <hdf5/serial/hdf5.h>",
        ):
            with self.subTest(line):
                self.assert_found("public", {**public, "host/cli/a.cpp": f"{command}{line}\n"}, "a.cpp:4")
                header = "host/api/include/spikeloom/b.hpp"
                self.assert_found("public", {**public, header: f"#include <map>\n{line}\n"}, "b.hpp:2")
        for line in ("#include <CLI/CLI.hpp>", "#include <nlohmann/json.hpp>"):
            header = "host/api/include/spikeloom/b.hpp"
            self.assert_found("public", {**public, header: f"{line}\n"}, "b.hpp:1")

    def test_what_a_public_header_does_not_export_is_found(self):
        header = "host/api/include/spikeloom/a.hpp"
        exported = "namespace SPIKELOOM_API spikeloom {\nint f();\n}\n"
        handle = "namespace spikeloom {\n// Owned.\nstruct Chip;\n}  // namespace spikeloom\n\n"
        inner = "namespace spikeloom {\nnamespace SPIKELOOM_API emulation {\nint g();\n}\n}\n"
        self.assertEqual(self.breaches("exports", {header: handle + exported + inner}), [])
        for text, line in (
            ("namespace spikeloom {\nint f();\n}\n", 2),
            (exported + "namespace spikeloom::sdf {\n\nstruct A {};\n}\n", 6),
            (handle + "namespace spikeloom {\n/// A class.\nclass B {\n};\n}\n", 8),
        ):
            with self.subTest(text):
                self.assert_found("exports", {header: text}, f"a.hpp:{line}: is not exported")
        self.assertEqual(self.breaches("exports", {"host/api/a.hpp": "namespace a {\nint f();\n}\n"}), [])

    def test_public_headers_in_folders_too_low_are_found(self):
        folder = "host/api/include/spikeloom/"
        order = " ".join(dict.fromkeys(check_repository.PUBLIC_FROM.values()))
        public = {folder + name: "" for name in check_repository.PUBLIC_FROM}
        public["CMakeLists.txt"] = f"foreach(folder IN ITEMS {order})\n"
        self.assertEqual(self.breaches("public_from", public), [])
        line = "\n#include <spikeloom/{}>\n".format
        for low, header in (("compiler/base/d.hpp", "data.hpp"), ("compiler/flow/d.cpp", "run.hpp")):
            self.assert_found("public_from", {**public, low: line(header)}, f"{low}:2: ")
        self.assertEqual(self.breaches("public_from", {**public, "host/device/d.cpp": line("image.hpp")}), [])
        self.assert_found("public_from", {**public, folder + "ratio.hpp": line("image.hpp")}, "ratio.hpp:2")
        self.assert_found("public_from", {**public, folder + "new.hpp": ""}, "new.hpp:1: has no row")
        del public[folder + "version.hpp"]
        self.assert_found("public_from", public, "has no version.hpp")

    def test_whoever_knows_a_core_is_found(self):
        inside = '#include "compiler/core/grid/grid.hpp"\n'
        for name in ("host/device/d.cpp", "compiler/core/crossbar/d.cpp", "tests/core/d.cpp"):
            with self.subTest(name):
                self.assert_found("cores", {name: inside}, f"{name}:1: knows the core grid")
        self.assert_found("cores", {"scripts/a.py": "KINDS = ['Grid']\n"}, "a.py:1")
        self.assert_found("cores", {"rtl/n.sv": "\ngrid_core u_core ();\n"}, "n.sv:2")
        self.assert_found("cores", {"host/device/CMakeLists.txt": "core_grid\n"}, "CMakeLists.txt:1")
        self.assert_found("cores", {"host/device/d.cpp": "auto lanes = kMostGridLanes;\n"}, "d.cpp:1")
        self.assert_found("cores", {"host/device/d.cpp": "// as the crossbar\n"}, "knows the core crossbar")
        own = {
            "tests/core/grid/grid_test.cpp": inside,
            "rtl/core/grid/grid_core.sv": "module grid_core;\nendmodule\n",
            "chips/g.toml": 'core = "grid"\n',
            "docs/a.md": "the grid\n",
            "tests/rtl_core/c.cpp": '#include "compiler/core/crossbar/c.hpp"\n',
        }
        self.assertEqual(self.breaches("cores", own), [])

    def test_cores_without_tests_of_their_own_are_found(self):
        for gone, part in (
            ("tests/core/grid/inputs.cpp", "tests/core/grid:1: no inputs.cpp"),
            ("tests/core/grid/flow_test.cpp", "no tests/core/grid/flow_test.cpp"),
            ("tests/core/grid/CMakeLists.txt", "no spikeloom_core_rtl_test(grid ...)"),
            ("tests/flow/flow_test.cpp", "tests/core/crossbar:1: no tests/flow/flow_test.cpp"),
        ):
            with self.subTest(gone):
                self.assert_found("core_tests", {gone: None}, part)
        unlisted = {"tests/flow/CMakeLists.txt": "spikeloom_test(flow_test SOURCES a_test.cpp)\n"}
        self.assert_found("core_tests", unlisted, "no tests/flow/flow_test.cpp with its line")

    def test_whoever_knows_a_cores_parameters_is_found(self):
        grid = {"rtl/core/grid/core.toml": 'core = "grid"\n[[parameter]]\nkey = "tile.cells"\n'}
        for line in (
            "auto n = chip.tile.cells;",
            "auto n = kind.cells;",
            "auto n = chip.kind(k + 1).cells;",
            "auto n = chip.kind_at(TileId{t}).cells;",
            'add("a larger tile.cells");',
        ):
            with self.subTest(line):
                files = {**grid, "host/device/d.cpp": f"\n{line}\n"}
                self.assert_found("core_keys", files, "d.cpp:2: knows tile.cells")
        own = {
            "compiler/core/grid/g.cpp": "auto n = tile.cells;\n",
            "host/device/d.cpp": "auto n = grid.cells;  // as many as tile.cells\n",
            "tests/chip/d.cpp": "chip.tile.cells = 3;\n",
        }
        self.assertEqual(self.breaches("core_keys", {**grid, **own}), [])

    PART = {
        "rtl/core/grid/core.toml": 'core = "grid"\nparts = ["leaf"]\n[[parameter]]\nkey = "tile.veins"\n',
        "rtl/leaf/leaf.toml": 'part = "leaf"\n[[parameter]]\nkey = "tile.veins"\nrtl = "Veins"\n',
        "compiler/core/leaf/README.md": "leaf\n",
        "compiler/core/leaf/leaf.hpp": "auto n = tile.veins;\n",
        "rtl/leaf/README.md": "leaf\n",
    }

    def test_a_part_that_cores_share_is_no_core_and_its_cores_read_its_parameters(self):
        self.assertEqual(self.breaches("cores", {**self.PART, "host/device/d.cpp": "leaf();\n"}), [])
        self.assertEqual(self.breaches("core_tests", self.PART), [])
        own = {"compiler/core/grid/g.cpp": "auto n = tile.veins;\n"}
        self.assertEqual(self.breaches("core_keys", {**self.PART, **own}), [])
        for place in ("host/device/d.cpp", "compiler/core/crossbar/d.cpp"):
            files = {**self.PART, place: "auto n = tile.veins;\n"}
            self.assert_found("core_keys", files, "d.cpp:1: knows tile.veins, a key of the part leaf")

    def test_a_public_type_that_is_defined_again_is_found(self):
        files = {
            "host/api/include/spikeloom/a.hpp": "struct Chip;\nstruct Report {\n};\nenum class Kind : char {",
            "compiler/base/e.hpp": "struct Chip {\n};\nstruct Report;\n",
        }
        self.assertEqual(self.breaches("public", files), [])
        for line in ("struct Report {", "class Kind {"):
            with self.subTest(line):
                self.assert_found("public", {**files, "compiler/base/d.hpp": line}, "d.hpp:1")

    def test_each_banned_form_is_found(self):
        for line in (
            "import pkg::*;",
            "assign x = '{1, 2};",
            "assign x = pkg::t'(y);",
            "assign x = flit_t'(y);",
            "localparam W = $bits(x);",
            "logic [3:0][7:0] x;",
            "flit_t [3:0] x;",
            "flit_t x [0:3];",
            "input logic [7:0] x [0:3],",
            "parameter type t = logic,",
            "interface i;",
            "  return x;",
            "if (x inside {1, 2}) y = 1;",
            "if (x ==? 4'b1x) y = 1;",
            "unique if (x) y = 1;",
            "a: assert property (x);",
            "x = {<<{y}};",
            "always_ff @(negedge clk_i)",
            "always_latch",
            "`ifdef VERILATOR",
            '$readmemh("a", m);',
            "  initial x = 0;",
            "  automatic int i = 0;",
        ):
            with self.subTest(line):
                self.assert_found("systemverilog", {"rtl/n.sv": f"module n;\n{line}\nendmodule\n"}, "n.sv:2")

    def test_banned_words_in_comments_are_none(self):
        self.assertEqual(
            self.breaches(
                "systemverilog", {"rtl/n.sv": "// import p::*; inside\n/* return\n */ module n;\nendmodule\n"}
            ),
            [],
        )

    def test_a_module_in_a_file_of_another_name_is_found(self):
        self.assert_found("systemverilog", {"rtl/n.sv": "module k;\nendmodule\n"}, "expected one module n")

    def test_node_types_named_outside_their_table_are_found(self):
        table = {
            "compiler/model/nodes/node_types.cpp": '{.name = "Fold", .meaning = ""},\n',
            "compiler/model/nodes/neuron_kind.hpp": '{NeuronKind::kLif, "LIF", false},\n',
            "compiler/model/README.md": "| LIF, Fold | what they mean |\n",
            "docs/integer-network.md": "- `kind` LIF\n",
        }
        self.assertEqual(self.breaches("node_types", table), [])
        for text in ('\nif (type == "Fold")\n', '\nif (kind == "LIF")\n'):
            self.assert_found("node_types", {**table, "host/device/d.cpp": text}, "d.cpp:2")
        self.assertEqual(self.breaches("node_types", {**table, "host/device/d.cpp": '// "LIF"\n'}), [])
        silent = {**table, "compiler/model/README.md": "| LIF | what it means |\n"}
        self.assert_found("node_types", silent, "does not describe the node type Fold")
        silent = {**table, "docs/integer-network.md": "- `kind`\n"}
        self.assert_found("node_types", silent, "does not describe the kind of neuron LIF")

    def test_open_ends_are_found(self):
        self.assert_found("markers", {"host/device/d.cpp": "// TO" + "DO: more\n"}, "d.cpp:1")

    def test_switched_off_tests_are_found(self):
        self.assert_found(
            "tests_are_on", {"tests/a/a_test.cpp": "TEST(A, DISABLED" + "_B) {}\n"}, "a_test.cpp:1"
        )
        self.assert_found("tests_are_on", {"tests/a/a_test.cpp": "  GTEST_SKIP" + "();\n"}, "a_test.cpp:1")
        self.assertEqual(
            self.breaches("tests_are_on", {"tests/a/a_test.cpp": '  GTEST_SKIP() << "no data";\n'}), []
        )

    def test_missing_and_long_readmes_are_found(self):
        self.assert_found("readmes", {"host/run/a.cpp": ""}, "host/run:1")
        self.assert_found("readmes", {"host/device/README.md": "line\n" * 41}, "longer than 40")
        self.assert_found("readmes", {"tests/README.md": None}, "tests:1")

    def test_long_lines_are_found(self):
        long = "x " * 54 + "äöü"
        self.assertEqual(len(long), 111)
        for name in (
            "CMakeLists.txt",
            "host/device/README.md",
            "host/device/d.cpp",
            "rtl/m.svh",
            "rtl/m.toml",
        ):
            with self.subTest(name):
                text = SOUND.get(name, "") + long
                number = len(text.splitlines())
                self.assert_found("columns", {name: text + "\n"}, f"{name}:{number}: 111 columns")
                self.assertEqual(self.breaches("columns", {name: text[:-1] + "\n"}), [])
        kept = f"  | {long} |\n[link](https://{'x' * 111})\n"
        self.assertEqual(self.breaches("columns", {"host/device/README.md": kept}), [])
        self.assertEqual(self.breaches("columns", {"tests/a/data/d.csv.h": long, "rtl/notes.txt": long}), [])

    def test_list_entries_within_a_line_are_found(self):
        for text in ("* one; * two\n", "* one\n  and more; *\n", "- one. - Two\n"):
            self.assert_found("lists", {"docs/a.md": text}, "docs/a.md")
        sound = "* one;\n* two: `a; * b`, x; y * z\n\n```\na; * b\n```\n| a; * b |\n"
        self.assertEqual(self.breaches("lists", {"docs/a.md": sound}), [])

    def test_large_files_are_found(self):
        self.assert_found("sizes", {"examples/big.npz": b"x" * (2 * 1024 * 1024 + 1)}, "big.npz")

    def test_generated_files_are_found(self):
        self.assert_found("generated", {"rtl/spikeloom_pkg.sv": ""}, "spikeloom_pkg.sv")

    def test_scripts_without_run_bit_and_places_are_found(self):
        self.assert_found("scripts", {"scripts/a.sh": "#!/bin/sh\n"}, "cannot be run")
        self.assert_found("scripts", {"docs/a.md": "see " + "/home/me" + "/b\n"}, "a place of one machine")


if __name__ == "__main__":
    unittest.main()
