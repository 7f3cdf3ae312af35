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
    """The description with every core's part merged in; stops with the first fault."""
    description = tomllib.loads(pathlib.Path(hardware).read_text(encoding="utf-8"))
    description["cores"] = []
    description["pages_per_firing"] = {}  # by core
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


def add_core(description, part, path):
    name = part.pop("core", None)
    if name != path.parent.name:
        sys.exit(f"{path}: core: expected the folder's name, {path.parent.name}, found {name}")
    description["cores"].append(name)
    description["pages_per_firing"][name] = part.pop("pages_per_firing", 1)
    windows_of = part.get("memories", {})
    windows = list(windows_of.values())
    if len(set(windows)) != len(windows) or not all(0 <= window < 16 for window in windows):
        sys.exit(f"{path}: memories: expected numbers of its own from 0 to 15, found {windows}")
    for table in ("memories", "formats"):
        for key, value in part.pop(table, {}).items():
            if key in description[table]:
                sys.exit(f"{path}: {table}: {key} is another core's")
            description[table][key] = value
    for word in part.pop("memory_word", []):
        if word.get("memory") not in windows_of:
            sys.exit(
                f"{path}: memory_word {word.get('name')}: memory: expected one of {', '.join(windows_of)}, "
                f"found {word.get('memory')}"
            )
        description["memory_word"].append({**word, "core": name})
    for parameter in part.pop("parameter", []):
        description["parameter"].append({**parameter, "owner": name})
    if part:
        sys.exit(
            f"{path}: {', '.join(part)}: a core's file has core, pages_per_firing, memories, memory_word, "
            "formats, parameter"
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
    for name, pages in description["pages_per_firing"].items():
        if not isinstance(pages, int) or not 1 <= pages <= description["limits"]["PAGES"]:
            most = description["limits"]["PAGES"]
            sys.exit(f"core {name}: pages_per_firing = {pages}: expected 1 to {most}")


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
        + repr(description["kernel"]["arguments"])
        + repr(list(address_blocks(description)))
        + repr([parameters.meaning(item) for item in description["parameter"]])
    )
    return int(hashlib.sha256(meaning.encode()).hexdigest()[:8], 16)
