"""Wraps the prose of Markdown that a script writes, at the column where every text of the project ends."""
import re

COLUMNS = 110
# What begins an item of a list, and what stays as it is: headings, table rows, comments, rules, quotations.
ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)]) +")
KEPT = re.compile(r"\s*(?:#|\||<!--|---|>|\[[^\]]+\]:|$)")
# A word; the text of a code span or of a link's address belongs to the word that it stands in.
WORD = re.compile(r"(?:`[^`]{1,60}`|[^\s`]|`)+")
# A word that would mean something else at the beginning of a line.
NEVER_FIRST = re.compile(r"(?:[-*+#>=|]+|\d+[.)])$|[|#>]")


def fill(text, first, rest, columns=COLUMNS):
    """A paragraph's words on lines of at most `columns`: the first after `first`, the others after `rest`."""
    words = []
    for word in WORD.findall(text):
        if words and NEVER_FIRST.match(word):
            words[-1] += " " + word
        else:
            words.append(word)
    lines, line, empty = [], first, True
    for word in words:
        if not empty and len(line) + 1 + len(word) > columns:
            lines.append(line)
            line, empty = rest, True
        line += word if empty else " " + word
        empty = False
    return [*lines, line]


def wrap(text, columns=COLUMNS, wanted=lambda paragraph: True):
    """The text with every wanted paragraph and item of a list filled; tables and code are as they were."""
    done, paragraph, fenced = [], [], False

    def end():
        if paragraph and wanted(paragraph):
            item = ITEM.match(paragraph[0])
            first = item.group() if item else re.match(" *", paragraph[0]).group()
            rest = " " * len(first)
            done.extend(fill(" ".join(paragraph)[len(first) :], first, rest, columns))
        else:
            done.extend(paragraph)
        paragraph.clear()

    for line in text.split("\n"):
        if line.lstrip().startswith("```"):
            fenced = not fenced
            end()
            done.append(line)
        elif fenced or KEPT.match(line) or (not paragraph and line.startswith("    ")):
            end()
            done.append(line)
        else:
            if ITEM.match(line):
                end()
            paragraph.append(line)
    end()
    return "\n".join(done)


def wrap_command(line, columns=COLUMNS):
    """A command of the shell on lines of at most `columns`."""
    lines = fill(line, "", "    ", columns - 2)
    return " \\\n".join(lines)
