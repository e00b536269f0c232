"""Step 1: see that the client may connect keys at all, before anything is sent by radio."""

from __future__ import annotations

from hideez_bench.harness.client.errors import ClientError, ClientErrorCode
from hideez_bench.harness.client.session import Session


def check_permissions(session: Session) -> None:
    """Look at the alarm, and at the access key that an approved workstation has.

    Raises:
        ClientError: HesAlarm, HesWorkstationNotApproved.
    """
    if session.workstation.state.alarm:
        raise ClientError(ClientErrorCode.HesAlarm)
    if not session.workstation.state.approved:
        raise ClientError(ClientErrorCode.HesWorkstationNotApproved)
