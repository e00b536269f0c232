"""A key as a process of its own, reached from another; and what it has counted when it is killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.processes.conftest import Surroundings
from tests.processes.programs import Finished, at_terminal

pytestmark = pytest.mark.bluez


def outcome(finished: Finished) -> tuple[str, int]:
    """The verdict and the attempts left."""
    assert finished.output, finished.errors
    report = json.loads(finished.output)
    return report["verdict"], report["attempts_remaining"]


async def test_a_key_in_one_process_is_activated_from_another(
    surroundings: Surroundings, tmp_path: Path
) -> None:
    await surroundings.start_key("--state", str(tmp_path / "key.db"))
    finished = await surroundings.activate()
    assert finished.status == 0, finished.everything
    assert "HK-00203 (ST1032026000203) is Active." in finished.output
    # Once active, it is not asked again.
    again = await surroundings.activate("--json")
    assert again.status == 0
    assert outcome(again) == ("active", 3)
    assert "prompt" not in again.output


async def test_attempts_stay_spent_when_the_key_is_killed_between_any_two_codes(
    surroundings: Surroundings, tmp_path: Path
) -> None:
    state = ("--state", str(tmp_path / "key.db"))
    for left in (2, 1):
        key = await surroundings.start_key(*state)
        spent = await surroundings.activate("--code", "wrong", "--json")
        assert outcome(spent) == ("waiting for its code", left)
        await key.kill()
    await surroundings.start_key(*state)
    last = await surroundings.activate("--code", "wrong", "--json")
    assert last.status == 1
    assert outcome(last) == ("locked", 0)
    back = await surroundings.activate("--reactivate", "--json")
    assert outcome(back) == ("active", 3)


async def test_a_key_killed_while_the_person_types_costs_nothing(
    surroundings: Surroundings, tmp_path: Path
) -> None:
    state = ("--state", str(tmp_path / "key.db"))
    key = await surroundings.start_key(*state)
    async with at_terminal(surroundings.activate_command(), surroundings.env) as terminal:
        await terminal.expect("Activation code for")
        await key.kill()
        terminal.type("123456")
        assert await terminal.finish() != 0
    assert "Traceback" not in terminal.screen
    assert "lost" in terminal.screen
    await surroundings.start_key(*state)
    after = await surroundings.activate("--json")
    assert outcome(after) == ("active", 3)


async def test_a_state_file_has_one_user(surroundings: Surroundings, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "key.db"))
    await surroundings.start_key(*state)
    with pytest.raises(AssertionError, match="ended before"):
        await surroundings.start_key(*state)


async def test_a_state_file_belongs_to_one_key(surroundings: Surroundings, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "key.db"))
    key = await surroundings.start_key(*state)
    key.process.terminate()
    assert await key.process.wait() == 0
    with pytest.raises(AssertionError, match="belongs to the key ST1032026000203"):
        await surroundings.start_key(*state, name="HK-00204")
