"""docs/key.md shows the life of a key as the code has it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hideez_bench.emulator.key.finger import TAPS
from hideez_bench.emulator.key.identity import Identity, Model
from hideez_bench.emulator.key.life import AUDIENCE, LASTS, LED, Mode, picture
from hideez_bench.emulator.key.view import Led
from hideez_bench.protocol.names import Button
from hideez_bench.protocol.profile import default_profile

PAGE = (Path(__file__).parents[2] / "docs" / "key.md").read_text()
PROFILE = default_profile()


def modes() -> list[str]:
    return [f"| {mode} | {AUDIENCE[mode].value} | {light(LED[mode])} | {lasts(mode)} |" for mode in Mode]


def lasts(mode: Mode) -> str:
    return f"{PROFILE.seconds(LASTS[mode]):g} s" if mode in LASTS else ""


def light(led: Led) -> str:
    return led.name.lower().replace("_", " ")


def lights() -> list[str]:
    return [
        f"| {light(led)} | {led.colour} | {led.pattern.on} | {led.pattern.off} | {led.pattern.count or 'on and on'} |"
        for led in Led
        if led is not Led.OFF
    ]


def models() -> list[str]:
    return [
        f"| {model.name.replace('_', ' ').capitalize()} | {model.code} | {model.name_prefix} | {model.power.value} "
        f"| {Identity.numbered(0, model).storage_size} | {'yes' if model.has_buzzer else 'no'} |"
        for model in Model
    ]


def codes() -> list[str]:
    gap, long, longest = (PROFILE.seconds(name) for name in ("tap_gap", "long_press", "super_long_press"))
    said = {
        **{code: f"{number} presses, {gap:g} s or less apart" for number, code in enumerate(TAPS, 1)},
        Button.SINGLE: "1 press",
        Button.MULTI: f"{len(TAPS) + 1} or more",
        Button.LONG: f"a hold of {long:g} s or more; told at its end",
        Button.SUPER_LONG: f"a hold of {longest:g} s; told while it lasts",
    }
    return [f"| {code.value} | {said[code]} |" for code in Button if code is not Button.NONE]


@pytest.mark.parametrize(
    ("name", "rows"), [("modes", modes), ("lights", lights), ("models", models), ("codes", codes)]
)
def test_the_tables_are_those_of_the_code(name: str, rows: Callable[[], list[str]]) -> None:
    _, _, after = PAGE.partition(f"<!-- {name} -->\n")
    table = after.split("\n\n")[0].splitlines()
    assert table[2:] == rows()


def test_the_picture_is_that_of_the_code() -> None:
    assert f"```mermaid\n{picture()}\n```" in PAGE


def test_the_picture_can_be_printed() -> None:
    command = [sys.executable, "-m", "hideez_bench.emulator.key.life"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == picture() + "\n"
