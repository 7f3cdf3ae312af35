#!/usr/bin/env python3
"""Writes what follows from the description of the hardware: rtl/hardware.toml, the cores' core/*/core.toml.

usage: generate_hardware.py rtl/hardware.toml OUT_DIR
       generate_hardware.py rtl/hardware.toml --docs docs/chip-file.md
The first writes into OUT_DIR
  spikeloom_pkg.sv          the SystemVerilog package
  spikeloom_parameters.svh  parameter lists as macros: declared, passed on, checked
  spikeloom_hw.hpp          words, registers, addresses and memory words in C++
  spikeloom_memory_fields.hpp  fields of memory words as values in C++
  spikeloom_parameters.hpp  structures of the parameters
  spikeloom_keys.inc        rows of the chip file reader's table
  spikeloom_hw.cl           memory words in OpenCL C
  kernel.xml                the card's kernel
Package and header carry the description's hash: the hardware answers it at register 0, and every device
session checks it. The second refreshes the table of the page.
"""
import pathlib
import sys

from hardware import cpp, description, kernel, parameters, systemverilog

WRITERS = {
    "spikeloom_pkg.sv": systemverilog.package,
    "spikeloom_parameters.svh": systemverilog.header,
    "spikeloom_hw.hpp": cpp.header,
    "spikeloom_memory_fields.hpp": cpp.memory_fields,
    "spikeloom_parameters.hpp": cpp.structures,
    "spikeloom_keys.inc": cpp.key_table,
    "spikeloom_hw.cl": cpp.opencl,
    "kernel.xml": lambda described: kernel.xml_text(described["kernel"]),
}


def write_if_changed(path, text):
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main():
    if len(sys.argv) == 4 and sys.argv[2] == "--docs":
        page = pathlib.Path(sys.argv[3])
        text = page.read_text(encoding="utf-8")
        write_if_changed(page, parameters.refreshed(description.load(sys.argv[1]), text))
        return
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    described = description.load(sys.argv[1])
    out = pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for name, writer in WRITERS.items():
        write_if_changed(out / name, writer(described))


if __name__ == "__main__":
    main()
