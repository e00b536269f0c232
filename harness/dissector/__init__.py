"""A dissector for Wireshark, in Lua, made from the layouts that the emulator and the harness speak."""
