"""Profile files: any bytes give a profile whose wire works, or one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.profile import default_profile
from hideez_bench.protocol.profile_file import ProfileError, load_profile
from hideez_bench.protocol.wire import Wire
from tests.protocol.golden import load

SOME_GOLDENS = load()[::8]


def seeds() -> Iterator[bytes]:
    """Files that replace one item of each section, and two that are refused."""
    items = {item.section: item for item in default_profile().items.values()}
    for section, item in items.items():
        value = f'"{item.value}"' if isinstance(item.value, str) else item.value
        yield f"[{section}]\n{item.name} = {value}\n".encode()
        yield f'[{section}]\n{item.name} = {{ value = {value}, tag = "I", source = "s" }}\n'.encode()
    yield b"[command]\nLINK = 1\n"
    yield b"[size]\nmax_message = 4\n"


def run(data: bytes) -> None:
    """The input is the file."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "profile.toml"
        file.write_bytes(data)
        try:
            profile = load_profile(file)
        except ProfileError as error:
            assert str(error).endswith(".")
            assert "\n" not in str(error)
            return
    wire = Wire(profile)
    for golden in SOME_GOLDENS:
        layout = getattr(wire, golden.layer)
        try:
            built = layout.build(golden.value)
        except WireError:
            continue  # other limits, other values
        assert layout.parse(built) == golden.value
