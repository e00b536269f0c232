"""Who sits at `hideez-bench activate`, and what is typed there."""

from __future__ import annotations

import pytest

from hideez_bench.harness.client.user_interface import CodePrompt
from hideez_bench.harness.people import TerminalPerson
from hideez_bench.protocol.secret import ActivationCode


@pytest.mark.parametrize("typed", ["abcdef", "12345x", "１２３４５６", " 123456"])
async def test_what_is_no_code_is_not_sent(typed: str) -> None:
    """It would cost an attempt, and the client's dialog takes digits only."""
    lines, said = iter([typed, "?", "654321"]), list[str]()

    async def ask(prompt: str) -> str | None:
        said.append(prompt)
        return next(lines)

    async def show_code() -> None:
        said.append("the code")

    person = TerminalPerson(ask, show_code, said.append)
    code = await person.get_activation_code(CodePrompt("ST1032026000203", 3, 30))
    assert code == ActivationCode.from_text("654321")
    prompt = said[0]
    assert said == [
        prompt,
        "A code has digits only; nothing was sent, no attempt spent.",
        prompt,
        "the code",
        prompt,
    ]
