"""Which ends of a flow are worth another try by the client itself."""

from __future__ import annotations

from hideez_bench.harness.client.errors import ClientError, ClientErrorCode, FlowMessage, WorkflowError
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesError, HesErrorCode, HesNetworkError

NETWORK_TROUBLE = {
    HesErrorCode.HesNotConnected,
    HesErrorCode.HesRequestTimeout,
    HesErrorCode.HesDeviceHubDisconnected,
    HesErrorCode.HesFailedEstablishRemoteDeviceConnection,
    HesErrorCode.RemoteConnectionTimedOut,
}
LINK_TROUBLE = {
    FlowMessage.CONNECTION_FAILED,
    FlowMessage.CONNECTION_FAILED_DONGLE,
    FlowMessage.INITIALIZATION_FAILED,
}

WITHOUT_SERVER = {
    FlowMessage.CANNOT_DOWNLOAD_LICENSE,
    FlowMessage.CANNOT_LINK_TO_USER,
    FlowMessage.VAULT_IS_LOCKED_NO_NETWORK,
    FlowMessage.AUTH_FAILED_NO_NETWORK,
}
NOT_LET_IN = {ClientErrorCode.HesWorkstationNotApproved, ClientErrorCode.HesAlarm}


def may_be_tried_again(error: BenchError) -> bool:
    """Whether the same may end well in a moment though nobody does anything: trouble of the link or the network."""
    match error:
        case HesNetworkError():
            return True
        case HesError(code=code):
            return code in NETWORK_TROUBLE
        case WorkflowError(message=message):
            return message in LINK_TROUBLE
        case _:
            return False


def is_over_with_the_server(error: BenchError) -> bool:
    """Whether the same may end well once the server is there, or lets this workstation in again."""
    match error:
        case WorkflowError(message=message):
            return message in WITHOUT_SERVER
        case ClientError(code=code):
            return code in NOT_LET_IN
        case _:
            return False
