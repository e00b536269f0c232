"""Passwords of those who log in: argon2id, worked out in threads, few at a time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode
from hideez_bench.protocol.secret import Password

T = TypeVar("T")

SHORTEST_PASSWORD = 8
_HASHES_AT_ONCE = 2
"""argon2 takes 64 MiB for each, so a crowd at the login must not have them all at once."""


class Passwords:
    """Hashes and compares passwords. Each takes tenths of a second, and so is awaited."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._room = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._decoy = ""

    async def hash(self, password: Password) -> str:
        """argon2id's own text.

        Raises:
            HesRuleError: it is short (no code).
        """
        check_length(password)
        return await self._in_thread(lambda: self._hasher.hash(password.reveal()))

    async def is_right(self, encoded: str, password: Password) -> bool:
        """Whether it is the password of this text."""
        return await self._in_thread(lambda: self._is_right(encoded, password))

    async def decoy(self) -> str:
        """What is compared for an address that nobody has."""
        if not self._decoy:
            self._decoy = await self._in_thread(lambda: self._hasher.hash(secrets.token_bytes(32)))
        return self._decoy

    async def _in_thread(self, work: Callable[[], T]) -> T:
        async with self._room:
            return await asyncio.to_thread(work)

    def _is_right(self, encoded: str, password: Password) -> bool:
        try:
            return self._hasher.verify(encoded, password.reveal())
        except VerifyMismatchError:
            return False


def check_length(password: Password) -> None:
    """Whether it is long enough.

    Raises:
        HesRuleError: it is not (no code).
    """
    if len(password.reveal()) < SHORTEST_PASSWORD:
        raise HesRuleError(
            HesCode.None_,
            f"A password needs {SHORTEST_PASSWORD} characters at least; nothing was changed.",
        )
