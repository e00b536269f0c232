"""What `--capture` leaves behind: an activation, as decode and Wireshark read it."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.emulator.peripheral.recorded import RecordedApplication, RecordedServer
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.harness.capture.btsnoop import BtsnoopWriter
from hideez_bench.harness.capture.conversation import Kind
from hideez_bench.harness.capture.keylog import KeyLogWriter, read_key_log
from hideez_bench.harness.capture.recording import Recording
from hideez_bench.harness.links.bleak_link import BleakLink, BleakOptions
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.secret import ActivationCode, MasterKey
from hideez_bench.protocol.transport import PacketTransport
from tests.capture.by_hand import WIRE, decode

CODE, MASTER_KEY = b"73194628", bytes(range(65, 97))
PROFILE = WIRE.profile


class Desk:
    """A key on a radio in memory, recorded on both sides, with the keys of all channels."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warnings: list[str] = []

    async def session(self, talk: Callable[[KeyDevice], object], host: Path | None = None) -> None:
        """Connect, open the main channel, and let `talk` say more."""
        radio = MemoryRadio()
        identity = Identity.numbered(203)
        with (
            closing(BtsnoopWriter(host or self.folder / "host.btsnoop", self.warnings.append)) as host_file,
            closing(BtsnoopWriter(self.folder / "key.btsnoop", self.warnings.append)) as key_file,
            KeyLogWriter(self.folder / "host.keys", self.warnings.append) as host_keys,
            KeyLogWriter(self.folder / "key.keys", self.warnings.append) as key_keys,
        ):
            key = Key(
                MemoryNvram(),
                identity=identity,
                clock=asyncio.get_running_loop().time,
                utc=lambda: 1_763_967_104,
                random=secrets.token_bytes,
                on_keys=key_keys,
            )
            key_recording, host_recording = Recording(key_file, PROFILE), Recording(host_file, PROFILE)

            def make_server(application: KeyApplication) -> RecordedServer:
                recorded = RecordedApplication(application, key_recording.central)
                return RecordedServer(radio.server(recorded), recorded)

            backend = radio.backend()
            options = BleakOptions({"backend": backend.scanner}, {"backend": backend.client})
            open_link = host_recording.link(
                lambda seconds: BleakLink(
                    identity.local_name, profile=PROFILE, timeout=seconds, options=options
                )
            )
            async with KeyApplication(key, profile=PROFILE, make_server=make_server), open_link(5.0) as link:
                transport = PacketTransport(link, WIRE)
                await transport.start()
                device = KeyDevice(transport, 1, wire=WIRE, random=secrets.token_bytes, on_keys=host_keys)
                await device.verify_and_initialize()
                made = talk(device)
                if asyncio.iscoroutine(made):
                    await made


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def give_code(device: KeyDevice) -> None:
    await device.ping("x" * 400)  # more than one packet
    await device.link(MasterKey(MASTER_KEY), ActivationCode(CODE), 3)


COMMANDS = ["GET_INFO", "PING", "LINK"]


@pytest.mark.parametrize("side", ["host", "key"])
async def test_a_recording_is_decoded(desk: Desk, side: str) -> None:
    await desk.session(give_code)
    capture = (desk.folder / f"{side}.btsnoop").read_bytes()
    # Either side's key log opens it.
    for log in ("host.keys", "key.keys"):
        entries = decode(capture, keys=read_key_log(desk.folder / log))
        requests = [entry.detail["message"] for entry in entries if entry.kind is Kind.REQUEST]
        assert requests == COMMANDS
        kinds = Counter(entry.kind for entry in entries)
        assert kinds[Kind.REPLY] == len(COMMANDS)
        assert (kinds[Kind.DAMAGE], kinds[Kind.ENCRYPTED]) == (0, 0)
        assert (kinds[Kind.CONNECTED], kinds[Kind.DISCONNECTED]) == (1, 1)
        assert kinds[Kind.READ] >= 1
        assert kinds[Kind.SUBSCRIBED] >= 1
    assert desk.warnings == []


async def test_both_sides_record_the_same_packets(desk: Desk) -> None:
    await desk.session(give_code)
    talks = []
    for side in ("host", "key"):
        entries = decode((desk.folder / f"{side}.btsnoop").read_bytes(), every_status=True)
        talk = (Kind.CONTROL, Kind.ENCRYPTED)
        talks.append([(entry.to_key, entry.text) for entry in entries if entry.kind in talk])
    assert sorted(talks[0]) == sorted(talks[1])


async def test_no_secret_is_in_a_recording(desk: Desk) -> None:
    await desk.session(give_code)
    for side in ("host", "key"):
        capture = (desk.folder / f"{side}.btsnoop").read_bytes()
        assert CODE not in capture
        assert MASTER_KEY not in capture


async def test_a_recording_is_whole_at_every_moment(desk: Desk) -> None:
    taken: list[bytes] = []

    def copy(device: KeyDevice) -> None:
        taken.append((desk.folder / "host.btsnoop").read_bytes())

    await desk.session(copy)
    # Nothing was flushed or closed by then: this is what a killed program leaves behind.
    assert [entry.kind for entry in decode(taken[0]) if entry.kind is Kind.DAMAGE] == []
    assert any(entry.kind is Kind.ENCRYPTED for entry in decode(taken[0]))


@pytest.mark.parametrize("path", ["/dev/full", "/nowhere/at/all"])
async def test_a_file_that_cannot_be_written_harms_nothing(desk: Desk, path: str) -> None:
    await desk.session(give_code, host=Path(path))
    assert len(desk.warnings) == 1
    assert path in desk.warnings[0]
    assert (
        len([e for e in decode((desk.folder / "key.btsnoop").read_bytes()) if e.kind is Kind.ENCRYPTED]) == 6
    )


class SmallDisk:
    """A disk that takes so many bytes more."""

    def __init__(self, file: Path, room: int) -> None:
        self.file = file.open("wb", buffering=0)
        self.room = room

    def write(self, data: bytes) -> int:
        taken = self.file.write(data[: self.room]) or 0
        self.room -= taken
        return taken

    def truncate(self, size: int) -> None:
        self.file.truncate(size)

    def close(self) -> None:
        self.file.close()


def test_a_disk_that_fills_up_leaves_whole_packets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.btsnoop"
    disk = SmallDisk(path, 100)
    monkeypatch.setattr(Path, "open", lambda *args, **kwargs: disk)
    warnings: list[str] = []
    writer = BtsnoopWriter(path, warnings.append)
    for _ in range(5):
        writer.write(0, True, bytes(20))
    writer.close()
    monkeypatch.undo()
    assert path.stat().st_size == 16 + 44
    assert decode(path.read_bytes()) == []
    assert len(warnings) == 1
    assert "kept" in warnings[0]


# --- Wireshark ---

needs_tshark = pytest.mark.skipif(
    not shutil.which("tshark"),
    reason="tshark is not installed (apt-get install --no-install-recommends tshark)",
)


def tshark(capture: Path, *fields: str, filter_: str = "") -> list[list[str]]:
    arguments = ["tshark", "-r", str(capture), "-T", "fields"]
    arguments += [part for field in fields for part in ("-e", field)]
    arguments += ["-Y", filter_] if filter_ else []
    result = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=250)
    return [line.split("\t") for line in result.stdout.splitlines()]


@needs_tshark
@pytest.mark.parametrize("side", ["host", "key"])
async def test_wireshark_reads_a_recording(desk: Desk, side: str) -> None:
    await desk.session(give_code)
    path = desk.folder / f"{side}.btsnoop"
    assert tshark(path, "frame.number", filter_="_ws.malformed or _ws.expert.severity == error") == []
    opcodes = Counter(row[0] for row in tshark(path, "btatt.opcode", filter_="btatt"))
    assert set(opcodes) >= {"0x08", "0x09", "0x10", "0x11", "0x0a", "0x0b", "0x12", "0x13", "0x52", "0x1b"}
    uuids = {row[0].replace(":", "") for row in tshark(path, "btatt.uuid128", filter_="btatt.opcode == 0x52")}
    assert uuids == {PROFILE.uuid("main").replace("-", "")}
    events = tshark(path, "bthci_evt.code", filter_="bthci_evt")
    assert [row[0] for row in events] == ["0x3e", "0x05"]
