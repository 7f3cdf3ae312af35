#!/usr/bin/env python3
"""Which messages of errors the tests ask for.

usage: messages.py            a table by folder: how many messages there are, and how many a test asks for
       messages.py --list     the others, with file and line

Looks at the sources alone and needs no build. A message is what is thrown as an error, or added to a list of
problems, with words of its own; a test asks for it where so many characters in a row of its text stand in a
test. That is a sign, not a proof: `scripts/test.sh --coverage` says which lines ran.
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
CHARACTERS = 14
SHORTEST = 6
FAILS = re.compile(r"(?:input_error|device_error|problems?_?\.add|\bfail|malformed|\brefuse)\(")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
STATEMENT = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^";])*')  # a semicolon within a text ends none


def joined(text):
    """C++ literals that stand behind one another as one."""
    return re.sub(r'"\s*\n\s*"', "", text)


def tested():
    folder = ROOT / "tests"
    files = [path for end in ("cpp", "hpp", "py") for path in folder.rglob(f"*.{end}")]
    return "\n".join(joined(path.read_text(errors="replace")) for path in sorted(files))


def messages(source):
    """Line and longest piece of text of every message in a file, with all pieces."""
    for found in FAILS.finditer(source):
        statement = joined(STATEMENT.match(source, found.start())[0])
        pieces = [text.strip() for text in TEXT.findall(statement)]
        pieces = [text for text in pieces if len(text) >= SHORTEST]
        if pieces:
            yield source.count("\n", 0, found.start()) + 1, max(pieces, key=len), pieces


def asked_for(pieces, tests):
    for text in pieces:
        windows = {text[at : at + CHARACTERS] for at in range(max(1, len(text) - CHARACTERS + 1))}
        if any(window in tests for window in windows):
            return True
    return False


def main():
    if sys.argv[1:] not in ([], ["--list"]):
        sys.exit(__doc__)
    tests = tested()
    total, asked = collections.Counter(), collections.Counter()
    others = []
    for path in sorted(path for folder in ("compiler", "host") for path in (ROOT / folder).rglob("*.cpp")):
        name = path.relative_to(ROOT)
        place = "/".join(name.parts[:2])
        for line, text, pieces in messages(path.read_text()):
            total[place] += 1
            if asked_for(pieces, tests):
                asked[place] += 1
            else:
                others.append(f"{name}:{line}: {text}")
    if sys.argv[1:]:
        print("\n".join(others))
        return
    print("| folder | messages | asked for |\n| --- | --- | --- |")
    for place in sorted(total):
        print(f"| `{place}` | {total[place]} | {asked[place]} |")
    print(f"| all | {total.total()} | {asked.total()} |")


if __name__ == "__main__":
    main()
