"""Which workstation a caller may speak for: the one whose key it shows (modelled; the vendor goes by the name alone).

A client makes its key once, 32 random bytes, and keeps it. The server takes the first key that it sees for a
workstation and stores its hash; from then on only that key speaks for that workstation. Whether the workstation may do
anything is another matter: an administrator approves it.
"""

from __future__ import annotations

import hashlib
import hmac

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database.models import Workstation
from hideez_bench.emulator.hes.database.workstation_models import WorkstationKeyHash
from hideez_bench.emulator.hes.names import HesEventKind
from hideez_bench.protocol.secret import WorkstationKey

MOST_UNAPPROVED = 100


class Admission:
    """Who may speak for which workstation."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def allows(self, workstation_id: str, key: WorkstationKey) -> bool:
        """Whether this key may speak for this workstation. Any may, for one that has none yet."""
        with self._core.store.session() as session:
            known = session.get(WorkstationKeyHash, workstation_id)
            return known is None or hmac.compare_digest(known.key_hash, _hash(key))

    def bind(self, workstation_id: str, key: WorkstationKey) -> bool:
        """From now on this key speaks for the workstation, if none did before; whether it does.

        An approval that was given before there was a key was not given to the holder of this one, and ends.
        """
        with self._core.store.session() as session:
            known = session.get(WorkstationKeyHash, workstation_id)
            if known is not None:
                return hmac.compare_digest(known.key_hash, _hash(key))
            session.add(WorkstationKeyHash(workstation_id=workstation_id, key_hash=_hash(key)))
            row = session.get(Workstation, workstation_id)
            if row is not None:
                row.approved = False
        self._core.tell(HesEventKind.CLIENT, "", f"shows a key for workstation {workstation_id}")
        return True

    def is_approved(self, workstation_id: str) -> bool:
        """Whether an administrator lets this workstation's clients in."""
        with self._core.store.session() as session:
            row = session.get(Workstation, workstation_id)
            return row is not None and row.approved

    def make_room(self, workstation_id: str) -> None:
        """Before a workstation is stored: forget those that wait for approval and were not here for longest.

        So strangers can fill the list, but neither the disk nor the page.
        """
        with self._core.store.session() as session:
            if session.get(Workstation, workstation_id) is not None:
                return
            waiting = session.scalar(
                select(func.count()).select_from(Workstation).where(Workstation.approved.is_(False))
            )
            surplus = (waiting or 0) - MOST_UNAPPROVED + 1
            if surplus > 0:
                _forget_oldest(session, surplus)


def _forget_oldest(session: Session, count: int) -> None:
    query = select(Workstation.id).where(Workstation.approved.is_(False)).order_by(Workstation.last_seen)
    oldest = session.scalars(query.limit(count)).all()
    session.execute(delete(WorkstationKeyHash).where(WorkstationKeyHash.workstation_id.in_(oldest)))
    session.execute(delete(Workstation).where(Workstation.id.in_(oldest)))


def _hash(key: WorkstationKey) -> str:
    return hashlib.sha256(key.reveal()).hexdigest()
