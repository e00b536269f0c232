"""What a person types at the client, and what becomes of it. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import pytest

from hideez_bench.harness.cli.client_person import END, REST_SECONDS, TypingPerson
from hideez_bench.harness.client.user_interface import CodePrompt, PasswordPrompt, PinPrompt
from hideez_bench.protocol.secret import ActivationCode, Password, Pin

pytestmark = pytest.mark.virtual_time

T = TypeVar("T")
CODE = CodePrompt("ST1032026000203", 3, 30.0)


class Keyboard:
    """A person, and what their orders were."""

    def __init__(self, *, is_terminal: bool = True) -> None:
        self.orders: list[str] = []
        self.person = TypingPerson(
            {letter: lambda letter=letter: self.orders.append(letter) for letter in ("q", "t", END)},  # type: ignore[misc]
            lambda: None,
            is_terminal=is_terminal,
        )

    async def answer(self, asked: Awaitable[T], *keys: str) -> T:
        """What comes of keys that are pressed one after another while something is asked."""
        answer = asyncio.ensure_future(asked)
        await asyncio.sleep(0)
        for chunk in keys:
            self.person.type(chunk)
            await asyncio.sleep(0.1)
        return await answer


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (["123456\n"], "123456"),
        ([*"12345678", "\n"], "12345678"),
        (["123456789\n", "654321\n"], "654321"),  # what is too long is not cut
        (["12a3.4\N{ARABIC-INDIC DIGIT FIVE}56\n"], "123456"),
        (["12x\x7f\x7f\x7f654321\r"], "654321"),
        (["12345\n", "6\n"], "123456"),
        (["\n", "\x1b[A", "\x1bOP", "\x1b[15~123456\n"], "123456"),
    ],
)
async def test_a_code(keys: list[str], code: str) -> None:
    keyboard = Keyboard()
    answer = await keyboard.answer(keyboard.person.get_activation_code(CODE), *keys)
    assert answer == ActivationCode.from_text(code)
    assert keyboard.orders == []


async def test_what_is_typed_stands_nowhere() -> None:
    keyboard = Keyboard()
    asked = asyncio.ensure_future(keyboard.person.get_activation_code(CODE))
    await asyncio.sleep(0)
    keyboard.person.type("13579")
    question = keyboard.person.question
    assert question is not None
    assert "13579" not in repr(question)
    keyboard.person.type("\n")
    assert question.hint == "It has six to eight digits; nothing was sent, no attempt spent."
    keyboard.person.type("\x1b")
    assert await asked is None
    assert question.typed == ""


async def test_letters_are_orders_while_a_code_is_asked_and_keys_of_a_pin() -> None:
    keyboard = Keyboard()
    code = await keyboard.answer(keyboard.person.get_activation_code(CODE), "12t34Q56\n")
    assert code == ActivationCode.from_text("123456")
    assert keyboard.orders == ["t", "q"]
    pin = await keyboard.answer(keyboard.person.get_pin(PinPrompt("ST1", False, 4, 3, 120)), "qt 1\n")
    assert pin == Pin.from_text("qt 1")
    assert keyboard.orders == ["t", "q"]


async def test_what_is_typed_ahead_at_a_terminal_answers_nothing() -> None:
    keyboard = Keyboard()
    keyboard.person.type("123456\n")
    assert await keyboard.answer(keyboard.person.get_activation_code(CODE), "654321\n") == (
        ActivationCode.from_text("654321")
    )


async def test_a_new_pin_is_typed_twice() -> None:
    keyboard = Keyboard()
    prompt = PinPrompt("ST1", True, 4, 3, 120)
    pin = await keyboard.answer(keyboard.person.get_pin(prompt), "123\n", "4\n", "9999\n", "4321\n", "4321\n")
    assert pin == Pin.from_text("4321")
    assert await keyboard.answer(keyboard.person.get_pin(prompt), "1234\n", "\x1b") is None


async def test_a_master_password() -> None:
    keyboard = Keyboard()
    new = PasswordPrompt("ST1", True, 8, 120)
    chosen = await keyboard.answer(keyboard.person.get_master_password(new), "p4ss word\n", "p4ss word\n")
    assert chosen == Password.from_text("p4ss word")
    old = PasswordPrompt("ST1", False, 8, 120)
    assert await keyboard.answer(keyboard.person.get_master_password(old), "p\n") == Password.from_text("p")


async def test_more_than_a_code_has_is_not_sent_as_where_a_tag_is_read_at_the_prompt() -> None:
    keyboard = Keyboard()
    asked = asyncio.ensure_future(keyboard.person.get_activation_code(CODE))
    await asyncio.sleep(0)
    keyboard.person.type("2000000203\n")
    question = keyboard.person.question
    assert question is not None
    assert question.hint == "It has six to eight digits; nothing was sent, no attempt spent. Begin again."
    assert question.typed == ""
    keyboard.person.type("\x1b")
    assert await asked is None


async def test_a_tag_is_there_at_once_and_may_come_from_a_pipe() -> None:
    keyboard = Keyboard()
    tag = keyboard.person.get_tag("2")
    keyboard.person.type("000000203\n")  # in one breath, as a reader does
    assert await tag == "2000000203"
    assert keyboard.person.question is None
    asked: list[Awaitable[str | None]] = []
    piped = TypingPerson({"r": lambda: asked.append(piped.get_tag())}, lambda: None, is_terminal=False)
    piped.type("r\n2000000203\n")
    assert await asked[0] == "2000000203"


async def test_what_the_client_asks_comes_in_place_of_a_tag_and_a_tag_does_not_wait_for_long() -> None:
    keyboard = Keyboard()
    tag = keyboard.person.get_tag("2")
    code = await keyboard.answer(keyboard.person.get_activation_code(CODE), "123456\n")
    assert code == ActivationCode.from_text("123456")
    assert await tag is None
    assert await keyboard.person.get_tag() is None
    assert asyncio.get_running_loop().time() == pytest.approx(15.1, abs=0.1)
    assert keyboard.person.question is None


async def withdrawn(keyboard: Keyboard, asked: Awaitable[object], keys: str) -> None:
    """A question that goes away while somebody types."""
    task = asyncio.ensure_future(asked)
    await asyncio.sleep(0)
    keyboard.person.type(keys)
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.parametrize("end", ["\r", "\x1b", ""])
async def test_the_rest_of_an_answer_whose_question_is_gone_is_no_order(end: str) -> None:
    keyboard = Keyboard()
    pin = PinPrompt(CODE.serial, False, 4, 3, 120.0)
    await withdrawn(keyboard, keyboard.person.get_pin(pin), "se")
    for key in "qtq":
        await asyncio.sleep(REST_SECONDS - 0.5)
        keyboard.person.type(key)
    assert keyboard.orders == []
    if end:
        keyboard.person.type(end)
    else:
        await asyncio.sleep(REST_SECONDS + 0.5)
    keyboard.person.type("t")
    assert keyboard.orders == ["t"]


async def test_the_rest_of_an_answer_goes_to_no_other_question_and_ctrl_d_is_none() -> None:
    keyboard = Keyboard()
    await withdrawn(keyboard, keyboard.person.get_activation_code(CODE), "12")
    keyboard.person.type(END)
    assert keyboard.orders == [END]
    answer = await keyboard.answer(keyboard.person.get_activation_code(CODE), "3456\r", "654321\r")
    assert answer == ActivationCode.from_text("654321")


async def test_orders_count_at_once_where_nothing_was_typed_when_the_question_went_away() -> None:
    keyboard = Keyboard()
    await withdrawn(keyboard, keyboard.person.get_activation_code(CODE), "")
    keyboard.person.type("t")
    assert keyboard.orders == ["t"]


async def test_digits_that_may_be_a_code_are_not_taken_for_a_tag() -> None:
    keyboard = Keyboard()
    asked = asyncio.ensure_future(keyboard.person.get_tag("1"))
    keyboard.person.type("2345678\r")
    assert keyboard.person.question is not None
    assert "nothing was sent" in keyboard.person.question.hint
    keyboard.person.type("90\r")
    assert await asked == "1234567890"


async def test_ctrl_d_is_an_order() -> None:
    keyboard = Keyboard()
    keyboard.person.type(END)
    assert keyboard.orders == [END]


async def test_a_question_that_is_withdrawn_is_gone() -> None:
    keyboard = Keyboard()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(30):
            await keyboard.answer(keyboard.person.get_activation_code(CODE), "123")
    assert keyboard.person.question is None
    keyboard.person.type("456\n")


async def test_lines_of_a_pipe_are_kept_until_something_is_asked() -> None:
    keyboard = Keyboard(is_terminal=False)
    keyboard.person.type("111111\n222")
    keyboard.person.type("222\nq\n")
    assert keyboard.orders == []  # in the order of the lines
    ask = keyboard.person.get_activation_code
    assert await ask(CODE) == ActivationCode.from_text("111111")
    assert await ask(CODE) == ActivationCode.from_text("222222")
    assert keyboard.orders == ["q"]


async def test_letters_of_a_pipe_cost_no_attempt() -> None:
    piped = Keyboard(is_terminal=False)
    asked = asyncio.ensure_future(piped.person.get_activation_code(CODE))
    await asyncio.sleep(0)
    for line in ("abcdef", "12345x", "１２"):
        piped.person.type(f"{line}\n")
        assert piped.person.question
        assert piped.person.question.hint == "It has six to eight digits; nothing was sent, no attempt spent."
    piped.person.type("123456\n")
    assert await asked == ActivationCode.from_text("123456")


async def test_an_empty_line_and_the_end_of_a_pipe_give_up() -> None:
    keyboard = Keyboard(is_terminal=False)
    ask = keyboard.person.get_activation_code
    assert await keyboard.answer(ask(CODE), "\n") is None
    keyboard.person.type("333333")
    keyboard.person.end()
    assert await ask(CODE) == ActivationCode.from_text("333333")
    assert await ask(CODE) is None
