#!/usr/bin/env python3
"""Writes the SystemVerilog package, the C++ header, the OpenCL C accessors and the card's kernel.xml of
rtl/hardware.toml.

usage: generate_hardware.py rtl/hardware.toml OUT_DIR
writes OUT_DIR/spikeloom_pkg.sv and OUT_DIR/spikeloom_hw.hpp, which carry the description's hash (the hardware
answers it at register 0 and every device session checks it), OUT_DIR/spikeloom_hw.cl: memory layouts only,
and OUT_DIR/kernel.xml.
"""
import hashlib
import pathlib
import sys
import tomllib
import xml.etree.ElementTree


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def check_fields(what, fields, width):
    taken = 0
    for name, low, size in fields:
        mask = ((1 << size) - 1) << low
        if size < 1 or low + size > width:
            sys.exit(f"{what}: field {name} does not fit {width} bits")
        if taken & mask:
            sys.exit(f"{what}: field {name} overlaps another")
        taken |= mask


def layouts(description):
    """(struct name, total width, fields) of everything with fields."""
    for word in description["word"]:
        yield "word_" + word["name"], 64, word["fields"]
    for register in description["register"]:
        yield "reg_" + register["name"], 32, register["fields"]
    for entry in description["memory_word"]:
        yield "mem_" + entry["name"], 32 * entry["parts"], entry["fields"]


def constants(description):
    for prefix, table in (
        ("KIND", "kinds"),
        ("PORT", "ports"),
        ("ADDR", "address"),
        ("MEM", "memories"),
        ("FORMAT", "formats"),
        ("LIMIT", "limits"),
    ):
        for name, value in description[table].items():
            yield f"{prefix}_{name}", value
    yield from kernel_constants(description["kernel"])


def kernel_constants(kernel):
    for name in (
        "control_bits",
        "control_range",
        "memory_bits",
        "alignment",
        "header_words",
        "watchdog_cycles",
    ):
        yield f"KERNEL_{name.upper()}", kernel[name]
    for number, name, offset, _, _ in kernel["arguments"]:
        yield f"KERNEL_ARGUMENT_{name.upper()}", number
        yield f"KERNEL_OFFSET_{name.upper()}", offset
    for prefix, table in (
        ("REGISTER", "registers"),
        ("CONTROL", "control"),
        ("HEADER", "header"),
        ("ERROR", "errors"),
    ):
        for name, value in kernel[table].items():
            yield f"KERNEL_{prefix}_{name}", value


def check_kernel(kernel):
    """What XRT, Vitis and the register file take for granted: stops with the first breach."""
    taken = {}

    def take(name, offset, size):
        if offset % 4 or size % 4 or offset < 0 or offset + size > kernel["control_range"]:
            sys.exit(f"kernel: {name}: 0x{offset:x} and {size} bytes are no whole words of the control range")
        for word in range(offset, offset + size, 4):
            if word in taken:
                sys.exit(f"kernel: {name} lies on {taken[word]} at 0x{word:x}")
            taken[word] = name

    for name, offset in kernel["registers"].items():
        take(name, offset, 4)
    for place, (number, name, offset, size, what) in enumerate(kernel["arguments"]):
        if number != place:
            sys.exit(f"kernel: argument {name} has id {number} at place {place}: ids count up from 0")
        if what not in ("global", "scalar") or size != {"global": 8}.get(what, 4):
            sys.exit(
                f"kernel: argument {name}: "
                f"expected a global of 8 bytes or a scalar of 4, found {what}, {size}"
            )
        take(name, offset, size)
    for table in ("header", "control", "errors"):
        if len(set(kernel[table].values())) != len(kernel[table]):
            sys.exit(f"kernel: {table}: a value occurs twice")
    if max(kernel["header"].values()) >= kernel["header_words"]:
        sys.exit("kernel: header: a word lies behind header_words")


def kernel_header(kernel):
    """C++ of what is no number: names and the table of arguments."""
    out = [
        "",
        "struct KernelArgument {",
        "  std::uint32_t id = 0;",
        "  std::string_view name;",
        "  std::uint32_t offset = 0;  // of its first register",
        "  std::uint32_t bytes = 0;",
        "  bool is_global = false;    // a buffer's address; else a scalar",
        "};",
    ]
    for name in ("name", "vlnv", "control_port", "memory_port"):
        out.append(f'inline constexpr std::string_view {constant_name("KERNEL_" + name)} = "{kernel[name]}";')
    out.append(
        f"inline constexpr std::array<KernelArgument, {len(kernel['arguments'])}> kKernelArguments = {{{{"
    )
    for number, name, offset, size, what in kernel["arguments"]:
        out.append(
            f'    {{{number}, "{name}", 0x{offset:x}, {size}, {"true" if what == "global" else "false"}}},'
        )
    return out + ["}};"]


def kernel_xml(kernel):
    """Vitis' description of an RTL kernel."""
    root = xml.etree.ElementTree.Element("root", versionMajor="1", versionMinor="6")
    top = xml.etree.ElementTree.SubElement(
        root,
        "kernel",
        name=kernel["name"],
        language="ip_c",
        vlnv=kernel["vlnv"],
        attributes="",
        preferredWorkGroupSizeMultiple="0",
        workGroupSize="1",
        interrupt="true",
        hwControlProtocol="ap_ctrl_hs",
    )
    ports = xml.etree.ElementTree.SubElement(top, "ports")
    for name, mode, size, width in (
        (kernel["memory_port"], "master", 2**64 - 1, kernel["memory_bits"]),
        (kernel["control_port"], "slave", kernel["control_range"], kernel["control_bits"]),
    ):
        xml.etree.ElementTree.SubElement(
            ports,
            "port",
            name=name,
            mode=mode,
            range=f"0x{size:X}",
            dataWidth=str(width),
            portType="addressable",
            base="0x0",
        )
    arguments = xml.etree.ElementTree.SubElement(top, "args")
    for number, name, offset, size, what in kernel["arguments"]:
        is_global = what == "global"
        xml.etree.ElementTree.SubElement(
            arguments,
            "arg",
            name=name,
            addressQualifier="1" if is_global else "0",
            id=str(number),
            port=kernel["memory_port" if is_global else "control_port"],
            size=f"0x{size:X}",
            offset=f"0x{offset:X}",
            hostOffset="0x0",
            hostSize=f"0x{size:X}",
            type="ulong*" if is_global else "uint",
        )
    xml.etree.ElementTree.indent(root)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        + xml.etree.ElementTree.tostring(root, encoding="unicode")
        + "\n"
    )


def system_verilog(description, digest):
    out = [
        "// Generated by scripts/generate_hardware.py from rtl/hardware.toml. Do not edit.",
        "package spikeloom_pkg;",
        f"  localparam logic [31:0] HARDWARE_HASH = 32'h{digest:08x};",
    ]
    for name, value in constants(description):
        out.append(f"  localparam int unsigned {name} = {value};")
    for name, width, fields in layouts(description):
        upper = name.upper()
        out.append(f"  localparam int unsigned {upper}_WIDTH = {width};")
        for field, low, size in fields:
            out.append(f"  localparam int unsigned {upper}_{field.upper()}_LSB = {low};")
            out.append(f"  localparam int unsigned {upper}_{field.upper()}_W = {size};")
    out.append("endpackage\n")
    return "\n".join(out)


def constant_name(name):
    return "k" + camel(name.lower())


def header(description, digest):
    out = [
        "// Generated by scripts/generate_hardware.py from rtl/hardware.toml. Do not edit.",
        "#pragma once",
        "",
        "#include <array>",
        "#include <cstddef>",
        "#include <cstdint>",
        "#include <string_view>",
        "",
        "namespace spikeloom::hw {",
        "",
        f"inline constexpr std::uint32_t kHardwareHash = 0x{digest:08x};",
    ]
    for name, value in constants(description):
        out.append(f"inline constexpr std::uint32_t {constant_name(name)} = {value};")
    out += kernel_header(description["kernel"])
    for name, width, fields in layouts(description):
        kind = name.split("_")[0]
        if kind == "mem":
            storage, load, store = (f"std::array<std::uint32_t, {width // 32}>", None, None)
        else:
            storage = "std::uint64_t" if width == 64 else "std::uint32_t"
        struct = camel(name)
        out += ["", f"struct {struct} {{"]
        for field, low, size in fields:
            field_type = "std::uint64_t" if size > 32 else "std::uint32_t"
            out.append(f"  {field_type} {field} = 0;  // bits {low + size - 1}:{low}")
        out.append(f"  friend bool operator==(const {struct}&, const {struct}&) = default;")
        out.append(f"  /// Field values must fit; excess bits are cut.")
        out.append(f"  [[nodiscard]] constexpr {storage} pack() const {{")
        if kind == "mem":
            out.append(f"    {storage} parts{{}};")
            for field, low, size in fields:
                if low // 32 != (low + size - 1) // 32:
                    sys.exit(f"{name}: field {field} crosses a 32-bit part")
                mask = (1 << size) - 1
                out.append(f"    parts[{low // 32}] |= ({field} & 0x{mask:x}U) << {low % 32}U;")
            out.append("    return parts;")
        else:
            suffix = "ULL" if width == 64 else "U"
            out.append(f"    {storage} bits = 0;")
            for field, low, size in fields:
                mask = (1 << size) - 1
                out.append(f"    bits |= ({storage}{{{field}}} & 0x{mask:x}{suffix}) << {low}U;")
            out.append("    return bits;")
        out.append("  }")
        argument = "parts" if kind == "mem" else "bits"
        out.append(f"  [[nodiscard]] static constexpr {struct} unpack(const {storage}& {argument}) {{")
        out.append(f"    {struct} value;")
        for field, low, size in fields:
            mask = (1 << size) - 1
            field_type = "std::uint64_t" if size > 32 else "std::uint32_t"
            if kind == "mem":
                out.append(f"    value.{field} = (parts[{low // 32}] >> {low % 32}U) & 0x{mask:x}U;")
            else:
                suffix = "ULL" if width == 64 else "U"
                out.append(
                    f"    value.{field} = static_cast<{field_type}>((bits >> {low}U) & 0x{mask:x}{suffix});"
                )
        out += ["    return value;", "  }", "};"]
    out += ["", "}  // namespace spikeloom::hw", ""]
    return "\n".join(out)


def opencl(description):
    """Macros that take a pointer to a memory word's 32-bit parts."""
    out = ["/* Generated by scripts/generate_hardware.py from rtl/hardware.toml. Do not edit. */"]
    out += [f"#define FORMAT_{name} {value}" for name, value in description["formats"].items()]
    for entry in description["memory_word"]:
        upper = entry["name"].upper()
        out.append(f"#define {upper}_PARTS {entry['parts']}")
        for field, low, size in entry["fields"]:
            mask = (1 << size) - 1
            out.append(
                f"#define {upper}_{field.upper()}(parts) ((parts)[{low // 32}] >> {low % 32} & 0x{mask:x}u)"
            )
    return "\n".join([*out, ""])


def write_if_changed(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source = pathlib.Path(sys.argv[1]).read_bytes()
    description = tomllib.loads(source.decode())
    for name, width, fields in layouts(description):
        check_fields(name, fields, width)
    check_kernel(description["kernel"])
    # The hash follows the meaning, not comments or layout of the file.
    digest = int(
        hashlib.sha256(
            repr(sorted(constants(description))).encode()
            + repr(list(layouts(description))).encode()
            + repr(description["kernel"]["arguments"]).encode()
        ).hexdigest()[:8],
        16,
    )
    out = pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    write_if_changed(out / "spikeloom_pkg.sv", system_verilog(description, digest))
    write_if_changed(out / "spikeloom_hw.hpp", header(description, digest))
    write_if_changed(out / "spikeloom_hw.cl", opencl(description))
    write_if_changed(out / "kernel.xml", kernel_xml(description["kernel"]))


if __name__ == "__main__":
    main()
