"""Tables of what is to be written to keys: accounts, shared accounts, and the tasks that wait."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Sequence, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hideez_bench.emulator.hes.database.models import Employee, HardwareVault, Row
from hideez_bench.emulator.hes.names import LoginType, TaskOperation
from hideez_bench.protocol.secret import OtpSecret, Password


class SharedAccount(Row):
    """An account that several employees use."""

    __tablename__ = "shared_accounts"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    urls: Mapped[str]
    apps: Mapped[str]
    login_type: Mapped[LoginType]
    login: Mapped[str]
    domain: Mapped[str]
    password: Mapped[Password]
    otp_secret: Mapped[OtpSecret | None]


class Account(Row):
    """An account of one employee.

    `record` is its number in the storage of a key (modelled). `is_primary`: it is the account of the operating system.
    `deleted`: it is gone for everybody, but a key still has it.
    """

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("employee_id", "record"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    employee_id: Mapped[str] = mapped_column(ForeignKey(Employee.id, ondelete="CASCADE"))
    shared_account_id: Mapped[str | None] = mapped_column(ForeignKey(SharedAccount.id, ondelete="SET NULL"))
    record: Mapped[int]
    name: Mapped[str]
    urls: Mapped[str]
    apps: Mapped[str]
    login_type: Mapped[LoginType]
    login: Mapped[str]
    domain: Mapped[str]
    password: Mapped[Password]
    otp_secret: Mapped[OtpSecret | None]
    is_primary: Mapped[bool]
    deleted: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class HardwareVaultTask(Row):
    """Something that a key has yet to be told. The account is written as it is then, so a task holds no secret."""

    __tablename__ = "hardware_vault_tasks"

    id: Mapped[int] = mapped_column(Sequence("hardware_vault_tasks_ids", optional=True), primary_key=True)
    hardware_vault_id: Mapped[str] = mapped_column(
        ForeignKey(HardwareVault.id, ondelete="CASCADE"), index=True
    )
    account_id: Mapped[str | None] = mapped_column(ForeignKey(Account.id, ondelete="CASCADE"))
    operation: Mapped[TaskOperation]
    created_at: Mapped[datetime]
