"""The facts that the vendor's own tests of the client hold, under the names of those tests. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hideez_bench.harness.client.behaviour import Behaviour
from hideez_bench.harness.client.errors import FlowMessage, WorkflowError
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.pairs import PairSettings
from hideez_bench.harness.client.run import FlowResult
from hideez_bench.harness.client.session import ConnectRequest
from hideez_bench.harness.links.bleak_link import BleakLink
from hideez_bench.protocol.device import LOCAL, REMOTE, KeyDevice, Timeouts
from hideez_bench.protocol.hes import HwVaultInfoFromClient, HwVaultInfoFromHes, HwVaultLicense
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.secret import ActivationCode, MasterKey
from hideez_bench.protocol.transport import KeyRefused
from tests.client.other_hes import OtherHes
from tests.flow.rig import RIGHT, Rig

pytestmark = pytest.mark.virtual_time

MASTER_KEY, CODE = MasterKey(b"k" * 32), ActivationCode.from_text("246813")


class ScriptedHes(OtherHes):
    """A server whose answers a test sets."""

    def __init__(self, rig: Rig) -> None:
        super().__init__(rig)
        self.told: dict[str, Any] = {}
        self.licenses: list[HwVaultLicense] | None = None
        self.does_nothing: set[str] = set()

    async def update_hw_vault_properties(
        self, info: HwVaultInfoFromClient, return_info: bool
    ) -> HwVaultInfoFromHes | None:
        answer = await super().update_hw_vault_properties(info, return_info)
        return replace(answer, **self.told) if answer else None

    async def update_hw_vault_status(self, info: HwVaultInfoFromClient) -> HwVaultInfoFromHes:
        if "status" in self.does_nothing:
            self.calls.append("status")
            return HwVaultInfoFromHes(owner_name="somebody")
        return await super().update_hw_vault_status(info)

    async def get_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        answer = await super().get_hw_vault_licenses(serial)
        return answer if self.licenses is None else self.licenses

    async def get_new_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        answer = await super().get_new_hw_vault_licenses(serial)
        return answer if self.licenses is None else self.licenses

    async def hw_vault_license_applied(self, serial: str, license_id: str) -> None:
        self.calls.append(f"applied {license_id}")

    async def auth_hw_vault(self, serial: str) -> None:
        if "auth" in self.does_nothing:
            self.calls.append("auth")
        else:
            await super().auth_hw_vault(serial)


def license_of(rig: Rig, number: str | None, data: bytes | None = None) -> HwVaultLicense:
    end = datetime(2030, 1, 1, tzinfo=UTC)
    return HwVaultLicense(number, rig.serial, end - timedelta(days=365), None, end, "", data)


async def run(rig: Rig, hes: OtherHes) -> FlowResult:
    async with rig.client(rig.person(RIGHT), flow_type=ConnectionFlow, hes=hes) as flow:
        return await flow.run()


def stopped_by(result: FlowResult, message: FlowMessage) -> None:
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is message
    assert not result.end.delete_bond


# --- TryConnect_CheckNeedDeleteBond_DeviceRemovedInvokedExpectedTimes ---


async def needs_link(rig: Rig) -> None:
    async with rig.open_device() as device:
        await device.load_license(rig.license())


async def is_locked(rig: Rig) -> None:
    await needs_link(rig)
    async with rig.open_device() as device:
        await device.link(MASTER_KEY, CODE, 3)
        for _ in range(3):
            await asyncio.gather(
                device.unlock_device_code(ActivationCode.from_text("000000")), return_exceptions=True
            )


async def needs_the_master_key(rig: Rig) -> None:
    assert (await rig.connect(RIGHT)).succeeded
    rig.key._firmware.change(master_key_given={})


async def is_fine(rig: Rig) -> None:
    assert (await rig.connect(RIGHT)).succeeded


async def has_no_licence(rig: Rig) -> None:
    pass


OFFLINE: list[tuple[Callable[[Rig], Awaitable[None]], FlowMessage | None]] = [
    (needs_the_master_key, FlowMessage.AUTH_FAILED_NO_NETWORK),
    (needs_link, FlowMessage.CANNOT_LINK_TO_USER),
    (is_locked, FlowMessage.VAULT_IS_LOCKED_NO_NETWORK),
    (has_no_licence, FlowMessage.CANNOT_DOWNLOAD_LICENSE),
    (is_fine, None),
]


@pytest.mark.parametrize(
    ("prepare", "ends_with"), OFFLINE, ids=lambda value: getattr(value, "__name__", None)
)
async def test_try_connect_check_need_delete_bond_device_removed_invoked_expected_times(
    rig: Rig, prepare: Callable[[Rig], Awaitable[None]], ends_with: FlowMessage | None
) -> None:
    """Over the system's stack and without a server no ending deletes the bond (E-003, E-004, B-018, C-005)."""
    await rig.bond()
    await prepare(rig)
    hes = OtherHes(rig)
    hes.is_up = False
    result = await run(rig, hes)
    if ends_with is None:
        assert result.succeeded, result.error
    else:
        stopped_by(result, ends_with)
    assert await rig.host_knows_the_key()
    assert hes.calls == []


# --- CheckLicense ---


async def test_check_license_server_return_license_for_update(rig: Rig) -> None:
    hes = ScriptedHes(rig)
    hes.licenses = [license_of(rig, "first", rig.license())]
    assert (await run(rig, hes)).succeeded
    assert hes.calls.count("applied first") == 1


async def test_check_license_no_licenses_available(rig: Rig) -> None:
    hes = ScriptedHes(rig)
    hes.licenses = []
    stopped_by(await run(rig, hes), FlowMessage.NO_LICENSES_AVAILABLE)
    assert rig.commands(4) == []


async def test_check_license_cannot_download_license(rig: Rig) -> None:
    hes = ScriptedHes(rig)
    hes.is_up = False
    stopped_by(await run(rig, hes), FlowMessage.CANNOT_DOWNLOAD_LICENSE)


@pytest.mark.parametrize(
    ("number", "has_data", "message"),
    [
        ("one", False, FlowMessage.EMPTY_LICENSE_DATA),
        (None, True, FlowMessage.EMPTY_LICENSE_ID),
    ],
    ids=["EmptyLicenseData", "EmptyLicenseId"],
)
async def test_e006_check_license_empty_license(
    rig: Rig, number: str | None, has_data: bool, message: FlowMessage
) -> None:
    hes = ScriptedHes(rig)
    hes.licenses = [license_of(rig, number, rig.license() if has_data else None)]
    stopped_by(await run(rig, hes), message)


async def test_check_license_need_update_license_updated_3_new_licenses(rig: Rig) -> None:
    await is_fine(rig)
    hes = ScriptedHes(rig)
    hes.told = {"need_update_license": True}
    hes.licenses = [license_of(rig, str(number), rig.license()) for number in range(3)]
    assert (await run(rig, hes)).succeeded
    assert [call for call in hes.calls if "icen" in call or "applied" in call] == [
        "new licences",
        "applied 0",
        "applied 1",
        "applied 2",
    ]


async def test_e007_a_locked_key_takes_a_new_licence_into_a_named_slot(rig: Rig) -> None:
    assert not (await rig.connect()).succeeded  # linked, waiting for its code
    hes = ScriptedHes(rig)
    hes.told = {"need_update_license": True}
    hes.licenses = [license_of(rig, "new", rig.license())]
    before = rig.count("LOAD_LICENSE")
    assert (await run(rig, hes)).succeeded
    assert rig.count("LOAD_LICENSE") - before == 2
    assert "applied new" in hes.calls


@pytest.mark.parametrize(
    ("refusal", "slots"),
    [
        (ErrorName.ERR_DEVICE_LOCKED_BY_CODE, [None, 0, None, 1]),
        (ErrorName.ERR_DEVICE_LOCKED_BY_PIN, [None, 0, None, 1]),
        (ErrorName.ERR_INVALID_LICENSE, [None]),
    ],
)
async def test_each_licence_that_a_locked_key_refuses_goes_into_the_slot_of_its_place(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, refusal: ErrorName, slots: list[int | None]
) -> None:
    await is_fine(rig)
    tried: list[int | None] = []

    async def load(device: KeyDevice, data: bytes, slot: int | None = None) -> None:
        tried.append(slot)
        if slot is None:
            raise KeyRefused("LOAD_LICENSE", refusal)

    monkeypatch.setattr(KeyDevice, "load_license", load)
    hes = ScriptedHes(rig)
    hes.told = {"need_update_license": True}
    hes.licenses = [license_of(rig, str(number), b"licence") for number in range(2)]
    result = await run(rig, hes)
    assert tried == slots
    if refusal is ErrorName.ERR_INVALID_LICENSE:
        assert isinstance(result.error, KeyRefused)
        assert result.error.error is refusal
        assert not any("applied" in call for call in hes.calls)
    else:
        assert result.succeeded, result.error
        assert [call for call in hes.calls if "applied" in call] == ["applied 0", "applied 1"]


# --- UpdateVaultStatus ---


async def test_update_vault_status_link_required_status_updated(rig: Rig) -> None:
    hes = ScriptedHes(rig)
    assert (await run(rig, hes)).succeeded
    assert hes.calls[:5] == ["properties INITIALIZING", "licences", hes.calls[2], "status", "status"]


async def test_update_vault_status_link_required_no_network_exception_thrown(rig: Rig) -> None:
    await needs_link(rig)
    hes = ScriptedHes(rig)
    hes.is_up = False
    stopped_by(await run(rig, hes), FlowMessage.CANNOT_LINK_TO_USER)


@pytest.mark.parametrize("is_up", [True, False], ids=["HES up", "HES down"])
async def test_update_vault_status_link_not_required_status_unchanged(rig: Rig, is_up: bool) -> None:
    await is_fine(rig)
    hes = ScriptedHes(rig)
    hes.is_up = is_up
    assert (await run(rig, hes)).succeeded
    assert "status" not in hes.calls


async def test_update_vault_status_hes_algorithm_error_exception_thrown(rig: Rig) -> None:
    hes = ScriptedHes(rig)
    hes.does_nothing = {"status"}
    stopped_by(await run(rig, hes), FlowMessage.NOT_ASSIGNED_TO_USER)


# --- a key that is locked for good, and a server that does not say so ---


@pytest.mark.parametrize(
    ("is_up", "message"),
    [(True, FlowMessage.VAULT_IS_LOCKED), (False, FlowMessage.VAULT_IS_LOCKED_NO_NETWORK)],
    ids=["HES up", "HES down"],
)
async def test_a_key_that_no_code_can_unlock_is_never_asked_for_one(
    rig: Rig, is_up: bool, message: FlowMessage
) -> None:
    await is_locked(rig)

    class SaysNothing(OtherHes):
        async def update_hw_vault_properties(
            self, info: HwVaultInfoFromClient, return_info: bool
        ) -> HwVaultInfoFromHes | None:
            return HwVaultInfoFromHes() if return_info else None

    hes = SaysNothing(rig)
    hes.is_up = is_up
    person = rig.person(RIGHT)
    async with rig.client(person, flow_type=ConnectionFlow, hes=hes) as flow:
        result = await flow.run()
    stopped_by(result, message)
    assert person.prompts == []


# --- AuthVault ---


async def test_auth_vault_master_key_required_authorized(rig: Rig) -> None:
    await needs_the_master_key(rig)
    hes = ScriptedHes(rig)
    assert (await run(rig, hes)).succeeded
    assert hes.calls.count("auth") == 1


async def test_auth_vault_no_network_exception_thrown(rig: Rig) -> None:
    await needs_the_master_key(rig)
    hes = ScriptedHes(rig)
    hes.is_up = False
    stopped_by(await run(rig, hes), FlowMessage.AUTH_FAILED_NO_NETWORK)


async def test_auth_vault_not_required_not_called(rig: Rig) -> None:
    await is_fine(rig)
    hes = ScriptedHes(rig)
    assert (await run(rig, hes)).succeeded
    assert "auth" not in hes.calls


async def test_auth_vault_still_required_exception_thrown(rig: Rig) -> None:
    await needs_the_master_key(rig)
    hes = ScriptedHes(rig)
    hes.does_nothing = {"auth"}
    stopped_by(await run(rig, hes), FlowMessage.AUTH_FAILED)


# --- BaseSettings ---


def test_settings_are_equal_by_value_and_class() -> None:
    for one, same, other in (
        (PairSettings(), PairSettings(), PairSettings(unlock_proximity=71)),
        (ConnectRequest(), ConnectRequest(), ConnectRequest(seconds=(1.0,))),
        (Behaviour(), Behaviour(), Behaviour(cancel_does_nothing=True)),
        (LOCAL, Timeouts(), REMOTE),
    ):
        assert one == same
        assert hash(one) == hash(same)
        assert one != other
    assert len({PairSettings(), ConnectRequest(), Behaviour(), LOCAL}) == 4


# --- the log, and a key that cannot be initialised ---


async def test_the_log_is_handed_over_where_it_is_wanted(rig: Rig) -> None:
    logs: dict[str, bytes] = {}
    request = ConnectRequest(take_log=logs.__setitem__)
    async with rig.client(rig.person(RIGHT), flow_type=ConnectionFlow, request=request) as flow:
        assert (await flow.run()).succeeded
    assert b"firmware" in logs[rig.serial]


async def test_a_key_that_says_nothing_is_given_up_after_15_seconds(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(link: BleakLink, packet: bytes, *, confirm: bool = False) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(BleakLink, "send", deaf)
    started = asyncio.get_running_loop().time()
    result = await run(rig, OtherHes(rig))
    assert asyncio.get_running_loop().time() - started == pytest.approx(15, abs=0.5)
    stopped_by(result, FlowMessage.INITIALIZATION_FAILED)
    assert result.info is None


async def test_nothing_is_left_of_a_key_that_was_refused(rig: Rig) -> None:
    hes = ScriptedHes(rig)
    hes.licenses = []
    await run(rig, hes)
    state = rig.bench.workstation.state
    assert state.keys == {}
    assert not state.flow_runs
