"""The standalone flow: the same key without a server, for a person of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from hideez_bench.harness.client.initialization import (
    fetch_log,
    initialize,
    refuse_boot_mode,
    refuse_second_connection,
)
from hideez_bench.harness.client.master_password import Derivation
from hideez_bench.harness.client.outcome import ROWS, WITHOUT_SERVER
from hideez_bench.harness.client.registration import finish
from hideez_bench.harness.client.run import KeyFlow
from hideez_bench.harness.client.session import Session
from hideez_bench.harness.client.standalone_authorization import authorize_by_password, refuse_enterprise
from hideez_bench.harness.client.unlocking import raise_lock_screen, unlock_with_accounts


def _now() -> datetime:
    return datetime.now().astimezone()


class StandaloneFlow(KeyFlow):
    """The flow of a key that belongs to no server.

    Attributes:
        derivation: how the master password becomes the master key.
        now: the computer's clock, timezone-aware, in local time.
    """

    rows = (WITHOUT_SERVER, *ROWS)
    derivation = Derivation()
    now: Callable[[], datetime] = staticmethod(_now)

    async def steps(self, session: Session) -> None:
        """See `KeyFlow.steps`."""
        session.ui.clear()
        await raise_lock_screen(session)
        await self.connect(session)
        refuse_boot_mode(session, self._wire)
        await initialize(session)
        refuse_enterprise(session)
        await fetch_log(session)
        refuse_second_connection(session)
        await authorize_by_password(session, self.derivation, self.now)
        await unlock_with_accounts(session)
        finish(session)
