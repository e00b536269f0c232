"""Which ends of a flow the client itself tries again."""

from __future__ import annotations

import pytest

from hideez_bench.harness.client.errors import (
    ClientError,
    ClientErrorCode,
    FlowCancelled,
    FlowMessage,
    GetActivationCodeTimeout,
    WorkflowError,
)
from hideez_bench.harness.client.retry import is_over_with_the_server, may_be_tried_again
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


@pytest.mark.parametrize(
    ("error", "is_over"),
    [
        (WorkflowError(FlowMessage.CANNOT_DOWNLOAD_LICENSE), True),
        (WorkflowError(FlowMessage.CANNOT_LINK_TO_USER), True),
        (WorkflowError(FlowMessage.VAULT_IS_LOCKED_NO_NETWORK), True),
        (WorkflowError(FlowMessage.AUTH_FAILED_NO_NETWORK), True),
        (ClientError(ClientErrorCode.HesWorkstationNotApproved), True),
        (ClientError(ClientErrorCode.HesAlarm), True),
        (WorkflowError(FlowMessage.AUTH_FAILED), False),
        (GetActivationCodeTimeout(), False),
        (FlowCancelled("pressed long"), False),
        (HesError(HesErrorCode.HesDeviceLocked, "locked"), False),
    ],
    ids=str,
)
def test_what_failed_for_want_of_the_server_is_over_with_it(error: BenchError, is_over: bool) -> None:
    assert is_over_with_the_server(error) is is_over
