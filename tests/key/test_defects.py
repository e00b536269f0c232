"""Every seeded defect is noticed, by the machine of the promises or by a check of its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from hideez_bench.emulator.key.defects.catalogue import CATALOGUE, defective
from hideez_bench.emulator.key.key import Key
from hideez_bench.protocol.errors import BenchError
from tests.key.defect_checks import CHECKS
from tests.key.desk import WRONG_CODE, Desk, refusal
from tests.key.test_promises import BREAK_PROMISES

KEY = Path(__file__).parents[2] / "emulator" / "key"


@pytest.mark.parametrize("name", CHECKS)
async def test_a_key_without_defects_passes(name: str) -> None:
    await CHECKS[name](Desk())


@pytest.mark.parametrize("name", CHECKS)
async def test_a_key_with_the_defect_is_found_out(name: str) -> None:
    desk = Desk(key_type=defective([name]))
    with pytest.raises((AssertionError, BenchError)):
        await CHECKS[name](desk)


def test_no_defect_is_without_a_test_that_finds_it() -> None:
    assert CATALOGUE.keys() == CHECKS.keys() | BREAK_PROMISES


def test_there_are_many_and_each_says_what_it_breaks() -> None:
    assert len(CATALOGUE) >= 40
    for defect in CATALOGUE.values():
        assert defect.summary.endswith(".")
        assert "\n" not in defect.summary
        assert defect.breaks[0] in "ABCDEF"


async def test_several_defects_go_together() -> None:
    desk = Desk(key_type=defective(["one-attempt-more", "wrong-attempts-in-info", "wrong-error-number"]))
    await desk.bring_to("W")
    async with desk.device() as device:
        assert device.info.unlock_attempts == 5
        assert str(await refusal(device.unlock_device_code(WRONG_CODE))) == "ERR_KEY_WRONG"


def test_the_page_lists_them_as_they_are() -> None:
    page = (KEY.parents[1] / "docs" / "defects.md").read_text()
    rows = [f"| `{defect.name}` | {defect.breaks} | {defect.summary} |" for defect in CATALOGUE.values()]
    assert [line for line in page.splitlines() if line.startswith("| `")] == rows


def test_none_is_the_key_itself() -> None:
    assert defective([]) is Key


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(BenchError, match=r"no defect 'no-such-thing'.*hideez-bench defects"):
        defective(["no-such-thing"])


def test_the_firmware_knows_nothing_of_defects() -> None:
    strays = [
        str(path.relative_to(KEY))
        for path in KEY.rglob("*.py")
        if path.parent.name != "defects"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and "defects" in f"{node.module} {[a.name for a in node.names]}"
    ]
    assert strays == []
