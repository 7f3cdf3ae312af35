#!/usr/bin/env python3
"""An installed copy stands by itself: it may be moved, also to a path with a space, programs are built
against it, chips are Verilated from its own RTL, and its library says what its command says. It opens no
file of the source or the build folder: one test runs it where both are hidden, in a mount namespace of its
own, and is skipped where the kernel allows none.

usage: installed_test.py SOURCE_DIR BUILD_DIR COMPILER
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD, COMPILER = (pathlib.Path(arg) for arg in sys.argv[1:4])

# Runs a command where the folders given before "--" are empty.
HIDE = """
for folder; do
  shift
  [ "$folder" = -- ] && break
  mount -t tmpfs -o ro tmpfs "$folder" || exit 125
done
exec "$@"
"""


def hidden(*command):
    """The command in a namespace in which the source and the build folder are empty."""
    return ("unshare", "-rm", "sh", "-c", HIDE, "hide", BUILD, SOURCE, "--", *command)


def can_hide():
    try:
        done = subprocess.run(
            [str(word) for word in hidden("test", "!", "-e", SOURCE / "README.md")], check=False, cwd="/"
        )
    except OSError:
        return False
    return done.returncode == 0


def run(*command, code=0, **options):
    """Its standard output; fails unless it ends with `code`."""
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        **options,
    )
    if done.returncode != code:
        raise AssertionError(f"{command}: ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="spikeloom-installed-")
        cls.root = pathlib.Path(cls.folder.name)
        run("cmake", "--install", BUILD, "--prefix", cls.root / "first")
        # Whatever had remembered the first place would fail from here on.
        cls.prefix = cls.root / "moved here"
        (cls.root / "first").rename(cls.prefix)
        # The examples and their data too; nothing below reads the source tree.
        cls.examples = cls.root / "examples"
        shutil.copytree(SOURCE / "examples" / "api", cls.examples)
        cls.data = cls.root / "data"
        shutil.copytree(SOURCE / "examples" / "digits", cls.data)
        shutil.copy(SOURCE / "examples" / "pole" / "pole.nir", cls.data)
        cls.chips = cls.prefix / "share" / "spikeloom" / "chips"
        cls.command = cls.prefix / "bin" / "spikeloom"
        cls.programs = cls.root / "programs"
        run(
            *("cmake", "-G", "Ninja", "-S", cls.examples, "-B", cls.programs),
            *(f"-DCMAKE_PREFIX_PATH={cls.prefix}", f"-DCMAKE_CXX_COMPILER={COMPILER}"),
        )
        run("cmake", "--build", cls.programs)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def example(self, name, *arguments, **options):
        return run(self.programs / name, *arguments, cwd=self.root, **options)

    def compiled(self, name, chip, *options):
        image = self.root / name
        digits = self.data / "digits.nir"
        run(
            self.command, "compile", digits, "--chip", self.chips / chip, "-o", image, *options, cwd=self.root
        )
        return image

    def expect_verdict(self, verdict, image, device="model", code=0, trust=(), **options):
        """From the library, with the report of the command beside it. Returns the report."""
        ours, theirs = self.root / "library.json", self.root / "command.json"
        data = self.data / "test.npz"
        said = self.example("verdict", image, data, ours, device, *trust, code=code, **options)
        self.assertEqual(said.splitlines()[0], verdict, said)
        run(
            *(self.command, "run", image, "--input", data, "--limit", 20),
            *("--device", device, "--json", theirs, *trust),
            code=code,
            cwd=self.root,
            **options,
        )
        self.assertEqual(ours.read_text(), theirs.read_text())
        return json.loads(theirs.read_text())

    def test_no_file_names_the_source_or_the_build_folder(self):
        places = [str(place).encode() for place in (SOURCE, BUILD, self.root / "first")]
        for file in self.prefix.rglob("*"):
            self.assertFalse(file.is_symlink() and os.path.isabs(os.readlink(file)), file)
            if file.is_file():
                content = file.read_bytes()
                for place in places:
                    self.assertFalse(place in content, f"{file} names {place.decode()}")

    @unittest.skipUnless(can_hide(), "no mount namespace (unshare -rm), so the source tree cannot be hidden")
    def test_source_and_build_folder_may_be_gone(self):
        image = self.root / "hidden.loom"
        digits, chip = self.data / "digits.nir", self.chips / "tile1.toml"
        # The test run may keep built chips in the build folder, which is hidden here.
        home = {**os.environ, "SPIKELOOM_CACHE": str(self.root / "cache")}
        run(*hidden(self.command, "compile", digits, "--chip", chip, "-o", image), cwd="/", env=home)
        for device in ("model", "verilator"):
            said = run(
                *hidden(self.command, "run", image, "--input", self.data / "test.npz"),
                *("--limit", 3, "--device", device),
                cwd="/",
                env=home,
            )
            self.assertIn("promise guaranteed: kept", said)

    def test_documents_name_what_is_installed(self):
        documents = next((self.prefix / "share" / "doc").rglob("README.md")).parent
        pages = [documents / "README.md", *documents.glob("docs/*.md"), *documents.glob("examples/**/*.md")]
        self.assertGreater(len(pages), 15)
        for page in pages:
            for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
                self.assertTrue("://" in link or (page.parent / link).exists(), f"{page.name}: {link}")
        # Those of a user; the others are about the source.
        for name in ("guide", "data", "integer-network", "chip-file", "admission", "dataflow", "api"):
            text = (documents / "docs" / f"{name}.md").read_text()
            self.assertEqual(re.findall(r"`(?:compiler|host)/[a-z_/]*README.md`", text), [], name)
        self.assertTrue((documents / "examples" / "melody" / "melody.nir").exists())

    def test_public_headers_and_the_page_compile(self):
        headers = sorted((self.prefix / "include" / "spikeloom").glob("*.hpp"))
        self.assertGreater(len(headers), 15)
        flags = ("-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++")
        for header in headers:
            include = (f"-I{self.prefix / 'include'}", "-include", f"spikeloom/{header.name}")
            run(COMPILER, *flags, *include, "/dev/null")
        page = next((self.prefix / "share" / "doc").rglob("api.md")).read_text()
        program = self.root / "page.cpp"
        program.write_text(re.search(r"```cpp\n(.*?)```", page, re.DOTALL).group(1))
        run(COMPILER, *flags, f"-I{self.prefix / 'include'}", program)

    def test_the_library_exports_what_its_headers_declare(self):
        library = next(self.prefix.rglob("libspikeloom.so"))
        exported = run("nm", "-DC", "--defined-only", library).splitlines()
        headers = (self.prefix / "include" / "spikeloom").glob("*.hpp")
        code = re.sub(r"//.*", "", "\n".join(header.read_text() for header in headers))
        known = {"operator", *re.findall(r"\w+", code)}

        def foreign(line):
            """What of an exported symbol's name no public header has; for its address and type see nm(1)."""
            name = line.split(maxsplit=2)[2]
            name = re.sub(r"^(?:vtable|typeinfo|typeinfo name) for ", "", name)
            match = re.match(r"spikeloom::((?:~?\w+::)*~?\w+)", name)
            return name if not match else set(re.findall(r"\w+", match[1])) - known

        self.assertGreater(len(exported), 100)
        self.assertEqual([line for line in exported if foreign(line)], [])
        # A function, an exception's type and one of the library's own.
        said = "\n".join(exported)
        self.assertIn("spikeloom::judge(spikeloom::Report const&)", said)
        self.assertIn("typeinfo for spikeloom::Error", said)
        self.assertTrue(foreign("0 T spikeloom::read_chip(std::string const&)"))
        self.assertTrue(foreign("0 W std::vector<int, std::allocator<int> >::~vector()"))

    def test_pkg_config_finds_it(self):
        folder = next(self.prefix.rglob("spikeloom.pc")).parent
        environment = {**os.environ, "PKG_CONFIG_PATH": str(folder)}
        flags = shlex.split(run("pkg-config", "--cflags", "--libs", "spikeloom", env=environment))
        program = self.root / "with-pkg-config"
        source = self.examples / "analyse_graph.cpp"
        run(COMPILER, "-std=c++20", source, "-o", program, *flags)
        library = next(flag[2:] for flag in flags if flag.startswith("-L"))
        said = run(program, self.root / "proof.json", env={**os.environ, "LD_LIBRARY_PATH": library})
        self.assertIn("the proof holds", said)

    def test_digits_run(self):
        said = self.example(
            "run_digits", self.data / "digits.nir", self.chips / "mesh2x2.toml", self.data / "test.npz"
        )
        self.assertIn("verdict: kept", said)
        self.assertRegex(said, r"(20|19|18) of 20 right")

    def test_a_period_is_reached_by_another_chip(self):
        chips = (self.chips / "tile1.toml", self.chips / "mesh2x2.toml", self.chips / "mesh4x4.toml")
        first = self.example("reach_period", self.data / "digits.nir", 100000, chips[0])
        slow = int(re.search(r"every (\d+)", first).group(1))
        said = self.example("reach_period", self.data / "digits.nir", slow - 1, *chips)
        self.assertIn("holds", said)
        said = self.example("reach_period", self.data / "digits.nir", 1, chips[0], code=1)
        self.assertIn("nothing that was tried", said)

    def test_a_graph_is_analysed(self):
        said = self.example("analyse_graph", self.root / "graph-proof.json")
        self.assertIn("an iteration every 8 cycles", said)
        self.assertIn("the proof holds", said)
        self.assertIn("on one processor: a period of 18", said)

    def test_a_pole_is_balanced_through_a_chip(self):
        for device, ticks in (("model", 500), ("verilator", 100)):
            said = self.example(
                "balance_pole", self.data / "pole.nir", self.chips / "tile1.toml", device, ticks
            )
            self.assertIn(f"the pole stood for {ticks} of {ticks} ticks", said)
            self.assertIn("0 steps off their predicted cycle\nverdict: kept", said)
            promised = int(re.search(r"at most (\d+) cycles from the state to the push, a step", said)[1])
            measured = int(re.search(r"measured: at most (\d+) cycles", said)[1])
            self.assertLessEqual(measured, promised)

    def test_the_library_gives_the_verdict_of_the_command(self):
        image = self.compiled("digits.loom", "mesh2x2.toml")
        report = self.expect_verdict("kept", image)
        self.assertTrue(report["promises_kept"])

        liar = self.root / "liar.loom"
        self.assertIn("guaranteed", self.example("verdict", "--tighten", image, liar))
        # Refused by its certificate; who trusts it sees the promise broken by the stamps.
        report, data = self.root / "liar.json", self.data / "test.npz"
        run(*(self.command, "run", liar, "--input", data, "--limit", 20), code=2, cwd=self.root)
        self.example("verdict", liar, data, report, code=2)
        report = self.expect_verdict("broken", liar, code=1, trust=("--trust",))
        self.assertEqual(report["promises"][0]["first_broken"], 0)

        # Contracts from one sample, with nothing to spare: the others do more.
        calibration = ("--calibrate", self.data / "calibration.npz", "--limit", 1, "--margin", 0)
        report = self.expect_verdict("void", self.compiled("one.loom", "mesh2x2.toml", *calibration))
        self.assertTrue(report["promises_kept"])
        self.assertIsNotNone(report["promises"][1]["void_from"])

    def test_chips_are_made_of_the_installed_rtl(self):
        # Another RTL in the installed place is another chip: its neurons have half the threshold.
        prefix = self.root / "changed"
        shutil.copytree(self.prefix, prefix, symlinks=True)
        lane = next((prefix / "share" / "spikeloom" / "rtl").rglob("lif_lane.sv"))
        text = lane.read_text()
        self.assertEqual(text.count("signed'(s7_theta_i)"), 1)
        lane.write_text(text.replace("signed'(s7_theta_i)", "signed'(s7_theta_i >> 1)"))
        home = {**os.environ, "SPIKELOOM_HOME": str(prefix)}
        image = self.compiled("tile.loom", "tile1.toml")
        report = self.expect_verdict("mismatched", image, device="verilator", code=1, env=home)
        self.assertGreater(report["replay"]["differing_values"], 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
