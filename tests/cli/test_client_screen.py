"""The live view, in windows of any size. In virtual time."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator

import pytest
from rich.console import Console

from hideez_bench.harness.cli.client_person import TypingPerson
from hideez_bench.harness.cli.client_scene import Scene
from hideez_bench.harness.cli.client_screen import picture
from hideez_bench.harness.client.user_interface import CodePrompt
from tests.client.office import open_office

pytestmark = pytest.mark.virtual_time

KEYS = 9
LETTERS = {"q": "quit", "t": "tap a key", "l": "lock or unlock the computer", "?": "show the code"}


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Nine keys in reach, too far to be taken up."""
    async with open_office() as office:
        person = TypingPerson({}, lambda: None, is_terminal=True)
        keys = [await office.key(rssi=-90) for _ in range(KEYS)]
        computer = await office.computer(person)
        await computer.until(lambda: len(computer.service.keys) == len(keys))
        yield Scene(
            computer.service,
            person,
            place="Workstation bench, server in this process, memory",
            letters=LETTERS,
            clock=asyncio.get_running_loop().time,
            is_server_there=lambda: True,
        )


def shown(scene: Scene, width: int, height: int) -> list[str]:
    """The lines of a window of this size."""
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None)
    with console.capture() as captured:
        console.print(picture(scene, console))
    return captured.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(110, 40), (80, 24), (40, 15), (60, 10), (20, 8), (30, 4)])
async def test_what_is_asked_stands_in_a_window_of_any_size(scene: Scene, width: int, height: int) -> None:
    asked = asyncio.ensure_future(scene.person.get_activation_code(CodePrompt("ST1032026000203", 3, 30)))
    await asyncio.sleep(0)
    lines = shown(scene, width, height)
    assert max(map(len, lines)) <= width
    assert len(lines) <= height or (width, height) == (30, 4)
    assert "Activation code for" in " ".join(lines)
    asked.cancel()


async def test_a_low_window_has_some_of_the_keys_and_says_how_many_are_left_out(scene: Scene) -> None:
    lines = shown(scene, 80, 40)
    assert sum("HK-" in line for line in lines) == KEYS
    assert "quit" in lines[-1]
    lines = shown(scene, 80, 12)
    keys = sum("HK-" in line for line in lines)
    assert 0 < keys < KEYS
    assert any(re.search(rf"{KEYS - keys} more", line) for line in lines)
    assert "quit" in lines[-1]


@pytest.mark.parametrize("width", [60, 40, 30])
async def test_the_help_breaks_between_letters_and_not_within_one(scene: Scene, width: int) -> None:
    lines = [line.rstrip() for line in shown(scene, width, 40)]
    told = [word for line in lines[-len(LETTERS) :] for word in line.split("   ")]
    for letter, meaning in LETTERS.items():
        assert f"{letter} {meaning}" in told


async def test_the_title_counts_down_to_a_lock_by_absence(scene: Scene) -> None:
    service = scene.service
    key = next(iter(service.keys.values()))
    key.serial = service.state.unlocked_by = "ST1032026000203"
    service.absence.look()
    assert scene.title.startswith("the computer locks in 5 s: its key has gone")
    await asyncio.sleep(3)
    assert scene.title.startswith("the computer locks in 2 s")
    await asyncio.sleep(3)
    assert scene.title.startswith("computer locked")
