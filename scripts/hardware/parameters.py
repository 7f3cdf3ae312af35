"""Parameters of the description: their rules, the structures that hold them, the table in the docs."""
import sys

OWNERS = ("chip", "noc", "node", "host")  # and every core by its name, and every part that cores share
MODULES = ("node", "host_port", "core")
# What the RTL takes without a key that sets it: the hash of all others, how many kinds of tile there are,
# which kind every tile is of, a tile's own kind, its page delay, a kind's core.
DERIVED = ("hash", "kinds", "map", "kind", "page_delay", "core")
TABLES = ("mesh", "noc", "tile", "host")  # of a chip file, in the order in which it is printed
MEMBERS = {"mesh": "", "noc": "", "tile": "tile.", "host": "host."}  # where Chip has a table's keys
REFERENCES = ("divides", "at_most", "numbered_by")
RULE_TEXTS = {
    "divides": "a divisor of {}",
    "at_most": "at most {}",
    "numbered_by": "at most 2 to the power of {}",
}
KNOWN = {
    "key",
    "owner",
    "rtl",
    "range",
    "default",
    "unit",
    "text",
    "choices",
    "always",
    "derived",
    "modules",
    "cores",  # those that have it: of a core's own and of a part's
    "rules",  # by core: what it asks of a part's
} | {
    "power_of_two",
    "multiple_of",
    *REFERENCES,
}


def of_files(description):
    """Parameters that a chip file sets, table by table."""
    for table in TABLES:
        for item in description["parameter"]:
            if "key" in item and table_of(item) == table:
                yield item


def derived(description, what):
    (item,) = (item for item in description["parameter"] if item.get("derived") == what)
    return item


def default_core(description):
    return derived(description, "core")["default"]


def of_kind(item):
    """Whether a kind of tile has a value of its own."""
    return (item["owner"] == "node" or "cores" in item) and item.get("derived") not in ("kind", "page_delay")


def table_of(item):
    return item["key"].split(".")[0]


def name_of(item):
    return item["key"].split(".")[1]


def choices_of(description, item):
    """Value → bit of a list's mask: format W8 = 0 is value 8, bit 0."""
    return {int(name[1:]): bit for name, bit in description[item["choices"]].items()}


def rtl_default(description, item):
    if item.get("derived") == "core":
        return description["cores"].index(item["default"])
    if "choices" in item:
        choices = choices_of(description, item)
        return sum(1 << choices[value] for value in item["default"])
    return item.get("default", 0)


def meaning(item):
    return sorted((key, value) for key, value in item.items() if key not in ("unit", "text", "modules"))


def rules_of(item):
    """(core that has it or None, rules that name another key)."""
    yield None, {rule: item[rule] for rule in REFERENCES if rule in item}
    yield from item.get("rules", {}).items()


def check_number(what, item):
    low, high = item["range"]
    value = item["default"]
    if not low <= value <= high:
        sys.exit(f"{what}: the default {value} lies outside {low} to {high}")
    if item.get("power_of_two") and value & (value - 1):
        sys.exit(f"{what}: the default {value} is no power of two")
    if value % item.get("multiple_of", 1):
        sys.exit(f"{what}: the default {value} is no multiple of {item['multiple_of']}")


def check(description):
    """Stops with the first fault."""
    owners = (*OWNERS, *description["cores"], *description["parts"])
    if default_core(description) not in description["cores"]:
        sys.exit(f"parameter: core {default_core(description)}: no such folder of rtl/core")
    if taken := set(description["cores"]) & {*OWNERS, *MODULES, *description["parts"]}:
        sys.exit(f"rtl/core: {', '.join(sorted(taken))}: a core cannot have this name")
    items = description["parameter"]
    for item in items:
        what = f"parameter {item.get('key', item.get('rtl', '?'))}"
        if unknown := set(item) - KNOWN:
            sys.exit(f"{what}: {', '.join(sorted(unknown))}: no such entry")
        needed = {"rtl", "owner"}
        needed |= set() if "derived" in item else {"key", "default", "unit", "text"}
        if missing := needed - set(item):
            sys.exit(f"{what}: {', '.join(sorted(missing))} is missing")
        if item["owner"] not in owners:
            sys.exit(f"{what}: owner {item['owner']}: expected one of {', '.join(owners)}")
        if wrong := set(item.get("modules", ())) - set(MODULES):
            sys.exit(f"{what}: modules: {', '.join(sorted(wrong))}: expected {', '.join(MODULES)}")
        if "derived" in item:
            if item["derived"] not in DERIVED:
                sys.exit(f"{what}: derived {item['derived']}: expected one of {', '.join(DERIVED)}")
            continue
        if table_of(item) not in TABLES:
            sys.exit(f"{what}: expected a key of the tables {', '.join(TABLES)}")
        if of_kind(item) and table_of(item) != "tile":
            sys.exit(f"{what}: {item['owner']}'s keys are a kind of tile's: expected table tile")
        if "choices" not in item:
            check_number(what, item)
        elif item["always"] not in item["default"]:
            sys.exit(f"{what}: the default lacks {item['always']}")
    for entry in ("rtl", "key"):
        names = [item[entry] for item in items if entry in item]
        if twice := {name for name in names if names.count(name) > 1}:
            sys.exit(f"parameter: {entry} {', '.join(sorted(twice))} occurs twice")
    by_key = {item["key"]: item for item in items if "key" in item}
    for item in items:
        for core, rules in rules_of(item):
            for rule, key in rules.items():
                if key not in by_key:
                    sys.exit(f"parameter {item['key']}: {rule} {key}: no such key")
                if core and core not in by_key[key].get("cores", [core]):
                    sys.exit(f"parameter {item['key']}: {rule} {key}: no key of the core {core}")


def structures(description):
    """(structure, owner, its parameters): one a table, or where a table has several owners one an owner."""
    groups = {}
    for item in of_files(description):
        groups.setdefault((table_of(item), item["owner"]), []).append(item)
    owners_of = {table: [o for t, o in groups if t == table] for table in TABLES}
    for (table, owner), items in groups.items():
        prefix = owner.capitalize() if len(owners_of[table]) > 1 else ""
        yield f"{prefix}{table.capitalize()}Config", table, owner, items


def rule_text(item):
    """The values that are allowed, in words."""
    if "choices" in item:
        return f"a list of {', '.join(map(str, item['default']))}; {item['always']} is always in it"
    low, high = item["range"]
    rules = [f"{low} to {high}"]
    if item.get("power_of_two"):
        rules.append("a power of two")
    if "multiple_of" in item:
        rules.append(f"a multiple of {item['multiple_of']}")
    for core, named in rules_of(item):
        of = f" (core {core})" if core else ""
        for rule, key in named.items():
            rules.append(RULE_TEXTS[rule].format(f"`{key}`") + of)
    return ", ".join(rules)


BEGIN = "<!-- generated by scripts/generate_hardware.py --docs: begin -->"
END = "<!-- generated: end -->"


def markdown(description):
    """The table of docs/chip-file.md, markers included."""
    out = [
        BEGIN,
        "",
        "| key | default | values | unit | owner | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for item in of_files(description):
        out.append(
            f"| `{item['key']}` | {item['default']} | {rule_text(item)} | {item['unit']} | {item['owner']} "
            f"| {item['text']} |"
        )
    return "\n".join([*out, "", END])


def refreshed(description, page):
    """The page with the table as it should be."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        sys.exit(f"docs: expected one line {BEGIN} and one {END}")
    return page[: page.index(BEGIN)] + markdown(description) + page[page.index(END) + len(END) :]
