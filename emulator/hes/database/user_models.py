"""Tables of those who log in to the server, apart from the vendor's entities: users, sessions, second factors."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hideez_bench.emulator.hes.database.models import Row
from hideez_bench.emulator.hes.names import Role
from hideez_bench.protocol.secret import OtpSecret


class User(Row):
    """Somebody who may log in. `email` is in lower case, `password_hash` is argon2id's own text."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[Role]
    created_at: Mapped[datetime]


class UserSession(Row):
    """A login that lasts. Of its token only the SHA-256 is here, so that a copy of the database opens nothing."""

    __tablename__ = "user_sessions"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]


class SecondFactor(Row):
    """What a user's authenticator app makes codes from; `last_step` is the time step of the latest that was taken."""

    __tablename__ = "second_factors"

    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    secret: Mapped[OtpSecret]
    last_step: Mapped[int]


class UnusedRecoveryCode(Row):
    """A code that lets a user in once, without their app. It is random, and only its SHA-256 is here."""

    __tablename__ = "recovery_codes"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)


class FailedAttempts(Row):
    """How many passwords and codes were tried for something since the last right one."""

    __tablename__ = "failed_attempts"

    subject: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]
