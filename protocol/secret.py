"""Types for what must never be seen: they print as `***`, compare in constant time and cannot be pickled."""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """Bytes that never show. `reveal()` is the one way to get at them, easy to search for."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = bytes(value)

    def reveal(self) -> bytes:
        """The bytes themselves, for the wire, the cipher or the database; never for a person."""
        return self._value

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        return hash((type(self), self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} must not be pickled")


class ActivationCode(Secret):
    """What the person types: the UTF-8 bytes of it, six to eight of them on the wire."""

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str) -> ActivationCode:
        """The code as it was typed."""
        return cls(text.encode())


class MasterKey(Secret):
    """The secret that HES and the key share: 32 bytes, none of them zero.

    Raises:
        ValueError: on any other value.
    """

    __slots__ = ()

    def __init__(self, value: bytes) -> None:
        super().__init__(value)
        if len(value) != 32 or 0 in value:
            raise ValueError("a master key is 32 bytes without a zero byte")


class ChannelKey(Secret):
    """The AES-128 key of one direction of a channel."""

    __slots__ = ()


class Pin(Secret):
    """The PIN that a person enters at the computer and the key compares: UTF-8 bytes, at most 255 on the wire."""

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str) -> Pin:
        """The PIN as it was typed."""
        return cls(text.encode())


class Password(Secret):
    """A password that a person types, or that a key types for them: its UTF-8 bytes."""

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str) -> Password:
        """The password as it was typed."""
        return cls(text.encode())


class SessionToken(Secret):
    """What a browser shows to prove that somebody has logged in: its ASCII bytes, fit for a cookie."""

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str) -> SessionToken:
        """The token as a cookie holds it; one with other characters is nobody's."""
        return cls(text.encode(errors="replace"))


class WorkstationKey(Secret):
    """What a client shows to prove which workstation it runs on: 32 random bytes, hexadecimal where it is text.

    Raises:
        ValueError: on any other length.
    """

    __slots__ = ()

    def __init__(self, value: bytes) -> None:
        super().__init__(value)
        if len(value) != 32:
            raise ValueError("a workstation's key is 32 bytes")

    @classmethod
    def from_text(cls, text: str) -> WorkstationKey:
        """The key as a header or a file holds it."""
        return cls(bytes.fromhex(text))

    def to_text(self) -> str:
        """For that header or file, and nothing else."""
        return self.reveal().hex()


class Otp(Secret):
    """A one-time password: its ASCII digits.

    Raises:
        ValueError: on anything but digits.
    """

    __slots__ = ()

    def __init__(self, value: bytes) -> None:
        super().__init__(value)
        if not value.isdigit():
            raise ValueError("a one-time password consists of digits")


class StorageData(Secret):
    """What a record of the key's storage holds, or a piece of it: logins, passwords, secrets of one-time passwords."""

    __slots__ = ()


class OtpSecret(Secret):
    """What one-time passwords are made from, as it is handed out: base32, UTF-8 bytes."""

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str) -> OtpSecret:
        """The secret as it was typed."""
        return cls(text.encode())


class LoginCode(Secret):
    """What somebody types as a second factor: the code that their authenticator app shows, with or without blanks."""

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str) -> LoginCode:
        """The code as it was typed."""
        return cls("".join(text.split()).encode(errors="replace"))


class RecoveryCode(Secret):
    """What lets somebody in once who has lost their authenticator app: base32, in groups for people."""

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str) -> RecoveryCode:
        """The code as it was typed: case, blanks and dashes do not matter."""
        return cls("".join(text.replace("-", "").split()).upper().encode(errors="replace"))

    def to_text(self) -> str:
        """For the one page that shows it."""
        text = self.reveal().decode()
        return "-".join(text[start : start + 4] for start in range(0, len(text), 4))
