#!/usr/bin/env python3
"""scripts/xilinx and constraints/ without a card or a vendor tool. usage: card_test.py BUILD

Runs on a copy of the sources. Where rtl/shell/spikeloom_kernel.sv or the generated kernel.xml is absent, a
stand-in with the chip's parameters takes its place.
"""
import configparser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = pathlib.Path(sys.argv[1]).resolve()
CARDS = ("u50", "u55c", "u250", "kv260")
KERNEL_XML = """<?xml version="1.0"?><root versionMajor="1" versionMinor="6">
<kernel name="spikeloom_kernel"><ports>
<port name="m_axi_gmem" mode="master"/><port name="s_axi_control" mode="slave"/>
</ports><args/></kernel></root>"""


def link_config(card):
    """CARD.cfg as {section: [(key, value)]}; keys before the first section stand in "" (keys repeat, so no
    configparser).
    """
    sections, here = {"": []}, ""
    for line in (ROOT / "constraints" / f"{card}.cfg").read_text().splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("["):
            here = line.strip("[]")
            sections[here] = []
        elif line:
            key, _, value = line.partition("=")
            sections[here].append((key, value))
    return sections


class CardScripts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.temporary.name) / "copy"
        for name in ("rtl", "scripts", "constraints", "chips", "hls"):
            shutil.copytree(ROOT / name, cls.root / name, ignore=shutil.ignore_patterns("__pycache__"))
        cls.build = pathlib.Path(cls.temporary.name) / "build"
        (cls.build / "generated").mkdir(parents=True)
        (cls.build / "bin").mkdir()
        (cls.build / "bin" / "spikeloom-build-chip").symlink_to(BUILD / "bin" / "spikeloom-build-chip")
        for name in ("spikeloom_pkg.sv", "spikeloom_parameters.svh"):
            shutil.copy(BUILD / "generated" / name, cls.build / "generated")
        if (BUILD / "generated" / "kernel.xml").exists():
            shutil.copy(BUILD / "generated" / "kernel.xml", cls.build / "generated")
        else:
            (cls.build / "generated" / "kernel.xml").write_text(KERNEL_XML)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = pathlib.Path(folder.name) / "out"
        self.tools = pathlib.Path(folder.name) / "tools"
        self.tools.mkdir()
        for name in (
            "tclsh",
            "sh",
            "python3",
            "touch",
            "env",
            "dirname",
        ):  # only these and the stand-ins are on PATH
            (self.tools / name).symlink_to(shutil.which(name, path="/usr/bin:/bin"))
        self.log = pathlib.Path(folder.name) / "vivado.log"

    def tool(self, name, text):
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def vivado(self):
        self.tool("vivado", f'exec tclsh "{HERE / "vivado_stub.tcl"}" "$@"')

    def card(self, *arguments, **environment):
        command = [
            sys.executable,
            self.root / "scripts" / "xilinx" / "card.py",
            *arguments,
            "--build",
            self.build,
            "--out",
            self.out,
        ]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "PATH": str(self.tools), "VIVADO_STUB_LOG": str(self.log), **environment},
        )

    def parameters(self, chip):
        printed = subprocess.run(
            [BUILD / "bin" / "spikeloom-build-chip", "--parameters", chip],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        lines = [line.split() for line in printed.splitlines()]
        return {name: [int(word) for word in words] for name, *words in lines}

    def test_every_parameter_of_the_chip_reaches_the_kernel(self):
        for chip in (
            "chips/mesh4x4",
            "chips/lean32",
            "chips/tile1",
            "tests/chips/mixed",
            "tests/chips/cores",
        ):
            path = ROOT / f"{chip}.toml"
            done = self.card("prepare", "--card", "u50", "--chip", path)
            self.assertEqual(done.returncode, 0, done.stderr)
            staged = (self.out / "src" / "spikeloom_kernel.sv").read_text()
            values = self.parameters(path)
            self.assertGreater(len(values), 30)
            for name, words in values.items():
                found = re.findall(
                    rf"parameter\s+(int unsigned|logic \[\d+:0\])\s+{name}\s*=\s*([\w']+)\s*[,\n)]", staged
                )
                self.assertEqual(len(found), 1, f"{chip}: {name}")
                (kind, literal), width = found[0], 32 * len(words)
                self.assertIn(kind, ("int unsigned", f"logic [{width - 1}:0]"), f"{chip}: {name}")
                digits = literal.removeprefix(f"{width}'h" if width > 32 else "32'd")
                value = sum(word << 32 * i for i, word in enumerate(words))
                self.assertEqual(int(digits, 16 if width > 32 else 10), value, f"{chip}: {name}")

    def test_a_kind_without_kernels_is_refused_by_name(self):
        chip = self.root / "chips" / "foreign.toml"
        text = (ROOT / "tests" / "chips" / "mixed.toml").read_text()
        chip.write_text(text.replace('name = "wide"', 'name = "wide"\ncore = "foreign"'))
        done = self.card("prepare", "--card", "u50", "--chip", chip)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("kind wide: its core foreign has no kernels in hls/", done.stderr)

    def test_a_parameter_that_the_kernel_lacks_is_an_error(self):
        lists = self.build / "generated" / "spikeloom_parameters.svh"
        before = lists.read_text()
        self.addCleanup(lists.write_text, before)
        lists.write_text(before.replace("Kinds-1:0] ParamSets", "Kinds-1:0] Sets"))
        done = self.card("prepare", "--card", "u50")
        self.assertEqual(done.returncode, 2)
        self.assertIn("parameter ParamSets", done.stderr)

    def test_staged_sources_stand_alone(self):
        """Every module is there, each file whole; and Verilator reads the kernel with the chip's own numbers,
        so that the core of every kind of tile is elaborated.
        """
        verilator = shutil.which("verilator")
        self.assertIsNotNone(verilator, "verilator is on scripts/packages.txt")
        expected = {"spikeloom_pkg", "spikeloom_kernel", "spikeloom_chip", "node", "host_port"}
        for chip in (ROOT / "chips" / "mesh2x2.toml", ROOT / "tests" / "chips" / "cores.toml"):
            done = self.card("prepare", "--card", "u250", "--chip", chip)
            self.assertEqual(done.returncode, 0, done.stderr)
            sources = sorted(
                (self.out / "src").glob("*.sv"),
                key=lambda path: (not path.stem.endswith("_pkg"), path.name),
            )
            tables = tomllib.loads(chip.read_text())
            cores = {kind.get("core", "crossbar") for kind in [tables["tile"], *tables.get("kind", [])]}
            modules = {path.stem for path in sources}
            self.assertLessEqual(expected | {f"{core}_core" for core in cores}, modules)
            self.assertFalse(
                [path.name for path in sources if re.search(r"^`include", path.read_text(), re.MULTILINE)]
            )
            elaborated = self.out / "elaborated"
            done = subprocess.run(
                [verilator, "--xml-only", "-Wno-fatal", "-Wno-lint", "--Mdir", elaborated]
                + ["--top-module", "spikeloom_kernel", *sources],
                capture_output=True,
                text=True,
                timeout=200,
                check=False,
            )
            self.assertEqual(done.returncode, 0, f"{chip.name}: {done.stderr[:2000]}")
            root = xml.etree.ElementTree.parse(elaborated / "Vspikeloom_kernel.xml").getroot()
            names = {module.get("origName", "") for module in root.iter("module")}
            self.assertEqual({f"{core}_core" for core in cores}, {n for n in names if n.endswith("_core")})

    def test_every_tcl_file_is_complete(self):
        files = [*(ROOT / "scripts" / "xilinx").glob("*.tcl"), *(ROOT / "constraints").rglob("*.xdc")]
        self.assertGreaterEqual(len(files), 5)
        for path in files:
            done = subprocess.run(
                ["tclsh"],
                input=f"set in [open {{{path}}}]; puts [info complete [read $in]]",
                text=True,
                capture_output=True,
                check=True,
            )
            self.assertEqual(done.stdout.strip(), "1", path)

    def test_vivado_packages_the_kernel(self):
        self.vivado()
        for card in CARDS:
            self.log.unlink(missing_ok=True)
            done = self.card("xo", "--card", card)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertTrue((self.out / "spikeloom_kernel.xo").exists())
            calls = self.log.read_text()
            part = tomllib.loads((ROOT / "constraints" / f"{card}.toml").read_text())["part"]
            for call in (
                f"-part {part}",
                "-busif s_axi_control -clock ap_clk",
                "-busif m_axi_gmem -clock ap_clk",
                "-reset ap_rst_n",
                "sdx_kernel true",
                "sdx_kernel_type rtl",
                "check_integrity -kernel",
                "remove_user_parameter Lanes",
                "-kernel_name spikeloom_kernel",
                f"-kernel_xml {self.out}/kernel.xml",
            ):
                self.assertIn(call, calls)

    def test_out_of_context_says_whether_the_clock_is_met(self):
        self.vivado()
        self.assertEqual(self.card("ooc", "--card", "u55c").returncode, 0)
        self.assertIn("create_clock -name ap_clk -period 5.000", self.log.read_text())
        self.assertEqual(self.card("ooc", "--card", "kv260").returncode, 0)
        self.assertIn("create_clock -name ap_clk -period 10.0", self.log.read_text())
        done = self.card("ooc", "--card", "u55c", VIVADO_STUB_SLACK="-0.3")
        self.assertEqual(done.returncode, 3)
        self.assertIn("worst slack -0.3", done.stdout)

    def test_a_missing_tool_is_named(self):
        done = self.card("xo", "--card", "u50")
        self.assertEqual(done.returncode, 3)
        self.assertIn("vivado is missing", done.stderr)
        self.vivado()
        done = self.card("link", "--card", "u50")
        self.assertEqual(done.returncode, 3)
        self.assertIn("v++ is missing", done.stderr)
        self.tool("v++", ":")
        self.assertIn(
            "emconfigutil is missing", self.card("link", "--card", "u50", "--target", "hw_emu").stderr
        )
        self.assertIn("bootgen is missing", self.card("firmware", "--card", "kv260").stderr)
        self.tool("bootgen", ":")
        self.assertIn("dtc is missing", self.card("firmware", "--card", "kv260").stderr)

    def test_a_dry_run_names_only_files_that_are_there(self):
        for card in CARDS:
            for target in ("hw", "hw_emu"):
                done = self.card("link", "--card", card, "--target", target, "--dry-run")
                self.assertEqual(done.returncode, 0, done.stderr)
                lines = done.stdout.splitlines()
                self.assertEqual(
                    [line.split()[0] for line in lines],
                    ["vivado", "v++"] + (["emconfigutil"] if target == "hw_emu" else []),
                )
                made = {
                    f"{self.out}/link",
                    f"{self.out}/spikeloom.{target}.xclbin",
                    f"{self.out}/spikeloom_kernel.xo",
                }
                for word in re.findall(r"(/[^\s=]+)", done.stdout):
                    if word not in made:
                        self.assertTrue(pathlib.Path(word).exists(), word)
                self.assertEqual(lines[1].count("--config"), 2 if target == "hw" else 1)
                self.assertEqual("floorplan.tcl" in lines[1], target == "hw" and card != "kv260")

    def test_emulation_gets_its_configuration(self):
        self.vivado()
        self.tool("v++", ":")
        self.tool("emconfigutil", ":")
        done = self.card("link", "--card", "u250", "--target", "hw_emu")
        self.assertEqual(done.returncode, 0, done.stderr)
        ini = configparser.ConfigParser()
        ini.read(self.out / "xrt.ini")
        self.assertEqual(ini["Emulation"]["debug_mode"], "off")

    def test_firmware_is_for_kria_alone(self):
        done = self.card("firmware", "--card", "u50", "--dry-run")
        self.assertEqual(done.returncode, 2)
        self.assertIn("only of --card kv260", done.stderr)
        done = self.card("firmware", "--card", "kv260", "--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("system.bit", (self.out / "spikeloom.bif").read_text())

    def test_link_files_fit_kernel_and_card(self):
        kernel = xml.etree.ElementTree.parse(self.build / "generated" / "kernel.xml").getroot().find("kernel")
        masters = {port.get("name") for port in kernel.iter("port") if port.get("mode") == "master"}
        slowest = float(re.search(r"-period ([\d.]+)", (ROOT / "constraints" / "timing.xdc").read_text())[1])
        for card in CARDS:
            sections = link_config(card)
            name = kernel.get("name")
            self.assertIn(("nk", f"{name}:1:{name}_1"), sections["connectivity"])
            ports = {value.split(":")[0] for key, value in sections["connectivity"] if key == "sp"}
            self.assertEqual(ports, {f"{name}_1.{port}" for port in masters}, card)
            clock = tomllib.loads((ROOT / "constraints" / f"{card}.toml").read_text())["clock_mhz"]
            given = (
                dict(sections[""]).get("kernel_frequency")
                or int(dict(sections["clock"])["freqHz"].split(":")[0]) // 1000000
            )
            self.assertEqual(int(given), clock, card)
            self.assertLessEqual(slowest, 1000 / clock)

    def test_the_floorplan_spreads_rows_from_home(self):
        stub = self.out.parent / "stub.tcl"
        stub.write_text(
            "proc get_cells {args} { return [lindex $args end] }\n"
            'proc set_property {name value cells} { puts "$name $value $cells" }\nsource [lindex $argv 0]\n'
        )
        for card, chip, expected in (
            ("u250", "mesh4x4", ["SLR1", "SLR0", "SLR2", "SLR3"]),
            ("u50", "mesh4x4", ["SLR0", "SLR0", "SLR1", "SLR1"]),
            ("u55c", "tile1", ["SLR0"]),
            ("kv260", "mesh2x2", []),
        ):
            done = self.card("prepare", "--card", card, "--chip", self.root / "chips" / f"{chip}.toml")
            self.assertEqual(done.returncode, 0, done.stderr)
            printed = subprocess.run(
                ["tclsh", stub, self.out / "floorplan.tcl"], capture_output=True, text=True, check=True
            ).stdout
            rows = re.findall(r"USER_SLR_ASSIGNMENT (\w+) .*gen_row\\\[(\d+)\\\]", printed)
            self.assertEqual(rows, [(die, str(y)) for y, die in enumerate(expected)], card)
            self.assertEqual(printed.count("u_host"), 1 if expected else 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
