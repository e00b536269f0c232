"""Tables of the organisation: companies with departments, positions; and templates of applications."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hideez_bench.emulator.hes.database.columns import NOTE_LENGTH, ExactText
from hideez_bench.emulator.hes.database.models import Row


class Company(Row):
    """A company; its departments go with it."""

    __tablename__ = "companies"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)

    departments: Mapped[list[Department]] = relationship(
        back_populates="company", order_by="Department.name", passive_deletes="all"
    )


class Department(Row):
    """A department of a company. As with the vendor no two have one name, whichever company they belong to."""

    __tablename__ = "departments"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    company_id: Mapped[str] = mapped_column(ForeignKey(Company.id, ondelete="CASCADE"))

    company: Mapped[Company] = relationship(back_populates="departments", lazy="joined", innerjoin=True)


class Position(Row):
    """What somebody is."""

    __tablename__ = "positions"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class Template(Row):
    """Where an application is: addresses and programs, each list separated by `;`."""

    __tablename__ = "templates"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    urls: Mapped[str] = mapped_column(ExactText(NOTE_LENGTH))
    apps: Mapped[str] = mapped_column(ExactText(NOTE_LENGTH))
