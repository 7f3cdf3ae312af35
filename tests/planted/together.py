"""Several faults in one text, of which an environment variable chooses one.

A fault is a text and what it becomes. Where both are a whole statement, or differ in a condition, a returned
value, an initial value or an argument, both can stand in the source: `if (old)` becomes
`if (PLANTED(7) ? (new) : (old))`. So a program is built once for many faults.
"""
import os
import re

VARIABLE = "SPIKELOOM_PLANTED"  # the number of the fault that counts; absent: none
NOISE = ("parentheses", "dangling-else", "empty-body", "shadow", "conversion", "sign-compare", "extra")
PRELUDE = (  # once where several files are compiled as one
    "#ifndef PLANTED_FAULT\n#define PLANTED_FAULT\n"
    + "".join(f'#pragma GCC diagnostic ignored "-W{name}"\n' for name in NOISE)
    + "#include <cstdlib>\n"
    "[[maybe_unused]] static bool planted_fault(int number) {\n"
    f'  static const char* const chosen = std::getenv("{VARIABLE}");\n'
    "  return chosen != nullptr && std::atoi(chosen) == number;\n"
    "}\n#endif\n"
)


def closing(text, at):
    """Where the bracket that opens at `at` is closed; -1: not in this text."""
    depth = 0
    for i in range(at, len(text)):
        if text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            depth -= 1
            if depth == 0:
                return i
    return -1


def top_level(text, wanted):
    """Places of a character outside all brackets."""
    depth, found = 0, []
    for i, c in enumerate(text):
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == wanted and depth == 0:
            found.append(i)
    return found


def whole(text):
    """Brackets close, and only what they opened."""
    depth = 0
    for c in text:
        depth += (c in "([{") - (c in ")]}")
        if depth < 0:
            return False
    return depth == 0


def either(number, new, old):
    return f"(planted_fault({number}) ? ({new}) : ({old}))"


def condition(old, new, number):
    """`if (init; a) rest` and `if (init; b) rest`."""
    start = re.match(r"(\} else )?(else )?(if|while) \(", old)
    if not start or not new.startswith(start[0]):
        return None
    ends = [closing(text, start.end() - 1) for text in (old, new)]
    if min(ends) < 0 or old[ends[0] :] != new[ends[1] :]:
        return None
    inner_old, inner_new = old[start.end() : ends[0]], new[start.end() : ends[1]]
    breaks = [top_level(text, ";") for text in (inner_old, inner_new)]
    head = ""
    if breaks[0]:
        cut = breaks[0][0] + 1
        if inner_old[:cut] != inner_new[:cut]:
            return None
        head, inner_old, inner_new = inner_old[:cut] + " ", inner_old[cut:], inner_new[cut:]
    if re.match(r"\s*(const )?auto", inner_old):
        return None
    return start[0] + head + either(number, inner_new, inner_old) + old[ends[0] :]


def value(old, new, number):
    """`return a;` and `return b;`, or a variable's initial value."""
    start = re.match(r"(return |(?:[\w:<>&*,. ]+ )?[\w.\[\]>()-]+ [+|&*-]?= )", old)
    if not start or not new.startswith(start[0]) or not (old.endswith(";") and new.endswith(";")):
        return None
    if re.match(r"(inline |static )*constexpr ", old):
        return None
    values = [text[start.end() : -1] for text in (old, new)]
    if not all(map(whole, values)) or any(v.startswith("{") or top_level(v, ";") for v in values):
        return None
    return start[0] + either(number, values[1], values[0]) + ";"


def statement(old, new, number):
    if not old.endswith(";") or (new and not new.endswith(";")) or not whole(old) or not whole(new):
        return None
    if not re.match(r"[\w.:>\[\]-]+\(", old) or len(top_level(old, ";")) != 1:
        return None
    return f"if (planted_fault({number})) {{ {new} }} else {{ {old} }}"


def loop(old, new, number):
    """`for (a; b; c)` with another b."""
    if not (old.startswith("for (") and new.startswith("for (")) or closing(old, 4) != len(old) - 1:
        return None
    parts = [[text[5:i] for i in top_level(text[5:-1], ";")] for text in (old, new)]
    cuts = [[5 + i for i in top_level(text[5:-1], ";")] for text in (old, new)]
    if any(len(cut) != 2 for cut in cuts) or len(parts[0]) != len(parts[1]):
        return None
    (a, b), (c, d) = cuts
    if old[:a] != new[:c] or old[b:] != new[d:]:
        return None
    return old[: a + 1] + " " + either(number, new[c + 1 : d], old[a + 1 : b]) + old[b:]


def added(old, new, number):
    """A statement, and another one behind it."""
    more = new.removeprefix(old).strip()
    if more == new.strip() or not old.endswith(";") or not more.endswith(";") or not whole(more):
        return None
    return f"{old} if (planted_fault({number})) {{ {more} }}"


def unasked(old, new, number):
    """`if (a) b` and `b`."""
    if not old.startswith("if ("):
        return None
    end = closing(old, 3)
    if end < 0 or old[end + 1 :].strip() != new:
        return None
    return f"if (planted_fault({number}) || ({old[4:end]})){old[end + 1 :]}"


def argument(text, new, at, end, number):
    """One of the values between commas and brackets, around text[at:end], which becomes `new`."""
    depth, start = 0, at
    while start > 0:
        c = text[start - 1]
        if depth == 0 and (c in "([{," or re.search(r"[^=!<>]=\s+$", text[max(0, start - 30) : start])):
            break
        if depth == 0 and c in ";}":
            return None
        depth += (c in ")]}") - (c in "([{")
        start -= 1
    depth, stop = 0, end
    while stop < len(text):
        c = text[stop]
        if depth == 0 and c in ")]},;":
            break
        depth += (c in "([{") - (c in ")]}")
        stop += 1
    old = text[start:stop]
    changed = text[start:at] + new + text[end:stop]
    if not (whole(old) and whole(changed) and old.strip() and changed.strip()) or top_level(changed, ";"):
        return None
    return text[:start] + " " + either(number, changed.strip(), old.strip()) + text[stop:]


def beginning(text, at):
    """Of the statement around `at`: behind the last ; or brace that no bracket hides, and comments."""
    depth, i = 0, at - 1
    while i >= 0:
        if text[i] == ")" or text[i] == "]":
            depth += 1
        elif text[i] == "(" or text[i] == "[":
            depth = max(0, depth - 1) if depth else -1
            if depth < 0:  # inside a header or a call: go on outside it
                depth = 0
        elif text[i] in "{}" and depth == 0:
            break
        elif text[i] == ";" and depth == 0 and not in_header(text, i):
            break
        i -= 1
    skipped = re.match(r"(\s|//[^\n]*\n|(public|private|default|case [\w:]+):)*", text[i + 1 :])
    return i + 1 + skipped.end()


def in_header(text, at):
    """Whether this ; parts what stands in the brackets of a `for` or an `if`."""
    line = text.rfind("\n", 0, at)
    begins = max(text.rfind("for (", 0, at), text.rfind("if (", 0, at))
    if begins < 0 or at - begins > 300:
        return False
    opened = text.index("(", begins)
    return opened < at < closing(text, opened) and line >= -1


def region(text, at, length):
    """From where to where the statement or condition stands that has text[at : at + length]."""
    start = beginning(text, at)
    while True:
        head = re.match(r"(else )?(if|for|while) (constexpr )?\(", text[start:])
        if not head:
            break
        end = closing(text, start + head.end() - 1) + 1
        if at + length <= end:
            return start, end
        start = end + len(text[end:]) - len(text[end:].lstrip())
        if text.startswith("{", start) or start > at:
            return None
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] in "([{") - (text[i] in ")]}")
        if depth < 0:
            return None
        if text[i] == ";" and depth == 0:
            return (start, i + 1) if i + 1 >= at + length else None
    return None


def both(text, fault, number):
    """The whole text with both in it; None where they are of no known form."""
    at = text.find(fault["old"])
    if at < 0 or text.count(fault["old"]) != 1:
        return None
    old, new = fault["old"], fault["new"]
    if not new.strip():
        at += len(old) - len(old.lstrip())
        old, new = old.strip(), ""
        if old.startswith("if (") and whole(old):
            end = closing(old, 3)
            made = f"if (!planted_fault({number}) && ({old[4:end]}))" + old[end + 1 :]
            return text[:at] + made + text[at + len(old) :]
    # What both have in common counts for nothing.
    front = len(os.path.commonprefix([old, new]))
    back = len(os.path.commonprefix([old[front:][::-1], new[front:][::-1]]))
    changed = region(text, at + front, len(old) - front - back)
    if text[:at].rstrip()[-1:] in tuple(";{}"):
        for form in (added, unasked):
            made = form(old, new, number)
            if made:
                return text[:at] + made + text[at + len(old) :]
    edit = (new[front : len(new) - back], at + front, at + len(old) - back, number)
    if not changed or changed[0] > at + front or changed[1] < at + len(old) - back:
        return argument(text, *edit)
    start, end = changed
    after = text[start : at + front] + new[front : len(new) - back] + text[at + len(old) - back : end]
    before = text[start:end]
    for form in (condition, loop, value, statement):
        made = form(before, after.strip(), number)
        if made:
            return text[:start] + made + text[end:]
    return argument(text, *edit)
