#!/usr/bin/env python3
"""Every check of check_repository.py finds its fault, and passes a sound tree."""
import pathlib
import tempfile
import unittest

import check_repository

SOUND = {
    "CMakeLists.txt": "foreach(folder IN ITEMS\n    compiler/base compiler/chip host/device)\n",
    "compiler/base/README.md": "base\n",
    "compiler/base/a.hpp": "#pragma once\n",
    "compiler/chip/README.md": "chip\n",
    "compiler/chip/b.hpp": '#include "compiler/base/a.hpp"\n',
    "host/device/README.md": "device\n",
    "host/device/c.cpp": '#include "compiler/chip/b.hpp"\n',
    "rtl/README.md": "rtl\n",
    "rtl/m.sv": "module m (input pkg::flit_t x, output logic [7:0] y);\n  logic [7:0] mem [0:15];\n"
    "  function automatic logic f(input logic a); f = !a; endfunction\nendmodule\n",
}


class CheckRepository(unittest.TestCase):
    def breaches(self, check, extra=None):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {**SOUND, **(extra or {})}.items():
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

    def test_includes_that_go_up_are_found(self):
        self.assert_found("includes", {"compiler/base/d.cpp": '#include "compiler/chip/b.hpp"\n'}, "d.cpp:1")
        self.assert_found(
            "includes",
            {"compiler/chip/d.cpp": '\n# include "host/device/e.hpp"\n', "host/device/e.hpp": ""},
            "d.cpp:2",
        )

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

    def test_open_ends_are_found(self):
        self.assert_found("markers", {"host/device/d.cpp": "// TO" + "DO: more\n"}, "d.cpp:1")

    def test_switched_off_tests_are_found(self):
        self.assert_found(
            "tests_are_on", {"tests/a/a_test.cpp": "TEST(A, DISABLED" + "_B) {}\n"}, "a_test.cpp:1"
        )
        self.assert_found("tests_are_on", {"tests/a/a_test.cpp": "  GTEST_SKIP();\n"}, "a_test.cpp:1")
        self.assertEqual(
            self.breaches("tests_are_on", {"tests/a/a_test.cpp": '  GTEST_SKIP() << "no data";\n'}), []
        )

    def test_missing_and_long_readmes_are_found(self):
        self.assert_found("readmes", {"host/run/a.cpp": ""}, "host/run:1")
        self.assert_found("readmes", {"host/device/README.md": "line\n" * 41}, "longer than 40")
        self.assert_found("readmes", {"tests/a/a_test.cpp": ""}, "tests:1")

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

    def test_large_files_are_found(self):
        self.assert_found("sizes", {"examples/big.npz": b"x" * (2 * 1024 * 1024 + 1)}, "big.npz")

    def test_generated_files_are_found(self):
        self.assert_found("generated", {"rtl/spikeloom_pkg.sv": ""}, "spikeloom_pkg.sv")

    def test_scripts_without_run_bit_and_places_are_found(self):
        self.assert_found("scripts", {"scripts/a.sh": "#!/bin/sh\n"}, "cannot be run")
        self.assert_found("scripts", {"docs/a.md": "see " + "/home/me" + "/b\n"}, "a place of one machine")


if __name__ == "__main__":
    unittest.main()
