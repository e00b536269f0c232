"""The host's view of a key, by the vendor's command names, on one encrypted channel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import (
    HOST_TO_KEY,
    KEY_TO_HOST,
    ChannelError,
    HostHandshake,
    KeysMade,
    Opener,
    Random,
    Sealer,
)
from hideez_bench.protocol.names import Command, ErrorName
from hideez_bench.protocol.secret import ActivationCode, MasterKey
from hideez_bench.protocol.transport import KeyRefused, MessageTransport, NoAnswer
from hideez_bench.protocol.values import AccessParams, DeviceInfo, License
from hideez_bench.protocol.wire import Wire


@dataclass(frozen=True)
class Timeouts:
    """Seconds that a host waits for each kind of answer."""

    command: float = 5.0
    root_key: float = 2.0
    verify: float = 10.0


LOCAL = Timeouts()
"""On a link of one's own (client settings DefaultCommandTimeout, GetRootKeyCommandTimeout, VerifyCommandTimeout)."""

REMOTE = Timeouts(command=10.0, root_key=10.0, verify=10.0)
"""Through a relay (client settings DefaultRemoteCommandTimeout, RemoteGetRootkeyTimeout, RemoteVerify…)."""

Traffic = m.Request | m.Reply


class KeyDevice:
    """One channel to one key.

    Every command raises `KeyRefused` when the key answers with an error, `NoAnswer` when it does not answer in
    time, and `LinkLost` when the link goes.

    Attributes:
        root_key: the key's public root key. None until it is first seen; given at the start, it is insisted upon.
    """

    def __init__(
        self,
        transport: MessageTransport,
        channel: int,
        *,
        wire: Wire,
        random: Random,
        timeouts: Timeouts = LOCAL,
        root_key: bytes | None = None,
        observe: Callable[[bool, Traffic], None] = lambda to_key, message: None,
        on_keys: KeysMade = lambda request, answer, keys: None,
    ) -> None:
        self.channel = channel
        self.root_key = root_key
        self._transport = transport
        self._wire = wire
        self._random = random
        self._timeouts = timeouts
        self._observe = observe
        self._on_keys = on_keys
        self._ciphers: tuple[Sealer, Opener] | None = None
        self._info: DeviceInfo | None = None

    @property
    def info(self) -> DeviceInfo:
        """What the latest `refresh_device_info` told."""
        if self._info is None:
            raise RuntimeError("refresh_device_info comes first")
        return self._info

    async def verify_and_initialize(self) -> DeviceInfo:
        """Open the channel, make sure of the key, and read its information.

        Raises:
            ChannelError: the key did not prove itself, or is another than `root_key` says.
        """
        answer = await self._transport.control(m.GetRootKey(), self._timeouts.root_key)
        if not isinstance(answer, m.RootKey) or answer.root_public is None:
            raise KeyRefused("GET_ROOT_KEY", answer.error)
        if self.root_key is not None and answer.root_public != self.root_key:
            raise ChannelError(
                "this key shows another root key than it did before; nothing was sent to it. "
                "It is another key under the same serial number, or somebody stands in between"
            )
        handshake = HostHandshake(self.channel, self._random)
        verified = await self._transport.control(handshake.request, self._timeouts.verify)
        if not isinstance(verified, m.EncryptionVerified):
            raise ChannelError("the key answered the handshake with another message")
        if verified.error is not ErrorName.Ok:
            raise KeyRefused("VERIFY_ENCRYPTION", verified.error)
        keys = handshake.finish(verified, answer.root_public)
        self._on_keys(handshake.request, verified, keys)
        self.root_key = answer.root_public
        self._ciphers = (
            Sealer(self.channel, HOST_TO_KEY, keys.host_to_key),
            Opener(self.channel, KEY_TO_HOST, keys.key_to_host),
        )
        return await self.refresh_device_info()

    async def refresh_device_info(self) -> DeviceInfo:
        """Read the key's information again; `info` holds it from then on."""
        body = await self.request(m.GetInfo())
        if not isinstance(body, DeviceInfo):
            raise ChannelError("the key answered GET_INFO with something else")
        self._info = body
        return body

    async def ping(self, text: str) -> str:
        """Say something; the key says it back."""
        return str(await self.request(m.Ping(text)))

    async def link(self, key: MasterKey, code: ActivationCode, attempts: int) -> None:
        """Give a factory key its master key; it is then locked by `code`."""
        await self.request(m.Link(key, attempts, code))

    async def access(self, time: int, key: MasterKey, params: AccessParams) -> None:
        """Set the clock (Unix seconds) and the access profile."""
        await self.request(m.Access(time, key, params))

    async def lock_device_code(self, key: MasterKey, code: ActivationCode, attempts: int) -> None:
        """Lock the key with a new code."""
        await self.request(m.LockDeviceCode(key, attempts, code))

    async def unlock_device_code(self, code: ActivationCode) -> None:
        """Try an activation code."""
        await self.request(m.UnlockDeviceCode(code))

    async def check_passphrase(self, key: MasterKey) -> None:
        """Satisfy what the access profile asks of the master key."""
        await self.request(m.CheckPassphrase(key))

    async def unlock(self, key: MasterKey) -> None:
        """Unlock with the master key."""
        await self.request(m.Unlock(key))

    async def wipe(self, key: MasterKey | None) -> None:
        """Back to factory: at once with the master key; without it the user confirms on the key."""
        await self.request(m.Wipe(key))

    async def load_license(self, data: bytes, slot: int | None = None) -> None:
        """Store a licence, in a slot of the key's choice where none is named."""
        await self.request(m.LoadLicense(slot, data))

    async def query_license(self, slot: int) -> License:
        """Read the licence of a slot."""
        body = await self.request(m.QueryLicense(slot))
        if not isinstance(body, License):
            raise ChannelError("the key answered QUERY_LICENSE with something else")
        return body

    async def request(self, request: m.Request) -> str | DeviceInfo | License | None:
        """Send any request and return the body of its reply."""
        self._observe(True, request)
        reply = await self._exchange(self._wire.request.build(request), request.command)
        self._observe(False, reply)
        if reply.error is not ErrorName.Ok:
            raise KeyRefused(request.command, reply.error)
        return reply.body

    async def request_raw(self, plain: bytes) -> m.Reply:
        """Send bytes as they are, for tests of what a key makes of them. Returns the reply, refused or not."""
        return await self._exchange(plain, None)

    async def _exchange(self, plain: bytes, command: Command | None) -> m.Reply:
        if self._ciphers is None:
            raise ChannelError(f"channel {self.channel} is not open; verify it first")
        sealer, opener = self._ciphers
        try:
            answer = await self._transport.encrypted(sealer.seal(plain), self._timeouts.command)
        except (NoAnswer, asyncio.CancelledError):
            # A late reply must not be taken for the answer to a later request.
            self._ciphers = None
            raise
        reply = self._wire.reply.parse(opener.open(answer))
        if command is not None and reply.command is not command:
            raise ChannelError(f"the key answered {command} with a reply to {reply.command}")
        return reply
