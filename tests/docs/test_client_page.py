"""docs/client.md says what the client's code does."""

from __future__ import annotations

from dataclasses import fields

import pytest

from hideez_bench.harness.client import workstation
from hideez_bench.harness.client.behaviour import AS_SHIPPED, MEANT, Behaviour
from hideez_bench.harness.client.connecting import attempts_of
from hideez_bench.harness.client.initialization import INITIALIZATION_TIMEOUT
from hideez_bench.harness.client.outcome import ROWS
from hideez_bench.harness.client.pairs import PairSettings
from hideez_bench.harness.client.service import REST_SECONDS
from hideez_bench.harness.client.session import ConnectRequest, Mode
from hideez_bench.harness.client.timed_hes import REQUEST_TIMEOUT
from hideez_bench.harness.client.triggers import RECONNECT_SECONDS, TAP_THRESHOLD
from hideez_bench.harness.client.unlocking import LOCK_SCREEN_TIMEOUT, LOGON_TIMEOUT
from hideez_bench.harness.client.user_authorization import WAIT_SECONDS
from hideez_bench.harness.client.workstation import Interruption, Stack
from hideez_bench.protocol.device import LOCAL, REMOTE
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.wire import default_wire
from tests.docs.page import code, tables

TABLES = {table.subject: table.rows for table in tables("client.md")}


def words(name: str) -> str:
    return name.lower().replace("_", " ")


def test_the_ends_of_a_flow() -> None:
    expected = [
        {
            "error": ", ".join(name if " " in name else f"`{name}`" for name in row.errors),
            "the person is told": row.told.value,
            "bond": row.bond.value,
        }
        for row in ROWS
    ]
    assert TABLES["ends"] == expected


def test_the_attempts_to_connect() -> None:
    told = {(row["stack"], row["for"]) for row in TABLES["attempts"]}
    for stack in Stack:
        for mode in Mode:
            here = (words(stack.name), words(mode.name))
            rows = [row for row in TABLES["attempts"] if (row["stack"], row["for"]) == here]
            if here not in told:
                with pytest.raises(BenchError, match="NotSupported"):
                    attempts_of(ConnectRequest(stack, mode))
                continue
            assert [
                (
                    row["attempt"],
                    row["seconds"],
                    code(row["the person reads"]),
                    code(row["after an LTK error"]),
                )
                for row in rows
            ] == [
                (str(number), f"{attempt.seconds:g}", [attempt.message], [attempt.after_ltk_error])
                for number, attempt in enumerate(attempts_of(ConnectRequest(stack, mode)), start=1)
            ]


def test_what_happens_to_the_computer() -> None:
    interruptions = {
        name: value for name, value in vars(workstation).items() if isinstance(value, Interruption)
    }
    assert TABLES["interruptions"] == [
        {
            "what happens": f"`{name}`",
            "disconnected": "yes" if what.disconnects else "no",
            "bonds": "deleted" if what.deletes_bonds else "kept",
        }
        for name, what in interruptions.items()
    ]


def test_the_vendors_settings() -> None:
    """Every one that the page names has its value in the code."""
    profile = default_wire().profile
    kept: dict[str, float] = {
        "TapProximityUnlockThreshold": TAP_THRESHOLD,
        "DefaultUnlockProximity": PairSettings().unlock_proximity,
        "DefaultLockProximity": PairSettings().lock_proximity,
        "DefaultLockTimeout": PairSettings().lock_seconds,
        "ConnectDeviceTimeout": attempts_of(ConnectRequest(Stack.DONGLE, Mode.CONNECT))[0].seconds,
        "ReconnectDeviceTimeout": attempts_of(ConnectRequest(Stack.DONGLE, Mode.RECONNECT))[0].seconds,
        "ReconnectDelay": RECONNECT_SECONDS,
        "DelayAfterMainWorkflow": REST_SECONDS,
        "DeviceInitializationTimeout": INITIALIZATION_TIMEOUT,
        "GetRootKeyCommandTimeout": LOCAL.root_key,
        "VerifyCommandTimeout": LOCAL.verify,
        "DefaultCommandTimeout": LOCAL.command,
        "RemoteGetRootkeyTimeout": REMOTE.root_key,
        "RemoteVerifyCommandTimeout": REMOTE.verify,
        "DefaultRemoteCommandTimeout": REMOTE.command,
        "DeviceBusyTransmitInterval": profile.seconds("busy_interval"),
        "DeviceBusyTransmitTimeout": profile.seconds("busy_limit"),
        "HesRequestTimeout": REQUEST_TIMEOUT,
        "WorkstationUnlockerConnectTimeout": LOCK_SCREEN_TIMEOUT,
        "CredentialProviderLogonTimeout": LOGON_TIMEOUT,
        "MainWorkflowTimeout": WAIT_SECONDS,
    }
    told = {code(row["setting"])[0]: row["value"].split()[0].strip(",") for row in TABLES["settings"]}
    assert told == {name: f"{value:g}" for name, value in kept.items()}


def test_the_differences_between_shipped_and_meant() -> None:
    assert [code(row["difference"]) for row in TABLES["differences"]] == [
        [field.name] for field in fields(Behaviour)
    ]
    for field in fields(Behaviour):
        assert (getattr(AS_SHIPPED, field.name), getattr(MEANT, field.name)) == (True, False)
