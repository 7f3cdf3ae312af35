"""The description of the hardware, rtl/hardware.toml, and what is written from it."""
