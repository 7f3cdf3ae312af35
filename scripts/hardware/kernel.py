"""The card's kernel: constants, the table of its arguments, and Vitis' kernel.xml."""
import sys
import xml.etree.ElementTree


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def constants(kernel):
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


def check(kernel):
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


def header(kernel):
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
        out.append(f'inline constexpr std::string_view kKernel{camel(name)} = "{kernel[name]}";')
    out.append(
        f"inline constexpr std::array<KernelArgument, {len(kernel['arguments'])}> kKernelArguments = {{{{"
    )
    for number, name, offset, size, what in kernel["arguments"]:
        out.append(
            f'    {{{number}, "{name}", 0x{offset:x}, {size}, {"true" if what == "global" else "false"}}},'
        )
    return out + ["}};"]


def xml_text(kernel):
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
