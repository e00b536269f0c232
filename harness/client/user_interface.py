"""The person in front of the client: what is asked of them, and what they are told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from hideez_bench.harness.client.errors import FlowMessage
from hideez_bench.protocol.secret import ActivationCode, Password, Pin


@dataclass(frozen=True)
class CodePrompt:
    """What the person is asked: the code for this key, within `seconds`, with so many attempts left."""

    serial: str
    attempts_remaining: int
    seconds: float


@dataclass(frozen=True)
class PinPrompt:
    """A PIN of at least `min_length` bytes: the key's own, with so many attempts left, or a new one to be chosen."""

    serial: str
    is_new: bool
    min_length: int
    attempts_remaining: int
    seconds: float


@dataclass(frozen=True)
class PasswordPrompt:
    """The master password of a key that has no server: its own, or a new one to be chosen."""

    serial: str
    is_new: bool
    min_length: int
    seconds: float


def attempts(number: int) -> str:
    """How many, in words that go with the number."""
    return f"{number} attempt{'' if number == 1 else 's'}"


class NoticeKind(Enum):
    """What a message wants of the person."""

    PROGRESS = auto()
    """Nothing: the client is busy."""
    PRESS_BUTTON = auto()
    """A press of the key's button."""
    ERROR = auto()
    """To be read: something did not work."""


@dataclass(frozen=True)
class Notice:
    """One message: its text is what the person reads, `message` says which of the client's texts it is, if any."""

    kind: NoticeKind
    text: str
    message: FlowMessage | None = None


class UserInterface(Protocol):
    """The person in front of the client.

    Whoever asks cancels the call when the time is over, or the flow ends. None stands for giving up. Where no
    surface for a question is there, the call raises `ClientError` with NoConnectedUI.
    """

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        """What the person typed, or None when the person gave up."""
        ...

    async def get_pin(self, prompt: PinPrompt) -> Pin | None:
        """The PIN that the person entered or chose, or None when the person gave up."""
        ...

    async def get_master_password(self, prompt: PasswordPrompt) -> Password | None:
        """The master password that the person entered or chose, or None when the person gave up."""
        ...

    def show(self, notice: Notice) -> None:
        """Put a message before the person, in place of the one before it."""
        ...

    def clear(self) -> None:
        """Take away what was shown."""
        ...
