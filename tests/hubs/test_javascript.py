"""The framework's official client, in JavaScript, against the hubs of a real web server."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hideez_bench.emulator.hes.records import EmployeeDetails, LicenseImport, VaultImport
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.protocol.hub import APP_CALLS
from tests.hubs.flow_rig import approve_all
from tests.hubs.rig import new_key
from tests.hubs.served import served

HERE = Path(__file__).parent / "js"
SERIAL = "ST1032026000203"
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
                command, cwd=folder, capture_output=True, text=True, check=False, timeout=50
            )
            if done.returncode:
                pytest.skip(
                    f"npm cannot install the official SignalR client here: {done.stderr.strip()[-200:]}"
                )
            (folder / "installed").touch()
    return folder


async def run_client(orders: dict[str, str]) -> Any:
    process = await asyncio.create_subprocess_exec(
        "node",
        str(HERE / "client.mjs"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(45):
        output, errors = await process.communicate(json.dumps(orders).encode())
    assert process.returncode == 0, errors.decode()
    return json.loads(output)


async def test_the_official_client_calls_everything_and_is_called(modules: Path) -> None:
    key = new_key()
    async with Hes("sqlite://") as hes:
        hes.vaults.import_vaults(
            [VaultImport(SERIAL, mac="1CFDB71000CB", rfid="2000000203", licenses=(LICENCE,))]
        )
        ann = hes.employees.create(EmployeeDetails("Ann", "Smith", "ann@example.org"))
        await hes.employees.add_hardware_vault(ann.id, SERIAL)
        end = approve_all(hes)
        # The key of the workstation is known before a stranger comes.
        hes.admission.bind("PC-1", key)
        hes.workstations.seen("PC-1")
        hes.workstations.approve("PC-1")
        async with served(hes) as url:
            met = await run_client(
                {
                    "url": url,
                    "modules": str(modules),
                    "workstation": "PC-1",
                    "key": key.to_text(),
                    "serial": SERIAL,
                    "mac": "1CFDB71000CB",
                    "rfid": "2000000203",
                    "licence": LICENCE.id,
                }
            )
        end()
        assert not hes.vaults.get(SERIAL).is_online
    results = met["results"]
    assert results.keys() - {"GetRootKeyCommandResponse"} == {method.target for method in APP_CALLS.values()}
    failed = {name for name, result in results.items() if not result["succeeded"]}
    # The key "refuses" the server and is not Active, so that none of these can go well; each says why.
    assert failed == {"UpdateHwVaultStatus", "AuthHwVault", "UpdateHwVaultAccounts"}
    assert results["UpdateHwVaultStatus"]["errorCode"] == "ERR_NO_DATA"
    # Whether the client's end of its deviceHub or its next call comes first is up to the network.
    assert results["AuthHwVault"]["errorCode"] in ("DeviceNotConnectedToAnyHost", "ERR_NO_DATA")
    assert results["UpdateHwVaultProperties"]["value"]["needStateUpdate"] is True
    assert results["GetHwVaultInfoByRfid"]["value"]["ownerEmail"] == "ann@example.org"
    assert results["GetHwVaultLicenses"]["value"][0]["deviceId"] == SERIAL
    assert ["EstablishRemoteHwVaultConnection", SERIAL, 4] in met["callbacks"]
    assert ["SendGetRootKeyCommand"] in met["commands"]
    assert all(stranger != "connected" for stranger in met["strangers"])
    assert [("401" in stranger, "403" in stranger) for stranger in met["strangers"][:2]] == [
        (True, False)
    ] * 2
    assert "no method" in met["unknown"]
    assert "takes 1 arguments" in met["unlike"]
