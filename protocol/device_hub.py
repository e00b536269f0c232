"""What travels on the deviceHub: the server's requests to a key, and what the client brings back, as JSON.

The names are the vendor's. What the fields hold is modelled: the messages that a key itself reads and writes, as bytes,
so that a client carries them without knowing more than which kind they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, cast

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hub import Method
from hideez_bench.protocol.json_codec import BYTE, BYTES, TEXT, Codec, optional, record
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.link import LinkLost
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.signalr import Json, Malformed
from hideez_bench.protocol.transport import ControlRequest, KeyRefused, NoAnswer
from hideez_bench.protocol.values import Error, UnknownError
from hideez_bench.protocol.wire import Wire


@dataclass(frozen=True)
class MessageBuffer:
    """A message of one channel: an envelope, as the key has it."""

    data: bytes
    channel: int


@dataclass(frozen=True)
class EncryptedRequest:
    """A message for the key that only the key can read."""

    buffer: MessageBuffer


@dataclass(frozen=True)
class ControlMessage:
    """A control message for the key, to which no answer is brought back."""

    data: bytes


@dataclass(frozen=True)
class DeviceCommandReplyResult:
    """The key's answer to a control message."""

    data: bytes


MESSAGE_BUFFER = record(MessageBuffer, data=("data", BYTES), channel=("channelNo", BYTE))
ENCRYPTED_REQUEST = record(EncryptedRequest, buffer=("buffer", MESSAGE_BUFFER))
CONTROL_MESSAGE = record(ControlMessage, data=("data", BYTES))
REPLY_RESULT = record(DeviceCommandReplyResult, data=("data", BYTES))

GET_ROOT_KEY = Method("SendGetRootKeyCommand")
VERIFY = Method("SendVerifyCommand", (BYTES, BYTES, BYTE))
RESET = Method("SendResetChannel", (BYTE,))
REMOTE = Method("SendRemoteCommand", (ENCRYPTED_REQUEST,))
CONTROL = Method("SendControlRemoteCommand", (CONTROL_MESSAGE,))
COMMANDS = {method.target: method for method in (GET_ROOT_KEY, VERIFY, RESET, REMOTE, CONTROL)}
"""Server to client."""

_ERROR: Codec[str | None] = optional(TEXT)
GET_ROOT_KEY_RESPONSE = Method("GetRootKeyCommandResponse", (optional(REPLY_RESULT), _ERROR))
VERIFY_RESPONSE = Method("VerifyCommandResponse", (optional(REPLY_RESULT), _ERROR))
REMOTE_RESPONSE = Method("RemoteCommandResponse", (optional(MESSAGE_BUFFER), _ERROR))
RESPONSES = {method.target: method for method in (GET_ROOT_KEY_RESPONSE, VERIFY_RESPONSE, REMOTE_RESPONSE)}
"""Client to server."""

Request: TypeAlias = ControlRequest | m.Envelope
Answer: TypeAlias = m.Answer | m.Envelope


@dataclass(frozen=True)
class Command:
    """What the server asks of a client: a request for the key, and the response that is due for it, if any."""

    request: Request
    response: Method | None


def command_to_json(wire: Wire, request: Request) -> tuple[str, tuple[Json, ...], Method | None]:
    """The method that carries a request, its arguments, and the response that is due."""
    match request:
        case m.GetRootKey():
            return GET_ROOT_KEY.target, (), GET_ROOT_KEY_RESPONSE
        case m.VerifyEncryption(channel, public, nonce):
            return VERIFY.target, VERIFY.arguments_to_json([public, nonce, channel]), VERIFY_RESPONSE
        case m.ResetEncryption(channel):
            return RESET.target, RESET.arguments_to_json([channel]), None
        case m.Envelope(channel):
            buffer = MessageBuffer(wire.envelope.build(request), channel)
            return REMOTE.target, REMOTE.arguments_to_json([EncryptedRequest(buffer)]), REMOTE_RESPONSE


def command_from_json(wire: Wire, target: str, given: tuple[Json, ...]) -> Command:
    """What the server asks.

    Raises:
        Malformed: it is no command, or holds no request for a key.
    """
    method = COMMANDS.get(target)
    if method is None:
        raise Malformed(f"The server calls {target}, which a client does not have on this hub.")
    values = method.arguments_from_json(given)
    try:
        match target:
            case VERIFY.target:
                public, nonce, channel = values
                request = m.VerifyEncryption(channel, public, nonce)
                wire.to_key.build(request)
                return Command(request, VERIFY_RESPONSE)
            case RESET.target:
                return Command(m.ResetEncryption(*values), None)
            case REMOTE.target:
                return Command(_envelope(wire, values[0].buffer), REMOTE_RESPONSE)
            case CONTROL.target:
                message = wire.to_key.parse(values[0].data)
                if not isinstance(message, ControlRequest):
                    raise Malformed(f"{message.command} is not for the server to send.")
                return Command(message, None)
            case _:
                return Command(m.GetRootKey(), GET_ROOT_KEY_RESPONSE)
    except WireError as error:
        raise Malformed(f"{target} holds nothing for a key: {error}") from None


def answer_to_json(wire: Wire, response: Method, answer: Answer) -> tuple[Json, ...]:
    """The arguments of a response that brings a key's answer."""
    if isinstance(answer, m.Envelope):
        buffer = MessageBuffer(wire.envelope.build(answer), answer.channel)
        return response.arguments_to_json([buffer, None])
    return response.arguments_to_json([DeviceCommandReplyResult(wire.from_key.build(answer)), None])


def error_to_json(response: Method, error: BenchError) -> tuple[Json, ...]:
    """The arguments of a response that says why there is none."""
    match error:
        case KeyRefused(error=UnknownError(number)):
            name = str(number)
        case KeyRefused(error=ErrorName() as refused):
            name = refused.value
        case NoAnswer():
            name = ErrorName.BleResponseTimeout.value
        case LinkLost():
            name = ErrorName.BleConnectionNotConnected.value
        case _:
            name = ErrorName.BlePacketParseError.value
    return response.arguments_to_json([None, name])


def answer_from_json(wire: Wire, response: Method, given: tuple[Json, ...]) -> Answer:
    """What a response brings.

    Raises:
        Malformed: it brings neither an answer nor an error, or what is no message of a key.
        KeyRefused: the key could not take the message.
        NoAnswer: it did not answer the client in time.
        LinkLost: its link to the client is gone.
    """
    value, error = response.arguments_from_json(given)
    if error:
        raise _error(error)
    if value is None:
        raise Malformed(f"{response.target} brings neither an answer nor an error.")
    try:
        if isinstance(value, MessageBuffer):
            return _envelope(wire, value)
        return cast(m.Answer, wire.from_key.parse(value.data))
    except WireError as malformed:
        raise Malformed(f"{response.target} brings no message of a key: {malformed}") from None


def _envelope(wire: Wire, buffer: MessageBuffer) -> m.Envelope:
    envelope = wire.envelope.parse(buffer.data)
    if envelope.channel != buffer.channel:
        raise Malformed(f"A message of channel {envelope.channel} is said to be of channel {buffer.channel}.")
    return envelope


def _error(name: str) -> BenchError:
    if name == ErrorName.BleResponseTimeout:
        return NoAnswer("the key did not answer the client in time")
    if name == ErrorName.BleConnectionNotConnected:
        return LinkLost("The client's link to the key is gone.")
    known: Error
    if name in set(ErrorName):
        known = ErrorName(name)
    elif name.isascii() and name.isdigit() and len(name) <= 5:
        known = UnknownError(int(name))
    else:
        known = ErrorName.FwUnknownError
    return KeyRefused("a relayed message", known)
