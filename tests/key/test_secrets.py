"""No object of the key shows a secret."""

from __future__ import annotations

from hideez_bench.emulator.key.channel import Delayed
from hideez_bench.emulator.key.state import load_state
from hideez_bench.protocol import messages as m
from tests.key.desk import CODE, MASTER_KEY, Desk


async def test_no_representation_shows_a_secret(desk: Desk) -> None:
    await desk.bring_to("W")
    state = load_state(desk.nvram)
    assert state.code is not None
    shown = " ".join(
        f"{thing!r} {thing}" for thing in (state, desk.key, desk.nvram, Delayed(m.Unlock(MASTER_KEY), 1.0))
    )
    for secret in (CODE.reveal(), MASTER_KEY.reveal(), state.code.reveal()):
        assert repr(secret) not in shown
        assert secret.hex() not in shown
