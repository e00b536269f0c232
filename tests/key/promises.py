"""What a key promises about link, lock, attempts and access, in a model, and a machine that holds a key to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.key.power_loss import Cut, PowerLossNvram, PowerLost
from hideez_bench.emulator.key.view import Led
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.names import AccessLevel, Button, Condition, ErrorName
from hideez_bench.protocol.secret import ActivationCode, MasterKey
from hideez_bench.protocol.transport import PacketTransport
from hideez_bench.protocol.values import Error
from tests.key.desk import MASTER_KEY, STARTED, WIRE, WRONG_KEY, Desk, profile_of, refusal, settled, until
from tests.key.direct_link import DirectLink

CODES = [ActivationCode(code) for code in (b"111111", b"0111111", b"111111A", b"111111a", b"222222")]
CALLERS = st.tuples(st.sampled_from(["pc", "laptop"]), st.sampled_from([1, 2, 4]))
FREE_GUESSES = 5
PROFILE = replace(profile_of(Condition.MASTER_KEY_BOND), master_key_expiration=0)
Caller = tuple[str, int]
Ask = Callable[[KeyDevice], Awaitable[object]]
Expected: TypeAlias = "tuple[ErrorName, list[Model]]"


@dataclass(frozen=True)
class Model:
    """What a key is to remember. An operation gives the answer to it, and what the key becomes in turn."""

    code: ActivationCode | None = None
    locked: bool = False
    attempts: int = 0
    granted: int = 0
    asks_for_key: bool = False
    confirmed: frozenset[str] = field(default_factory=frozenset)

    def link(self, code: ActivationCode, attempts: int) -> Expected:
        if self.code is not None:
            return ErrorName.ERR_ALREADY_INITIALIZED, []
        return ErrorName.Ok, [replace(self, code=code, locked=True, attempts=attempts, granted=attempts)]

    def with_key(self, right: bool, *after: Model, while_locked: bool = True) -> Expected:
        if self.code is None:
            return ErrorName.ERR_NOT_INITIALIZED, []
        if not right:
            return ErrorName.ERR_KEY_WRONG, []
        if self.locked and not while_locked:
            return ErrorName.ERR_DEVICE_LOCKED_BY_CODE, []
        return ErrorName.Ok, list(after)

    def enter(self, code: ActivationCode) -> Expected:
        if self.code is None:
            return ErrorName.ERR_NOT_INITIALIZED, []
        if not self.locked:
            return ErrorName.ERR_UNSUPPORTED, []
        if not self.attempts:
            return ErrorName.ERR_DEVICE_LOCKED_BY_CODE, []
        counted = replace(self, attempts=self.attempts - 1)
        if code == self.code:
            return ErrorName.Ok, [counted, replace(self, locked=False, attempts=self.granted)]
        return ErrorName.ERR_PIN_WRONG if counted.attempts else ErrorName.ERR_DEVICE_LOCKED_BY_CODE, [counted]

    def level(self, host: str) -> AccessLevel:
        if self.code is None:
            return AccessLevel.LINK_REQUIRED
        level = AccessLevel.LOCKED if self.locked else AccessLevel(0)
        if self.asks_for_key and host not in self.confirmed:
            level |= AccessLevel.MASTER_KEY_REQUIRED
        return level


class PromisesMachine(RuleBasedStateMachine):
    """A key that is used, misused, unplugged and kept waiting, and must be as the model says after every step."""

    key_type: type[Key] = Key

    def __init__(self) -> None:
        super().__init__()
        self.memory = MemoryNvram()
        self.desk = Desk(self.memory, key_type=self.key_type)
        self.model = Model()
        self.wrong_keys = 0
        self.links: dict[str, tuple[DirectLink, PacketTransport]] = {}
        self.devices: dict[Caller, KeyDevice] = {}
        self.last_code: tuple[Caller, list[bytes]] | None = None
        self.runner = asyncio.Runner()

    def teardown(self) -> None:
        self.runner.close()

    # --- how it is talked to ---

    async def device(self, caller: Caller) -> KeyDevice:
        """The channel of a host, connected and verified if it is not."""
        host, channel = caller
        if host not in self.links:
            link = DirectLink(self.desk.key, host)
            await link.__aenter__()
            transport = PacketTransport(link, WIRE)
            await transport.start()
            self.links[host] = link, transport
        if caller not in self.devices:
            random = Random(f"{caller}")  # noqa: S311 - the same each time, on purpose
            device = KeyDevice(self.links[host][1], channel, wire=WIRE, random=random.randbytes)
            await device.verify_and_initialize()
            self.devices[caller] = device
        return self.devices[caller]

    @property
    def delay(self) -> float:
        """How long the next command with a master key must wait."""
        over = self.wrong_keys - FREE_GUESSES
        return min(2.0**over, 60.0) if over >= 0 else 0.0

    def ask(self, caller: Caller, call: Ask, delay: float = 0.0) -> Error:
        """The key's answer, which must come when it is due and no sooner."""

        async def talk() -> Error:
            answer = asyncio.ensure_future(refusal(call(await self.device(caller))))
            await settled()
            assert answer.done() is not bool(delay)
            self.desk.advance(delay + 0.01 if delay else 0.0)
            return await answer

        return self.runner.run(talk())

    def expect(self, caller: Caller, call: Ask, expected: Expected, delay: float = 0.0) -> None:
        error, states = expected
        answer = self.ask(caller, call, delay)
        assert answer is error
        self.wrong_keys += error is ErrorName.ERR_KEY_WRONG
        self.model = states[-1] if states else self.model

    def switch_on(self) -> None:
        self.links.clear()
        self.devices.clear()
        self.last_code = None
        self.wrong_keys = 0
        self.desk.switch_on()

    # --- what is done to it ---

    @initialize(linked=st.sampled_from([True, True, False]), code=st.sampled_from(CODES))
    def begin(self, linked: bool, code: ActivationCode) -> None:
        if linked:
            self.link(("pc", 1), code, 3)

    @rule(caller=CALLERS, code=st.sampled_from(CODES), attempts=st.integers(3, 4))
    def link(self, caller: Caller, code: ActivationCode, attempts: int) -> None:
        self.expect(caller, lambda key: key.link(MASTER_KEY, code, attempts), self.model.link(code, attempts))

    @rule(caller=CALLERS, code=st.sampled_from(CODES))
    def enter(self, caller: Caller, code: ActivationCode) -> None:
        self.runner.run(self.device(caller))
        link, _ = self.links[caller[0]]
        sent = len(link.sent)
        self.expect(caller, lambda key: key.unlock_device_code(code), self.model.enter(code))
        self.last_code = caller, link.sent[sent:]

    @precondition(lambda self: self.model.locked)
    @rule(caller=CALLERS)
    def enter_a_wrong_code(self, caller: Caller) -> None:
        self.enter(caller, ActivationCode(b"999999"))

    @precondition(lambda self: self.model.locked)
    @rule(caller=CALLERS)
    def enter_the_right_code(self, caller: Caller) -> None:
        assert self.model.code is not None
        self.enter(caller, self.model.code)

    @rule(caller=CALLERS, code=st.sampled_from(CODES), attempts=st.integers(3, 4), right=st.booleans())
    def lock(self, caller: Caller, code: ActivationCode, attempts: int, right: bool) -> None:
        key, after = self.locked_with(code, attempts, right)
        self.expect(caller, lambda device: device.lock_device_code(key, code, attempts), after, self.delay)

    def locked_with(self, code: ActivationCode, attempts: int, right: bool) -> tuple[MasterKey, Expected]:
        locked = replace(self.model, code=code, locked=True, attempts=attempts, granted=attempts)
        return (MASTER_KEY if right else WRONG_KEY), self.model.with_key(right, locked)

    @rule(caller=CALLERS, right=st.booleans())
    def unlock(self, caller: Caller, right: bool) -> None:
        unlocked = replace(self.model, locked=False, attempts=self.model.granted)
        key = MASTER_KEY if right else WRONG_KEY
        self.expect(
            caller, lambda device: device.unlock(key), self.model.with_key(right, unlocked), self.delay
        )

    @rule(caller=CALLERS, right=st.booleans())
    def access(self, caller: Caller, right: bool) -> None:
        after = replace(self.model, asks_for_key=True, confirmed=frozenset())
        key = MASTER_KEY if right else WRONG_KEY
        expected = self.model.with_key(right, after, while_locked=False)
        self.expect(caller, lambda device: device.access(STARTED, key, PROFILE), expected, self.delay)

    @rule(caller=CALLERS, right=st.booleans())
    def check_passphrase(self, caller: Caller, right: bool) -> None:
        after = replace(self.model, confirmed=self.model.confirmed | {caller[0]})
        key = MASTER_KEY if right else WRONG_KEY
        expected = self.model.with_key(right, after, while_locked=False)
        self.expect(caller, lambda device: device.check_passphrase(key), expected, self.delay)

    @rule(caller=CALLERS, right=st.sampled_from([False, False, True]))
    def wipe(self, caller: Caller, right: bool) -> None:
        key = MASTER_KEY if right else WRONG_KEY
        self.expect(caller, lambda device: device.wipe(key), self.model.with_key(right, Model()), self.delay)

    @rule(caller=CALLERS, end=st.sampled_from(["hold", "press", "cancel", "wait"]))
    def wipe_by_hand(self, caller: Caller, end: str) -> None:
        async def wipe() -> Error:
            device = await self.device(caller)
            answer = asyncio.ensure_future(refusal(device.wipe(None)))
            await until(lambda: answer.done() or self.desk.key.view.led is Led.YELLOW)
            assert not answer.done()
            match end:
                case "hold":
                    self.desk.key.press(Button.SUPER_LONG)
                case "press":
                    self.desk.key.press(Button.SINGLE)
                case "cancel":
                    await self.links[caller[0]][1].start()
                case "wait":
                    self.desk.advance(30)
            await settled()
            assert answer.done()
            return await answer

        answer = self.runner.run(wipe())
        cancelled = ErrorName.ERR_OPERATION_CANCELED
        assert answer is {"hold": ErrorName.Ok, "wait": ErrorName.ERR_TIMEOUT}.get(end, cancelled)
        self.model = Model() if end == "hold" else self.model

    @rule(button=st.sampled_from(Button))
    def press(self, button: Button) -> None:
        self.desk.key.press(button)

    @rule(seconds=st.sampled_from([0.5, 61, 100_000]))
    def wait(self, seconds: float) -> None:
        self.desk.now += max(0, seconds - 1)
        self.desk.advance(min(seconds, 1))

    @precondition(lambda self: self.links)
    @rule(host=st.sampled_from(["pc", "laptop"]))
    def disconnect(self, host: str) -> None:
        if host in self.links:
            link, _ = self.links.pop(host)
            self.runner.run(link.drop())
            self.devices = {caller: device for caller, device in self.devices.items() if caller[0] != host}
            self.last_code = None

    @rule(host=st.sampled_from(["pc", "laptop"]))
    def delete_bond(self, host: str) -> None:
        self.disconnect(host)
        self.desk.key.forget_host(host)
        self.model = replace(self.model, confirmed=self.model.confirmed - {host})

    @precondition(lambda self: self.last_code)
    @rule()
    def replay(self) -> None:
        """Whoever has recorded an entry of a code sends it once more."""
        assert self.last_code is not None
        caller, packets = self.last_code

        async def send() -> None:
            for packet in packets:
                self.links[caller[0]][0].key_side.receive(packet)
            await settled()

        self.runner.run(send())
        del self.devices[caller]  # it has lost its keys
        self.last_code = None

    @rule()
    def power_cycle(self) -> None:
        self.switch_on()

    @rule(
        at=st.integers(1, 2),
        cut=st.sampled_from(Cut),
        what=st.sampled_from(["enter", "right", "lock", "unlock", "link", "wipe"]),
        code=st.sampled_from(CODES),
    )
    def power_cut(self, at: int, cut: Cut, what: str, code: ActivationCode) -> None:
        """The power goes at a commit of a command."""
        now = self.model
        if what == "right":
            code = now.code or code
        locked = replace(now, code=code, locked=True, attempts=3, granted=3)
        unlocked = replace(now, locked=False, attempts=now.granted)
        calls: dict[str, tuple[Ask, Expected]] = {
            "enter": (lambda key: key.unlock_device_code(code), now.enter(code)),
            "right": (lambda key: key.unlock_device_code(code), now.enter(code)),
            "lock": (lambda key: key.lock_device_code(MASTER_KEY, code, 3), now.with_key(True, locked)),
            "unlock": (lambda key: key.unlock(MASTER_KEY), now.with_key(True, unlocked)),
            "link": (lambda key: key.link(MASTER_KEY, code, 3), now.link(code, 3)),
            "wipe": (lambda key: key.wipe(MASTER_KEY), now.with_key(True, Model())),
        }
        call, (error, states) = calls[what]
        self.desk.nvram = PowerLossNvram(self.memory, at, cut)
        self.switch_on()
        try:
            answer = self.ask(("pc", 1), call)
        except PowerLost:
            pass
        else:
            assert answer is error
        history = [now, *states]
        self.model = history[min(at - (cut is Cut.BEFORE), len(history) - 1)]
        self.desk.nvram = self.memory
        self.switch_on()

    # --- what must hold ---

    @invariant()
    def the_key_is_as_the_model_says(self) -> None:
        async def look() -> None:
            for caller in {("onlooker", 1), *self.devices}:
                info = await (await self.device(caller)).refresh_device_info()
                assert info.access_level == self.model.level(caller[0])
                assert (info.locked, info.unlock_attempts) == (self.model.locked, self.model.attempts)
                assert info.can_unlock is (self.model.locked and self.model.attempts > 0)

        self.runner.run(look())
