"""`hideez-bench client` as people and machines run it: at a terminal, in plain lines, through a pipe, as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import re
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import pytest

from tests.processes import long_codes
from tests.processes.conftest import Surroundings
from tests.processes.programs import Terminal, at_terminal, hideez_bench, run, running
from tests.processes.test_secrecy import secrets_of

ENV = {**os.environ, "COLUMNS": "110", "LINES": "40", "TERM": "xterm"}
ESCAPE = "\x1b"
ONLINE = "\x1b[32monline"
"""As it stands in the table, in green."""


def command(*arguments: str, hes: Path | None = None) -> list[str]:
    server = ["--hes", str(hes)] if hes else []
    return [*long_codes.program(typed=True), "client", "--target", "emulator:memory", *server, *arguments]


def code_in(hes_file: Path) -> str:
    """The one code that the server's file holds."""
    (code,) = {secret.decode() for secret in secrets_of(hes_file) if len(secret) in (6, long_codes.LENGTH)}
    return code


def wrong(code: str) -> str:
    return code[:-1] + str((int(code[-1]) + 1) % 10)


async def asked(terminal: Terminal, attempts: int) -> None:
    await terminal.expect(f"asks for the activation code ({attempts} attempt")
    await terminal.expect("Esc gives up")


async def test_a_person_types_a_wrong_code_and_the_right_one(tmp_path: Path) -> None:
    hes_file = tmp_path / "hes.db"
    async with at_terminal(command(hes=hes_file), ENV) as terminal:
        await asked(terminal, 3)
        code = code_in(hes_file)
        terminal.press("12345")
        await terminal.expect("•••••")
        terminal.type("")
        await terminal.expect("It has six to eight digits; nothing was sent")
        terminal.press("\x7f" * 5)
        terminal.type(wrong(code))
        await terminal.expect("That is not the code. 2 attempts left.")
        await terminal.expect("2 left, ")
        terminal.type(f"x{code}")  # what is no digit is not taken
        await terminal.expect(ONLINE)
        await terminal.expect("Ada Lovelace")
        terminal.press("l")
        await terminal.expect("computer locked")
        await terminal.expect("  in reach")
        terminal.press("t")
        await terminal.expect("The computer is unlocked, by key ST1032026000203.")
        await terminal.expect("has key ST1032026000203 online", times=2)
        terminal.press("w")
        await terminal.expect("You walk away with HK-00203.")
        await terminal.expect("locks the computer in 5 s, unless key ST1032026000203")
        terminal.press("w")
        await terminal.expect("You are back with HK-00203.")
        terminal.press("q")
        assert await terminal.finish() == 0
        assert terminal.shows_what_is_typed
    assert re.search(r"[23]\d s", terminal.screen)
    assert "12345" not in terminal.screen
    assert code not in terminal.screen
    assert wrong(code) not in terminal.screen


async def test_three_wrong_codes_and_the_administrator_brings_the_key_back(tmp_path: Path) -> None:
    hes_file = tmp_path / "hes.db"
    async with at_terminal(command(hes=hes_file), ENV) as terminal:
        for attempts in (3, 2, 1):
            await asked(terminal, attempts)
            terminal.type(wrong(code_in(hes_file)))
        await terminal.expect("stopped")
        assert "ask the administrator to activate it" in terminal.screen
        before = terminal.screen.count("3 left, ")
        terminal.press("a")
        await terminal.expect("3 left, ", times=before + 1)
        terminal.press("?")
        await terminal.expect("The code of HK-00203 is ")
        terminal.type(re.findall(r"is (\d{8})\.", terminal.screen)[-1])
        await terminal.expect(ONLINE)
        terminal.press("q")
        assert await terminal.finish() == 0


async def test_escape_gives_up_and_a_tap_asks_again() -> None:
    async with at_terminal(command("--plain"), ENV) as terminal:
        await asked(terminal, 3)
        terminal.press("t")
        await terminal.expect("HK-00203 is being connected already.")
        terminal.press(ESCAPE)
        await terminal.expect("stopped: No code was given")
        terminal.press("\x1b[A")  # an arrow is no escape, and no order
        terminal.press("t")
        await terminal.expect("it was tapped")
        await terminal.expect("asks for the activation code (3 attempts left)", times=2)
        terminal.press("h")  # the key's own button, held
        await terminal.expect("stopped: The key was pressed long")
        terminal.press("l")
        await terminal.expect("The computer is locked")
        terminal.press("\x04")
        assert await terminal.finish() == 0
    assert ESCAPE not in terminal.screen


async def test_a_reader_of_radio_tags_types_as_a_keyboard_does() -> None:
    async with at_terminal(command("--plain"), ENV) as terminal:
        await asked(terminal, 3)
        terminal.press("r")
        await terminal.expect("Something else is asked for")
        terminal.press(ESCAPE)
        await terminal.expect("stopped: No code was given")
        terminal.type("2000000204")
        await terminal.expect("The server knows no key of radio tag 2000000204")
        terminal.press("r")
        await terminal.expect("Radio tag: as the reader types it")
        terminal.type("2000000203")
        await terminal.expect("its tag was read")
        await terminal.expect("asks for the activation code (3 attempts left)", times=2)
        terminal.press("q")
        assert await terminal.finish() == 0


async def test_as_shipped_a_tag_leads_nowhere() -> None:
    async with running(command("--as-shipped"), os.environ) as program:
        await program.say("")  # gives up, which as shipped nobody hears
        await program.say("r")
        await program.say("2000000203")
        await program.expect("The key was not looked for")


async def test_a_key_that_did_not_unlock_the_computer_may_be_carried_away(tmp_path: Path) -> None:
    hes_file = tmp_path / "hes.db"
    async with running(command(hes=hes_file), os.environ) as program:
        await program.expect("Activation code for")
        await program.say(code_in(hes_file))
        await program.expect("HK-00203: online.")
        await program.say("w")
        await program.expect("You walk away with HK-00203; it did not unlock the computer")
        await program.say("t")  # which is near, in any case
        await program.say("w")
        await program.expect("You walk away with HK-00203;")
        await program.say("w")
        await program.expect("You are back with HK-00203.")
        await program.say("q")
        assert await program.process.wait() == 0


@pytest.mark.parametrize("form", ["--plain", "--json"])
async def test_where_nobody_reads_its_lines_it_ends_in_order(form: str) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    program = await asyncio.create_subprocess_exec(
        *command(form), stdin=DEVNULL, stdout=writes, stderr=PIPE, env=os.environ
    )
    os.close(writes)
    _, errors = await program.communicate()
    assert (program.returncode, errors.decode()) == (143, "")


async def test_sigterm_leaves_the_terminal_as_it_was() -> None:
    async with at_terminal(command(), ENV) as terminal:
        await asked(terminal, 3)
        terminal.process.terminate()
        assert await terminal.finish() == 143
        assert terminal.shows_what_is_typed
    assert "Traceback" not in terminal.screen


async def test_ctrl_c_ends_it_and_leaves_the_terminal_as_it_was() -> None:
    async with at_terminal(command(), ENV) as terminal:
        await asked(terminal, 3)
        echoes = [terminal.shows_what_is_typed]
        terminal.press("\x03")
        assert await terminal.finish() == 130
        echoes.append(terminal.shows_what_is_typed)
    assert echoes == [False, True]
    assert "Traceback" not in terminal.screen
    assert "\x1b[?25h" in terminal.screen  # the cursor is back


async def test_a_window_of_another_size_is_drawn_anew_as_a_whole() -> None:
    env = {name: value for name, value in ENV.items() if name not in ("COLUMNS", "LINES")}
    async with at_terminal(command(), env) as terminal:
        terminal.resize(100, 30)
        await asked(terminal, 3)
        terminal.resize(40, 15)
        await terminal.expect("\x1b[2J\x1b[H")
        terminal.press("\x03")
        assert await terminal.finish() == 130
    *_, drawn = terminal.screen.split("\x1b[2J\x1b[H")
    _, anew, *_ = re.split(r"(?:\x1b\[1A\x1b\[2K)+", drawn)  # a frame begins by going up over the one before
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", anew).splitlines()
    assert "Activation code for ST1032026000203" in anew
    assert max(len(line.strip()) for line in lines) <= 40
    assert len(lines) <= 15


async def test_a_key_of_ones_own_without_a_server(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    async with at_terminal(command("--standalone", "--device-logs", str(logs)), ENV) as terminal:
        await terminal.expect("New master password for ST1032026000203: ")
        terminal.type("seven77")
        await terminal.expect("It has at least 8 characters; nothing was sent.")
        terminal.type("8")
        await terminal.expect("once more: ")
        terminal.type("something else")
        await terminal.expect("They were not the same; choose again.")
        terminal.type("seven778")
        await terminal.expect("once more: ", times=2)
        terminal.type("seven778")
        await terminal.expect(ONLINE)
        terminal.press("l")
        await terminal.expect("computer locked")
        terminal.press("t")
        await terminal.expect("The computer is unlocked, by key ST1032026000203.")
        terminal.press("q")
        assert await terminal.finish() == 0
    assert "no server" in terminal.screen
    assert "Administrator" not in terminal.screen
    assert "seven77" not in terminal.screen
    (log,) = logs.iterdir()
    assert log.stat().st_mode & 0o777 == 0o600
    lines = log.read_text().splitlines()
    assert sum("linked" in line for line in lines) == 1
    assert not any("seven" in line for line in lines)


async def test_without_a_server_there_is_none_to_name() -> None:
    finished = await run(command("--standalone", "--hes", "http://127.0.0.1:1"), os.environ)
    assert finished.status == 2
    assert "--standalone needs no server" in finished.errors


async def test_a_pipe_answers_what_is_asked_and_orders_by_letter() -> None:
    async with running(command("--once"), os.environ) as program:
        await program.expect("Activation code for ST1032026000203: six to eight digits, 3 left, 30 s")
        await program.say("?")
        code = (await program.expect(r"The code of HK-00203 is (\d{8})\."))[1]
        await program.say(wrong(code))
        await program.say(code)  # kept until it is asked for
        await program.expect("HK-00203: online.")
        assert await program.process.wait() == 0
    assert ESCAPE not in program.seen
    assert program.seen.count(code) == 1


async def test_nobody_is_there(tmp_path: Path) -> None:
    hes_file = tmp_path / "hes.db"
    finished = await run(command("--once", hes=hes_file), os.environ)
    assert finished.status == 1
    assert "stopped: No code was given; the attempts stay as they are." in finished.output
    assert ESCAPE not in finished.everything
    assert code_in(hes_file) not in finished.everything


async def test_lines_for_machines(tmp_path: Path) -> None:
    hes_file = tmp_path / "hes.db"
    async with running(command("--once", "--json", hes=hes_file), os.environ) as program:
        await program.expect('"event": "question"')
        code = code_in(hes_file)
        await program.say(code)
        await program.expect('"standing": "online"')
        assert await program.process.wait() == 0
    lines = [json.loads(line) for line in program.seen.splitlines()]
    (question,) = (line for line in lines if line["event"] == "question")
    assert (question["attempts"], question["seconds"]) == (3, 30)
    assert [line["event"] for line in lines].count("answered") == 1
    keys = [line for line in lines if line["event"] == "key"]
    assert (keys[-1]["serial"], keys[-1]["owner"], keys[-1]["locked"]) == (
        "ST1032026000203",
        "Ada Lovelace",
        False,
    )
    assert code not in program.seen


async def test_a_defect_is_for_a_key_that_is_started_here() -> None:
    finished = await run(
        [hideez_bench(), "client", "--target", "ble", "--defect", "attempts-in-ram"], os.environ
    )
    assert finished.status == 2
    assert "--defect is for a key that this command starts" in finished.errors


@pytest.mark.bluez
async def test_every_key_in_reach_is_taken_up_from_another_process(
    surroundings: Surroundings, tmp_path: Path
) -> None:
    await surroundings.start_key()
    hes = ["--hes", str(tmp_path / "hes.db")]
    wanted = [hideez_bench(), "client", "--target", "ble", "--adopt", "--adapter", "hci1", "--once", *hes]
    async with running(wanted, surroundings.env) as program:
        await program.expect("Activation code for ST1032026000203")
        await program.say(code_in(tmp_path / "hes.db"))
        await program.expect("HK-00203: online.")
        assert await program.process.wait() == 0
