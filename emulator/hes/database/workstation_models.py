"""Tables around workstations: their keys, the hardware that unlocks them by coming near, and events."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Sequence, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from hideez_bench.emulator.hes.database.account_models import Account
from hideez_bench.emulator.hes.database.columns import NOTE_LENGTH, ExactText
from hideez_bench.emulator.hes.database.models import Employee, HardwareVault, Row, Workstation
from hideez_bench.emulator.hes.database.org_models import Department
from hideez_bench.emulator.hes.names import HesEventKind, SessionSwitchSubject


class WorkstationKeyHash(Row):
    """The SHA-256 of a workstation's key. The key is random and long, so nothing slower is needed."""

    __tablename__ = "workstation_keys"

    workstation_id: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[str]


class WorkstationHardwareVaultPair(Row):
    """A key that unlocks a workstation by coming near: percent, percent, seconds."""

    __tablename__ = "workstation_hardware_vault_pairs"
    __table_args__ = (UniqueConstraint("workstation_id", "hardware_vault_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    workstation_id: Mapped[str] = mapped_column(ForeignKey(Workstation.id, ondelete="CASCADE"))
    hardware_vault_id: Mapped[str] = mapped_column(ForeignKey(HardwareVault.id, ondelete="CASCADE"))
    lock_proximity: Mapped[int] = mapped_column(default=30)
    unlock_proximity: Mapped[int] = mapped_column(default=70)
    lock_timeout: Mapped[int] = mapped_column(default=5)

    hardware_vault: Mapped[HardwareVault] = relationship(lazy="joined")


class Bearer:
    """Who carried the key that a client names, when the client told of it; what was deleted since is NULL."""

    @declared_attr
    def employee_id(cls) -> Mapped[str | None]:  # noqa: N805 - as SQLAlchemy has it
        """Whose key it was."""
        return mapped_column(ForeignKey(Employee.id, ondelete="SET NULL"))

    @declared_attr
    def department_id(cls) -> Mapped[str | None]:  # noqa: N805 - as SQLAlchemy has it
        """Where they belonged to."""
        return mapped_column(ForeignKey(Department.id, ondelete="SET NULL"))

    @declared_attr
    def account_id(cls) -> Mapped[str | None]:  # noqa: N805 - as SQLAlchemy has it
        """The account of theirs that the client names."""
        return mapped_column(ForeignKey(Account.id, ondelete="SET NULL"))


class WorkstationEvent(Bearer, Row):
    """Something that a client reports. `event_id` and `severity_id` are the client's numbers, `id` is ours."""

    __tablename__ = "workstation_events"
    __table_args__ = (UniqueConstraint("workstation_id", "client_id"),)

    id: Mapped[int] = mapped_column(Sequence("workstation_events_ids", optional=True), primary_key=True)
    client_id: Mapped[str]
    date: Mapped[datetime]
    event_id: Mapped[int]
    severity_id: Mapped[int]
    note: Mapped[str] = mapped_column(ExactText(NOTE_LENGTH))
    workstation_id: Mapped[str]
    user_session: Mapped[str] = mapped_column(ExactText(NOTE_LENGTH))
    serial: Mapped[str] = mapped_column(ExactText(NOTE_LENGTH))
    account_name: Mapped[str] = mapped_column(ExactText(NOTE_LENGTH))
    account_login: Mapped[str] = mapped_column(ExactText(NOTE_LENGTH))
    workstation_session_id: Mapped[str] = mapped_column(ExactText(NOTE_LENGTH))


class WorkstationSession(Bearer, Row):
    """The time in which somebody worked at a workstation, as its client tells. `client_id` is the client's, `id` ours.

    `end_date` is NULL while it lasts.
    """

    __tablename__ = "workstation_sessions"
    __table_args__ = (UniqueConstraint("workstation_id", "client_id"),)

    id: Mapped[int] = mapped_column(Sequence("workstation_sessions_ids", optional=True), primary_key=True)
    client_id: Mapped[str]
    start_date: Mapped[datetime]
    end_date: Mapped[datetime | None]
    unlocked_by: Mapped[SessionSwitchSubject]
    workstation_id: Mapped[str]
    user_session: Mapped[str] = mapped_column(ExactText(NOTE_LENGTH))
    serial: Mapped[str] = mapped_column(ExactText(NOTE_LENGTH))


class ServerEvent(Row):
    """Something that happened on the server."""

    __tablename__ = "server_events"

    id: Mapped[int] = mapped_column(Sequence("server_events_ids", optional=True), primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[HesEventKind]
    serial: Mapped[str] = mapped_column(ExactText(NOTE_LENGTH))
    text: Mapped[str] = mapped_column(ExactText(NOTE_LENGTH))
