"""What the commands of a key work on: its memory, its clock, and what it knows since power-on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from hideez_bench.emulator.key.access import AccessControl, Caller
from hideez_bench.emulator.key.bootloader import Bootloader
from hideez_bench.emulator.key.event_log import EventLog, events_between
from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.licences import check_license
from hideez_bench.emulator.key.nvram import Nvram, NvramError
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.emulator.key.signal import Signal, steady
from hideez_bench.emulator.key.state import SecretDigest, State, load_state, store_state
from hideez_bench.emulator.key.storage import Drafts, space_taken
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import CURVE, KeysMade, private_key
from hideez_bench.protocol.names import AccessLevel, Command, ErrorName
from hideez_bench.protocol.secret import ActivationCode, MasterKey, Pin, Secret
from hideez_bench.protocol.values import DeviceInfo
from hideez_bench.protocol.wire import TAG_SIZE, Wire

PIN_MAX_TRIES = 10
"""Where the access profile says 0, as it does when it comes of a host that knows of no PIN."""


@dataclass(eq=False)
class Waiting:
    """A request that waits for the user's finger. Times as the clock counts them."""

    command: Command
    ends: float
    busy_due: float


class Firmware:
    """The inside of a key, without its links.

    Attributes:
        connections: how many links are open.
        battery: in percent.
        signal: how well it hears its hosts, unless a link says otherwise.
        drafts: what is being written into the storage.
        boot: boot mode.
        log: what happened to the key.
        wipe_request: the wipe that waits for the user, if one does.
        access_type: the class of what it keeps account of access with.
    """

    access_type: type[AccessControl] = AccessControl

    def __init__(
        self,
        nvram: Nvram,
        *,
        identity: Identity,
        clock: Callable[[], float],
        utc: Callable[[], int],
        random: Callable[[int], bytes],
        wire: Wire,
        on_keys: KeysMade,
    ) -> None:
        self.identity = identity
        self.clock = clock
        self.random = random
        self.wire = wire
        self.on_keys = on_keys
        self.access = self.access_type(wire.profile.channel("MAIN"))
        self.drafts = Drafts()
        self.connections = 0
        self.battery = 100
        self.signal: Signal = steady()
        self.wipe_request: Waiting | None = None
        self._utc = utc
        self._nvram = nvram
        self._wrong_keys = 0
        self.root_key = _power_on(nvram, identity.serial, random)
        self._state = self.recall()
        self.boot = Bootloader(nvram, identity, wire.profile.size("max_message"))
        self.log = EventLog(nvram.get("log") or b"")
        self._note_start()

    @property
    def state(self) -> State:
        """What the persistent memory holds."""
        return self._state

    def recall(self) -> State:
        """The state at power-on.

        Raises:
            NvramError: the memory cannot be read, or what it holds means nothing.
        """
        return load_state(self._nvram)

    def change(self, **changes: Any) -> None:
        """Change fields of the state: in the persistent memory first, in one commit, and then here.

        Raises:
            NvramError: nothing was changed.
        """
        self._become(replace(self._state, **changes))

    def wipe(self) -> None:
        """Back to factory. The serial number and the root key stay, the licences do not.

        Raises:
            NvramError: nothing was changed.
        """
        log = EventLog()
        self._become(State(), log)
        self.access.forget_everything()
        self.drafts.forget_everything()

    def digest(self, secret: Secret) -> SecretDigest:
        """What the key keeps in place of a secret."""
        return SecretDigest.of(secret, self.random)

    def is_code(self, code: ActivationCode) -> bool:
        """Whether a code is the one that locks the key, in the same time wherever it differs."""
        return self._state.code is not None and self._state.code.matches(code)

    def is_pin(self, pin: Pin) -> bool:
        """Whether a PIN is the one that was set, in the same time wherever it differs."""
        return self._state.pin is not None and self._state.pin.matches(pin)

    def set_clock(self, time: int) -> dict[str, int]:
        """The change of state that sets the key's clock, in Unix seconds."""
        return {"clock_offset": time - self._utc()}

    @property
    def time(self) -> int:
        """The key's clock in Unix seconds, a 32-bit counter; 0 until it was set."""
        offset = self._state.clock_offset
        return 0 if offset is None else (self._utc() + offset) % 2**32

    def check_master_key(self, key: MasterKey) -> None:
        """Compare a master key with the stored digest.

        Raises:
            Refused: with ERR_KEY_WRONG.
        """
        stored = self._state.master_key
        if stored is None or not stored.matches(key):
            self._wrong_keys += 1
            self.note("wrong master key")
            raise Refused(ErrorName.ERR_KEY_WRONG)

    def check_license(self, data: bytes) -> None:
        """Make sure that a licence is one for this key.

        Raises:
            Refused: with ERR_INVALID_LICENSE.
        """
        check_license(self.wire, data, self.identity.serial)

    @property
    def key_delay(self) -> float:
        """Seconds that a command with a master key must wait before it is looked at.

        Nothing for the first few wrong keys since power-on; then twice as long after each further one.
        """
        profile = self.wire.profile
        free = profile.size("master_key_free_guesses")
        if self._wrong_keys < free:
            return 0.0
        doublings = min(self._wrong_keys - free, 32)
        first, longest = profile.seconds("master_key_delay"), profile.seconds("master_key_delay_max")
        return min(first * 2.0**doublings, longest)

    def forget_channel(self, caller: Caller) -> None:
        """The channel was closed, or opened anew."""
        self.access.forget_channel(caller)
        self.drafts.forget_channel(caller)

    def forget_link(self, link: int) -> None:
        """The link is gone."""
        self.access.forget_link(link)
        self.drafts.forget_link(link)

    def reply_room(self, command: Command) -> int:
        """How many bytes the body of a reply may have."""
        reply = self.wire.reply.build(m.Reply(command, ErrorName.ERR_NO_DATA))
        envelope = self.wire.envelope.build(m.Envelope(0, 0, reply + bytes(TAG_SIZE)))
        return self.wire.profile.size("max_message") - len(envelope)

    def level(self, caller: Caller) -> AccessLevel:
        """What stands between a caller and the content of the key, now."""
        return self.access.level(caller, self._state, self.time)

    def device_info(self, caller: Caller) -> DeviceInfo:
        """What GET_INFO answers this caller."""
        state, access = self._state, self._state.access
        return DeviceInfo(
            serial=self.identity.serial,
            firmware=self.boot.version,
            bootloader=self.identity.bootloader,
            battery=self.battery,
            access_level=self.level(caller),
            lock=state.lock,
            unlock_attempts=state.attempts,
            pin_attempts=self.pin_attempts,
            pin_min_length=access.pin_min_length if access else 0,
            license_info=sum(1 << slot for slot in state.licenses),
            storage_total=self.identity.storage_size,
            storage_free=self.identity.storage_size - space_taken(state.records),
            storage_timestamp=state.storage_time,
            storage_update_counter=state.storage_counter,
            time=self.time,
            max_message=self.wire.profile.size("max_message"),
        )

    @property
    def pin_max_tries(self) -> int:
        """How many wrong PINs in a row lock the key; 0 before the first ACCESS."""
        access = self._state.access
        return access.pin_max_tries or PIN_MAX_TRIES if access else 0

    @property
    def pin_attempts(self) -> int:
        """How many PINs may still be tried; none before the first ACCESS, none once locked by PIN."""
        if self._state.access is None or self._state.locked_by_pin:
            return 0
        # A profile may come to grant fewer tries than were used; one is left until the key is locked.
        return max(self.pin_max_tries - self._state.pin_failures, 1)

    def note(self, event: str) -> None:
        """Add to the log; it is written down with the next change of the state."""
        self.log = self.log.add(self.time, (event,))

    def clear_log(self) -> None:
        """Empty the log.

        Raises:
            NvramError: nothing was changed.
        """
        self._nvram.commit({"log": None})
        self.log = EventLog()

    def restart(self) -> None:
        """Start anew, with nothing but what the persistent memory holds. The links are to be ended at once."""
        self.access.forget_everything()
        self.drafts.forget_everything()
        self.wipe_request = None
        self._wrong_keys = 0
        self.boot.power_on()
        self._note_start()

    def _note_start(self) -> None:
        self.note("boot mode" if self.boot.runs else f"firmware {self.boot.version} started")

    def _become(self, state: State, log: EventLog | None = None) -> None:
        """Take on a state, and write the log with it: a new one, or else the one that there is."""
        log = (log or self.log).add(self.time, events_between(self._state, state))
        store_state(self._nvram, self._state, state, {"log": log.text})
        self._state, self.log = state, log


def _power_on(nvram: Nvram, serial: str, random: Callable[[int], bytes]) -> ec.EllipticCurvePrivateKey:
    """The root key of this memory, made at the first power-on."""
    stored = nvram.get("serial")
    if stored is None:
        root = private_key(random)
        scalar = root.private_numbers().private_value.to_bytes(32, "big")
        nvram.commit({"serial": serial.encode(), "root_key": scalar})
        return root
    if stored != serial.encode():
        raise NvramError(
            f"this memory belongs to the key {stored.decode(errors='replace')}, not to {serial}; "
            "nothing was changed. Start the key that it belongs to, or name another file"
        )
    try:
        return ec.derive_private_key(int.from_bytes(nvram.get("root_key") or b"", "big"), CURVE)
    except ValueError:
        raise NvramError(
            "the key's memory is damaged (root_key); delete it to start with a factory key"
        ) from None
