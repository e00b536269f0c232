"""Channel 4: the server's own encrypted channel to a key, through whichever client holds the key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database.rows import vault_for_client
from hideez_bench.emulator.hes.errors import hes_error
from hideez_bench.protocol.channel import AnotherRootKey, ChannelError, KeysMade
from hideez_bench.protocol.device import REMOTE, KeyDevice, Traffic
from hideez_bench.protocol.hes import HesError, HesErrorCode, HesKeyRefused, Workstation
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.link import LinkLost
from hideez_bench.protocol.names import Command
from hideez_bench.protocol.transport import KeyRefused, NoAnswer
from hideez_bench.protocol.wire import Wire


@dataclass(frozen=True)
class RemoteLimits:
    """Seconds for opening the channel, and for all the waiting of one request, that of another's opening included."""

    opening: float = 20.0
    guard: float = 30.0


@dataclass
class _Host:
    """One key on one workstation. `opening` ends in the open channel, and is kept for as long as that is good."""

    workstation: Workstation
    owner: object
    opening: asyncio.Task[KeyDevice] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the key has answered on its channel."""
        opening = self.opening
        return bool(opening and opening.done() and not opening.cancelled() and opening.exception() is None)

    def drop(self, opening: asyncio.Task[KeyDevice] | None) -> None:
        """Let go of a channel: the next contact opens another."""
        if opening:
            opening.cancel()
        if self.opening is opening:
            self.opening = None


class RemoteDevices:
    """Which key hangs on which workstation, and one `KeyDevice` for each such pair, opened when first needed.

    The pair, and not the key alone, because channels end with the link, and a link belongs to one workstation.
    """

    def __init__(
        self,
        core: Core,
        wire: Wire,
        limits: RemoteLimits,
        observe: Callable[[str, bool, Traffic], None],
        on_keys: KeysMade,
    ) -> None:
        self._core = core
        self._wire = wire
        self._limits = limits
        self._observe = observe
        self._on_keys = on_keys
        self._hosts: dict[str, dict[str, _Host]] = {}

    def register(self, serial: str, workstation: Workstation, owner: object) -> None:
        """A key hangs on a workstation. What is registered already stays as it is, its channel included.

        A client that comes anew takes the key over: its former connection may be dead, and nobody knows it yet.
        """
        known = self._hosts.get(serial, {}).get(workstation.id)
        if known and known.owner is not owner:
            self.unregister(serial, workstation.id)
        self._hosts.setdefault(serial, {}).setdefault(workstation.id, _Host(workstation, owner))

    def unregister(self, serial: str, workstation_id: str) -> None:
        """The key is gone from there."""
        if host := self._hosts.get(serial, {}).pop(workstation_id, None):
            host.drop(host.opening)

    def lost(self, serial: str, workstation_id: str, owner: object) -> None:
        """The way to a key broke. Who waits on it hears so from the way itself; nobody else is led to it again."""
        host = self._hosts.get(serial, {}).get(workstation_id)
        if host and host.owner is owner:
            del self._hosts[serial][workstation_id]

    def unregister_all(self, owner: object) -> None:
        """A client is gone, and every key with it."""
        for serial, hosts in self._hosts.items():
            for workstation_id in [name for name, host in hosts.items() if host.owner is owner]:
                self.unregister(serial, workstation_id)

    def forget(self, serial: str) -> None:
        """Every channel to a key ends, and who has it must say so anew."""
        for workstation_id in list(self._hosts.get(serial, {})):
            self.unregister(serial, workstation_id)

    def any_workstation(self, serial: str) -> str | None:
        """A workstation on which the key hangs, if any: the latest to say so, of those that have shown it if there are.

        Saying so is any approved workstation's; a channel is opened by the key itself.
        """
        hosts = self._hosts.get(serial, {})
        shown = [name for name, host in hosts.items() if host.is_open]
        return next(reversed(shown or list(hosts)), None)

    async def open(self, serial: str, workstation_id: str) -> None:
        """See that there is a channel to the key, before a lock is taken that others wait for; raises as `device`.

        So a workstation that only says that it has the key keeps nobody from it.
        """
        async with self.device(serial, workstation_id):
            pass

    @asynccontextmanager
    async def device(self, serial: str, workstation_id: str) -> AsyncIterator[KeyDevice]:
        """The key's open channel; what goes wrong on it inside the block becomes the error for the client.

        Raises:
            HesError: DeviceNotConnectedToAnyHost, RemoteConnectionTimedOut, or
                HesFailedEstablishRemoteDeviceConnection; from the block HesKeyRefused, HesRequestTimeout,
                HesDeviceHubDisconnected or HesVerificationFailed.
        """
        host = self._hosts.get(serial, {}).get(workstation_id)
        if host is None:
            raise hes_error(HesErrorCode.DeviceNotConnectedToAnyHost, serial=serial)
        with _errors_for_client():
            device, opening = await self._opened(host, serial)
            try:
                yield device
            except KeyRefused as refused:
                # A sealed reply names the command; anything else was refused before it was opened.
                if not isinstance(refused.what, Command):
                    host.drop(opening)
                raise
            except (NoAnswer, LinkLost, ChannelError, WireError, asyncio.CancelledError):
                # The two sides may disagree about the channel's counters or keys from here on.
                host.drop(opening)
                raise

    async def _opened(self, host: _Host, serial: str) -> tuple[KeyDevice, asyncio.Task[KeyDevice]]:
        """Wait for the channel, whoever began to open it."""
        if host.opening is None:
            host.opening = self._core.spawn(self._open(host.workstation, serial))
        opening = host.opening
        # Not awaited itself, so that the guard holds even where the workstation does not let itself be interrupted.
        await asyncio.wait({opening}, timeout=self._limits.guard)
        if opening.done() and not opening.cancelled() and opening.exception() is None:
            return opening.result(), opening
        host.drop(opening)
        if not opening.done():
            code = HesErrorCode.HesFailedEstablishRemoteDeviceConnection
            raise hes_error(code, serial=serial, seconds=self._limits.guard)
        if opening.cancelled():
            raise hes_error(HesErrorCode.DeviceNotConnectedToAnyHost, serial=serial)
        return opening.result(), opening

    async def _open(self, workstation: Workstation, serial: str) -> KeyDevice:
        channel = self._wire.profile.channel("HES")
        try:
            async with asyncio.timeout(self._limits.opening):
                transport = await workstation.establish_remote_hw_vault_connection(serial, channel)
                device = KeyDevice(
                    transport,
                    channel,
                    wire=self._wire,
                    random=self._core.random,
                    timeouts=REMOTE,
                    root_key=self._root_key(serial),
                    observe=lambda to_key, message: self._observe(serial, to_key, message),
                    on_keys=self._on_keys,
                )
                await device.verify()
        except TimeoutError:
            code = HesErrorCode.RemoteConnectionTimedOut
            raise hes_error(code, serial=serial, seconds=self._limits.opening) from None
        if device.root_key:
            self._pin_root_key(serial, device.root_key)
        return device

    def _root_key(self, serial: str) -> bytes | None:
        """The public root key that a key must show, None before the first contact."""
        with self._core.store.transaction() as rows:
            return vault_for_client(rows, serial).root_key

    def _pin_root_key(self, serial: str, root_key: bytes) -> None:
        with self._core.store.transaction() as rows:
            vault = vault_for_client(rows, serial)
            # Two workstations may have opened their first channel at the same time.
            if vault.root_key not in (None, root_key):
                raise AnotherRootKey(
                    "another root key was pinned meanwhile; this is not the key that came first"
                )
            vault.root_key = root_key


@contextmanager
def _errors_for_client() -> Iterator[None]:
    """What a key, or the way to it, does to the server, as what the server answers its client."""
    try:
        yield
    except KeyRefused as refused:
        raise HesKeyRefused(refused.error, f"On the server's channel {refused}.") from refused
    except NoAnswer as error:
        raise HesError(HesErrorCode.HesRequestTimeout, f"On the server's channel {error}.") from error
    except LinkLost as error:
        text = "The server's channel to the key was lost with the link; connect the key again."
        raise HesError(HesErrorCode.HesDeviceHubDisconnected, text) from error
    except AnotherRootKey as error:
        text = (
            f"On the server's channel {error}. Only if the one that came first was the wrong one: an administrator "
            "takes the key from its employee, has its root key forgotten, and it is connected again."
        )
        raise HesError(HesErrorCode.HesVerificationFailed, text) from error
    except (ChannelError, WireError) as error:
        raise HesError(HesErrorCode.HesVerificationFailed, f"On the server's channel {error}.") from error
