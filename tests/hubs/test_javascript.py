"""The framework's official client, in JavaScript, against the hubs of a real web server."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.records import EmployeeDetails, LicenseImport, VaultImport, WorkstationSettings
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.device_hub import COMMANDS, RESPONSES, answer_to_json, command_from_json
from hideez_bench.protocol.hub import APP_CALLS, NOTICES
from hideez_bench.protocol.names import Command
from hideez_bench.protocol.secret import WorkstationKey
from hideez_bench.protocol.wire import default_wire
from tests.hes.fake_key import FakeKey
from tests.hubs.rig import application, headers, new_key
from tests.hubs.served import served

HERE = Path(__file__).parent / "js"
SERIAL = "ST1032026000203"
WIRE = default_wire()
LICENCE_FIELDS = {"id", "deviceId", "importedAt", "appliedAt", "endDate", "licenseOrderId", "data"}
LICENCE = LicenseImport("L-1", datetime(2030, 1, 1, tzinfo=UTC), bytes(range(256)))


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder with the client's node_modules: outside of the tree, installed once, whoever else wants it too."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("there is no node or no npm: the official SignalR client was not tried")
    package = (HERE / "package.json").read_text()
    name = f"hideez-bench-js-{os.getuid()}-{hashlib.sha256(package.encode()).hexdigest()[:12]}"
    folder = Path(tempfile.gettempdir()) / name
    folder.mkdir(mode=0o700, exist_ok=True)
    assert folder.stat().st_uid == os.getuid()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            (folder / "package.json").write_text(package)
            command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, timeout=200
            )
            if done.returncode:
                pytest.skip(
                    f"npm cannot install the official SignalR client here: {done.stderr.strip()[-200:]}"
                )
            (folder / "installed").touch()
    return folder


class JavaScriptClient:
    """The official client as a workstation: calls, and relays to one key what the server sends on the deviceHub.

    Attributes:
        results: the latest answer to each method of both hubs.
        notices: what the server called on the appHub, by name and values; `commands`: on the deviceHub, by name.
    """

    def __init__(self, process: asyncio.subprocess.Process, key: FakeKey) -> None:
        self.results: dict[str, Any] = {}
        self.notices: list[tuple[str, list[Any]]] = []
        self.commands: list[str] = []
        self._process = process
        self._key = key
        self._ids = itertools.count()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._told = asyncio.Condition()
        self._relayed: set[asyncio.Task[None]] = set()

    async def order(self, deed: str, **more: object) -> Any:
        """Have it do something; the answer, or the error as text."""
        number = next(self._ids)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self.write({"id": number, "deed": deed, **more})
        answer = await self._waiting[number]
        return answer["error"] if "error" in answer else answer["result"]

    async def call(self, name: str, *values: object) -> Any:
        """Call a method of the appHub."""
        self.results[name] = await self.order("call", name=name, values=values)
        return self.results[name]

    async def told(self, name: str) -> list[Any]:
        """Wait for a notice, the next one of that name from here on; its values."""
        seen = len(self.notices)
        async with self._told:
            await self._told.wait_for(lambda: any(found == name for found, _ in self.notices[seen:]))
        return next(values for found, values in self.notices[seen:] if found == name)

    def write(self, value: object) -> None:
        """A line for it."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(value).encode() + b"\n")

    async def listen(self) -> None:
        """Take what it tells, to its end."""
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            told = json.loads(line)
            if "command" in told:
                self.commands.append(told["command"])
                task = asyncio.ensure_future(self._relay(**told))
                self._relayed.add(task)
                task.add_done_callback(self._relayed.discard)
            elif "notice" in told:
                async with self._told:
                    self.notices.append((told["notice"], told["values"]))
                    self._told.notify_all()
            else:
                self._waiting[told["id"]].set_result(told)

    async def _relay(self, command: str, values: list[Any], serial: str) -> None:
        """Let the key answer, and have the client bring it."""
        asked = command_from_json(WIRE, command, tuple(values))
        if isinstance(asked.request, m.Envelope):
            answer: m.Answer | m.Envelope = await self._key.encrypted(asked.request, 10)
        else:
            answer = await self._key.control(asked.request, 10)
        if asked.response:
            name = asked.response.target
            brought = answer_to_json(WIRE, asked.response, answer)
            self.results[name] = await self.order("bring", serial=serial, name=name, values=brought)


@asynccontextmanager
async def javascript_client(
    url: str, modules: Path, workstation_key: WorkstationKey, key: FakeKey
) -> AsyncIterator[JavaScriptClient]:
    process = await asyncio.create_subprocess_exec(
        "node", str(HERE / "client.mjs"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    client = JavaScriptClient(process, key)
    listening = asyncio.ensure_future(client.listen())
    client.write(
        {
            "url": url,
            "modules": str(modules),
            "workstation": "PC-1",
            "key": workstation_key.to_text(),
            "notices": [method.target for method in NOTICES.values()],
            "commands": list(COMMANDS),
        }
    )
    try:
        async with asyncio.timeout(100):
            yield client
    finally:
        if process.stdin:
            process.stdin.close()
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening


def report(key: FakeKey, state: int) -> dict[str, object]:
    """What the client says of the key as it is now."""
    return {
        "vaultSerialNo": key.serial,
        "storageTimestamp": 7,
        "battery": 90,
        "firmwareVersion": "3.5.2",
        "connectionState": state,
        "isLinkRequired": key.link_required,
        "isLocked": key.locked,
        "isCanUnlock": key.can_unlock,
    }


async def test_the_official_client_calls_everything_and_relays_an_activation(modules: Path) -> None:
    workstation_key, key = new_key(), FakeKey(SERIAL)
    async with Hes("sqlite://") as hes:
        hes.vaults.import_vaults(
            [VaultImport(SERIAL, mac="1CFDB71000CB", rfid="2000000203", licenses=(LICENCE,))]
        )
        ann = hes.employees.create(EmployeeDetails("Ann", "Smith", "ann@example.org"))
        await hes.employees.add_hardware_vault(ann.id, SERIAL)
        # The key of the workstation is known before a stranger comes.
        hes.admission.bind("PC-1", workstation_key)
        hes.workstations.seen("PC-1")
        hes.workstations.approve("PC-1")
        async with (
            served(application(hes)) as url,
            javascript_client(url, modules, workstation_key, key) as client,
        ):
            await check_strangers(client, workstation_key)
            await client.order("start")
            await call_everything(client, hes, key)
            await check_notices(client, hes)
            offline = await client.call("UpdateHwVaultProperties", report(key, 0), False)
            assert offline["succeeded"]
            assert not hes.vaults.get(SERIAL).is_online
            await client.order("stop")
        called = {method.target for method in APP_CALLS.values()} | set(RESPONSES)
        assert client.results.keys() == called
        assert [name for name, result in client.results.items() if not result["succeeded"]] == []
        # These two are for a server that writes to a key's storage by itself; this one never sends them.
        never = {"LockHwVaultStorage", "LiftHwVaultStorageLock"}
        sent = {method.target for method in NOTICES.values()} - never | {"EstablishRemoteHwVaultConnection"}
        assert {name for name, _ in client.notices} == sent
        assert set(client.commands) == {"SendGetRootKeyCommand", "SendVerifyCommand", "SendRemoteCommand"}


async def check_strangers(client: JavaScriptClient, key: WorkstationKey) -> None:
    """No key, another's key, and a deviceHub that nobody asked for."""
    without = await client.order("intrude", path="/appHub", given={"WorkstationId": "PC-1"})
    assert "401" in without
    assert "401" in await client.order("intrude", path="/appHub", given=headers("PC-1", new_key()))
    device = headers("PC-1", key, DeviceId=SERIAL)
    assert await client.order("intrude", path="/deviceHub", given=device) is not None


async def call_everything(client: JavaScriptClient, hes: Hes, key: FakeKey) -> None:
    """Every call of the appHub, among them those that link the key and make it Active."""
    await client.call("RegisterWorkstationInfo", {"id": "PC-1", "machineName": "js", "users": ["ann"]})
    event = {"id": "1", "version": "1", "date": "1970-01-01T00:00:00.000Z", "eventId": 3, "severityId": 1}
    await client.call("SaveClientEvents", [event])
    for name, value in (("Rfid", "2000000203"), ("Mac", "1CFDB71000CB"), ("SerialNo", SERIAL)):
        found = await client.call(f"GetHwVaultInfoBy{name}", value)
        assert found["value"]["ownerEmail"] == "ann@example.org"
    told = await client.call("UpdateHwVaultProperties", report(key, 1), True)
    assert told["value"]["needStateUpdate"] is True
    await client.call("GetNewHwVaultLicenses", SERIAL)
    await client.call("HwVaultLicenseApplied", SERIAL, LICENCE.id)
    (licence,) = (await client.call("GetHwVaultLicenses", SERIAL))["value"]
    assert licence.keys() == LICENCE_FIELDS
    assert licence["appliedAt"] > licence["importedAt"]
    # The code that the server drew is on the key, and the client that carried it cannot have read it.
    code = hes.vaults.activation_code(SERIAL)
    assert (await client.call("UpdateHwVaultStatus", report(key, 1)))["succeeded"]
    assert (key.commands, key.code) == ([Command.LINK], code)
    assert hes.vaults.get(SERIAL).is_status_applied
    key.take()  # somebody types it
    await client.call("UpdateHwVaultStatus", report(key, 1))
    assert hes.vaults.get(SERIAL).status is VaultStatus.Active
    await client.call("AuthHwVault", SERIAL)
    await client.call("UpdateHwVaultAccounts", SERIAL, True)
    assert "no method" in await client.order("call", name="NoSuchMethod", values=[])
    assert "takes 1 arguments" in await client.order("call", name="AuthHwVault", values=[1, 2])


async def check_notices(client: JavaScriptClient, hes: Hes) -> None:
    """What an administrator does reaches the client."""
    for name, values, deed in (
        ("UpdateProximitySettings", None, lambda: hes.workstations.add_proximity_vault("PC-1", SERIAL)),
        (
            "UpdateRFIDIndicatorState",
            [True],
            lambda: hes.workstations.edit("PC-1", WorkstationSettings(rfid_enabled=True)),
        ),
        ("SetAlarmState", [True], lambda: hes.set_alarm(True)),
        ("SetAlarmState", [False], lambda: hes.set_alarm(False)),
        ("WorkstationUnapproved", [], lambda: hes.workstations.unapprove("PC-1")),
        ("WorkstationApproved", [], lambda: hes.workstations.approve("PC-1")),
    ):
        hearing = asyncio.ensure_future(client.told(name))
        deed()
        heard = await hearing
        assert heard[0][0]["serialNo"] == SERIAL if values is None else heard == values
