"""Any sequence of commands and power cycles, against a model of link, lock and attempts in a few lines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.values import DeviceInfo, Error
from tests.key.desk import MASTER_KEY, Desk, refusal

CODES = st.sampled_from([ActivationCode(b"111111"), ActivationCode(b"2222222"), ActivationCode(b"33333333")])
ATTEMPTS = st.integers(3, 5)


@dataclass
class Model:
    """What a key is to be."""

    code: ActivationCode | None = None
    locked: bool = False
    attempts: int = 0
    granted: int = 0

    def lock(self, code: ActivationCode, attempts: int) -> None:
        self.code, self.locked, self.attempts, self.granted = code, True, attempts, attempts

    def enter(self, code: ActivationCode) -> ErrorName:
        if self.code is None:
            return ErrorName.ERR_NOT_INITIALIZED
        if not self.locked:
            return ErrorName.ERR_UNSUPPORTED
        if self.attempts and code == self.code:
            self.locked, self.attempts = False, self.granted
            return ErrorName.Ok
        self.attempts = max(0, self.attempts - 1)
        return ErrorName.ERR_PIN_WRONG if self.attempts else ErrorName.ERR_DEVICE_LOCKED_BY_CODE


class KeyMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.model = Model()
        self.runner = asyncio.Runner()

    def teardown(self) -> None:
        self.runner.close()

    def ask(self, call: Callable[[KeyDevice], Awaitable[object]]) -> tuple[Error, DeviceInfo]:
        async def talk() -> tuple[Error, DeviceInfo]:
            async with self.desk.device() as device:
                return await refusal(call(device)), await device.refresh_device_info()

        return self.runner.run(talk())

    @rule(code=CODES, attempts=ATTEMPTS)
    def link(self, code: ActivationCode, attempts: int) -> None:
        error, _ = self.ask(lambda key: key.link(MASTER_KEY, code, attempts))
        if self.model.code is None:
            assert error is ErrorName.Ok
            self.model.lock(code, attempts)
        else:
            assert error is ErrorName.ERR_ALREADY_INITIALIZED

    @rule(code=CODES, attempts=ATTEMPTS)
    def lock(self, code: ActivationCode, attempts: int) -> None:
        error, _ = self.ask(lambda key: key.lock_device_code(MASTER_KEY, code, attempts))
        if self.model.code is None:
            assert error is ErrorName.ERR_NOT_INITIALIZED
        else:
            assert error is ErrorName.Ok
            self.model.lock(code, attempts)

    @rule(code=CODES)
    def enter(self, code: ActivationCode) -> None:
        error, _ = self.ask(lambda key: key.unlock_device_code(code))
        assert error is self.model.enter(code)

    @rule()
    def unlock(self) -> None:
        error, _ = self.ask(lambda key: key.unlock(MASTER_KEY))
        assert error is (ErrorName.Ok if self.model.code else ErrorName.ERR_NOT_INITIALIZED)
        self.model.locked, self.model.attempts = False, self.model.granted

    @rule()
    def wipe(self) -> None:
        error, _ = self.ask(lambda key: key.wipe(MASTER_KEY))
        assert error is (ErrorName.Ok if self.model.code else ErrorName.ERR_NOT_INITIALIZED)
        self.model = Model()

    @rule()
    def power_cycle(self) -> None:
        self.desk.switch_on()

    @invariant()
    def the_key_is_as_the_model_says(self) -> None:
        _, info = self.ask(lambda key: key.ping("x"))
        assert info.link_required is (self.model.code is None)
        assert (info.locked, info.unlock_attempts) == (self.model.locked, self.model.attempts)
        assert info.can_unlock is (self.model.locked and self.model.attempts > 0)


KeyMachine.TestCase.settings = settings(deadline=None, max_examples=25, stateful_step_count=20)
TestKeyAgainstModel = KeyMachine.TestCase
