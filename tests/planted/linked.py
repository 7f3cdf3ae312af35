"""A test program of a finished build, with other texts of some of its files.

READY is a build folder of the same sources. Only the objects that a changed text is in are compiled anew,
next to READY, which stays as it is; linked in front of READY's libraries they stand for the library's own:
both define the same names, so that the linker never looks for those. So a fault costs a compilation and a
link, and nothing is built first.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess

OBJECT = re.compile(r"(?P<folder>.*)/CMakeFiles/(?P<target>[^/]+)\.dir/")


def library_of(object_name):
    found = OBJECT.match(object_name)
    return f"{found['folder']}/lib{found['target']}.a"


class Ready:
    def __init__(self, build, target, jobs=1):
        self.build = build
        self.jobs = jobs  # compilations at once
        self.target = target  # folder of objects and programs
        cache = (build / "CMakeCache.txt").read_text()
        self.source = pathlib.Path(re.search(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", cache, re.M)[1])
        self.units = {}  # by file in the sources: (object, command, text that is compiled)
        for unit in json.loads((build / "compile_commands.json").read_text()):
            words = shlex.split(unit["command"])
            object_name = words[words.index("-o") + 1]
            compiled = pathlib.Path(unit["file"])
            if not OBJECT.match(object_name) or not compiled.exists():
                continue
            for name in self.files_in(compiled):
                self.units.setdefault(name, []).append((object_name, words, compiled))

    def add_header(self, name):
        """Whatever was compiled with it is compiled anew where its text changes."""
        deps = self.started(["ninja", "-C", str(self.build), "-t", "deps"]).stdout
        units = {unit[0]: unit for units in self.units.values() for unit in units}
        self.units[name] = []
        for block in deps.split("\n\n"):
            object_name = block.split(": #deps", 1)[0].strip()
            read = {os.path.normpath(self.build / line.strip()) for line in block.splitlines()[1:]}
            if object_name in units and str(self.source / name) in read:
                self.units[name].append(units[object_name])
        if not self.units[name]:
            raise RuntimeError(f"{self.build}: nothing was compiled with {name}")

    def files_in(self, compiled):
        """Of the sources: itself, or those that it includes where it stands for several."""
        if compiled.is_relative_to(self.source) and not compiled.is_relative_to(self.build):
            return [str(compiled.relative_to(self.source))]
        paths = map(pathlib.Path, re.findall(r'^#include "([^"]+)"$', compiled.read_text(), re.M))
        return [str(p.relative_to(self.source)) for p in paths if p.is_relative_to(self.source)]

    def different(self, source, names):
        """Those of the files whose texts in `source` are not READY's."""
        return [n for n in names if (source / n).read_bytes() != self.bytes_of(n)]

    def bytes_of(self, name):
        path = self.source / name
        return path.read_bytes() if path.exists() else b""

    def program(self, test, source, names):
        """(path, "") of `test` with the texts of these files from `source`; (None, why) where it fails."""
        lines = self.started(["ninja", "-C", str(self.build), "-t", "commands", test.rsplit("/", 1)[1]])
        if lines.returncode != 0:
            return None, lines.stdout + lines.stderr
        link = shlex.split(lines.stdout.strip().splitlines()[-1].removeprefix(": && ").removesuffix(" && :"))
        objects = {}
        for name in names:
            for object_name, words, compiled in self.units.get(name, []):
                objects[object_name] = (words, compiled)
        front = []
        wanted = [name for name in sorted(objects) if name in link or library_of(name) in link]
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            results = pool.map(lambda n: self.compiled(n, *objects[n], source, names), wanted)
        for object_name, (made, log) in zip(wanted, results):
            if made is None:
                return None, log
            if object_name in link:
                link[link.index(object_name)] = str(made)
            else:
                front.append(str(made))
        at = link.index("-o")
        path = self.target / test
        path.parent.mkdir(parents=True, exist_ok=True)
        link[at + 1] = str(path)
        linked = self.started(link[:at] + front + link[at:])
        return (path, "") if linked.returncode == 0 else (None, linked.stderr)

    def compiled(self, object_name, words, compiled, source, names):
        """The object with the changed texts, which stand where the others are included."""
        path = self.target / object_name
        path.parent.mkdir(parents=True, exist_ok=True)
        if compiled.is_relative_to(self.build):
            text = compiled.read_text()
            for name in names:
                text = text.replace(f'"{self.source / name}"', f'"{source / name}"')
        else:
            text = f'#include "{source / self.files_in(compiled)[0]}"\n'
        unit = path.with_suffix(".cpp")
        unit.write_text(text)
        words = list(words)
        words[words.index("-o") + 1] = str(path)
        words[words.index("-c") + 1] = str(unit)
        made = self.started([words[0], f"-I{source}", *words[1:], "-w", "-O0", "-g0"])
        # As ninja says it, for whoever looks which file does not compile.
        failed = [n for n in names if re.search(rf"{re.escape(n)}:\d+", made.stderr)]
        said = "".join(f"FAILED: {n}\n" for n in failed) + made.stderr
        return (path, "") if made.returncode == 0 else (None, said)

    def started(self, command):
        environment = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(
            command, cwd=self.build, capture_output=True, text=True, check=False, env=environment
        )
