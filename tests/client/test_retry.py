"""Which ends of a flow the client itself tries again."""

from __future__ import annotations

import pytest

from hideez_bench.harness.client.errors import (
    FlowCancelled,
    FlowMessage,
    GetActivationCodeTimeout,
    WorkflowError,
)
from hideez_bench.harness.client.retry import may_be_tried_again
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesError, HesErrorCode, HesNetworkError


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (WorkflowError(FlowMessage.CONNECTION_FAILED), True),
        (WorkflowError(FlowMessage.CONNECTION_FAILED_DONGLE), True),
        (WorkflowError(FlowMessage.INITIALIZATION_FAILED), True),
        (WorkflowError(FlowMessage.VAULT_IS_LOCKED), False),
        (HesError(HesErrorCode.HesNotConnected, "gone"), True),
        (HesError(HesErrorCode.HesRequestTimeout, "slow"), True),
        (HesError(HesErrorCode.RemoteConnectionTimedOut, "slow"), True),
        (HesError(HesErrorCode.HesDeviceHubDisconnected, "hub"), True),
        (HesError(HesErrorCode.HesFailedEstablishRemoteDeviceConnection, "channel"), True),
        (HesNetworkError(10054, "reset"), True),
        (HesError(HesErrorCode.HesDeviceLocked, "locked"), False),
        (HesError(HesErrorCode.HesAlarm, "alarm"), False),
        (GetActivationCodeTimeout(), False),
        (FlowCancelled("pressed long"), False),
    ],
    ids=str,
)
def test_only_trouble_that_may_pass_by_itself_is_tried_again(error: BenchError, again: bool) -> None:
    assert may_be_tried_again(error) is again
