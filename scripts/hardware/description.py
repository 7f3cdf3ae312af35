"""Reads rtl/hardware.toml and the cores' files, refuses faults, and lists what is in them."""
import hashlib
import pathlib
import sys
import tomllib

from . import kernel, parameters

CONSTANTS = (
    ("", "numbers"),
    ("KIND_", "kinds"),
    ("PORT_", "ports"),
    ("ADDR_", "address"),
    ("MEM_", "memories"),
    ("FORMAT_", "formats"),
    ("LIMIT_", "limits"),
)


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def constant_name(name):
    return "k" + camel(name.lower())


def core_files(hardware):
    """The cores' files beside hardware.toml, by name of the core."""
    return sorted(pathlib.Path(hardware).parent.glob("core/*/core.toml"))


def load(hardware):
    """The description with every core's file merged in, and the parts that cores share; stops with the first
    fault.
    """
    description = tomllib.loads(pathlib.Path(hardware).read_text(encoding="utf-8"))
    description["cores"] = []
    description["pages_per_firing"] = {}  # by core; a number, or the key that sets it
    description["looks"] = []  # cores that look at chunks and do not walk through them
    description["streams"] = {}  # by core: a memory that the spike network may write, the key that says so
    description["parts"] = {}  # by name: what cores share, as its file says it
    description["window_owners"] = {}  # core or part, by window
    for table in ("memories", "formats"):
        description.setdefault(table, {})
    for table in ("memory_word", "parameter"):
        description.setdefault(table, [])
    for path in core_files(hardware):
        add_core(description, tomllib.loads(path.read_text(encoding="utf-8")), path)
    number_cores(description)
    check(description)
    return description


def number_cores(description):
    """The default core has number 0, the others follow by name."""
    first = parameters.default_core(description)
    description["cores"].sort(key=lambda name: (name != first, name))


def part_named(description, name, path):
    """A part that cores share: rtl/NAME/NAME.toml, read once."""
    if name in description["parts"]:
        return description["parts"][name]
    file = path.parents[2] / name / f"{name}.toml"
    if not file.is_file():
        sys.exit(f"{path}: parts: {name}: no file {file}")
    part = tomllib.loads(file.read_text(encoding="utf-8"))
    if part.pop("part", None) != name:
        sys.exit(f"{file}: part: expected the folder's name, {name}")
    if unknown := set(part) - {"memories", "memory_word", "parameter"}:
        sys.exit(f"{file}: {', '.join(sorted(unknown))}: a part has part, memories, memory_word, parameter")
    for word in part["memory_word"]:
        if word["memory"] not in part["memories"]:
            sys.exit(
                f"{file}: memory_word {word['name']}: memory: expected one of {', '.join(part['memories'])}, "
                f"found {word['memory']}"
            )
    description["parts"][name] = part
    return part


def add_windows(description, windows, shared, path):
    """Numbers of a core's windows. Those of a part have one number in all cores that take it, for the part's
    code names them.
    """
    numbers = list(windows.values())
    if len(set(numbers)) != len(numbers) or not all(0 <= number < 16 for number in numbers):
        sys.exit(f"{path}: memories: expected numbers of its own from 0 to 15, found {numbers}")
    if missing := [key for key in shared if key not in windows]:
        sys.exit(f"{path}: memories: {', '.join(missing)}: expected a number for each window of its parts")
    for key, number in windows.items():
        owner = shared.get(key, path.parent.name)
        if description["window_owners"].setdefault(key, owner) != owner or (
            key in description["memories"] and key not in shared
        ):
            sys.exit(f"{path}: memories: {key} is another core's")
        if description["memories"].setdefault(key, number) != number:
            known = description["memories"][key]
            sys.exit(f"{path}: memories: {key} = {number}: expected {known}, as other cores of the part have")


def add_words(description, words, name, part=None):
    """Words of a core's own, or of a part that it takes: these are there once, with the cores that have
    them.
    """
    for word in words:
        known = [other for other in description["memory_word"] if other["name"] == word["name"]]
        if part is not None and known:
            known[0]["cores"].append(name)
        else:
            description["memory_word"].append({**word, "cores": [name]})


def add_parameter(description, item, name, part):
    """A core's parameter; or one of a part, of which the core's file has the key and what it asks of it in
    addition.
    """
    if part is None:
        description["parameter"].append({**item, "owner": name, "cores": [name]})
        return
    known = [other for other in description["parameter"] if other.get("key") == item["key"]]
    if not known:
        (own,) = (own for own in description["parts"][part]["parameter"] if own["key"] == item["key"])
        known = [{**own, "owner": part, "cores": [], "rules": {}}]
        description["parameter"] += known
    known[0]["cores"].append(name)
    if rules := {rule: key for rule, key in item.items() if rule != "key"}:
        known[0]["rules"][name] = rules


def add_core(description, core, path):
    name = core.pop("core", None)
    if name != path.parent.name:
        sys.exit(f"{path}: core: expected the folder's name, {path.parent.name}, found {name}")
    description["cores"].append(name)
    description["pages_per_firing"][name] = core.pop("pages_per_firing", 1)
    description["looks"] += [name] if core.pop("looks", False) else []
    if "streams" in core:
        description["streams"][name] = core.pop("streams")
    parts = {each: part_named(description, each, path) for each in core.pop("parts", [])}
    shared = {window: each for each, part in parts.items() for window in part["memories"]}
    windows = core.pop("memories", {})
    add_windows(description, windows, shared, path)
    for key, value in core.pop("formats", {}).items():
        if key in description["formats"]:
            sys.exit(f"{path}: formats: {key} is another core's")
        description["formats"][key] = value
    words = core.pop("memory_word", [])
    for word in words:
        own = [window for window in windows if window not in shared]
        if word.get("memory") not in own:
            sys.exit(
                f"{path}: memory_word {word.get('name')}: memory: expected one of {', '.join(own)}, "
                f"found {word.get('memory')}"
            )
    add_words(description, words, name)
    for each, part in parts.items():
        add_words(description, part["memory_word"], name, each)
    part_of = {item["key"]: each for each, part in parts.items() for item in part["parameter"]}
    items = core.pop("parameter", [])
    for item in items:
        part = part_of.pop(item.get("key"), None)
        if part is not None and (more := set(item) - {"key", *parameters.REFERENCES}):
            sys.exit(
                f"{path}: parameter {item['key']}: {', '.join(sorted(more))}: the part {part} says that; a "
                f"core may add {', '.join(parameters.REFERENCES)}"
            )
        add_parameter(description, item, name, part)
    if part_of:
        missing = ", ".join(part_of)
        sys.exit(f"{path}: parameter: {missing}: expected the key of every parameter of its parts")
    if core:
        sys.exit(
            f"{path}: {', '.join(core)}: a core's file has core, pages_per_firing, looks, streams, parts, "
            "memories, memory_word, formats, parameter"
        )


def layouts(description):
    """(struct name, total width, fields) of everything with fields."""
    for item in description["layout"]:
        yield item["name"], item["width"], item["fields"]
    for word in description["word"]:
        yield "word_" + word["name"], 64, word["fields"]
    for register in description["register"]:
        yield "reg_" + register["name"], 32, register["fields"]
    for entry in description["memory_word"]:
        yield "mem_" + entry["name"], 32 * entry["parts"], entry["fields"]


def hls_words(description):
    """(struct name, total width, fields) of the words of the HLS kernels; the chip knows nothing of them."""
    for word in description["hls_word"]:
        yield "hls_" + word["name"], 32, word["fields"]


def offset_bits(description):
    """Width of the offset in a ring address."""
    (address,) = (item for item in description["layout"] if item["name"] == "address")
    return next(width for name, _, width in address["fields"] if name == "offset")


def address_blocks(description):
    """(struct name, block, fields of the offset) of every block of ring addresses."""
    for block in description["address_block"]:
        yield "address_" + block["name"], block["block"], block["fields"]


def constants(description):
    for prefix, table in CONSTANTS:
        for name, value in description[table].items():
            yield prefix + name, value
    for block in description["address_block"]:
        yield f"ADDR_BLOCK_{block['name'].upper()}", block["block"]
    for number, name in enumerate(description["cores"]):
        yield f"CORE_{name.upper()}", number
    for name, pages in description["pages_per_firing"].items():
        if isinstance(pages, int):
            yield f"FIRING_PAGES_{name.upper()}", pages
    yield from kernel.constants(description["kernel"])


def field_widths(description):
    """Width of every field, by (struct, field)."""
    every = (*layouts(description), *address_blocks(description), *hls_words(description))
    structs = [(name, fields) for name, _, fields in every]
    return {(name, field): size for name, fields in structs for field, _, size in fields}


def constant_widths(description):
    """Widths of the constants that a field holds: each is as wide as its field. The others are integers."""
    widths = field_widths(description)
    out = {f"KIND_{name}": widths["word_ring", "kind"] for name in description["kinds"]}
    for name, _, _ in address_blocks(description):
        block = name[len("address_") :].upper()
        out[f"ADDR_BLOCK_{block}"] = widths["address", "block"]
        width = widths.get((name, "field"), offset_bits(description))
        out |= {f"ADDR_{key}": width for key in description["address"] if key.startswith(f"{block}_")}
    out |= {f"MEM_{name}": widths["reg_memory_address", "memory"] for name in description["memories"]}
    formats = [size for (name, field), size in widths.items() if (name[:4], field) == ("mem_", "format")]
    if formats:
        out |= {f"FORMAT_{name}": max(formats) for name in description["formats"]}
    return out


def check_fields(what, fields, width):
    taken = 0
    for name, low, size in fields:
        mask = ((1 << size) - 1) << low
        if size < 1 or low + size > width:
            sys.exit(f"{what}: field {name} does not fit {width} bits")
        if taken & mask:
            sys.exit(f"{what}: field {name} overlaps another")
        taken |= mask


def check_addresses(description):
    blocks = [block for _, block, _ in address_blocks(description)]
    if len(set(blocks)) != len(blocks):
        sys.exit("address_block: a block occurs twice")
    for name, block, fields in address_blocks(description):
        check_fields(name, fields, offset_bits(description))
        if block >= 16 or (name == "address_node" and block != 0):
            sys.exit(f"{name}: block {block}: expected 0 to 15, and 0 for node")
    for field in ("offset", "block"):
        if field not in [name for name, _, _ in description["layout"][0]["fields"]]:
            sys.exit(f"layout: address has no field {field}")


def check_cores(description):
    """A firing takes at least a page, and no more than a context may have."""
    most = description["limits"]["PAGES"]
    ranges = {
        (core, item["key"]): item["range"]
        for item in description["parameter"]
        for core in item.get("cores", ())
        if "range" in item
    }
    for name, pages in description["pages_per_firing"].items():
        low, high = (pages, pages) if isinstance(pages, int) else ranges.get((name, pages), (0, 0))
        if not 1 <= low <= high <= most:
            sys.exit(
                f"core {name}: pages_per_firing = {pages}: expected 1 to {most}, or a key of the core with a "
                f"range of such numbers"
            )
    for name, streams in description["streams"].items():
        memory, key = streams if len(streams) == 2 else ("", "")
        if memory not in description["memories"] or ranges.get((name, key)) != [0, 1]:
            sys.exit(
                f"core {name}: streams = {streams}: expected one of its memories and a key of the core with "
                "the range 0 to 1"
            )


def check_chunks(description):
    width = description["numbers"]["CHUNK_BITS"]
    for word in description["word"]:
        for name, _, size in word["fields"]:
            if name == "mask" and size != width:
                sys.exit(f"word {word['name']}: a mask of {size} bits, CHUNK_BITS = {width}")


def check_counts(description):
    """What counts pages, numbers them or takes a named value has the bits for it."""
    widths = field_widths(description)
    pages = description["limits"]["PAGES"]
    for struct, field, highest in (
        ("reg_context_pages", "rows", pages),
        ("reg_credit", "count", pages),
        ("reg_delivery_page", "write_page", pages - 1),
        ("hls_step", "count", description["limits"]["CONTEXT_LIMITS"] - 1),
    ):
        if highest >> widths[struct, field]:
            sys.exit(f"{struct}: {field}: {widths[struct, field]} bits do not hold {highest}")
    (route,) = (register["fields"] for register in description["register"] if register["name"] == "route")
    bits = route[0][2]
    ports = sorted(description["ports"], key=description["ports"].get)
    if route != [[port.lower(), number * bits, bits] for number, port in enumerate(ports)]:
        sys.exit("route: expected the ports' selectors, all as wide, in the ports' order from bit 0 on")
    values = dict(constants(description))
    for name, width in constant_widths(description).items():
        if values[name] >> width:
            sys.exit(f"{name} = {values[name]}: its field has {width} bits")


def check(description):
    """Stops with the first fault."""
    for name, width, fields in (*layouts(description), *hls_words(description)):
        check_fields(name, fields, width)
    check_addresses(description)
    check_chunks(description)
    check_counts(description)
    check_cores(description)
    kernel.check(description["kernel"])
    parameters.check(description)


def digest(description):
    """The hash follows the meaning, not comments or layout of the files."""
    meaning = (
        repr(sorted(constants(description)))
        + repr(list(layouts(description)))
        + repr(sorted(description["pages_per_firing"].items()))
        + repr(sorted(description["looks"]))
        + repr(sorted(description["streams"].items()))
        + repr(description["kernel"]["arguments"])
        + repr(list(address_blocks(description)))
        + repr([parameters.meaning(item) for item in description["parameter"]])
    )
    return int(hashlib.sha256(meaning.encode()).hexdigest()[:8], 16)
