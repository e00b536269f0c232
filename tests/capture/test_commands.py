"""The commands: `decode`, and `--capture` and `--keylog` of those that talk to a key."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import as_file
from pathlib import Path
from typing import Any

import pytest

from hideez_bench.harness.cli.main import main
from hideez_bench.protocol.secret import ActivationCode, MasterKey
from tests.capture import by_hand
from tests.capture.by_hand import ACTIVATION, CAPTURES, SIMPLE
from tests.processes import programs
from tests.processes.programs import at_terminal, hideez_bench


@dataclass
class Ended:
    status: int | str | None
    output: str
    errors: str

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.splitlines()]


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command as the console script does."""

    def call(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["hideez-bench", *map(str, arguments)])
        status: int | str | None = 0
        try:
            main()
        except SystemExit as end:
            status = end.code
        return Ended(status, *capsys.readouterr())

    return call


@pytest.fixture
def activation(tmp_path: Path) -> tuple[Path, Path]:
    """The capture of an activation, and its key log."""
    capture, keys = tmp_path / "a.btsnoop", tmp_path / "a.keys"
    capture.write_bytes(ACTIVATION)
    with as_file(CAPTURES / "activation_bluez.keys") as log:
        keys.write_bytes(log.read_bytes())
    return capture, keys


# --- decode ---


def test_a_timeline_for_people(run: Run, activation: tuple[Path, Path]) -> None:
    capture, keys = activation
    ended = run("decode", capture, "--keys", keys, "--adapter", "hci1")
    assert ended.status == 0
    assert ended.errors == ""
    assert "2026-11-23" in ended.output.splitlines()[0]
    assert "hci1 #3   host -> key  [1] UNLOCK_DEVICE_CODE code=***" in ended.output
    assert "hci0" not in ended.output
    assert "\x1b" not in ended.output


def test_both_adapters_are_mentioned(run: Run, activation: tuple[Path, Path]) -> None:
    ended = run("decode", activation[0])
    assert ended.status == 0
    assert "hci0, hci1" in ended.errors


ALWAYS = {"frame", "offset", "time", "adapter", "connection", "kind", "direction", "text", "detail"}
TALK = {"message", "fields"}
DETAILS = {
    "connected": {"peer", "side", "handle"},
    "disconnected": {"reason", "unchanged_before"},
    "mtu": {"mtu"},
    "found": {"characteristic", "handle"},
    "subscribed": {"characteristic", "on"},
    "control": TALK,
    "status": TALK | {"unchanged_before"},
    "request": TALK | {"channel", "counter", "bytes"},
    "reply": TALK | {"channel", "counter", "bytes"},
    "encrypted": {"channel", "counter", "bytes"},
}


@pytest.mark.parametrize("with_keys", [True, False])
def test_json_has_stable_names(run: Run, activation: tuple[Path, Path], with_keys: bool) -> None:
    """What docs/captures.md promises; a name that goes away breaks somebody's program."""
    capture, keys = activation
    ended = run("decode", capture, "--json", *(("--keys", keys) if with_keys else ()))
    assert ended.status == 0
    kinds = set()
    for line in ended.lines():
        assert set(line) == ALWAYS
        assert line["direction"] in ("host->key", "key->host", None)
        kinds.add(line["kind"])
        if line["kind"] == "read":
            wanted = {"mode", "fields"} if line["detail"]["characteristic"] == "info" else {"value"}
            assert set(line["detail"]) == wanted | {"characteristic"}
        else:
            assert set(line["detail"]) == DETAILS[line["kind"]]
    assert kinds >= {"connected", "disconnected", "read", "control", "status"}


def test_json_of_a_message(run: Run, activation: tuple[Path, Path]) -> None:
    capture, keys = activation
    link = next(
        line
        for line in run("decode", capture, "--json", "--keys", keys, "--adapter", "1").lines()
        if line["detail"].get("message") == "LINK"
    )
    assert link["text"] == "[4] LINK key=*** attempts=3 code=***"
    assert link["detail"]["fields"] == {"key": "***", "attempts": 3, "code": "***"}
    assert (link["kind"], link["direction"], link["detail"]["channel"]) == ("request", "host->key", 4)


@pytest.mark.parametrize("form", [(), ("--json",), ("-v",)])
def test_no_key_is_printed(run: Run, activation: tuple[Path, Path], form: tuple[str, ...]) -> None:
    capture, keys = activation
    printed = run("decode", capture, "--keys", keys, *form)
    for line in keys.read_text().splitlines():
        for key in line.split()[4:]:
            assert key not in printed.output + printed.errors


def test_damage_is_told_with_its_place(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.btsnoop"
    whole = by_hand.btsnoop(SIMPLE)
    path.write_bytes(whole[:-3])
    ended = run("decode", path)
    assert ended.status == 1
    offset = len(whole) - 24 - 7
    assert f"DAMAGED, packet 7 at byte {offset}: the capture ends within a packet" in ended.output
    last = run("decode", path, "--json").lines()[-1]
    assert (last["kind"], last["frame"], last["offset"], last["time"]) == ("damage", 7, offset, None)


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"hello", "begins like none"), (None, "cannot be read"), (b"btsnoop\0", "within its header")],
)
def test_what_is_no_capture(run: Run, tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "x.btsnoop"
    if content is not None:
        path.write_bytes(content)
    ended = run("decode", path)
    assert (ended.status, ended.output) == (2, "")
    assert len(ended.errors.splitlines()) == 1
    assert why in ended.errors


def test_a_capture_without_a_key_says_what_to_do(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.btsnoop"
    path.write_bytes(by_hand.btsnoop(by_hand.to_key(0x40, by_hand.CANCEL)))
    ended = run("decode", path)
    assert (ended.status, ended.output) == (0, "")
    assert "--handle-main" in ended.errors
    assert "CANCEL" in run("decode", path, "--handle-main", str(by_hand.MAIN)).output


def test_another_wire_profile(run: Run, activation: tuple[Path, Path], tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text(
        '[uuid]\nmain = { value = "59ac0042-0f4a-ca95-0849-a6670829557f", tag = "M", source = "tried" }\n'
    )
    ended = run("decode", activation[0], "--json", "--profile", profile)
    assert ended.status == 0
    found = {line["detail"]["characteristic"] for line in ended.lines() if line["kind"] == "found"}
    assert found == {"info"}


def test_a_wrong_adapter_is_wrong_use(run: Run, activation: tuple[Path, Path]) -> None:
    ended = run("decode", activation[0], "--adapter", "bluetooth")
    assert ended.status == 2
    assert "no adapter" in ended.errors


async def test_a_reader_that_goes_away_is_no_error(activation: tuple[Path, Path]) -> None:
    command = ["sh", "-c", f"'{hideez_bench()}' decode '{activation[0]}' -v | head -n 1; echo ended"]
    async with at_terminal(command, {"PATH": "/usr/bin:/bin"}) as terminal:
        await terminal.expect("ended")
        await terminal.finish()
    assert "Traceback" not in terminal.screen
    assert "Broken" not in terminal.screen


async def test_a_terminal_shows_how_far_a_long_capture_is(tmp_path: Path) -> None:
    path = tmp_path / "long.btsnoop"
    path.write_bytes(ACTIVATION + ACTIVATION[16:] * 300)
    command = ["sh", "-c", f"'{hideez_bench()}' decode '{path}' > '{tmp_path}/timeline'"]
    async with at_terminal(command, {"PATH": "/usr/bin:/bin"}) as terminal:
        await terminal.expect(" packets ")
        await terminal.finish()
    assert "%" in terminal.screen
    assert "packets" not in (tmp_path / "timeline").read_text()


async def test_a_timeline_that_cannot_be_written_is_said(activation: tuple[Path, Path]) -> None:
    ended = await programs.run(
        ["sh", "-c", f"'{hideez_bench()}' decode '{activation[0]}' > /dev/full"], {"PATH": "/usr/bin:/bin"}
    )
    assert ended.status == 2
    assert len(ended.errors.splitlines()) == 1
    assert "No space left" in ended.errors


# --- what other commands leave behind ---


@pytest.mark.usefixtures("searchable_codes")
@pytest.mark.parametrize(
    "command",
    [
        ("activate", "--target", "emulator:memory", "--code", "wrong", "--code", "right"),
        ("demo", "--radio", "memory"),
    ],
    ids=["activate", "demo"],
)
def test_a_run_leaves_a_capture_and_its_keys(
    run: Run, tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    revealed: set[bytes] = set()
    for kind in (ActivationCode, MasterKey):
        reveal = kind.reveal

        def seen(secret: ActivationCode | MasterKey, reveal: Callable[..., bytes] = reveal) -> bytes:
            revealed.add(reveal(secret))
            return reveal(secret)

        monkeypatch.setattr(kind, "reveal", seen)
    capture, keys = tmp_path / "x.btsnoop", tmp_path / "x.keys"
    plain = run(*command)
    ended = run(*command, "--capture", capture, "--keylog", keys)
    assert (ended.status, ended.errors) == (0, "")
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    decoded = run("decode", capture, "--keys", keys, "--json")
    assert decoded.status == 0
    messages = {line["detail"]["message"] for line in decoded.lines() if line["kind"] in ("request", "reply")}
    assert messages >= {"LINK", "UNLOCK_DEVICE_CODE", "ACCESS", "CHECK_PASSPHRASE", "LOAD_LICENSE"}
    assert "encrypted" not in {line["kind"] for line in decoded.lines()}
    assert len(revealed) > 2
    for secret in revealed:
        for text in (plain, ended, decoded, run("decode", capture, "--keys", keys)):
            assert secret.hex() not in text.output + text.errors
            assert secret.decode(errors="replace") not in text.output + text.errors


@pytest.mark.parametrize("where", ["/dev/full", "/nowhere/x"])
def test_an_activation_is_not_harmed_by_a_file_that_cannot_be_written(run: Run, where: str) -> None:
    ended = run("activate", "--target", "emulator:memory", "--capture", where, "--keylog", where, "--json")
    assert ended.status == 0
    assert json.loads(ended.output)["verdict"] == "active"
    assert len(ended.errors.splitlines()) == 2
    assert ended.errors.count(where) == 2


@pytest.mark.parametrize("command", ["activate", "demo", "emulate"])
def test_help_says_what_a_key_log_gives_away(run: Run, command: str) -> None:
    words = " ".join(run(command, "--help").output.split())
    assert "every code and master key" in words
    assert "throwaway keys only" in words
