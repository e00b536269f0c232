"""How secrets lie in the database: as they are, sealed with AES-256-GCM, or sealed for a key that is not here now."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Dialect, Engine

from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode
from hideez_bench.protocol.secret import Secret

KEY_SIZE = 32
KEY_ID_SIZE = 4
_NONCE_SIZE = 12


class Cipher(Protocol):
    """What is done to the secrets of a column on their way to the database and back."""

    def seal(self, column: str, secret: Secret) -> bytes:
        """What the database keeps. `column` is the table's and the column's name."""

    def open(self, column: str, kept: bytes, kind: type[Secret]) -> Secret:
        """The secret again."""


class Clear:
    """The database keeps secrets as they are."""

    def seal(self, column: str, secret: Secret) -> bytes:
        """See `Cipher`."""
        return secret.reveal()

    def open(self, column: str, kept: bytes, kind: type[Secret]) -> Secret:
        """See `Cipher`."""
        return kind(kept)


class Sealing:
    """The database keeps key id (4 bytes), nonce (12), ciphertext and tag (16).

    Key id and column are authenticated with it, so that no value can be moved to another column.
    """

    def __init__(self, key_id: bytes, key: bytes) -> None:
        self._key_id = key_id
        self._key = AESGCM(key)

    def seal(self, column: str, secret: Secret) -> bytes:
        """See `Cipher`."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return (
            self._key_id + nonce + self._key.encrypt(nonce, secret.reveal(), self._key_id + column.encode())
        )

    def open(self, column: str, kept: bytes, kind: type[Secret]) -> Secret:
        """See `Cipher`.

        Raises:
            HesRuleError: DataProtectionNotFinishedPasswordChange, sealed with another key; no code where the value
                was changed or belongs to another column.
        """
        if kept[:KEY_ID_SIZE] != self._key_id:
            raise HesRuleError(
                HesCode.DataProtectionNotFinishedPasswordChange,
                f"The database has a secret in {column} that is protected by another password; restore the database "
                "from a copy that is whole.",
            )
        nonce, sealed = kept[KEY_ID_SIZE:][:_NONCE_SIZE], kept[KEY_ID_SIZE + _NONCE_SIZE :]
        try:
            return kind(self._key.decrypt(nonce, sealed, self._key_id + column.encode()))
        except (InvalidTag, ValueError):  # ValueError: not even as long as a nonce
            raise HesRuleError(
                HesCode.None_,
                f"A protected secret in {column} was changed in the database; restore it from a copy.",
            ) from None


class Sealed(Secret):
    """A secret of a row that was read while data protection is not activated: it is there, and cannot be had."""

    __slots__ = ()

    def reveal(self) -> NoReturn:
        """Nothing.

        Raises:
            HesRuleError: DataProtectionNotActivated.
        """
        raise not_activated()


class Locked:
    """The database keeps secrets sealed, and nobody has entered the password."""

    def seal(self, column: str, secret: Secret) -> NoReturn:
        """Nothing.

        Raises:
            HesRuleError: DataProtectionNotActivated.
        """
        raise not_activated()

    def open(self, column: str, kept: bytes, kind: type[Secret]) -> Secret:
        """Something that stands for the secret, so that the rest of a row can be shown."""
        return Sealed(kept)


@dataclass
class Ciphers:
    """What a store does now to all of its secrets; reading differs from writing only while a password changes."""

    reading: Cipher = field(default_factory=Clear)
    writing: Cipher = field(default_factory=Clear)

    def use(self, cipher: Cipher) -> None:
        """Read and write in this way."""
        self.reading = self.writing = cipher


_ATTRIBUTE = "hes_ciphers"


def hand_over(engine: Engine, ciphers: Ciphers) -> None:
    """Let the columns of a store's engine find its ciphers.

    A column's type is told its dialect and nothing else; and each engine has a dialect of its own.
    """
    setattr(engine.dialect, _ATTRIBUTE, ciphers)


def ciphers_of(dialect: Dialect) -> Ciphers:
    """The ciphers of the store that the dialect belongs to."""
    ciphers: Ciphers = getattr(dialect, _ATTRIBUTE)
    return ciphers


def not_activated() -> HesRuleError:
    """The refusal of everything that needs a secret."""
    return HesRuleError(
        HesCode.DataProtectionNotActivated,
        "Data protection has not been activated since the server was started; an administrator must enter its "
        "password first. Nothing was changed.",
    )
