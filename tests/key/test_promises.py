"""The promises of `promises.py`, kept by the key and broken by every defect that touches them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from hideez_bench.emulator.key.defects.catalogue import defective
from hideez_bench.protocol.errors import BenchError
from tests.key.promises import PromisesMachine

PromisesMachine.TestCase.settings = settings(
    deadline=None, max_examples=100, stateful_step_count=50, suppress_health_check=list(HealthCheck)
)
TestPromises = PromisesMachine.TestCase

SEARCH = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=150,
    stateful_step_count=50,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

# Those that it takes the machine seconds to find, and those that have a check of their own, are not here.
BREAK_PROMISES = {
    "one-attempt-more",
    "one-attempt-fewer",
    "attempts-in-ram",
    "power-cycle-refills-attempts",
    "attempts-reset-on-reconnect",
    "cancel-refills-attempts",
    "channel-refills-attempts",
    "other-channels-try-for-free",
    "right-code-restores-nothing",
    "recoding-keeps-attempts",
    "last-wrong-code-unsaid",
    "code-not-replaced",
    "lock-lost-at-power-on",
    "unlocked-after-link",
    "link-twice",
    "access-while-locked",
    "access-by-any-key",
    "passphrase-always-right",
    "lock-by-any-key",
    "no-lock-by-master-key",
    "wipe-at-once",
    "wipe-by-any-key",
    "wipe-by-short-press",
    "wipe-when-time-is-up",
    "wipe-leaves-the-code",
    "wipe-keeps-the-master-key",
    "wipe-in-ram",
    "cancel-ignored",
    "wrong-attempts-in-info",
}


@pytest.mark.parametrize("name", sorted(BREAK_PROMISES))
def test_a_defect_breaks_a_promise(name: str) -> None:
    class Machine(PromisesMachine):
        key_type = defective([name])

    with pytest.raises((AssertionError, BenchError)):
        run_state_machine_as_test(Machine, settings=SEARCH)
