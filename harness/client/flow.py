"""The enterprise connection flow: what Hideez Client does with a key, from connect to online, in order."""

from __future__ import annotations

from hideez_bench.harness.client.accounts import update_other_accounts
from hideez_bench.harness.client.activation import activate
from hideez_bench.harness.client.authorization import authorize
from hideez_bench.harness.client.initialization import (
    fetch_log,
    initialize,
    refuse_boot_mode,
    refuse_second_connection,
    refuse_standalone,
)
from hideez_bench.harness.client.licensing import update_licenses
from hideez_bench.harness.client.permissions import check_permissions
from hideez_bench.harness.client.registration import finish, register, report_online
from hideez_bench.harness.client.run import KeyFlow
from hideez_bench.harness.client.session import Session
from hideez_bench.harness.client.state_update import update_state
from hideez_bench.harness.client.unlocking import raise_lock_screen, unlock_with_accounts
from hideez_bench.protocol.hes import ConnectionState


class ConnectionFlow(KeyFlow):
    """The flow of a key that belongs to a server, or shall."""

    async def steps(self, session: Session) -> None:
        """See `KeyFlow.steps`. The numbers are the client's."""
        session.ui.clear()  # 0
        check_permissions(session)  # 1
        await raise_lock_screen(session)  # 2
        await self.connect(session)  # 3
        refuse_boot_mode(session, self._wire)  # 5, ahead of 4: see there
        await initialize(session)  # 4
        refuse_standalone(session)  # 6
        await fetch_log(session)  # 7
        refuse_second_connection(session)  # 8
        await register(session)  # 9, 10
        await update_licenses(session)  # 11
        await update_state(session)  # 12
        await activate(session)  # 13
        await authorize(session)  # 14
        await unlock_with_accounts(session)  # 15
        session.connected.state = ConnectionState.FINALIZING
        await update_other_accounts(session)  # 16
        finish(session)  # 17
        await report_online(session)
