"""The computer that the client runs on: what it is allowed, what happens to it, and which keys hang on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from hideez_bench.protocol.background import Background
from hideez_bench.protocol.hes import HwVaultShortInfo, ProximitySettings


class Stack(Enum):
    """Through which Bluetooth stack the client reaches a key."""

    SYSTEM = auto()
    DONGLE = auto()


@dataclass(frozen=True)
class ConnectionId:
    """One way to one key: what a person calls the key, and the stack."""

    name: str
    stack: Stack


class Connected(Protocol):
    """A key that is connected to this workstation."""

    @property
    def id(self) -> ConnectionId:
        """How it is connected."""
        ...

    @property
    def serial(self) -> str:
        """Which key it is."""
        ...

    @property
    def finished(self) -> bool:
        """Its flow has come to its end; the vendor's HV_FINISHED_WF. Without it the next flow runs on this link."""
        ...

    async def disconnect(self) -> None:
        """End its link, and tell the server; nothing if that was done before."""
        ...


class Bonded(Protocol):
    """A key that this computer has a bond with."""

    async def delete_bond(self) -> None:
        """Make this computer forget it; where that fails, it stays bonded, and the person is told what to do."""
        ...


class LockScreen(Protocol):
    """The lock screen of the computer, where the client can unlock it (the vendor's credential provider)."""

    async def raise_and_wait(self) -> None:
        """Show it, and return when it can be used."""
        ...

    async def unlock(self, serial: str) -> bool:
        """Unlock the computer with what is on this key; whether that went well."""
        ...


@dataclass(frozen=True)
class Interruption:
    """Something that happens to the workstation, and what becomes of its keys: each of them ends a running flow."""

    reason: str
    disconnects: bool = False
    deletes_bonds: bool = False


ALARM = Interruption("The alarm was raised.", disconnects=True, deletes_bonds=True)
ACCESS_RETRACTED = Interruption("The workstation is no longer approved.", disconnects=True)
SESSION_SWITCHED = Interruption("Somebody else uses the computer now.")
SESSION_LOCKED = Interruption("The computer was locked.", disconnects=True)
LOGGED_OFF = Interruption("The person logged off.", disconnects=True)
SUSPENDED = Interruption("The computer goes to sleep.", disconnects=True)
RESUMED = Interruption("The computer woke up.")

Listener = Callable[[Interruption], None]


class WorkstationState:
    """What the client knows of its computer.

    Attributes:
        alarm: the administrator has raised the alarm.
        approved: there is an access key; the administrator lets this workstation in.
        session_locked: the computer shows its lock screen.
        unlocked_by: the serial number of the key that unlocked it; empty where none did.
        lock_screen: how it can be unlocked; None where it cannot.
        keys: the connected keys.
        bonds: the keys that this computer has a bond with, each as it was connected last.
        owners: whose keys they are, by serial number, as the server told last.
        proximity: the keys that may unlock this computer by coming near, by serial number.
        reads_rfid: radio tags are read here.
        storage_locked: the keys whose storage the server is writing to.
    """

    def __init__(self, *, approved: bool = True, lock_screen: LockScreen | None = None) -> None:
        self.alarm = False
        self.approved = approved
        self.session_locked = False
        self.unlocked_by = ""
        self.lock_screen = lock_screen
        self.keys: dict[ConnectionId, Connected] = {}
        self.bonds: dict[ConnectionId, Bonded] = {}
        self.owners: dict[str, HwVaultShortInfo] = {}
        self.proximity: dict[str, ProximitySettings] = {}
        self.reads_rfid = False
        self.storage_locked: set[str] = set()
        self._listeners: list[Listener] = []
        self._idle = asyncio.Event()
        self._idle.set()
        self._background = Background("the workstation")

    # --- flows: one at a time ---

    @property
    def flow_runs(self) -> bool:
        """A flow is under way; a request for another one is dropped."""
        return not self._idle.is_set()

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Inside, `listener` is told of every interruption."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    @contextmanager
    def flow(self, listener: Listener) -> Iterator[None]:
        """For the duration of a flow: `listener` is told of every interruption.

        Raises:
            RuntimeError: another flow runs.
        """
        if self.flow_runs:
            raise RuntimeError("one flow at a time")
        self._idle.clear()
        try:
            with self.listening(listener):
                yield
        finally:
            self._idle.set()

    # --- what happens to the computer ---

    def interrupt(self, what: Interruption) -> None:
        """Something happens to the computer. Flows end at once; keys are disconnected in the background."""
        for listener in list(self._listeners):
            listener(what)
        if what.disconnects or what.deletes_bonds:
            self._background.spawn(self._part_with_keys(what))

    def lock_session(self) -> None:
        """The computer is locked, by somebody or by the client."""
        self.session_locked, self.unlocked_by = True, ""
        self.interrupt(SESSION_LOCKED)

    def unlock_session(self, by: str = "") -> None:
        """The computer is unlocked, by the key of a serial number or by hand."""
        self.session_locked, self.unlocked_by = False, by

    def set_alarm(self, on: bool) -> None:
        """The alarm is raised, or ended."""
        self.alarm = on
        if on:
            self.interrupt(ALARM)

    def set_approved(self, approved: bool) -> None:
        """The administrator lets this workstation in, or no longer."""
        self.approved = approved
        if not approved:
            self.interrupt(ACCESS_RETRACTED)

    async def disconnect_all(self) -> None:
        """Part with every connected key."""
        for key in list(self.keys.values()):
            await key.disconnect()

    async def settled(self) -> None:
        """Wait until nothing runs in the background any more."""
        await self._background.settled()

    # --- inside ---

    async def _part_with_keys(self, what: Interruption) -> None:
        # A flow that was just told to end parts with its own key; a bond is deleted after the link has ended.
        await self._idle.wait()
        await self.disconnect_all()
        if what.deletes_bonds:
            for key in list(self.bonds.values()):
                await key.delete_bond()
