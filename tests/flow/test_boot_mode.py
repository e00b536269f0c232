"""A key in boot mode, in front of the client."""

from __future__ import annotations

from hideez_bench.harness.client.errors import FlowMessage, WorkflowError
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.secret import ActivationCode, MasterKey
from hideez_bench.protocol.transport import PacketTransport
from tests.flow.rig import RIGHT, WIRE, Rig


async def test_e012_a_key_that_entered_boot_mode_and_back(rig: Rig) -> None:
    master_key, code = MasterKey(b"k" * 32), ActivationCode.from_text("246813")
    async with rig.open_device() as device:
        await device.link(master_key, code, 3)
        await device.unlock_device_code(code)
        await device.enter_boot(master_key)
    result = await rig.connect(RIGHT)
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is FlowMessage.VAULT_IN_BOOTLOADER_MODE
    assert rig.commands(1) == []
    async with rig.link(20) as link:
        transport = PacketTransport(link, WIRE)
        await transport.start()
        await transport.control(m.BootRun(), 5.0)
        await transport.lost.wait()
    async with rig.open_device() as device:
        await device.wipe(master_key)
    assert (await rig.connect(RIGHT)).succeeded
