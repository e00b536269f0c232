"""Data protection: the secrets in the database sealed by a password that the server does not keep.

As with the vendor it is off at first, and must be activated with its password after every start. How a value is sealed
differs (docs/hes.md says why).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from hideez_bench.emulator.hes.attempts import Attempts
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database.cipher import KEY_ID_SIZE, KEY_SIZE, Cipher, Clear, Sealing
from hideez_bench.emulator.hes.database.models import AppSetting, Row, SecretBytes
from hideez_bench.emulator.hes.database.store import PROTECTION_ID
from hideez_bench.emulator.hes.errors import HesRuleError, StoreError
from hideez_bench.emulator.hes.names import HesCode, HesEventKind, ProtectionState
from hideez_bench.protocol.secret import Password

ITERATIONS = 600_000
"""Of PBKDF2-HMAC-SHA256, as OWASP advises; the vendor takes 100 000."""

SHORTEST_PASSWORD = 8
_SALT_SIZE = 16
_CHECKED = b"data protection of hideez-bench"
_SUBJECT = "data protection"


@dataclass(frozen=True)
class _Parameters:
    """What the database keeps of a password: all that makes a key of it, and a value by which the key is known."""

    key_id: str
    salt: str
    iterations: int
    check: str

    @classmethod
    def load(cls, text: str) -> _Parameters:
        return cls(**json.loads(text))

    def dump(self) -> str:
        return json.dumps(asdict(self))


class Protection:
    """The server's data protection. Deriving a key takes tenths of a second, and so is awaited, in a thread.

    A wrong password is counted before it is compared; after 10 of them nothing is compared for 15 minutes.

    Args:
        core: what all parts of the server share.
        iterations: of PBKDF2 for passwords that are set from now on.
    """

    def __init__(self, core: Core, iterations: int = ITERATIONS) -> None:
        self._core = core
        self._iterations = iterations
        self._attempts = Attempts(core.store, core.utc)
        self._busy = False

    @property
    def state(self) -> ProtectionState:
        """Whether secrets are sealed, and whether they can be opened now."""
        with self._core.store.session() as session:
            parameters = _parameters(session)
        if parameters is None:
            return ProtectionState.OFF
        if self._core.store.has_key(parameters):
            return ProtectionState.ACTIVATED
        return ProtectionState.NOT_ACTIVATED

    async def enable(self, password: Password) -> None:
        """Seal every secret in the database, in one transaction, and be activated.

        Raises:
            HesRuleError: DataProtectionIsAlreadyEnabled, DataProtectionIsBusy; a short password (no code).
        """
        with self._alone():
            if self.state is not ProtectionState.OFF:
                raise HesRuleError(
                    HesCode.DataProtectionIsAlreadyEnabled,
                    "Data protection is enabled already; nothing was changed.",
                )
            await self._change(None, Clear(), password)
        self._core.tell(HesEventKind.ADMIN, "", "enables data protection")

    async def activate(self, password: Password) -> None:
        """Open the secrets after a start of the server.

        Raises:
            HesRuleError: DataProtectionNotEnabled, DataProtectionIsAlreadyActivated, IncorrectPassword,
                DataProtectionIsBusy.
        """
        with self._alone():
            if self.state is ProtectionState.ACTIVATED:
                raise HesRuleError(
                    HesCode.DataProtectionIsAlreadyActivated,
                    "Data protection is activated already; nothing was changed.",
                )
            parameters, cipher = await self._proved(password)
            self._core.store.use_key(parameters, cipher)
        self._core.tell(HesEventKind.ADMIN, "", "activates data protection")

    async def change_password(self, old: Password, new: Password) -> None:
        """Seal every secret anew by another password, in one transaction, and be activated.

        Raises:
            HesRuleError: DataProtectionNotEnabled, IncorrectPassword, DataProtectionIsBusy; a short password (no code).
        """
        with self._alone():
            parameters, cipher = await self._proved(old)
            await self._change(parameters, cipher, new)
        self._core.tell(HesEventKind.ADMIN, "", "changes the password of data protection")

    async def disable(self, password: Password) -> None:
        """Keep the secrets as they are again.

        Raises:
            HesRuleError: DataProtectionNotEnabled, IncorrectPassword, DataProtectionIsBusy.
        """
        with self._alone():
            parameters, cipher = await self._proved(password)
            self._rewrite(parameters, None, cipher, Clear())
        self._core.tell(HesEventKind.ADMIN, "", "disables data protection")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._busy:
            raise _busy()
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    async def _proved(self, password: Password) -> tuple[str, Cipher]:
        """The cipher of a password that is the right one, and the parameters that it belongs to."""
        with self._core.store.session() as session:
            text = _parameters(session)
        if text is None:
            raise HesRuleError(
                HesCode.DataProtectionNotEnabled, "Data protection is not enabled; nothing was changed."
            )
        left = self._attempts.take(_SUBJECT)
        if left is None:
            raise HesRuleError(
                HesCode.IncorrectPassword,
                "There were too many wrong passwords for data protection; try again in 15 minutes.",
            )
        parameters = _Parameters.load(text)
        key = await _derived(password, bytes.fromhex(parameters.salt), parameters.iterations)
        check = bytes.fromhex(parameters.check)
        try:
            AESGCM(key).decrypt(check[:12], check[12:], _CHECKED)
        except InvalidTag:
            self._core.tell(
                HesEventKind.FAILED, "", f"refuses a password of data protection, {left} tries left"
            )
            raise HesRuleError(
                HesCode.IncorrectPassword,
                f"The password of data protection is wrong, {left} tries are left; nothing was changed.",
            ) from None
        self._attempts.forgive(_SUBJECT)
        return text, Sealing(bytes.fromhex(parameters.key_id), key)

    async def _change(self, before: str | None, reading: Cipher, password: Password) -> None:
        if len(password.reveal()) < SHORTEST_PASSWORD:
            raise HesRuleError(
                HesCode.None_,
                f"A password needs {SHORTEST_PASSWORD} characters at least; nothing was changed.",
            )
        salt, key_id = secrets.token_bytes(_SALT_SIZE), secrets.token_bytes(KEY_ID_SIZE)
        key = await _derived(password, salt, self._iterations)
        nonce = secrets.token_bytes(12)
        check = nonce + AESGCM(key).encrypt(nonce, b"", _CHECKED)
        after = _Parameters(key_id.hex(), salt.hex(), self._iterations, check.hex()).dump()
        writing = Sealing(key_id, key)
        self._rewrite(before, after, reading, writing)
        self._core.store.use_key(after, writing)

    def _rewrite(self, before: str | None, after: str | None, reading: Cipher, writing: Cipher) -> None:
        """Open every secret in one way and seal it in another, with the parameters, or nothing at all."""
        store = self._core.store
        with store.session() as session:
            if _parameters(session) != before:
                raise _busy()
            store.ciphers.reading, store.ciphers.writing = reading, writing
            _rewrite_secrets(session)
            setting = session.get(AppSetting, PROTECTION_ID)
            if after is None:
                session.delete(setting)
            elif setting is None:
                session.add(AppSetting(id=PROTECTION_ID, value=after))
            else:
                setting.value = after
        try:
            store.forget_deleted()
        except StoreError as error:
            self._core.tell(
                HesEventKind.FAILED,
                "",
                f"could not remove earlier forms of secrets from the database's files: {error}",
            )


def _rewrite_secrets(session: Session) -> None:
    """Read and write every secret there is."""
    for table in Row.metadata.tables.values():
        names = [column.name for column in table.columns if isinstance(column.type, SecretBytes)]
        if not names:
            continue
        keys = [column.name for column in table.primary_key]
        columns = [table.columns[name] for name in [*keys, *names]]
        this = [table.columns[name] == bindparam(f"this_{name}") for name in keys]
        rewrite = update(table).where(*this).values({name: bindparam(f"new_{name}") for name in names})
        rows = [
            {f"this_{name}": row[name] for name in keys} | {f"new_{name}": row[name] for name in names}
            for row in session.execute(select(*columns)).mappings()
        ]
        if rows:
            session.execute(rewrite, rows)


def _parameters(session: Session) -> str | None:
    return session.scalar(select(AppSetting.value).where(AppSetting.id == PROTECTION_ID))


async def _derived(password: Password, salt: bytes, iterations: int) -> bytes:
    """The key of a password."""
    secret = password.reveal()
    return await asyncio.to_thread(hashlib.pbkdf2_hmac, "sha256", secret, salt, iterations, KEY_SIZE)


def _busy() -> HesRuleError:
    return HesRuleError(
        HesCode.DataProtectionIsBusy,
        "Data protection is being changed right now; try again. Nothing was changed.",
    )
