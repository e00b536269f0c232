"""What the pages remember, in memory and for a short while: notices of a session, and unfinished wizards of a user."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from hideez_bench.protocol.secret import OtpSecret, Password

KEPT_SECONDS = 30 * 60
MOST_SESSIONS = 200
MOST_DRAFTS = 8


class Step(StrEnum):
    """The wizard's steps, in their order; the vendor's names."""

    PROFILE = "profile"
    VAULT = "vault"
    ACCOUNT = "account"
    OVERVIEW = "overview"
    ACTIVATION = "activation"


@dataclass
class Draft:
    """An employee who is being entered.

    Attributes:
        user_id: whose it is; it outlives a session, so that they can log in again and go on.
        session: the one that had it last.
        typed: what was typed in each step; never a password.
        password: the account's password, where one was typed.
        creating: held while the server creates, so that a second click waits and finds it done.
        created: the employee, once there is one.
    """

    user_id: str
    session: str
    used_at: float
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    typed: dict[Step, dict[str, str]] = field(default_factory=dict)
    password: Password | None = None
    creating: asyncio.Lock = field(default_factory=asyncio.Lock)
    created: str | None = None

    def value(self, step: Step, name: str) -> str:
        """What was typed into a field, empty if nothing was."""
        return self.typed.get(step, {}).get(name, "")


@dataclass
class _Session:
    used_at: float
    notices: list[tuple[str, str]] = field(default_factory=list)
    otp_secret: OtpSecret | None = None


class SessionMemory:
    """Notices and new second factors by session, drafts by user; what rests for half an hour is forgotten.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._drafts: dict[str, Draft] = {}

    def add_notice(self, session: str, kind: str, text: str) -> None:
        """Show a sentence on the session's next page. `kind` is good, bad or warn."""
        self._session(session).notices.append((kind, text))

    def take_notices(self, session: str) -> list[tuple[str, str]]:
        """The sentences to show, which are then forgotten."""
        memory = self._session(session)
        notices, memory.notices = memory.notices, []
        return notices

    def keep_otp_secret(self, session: str, secret: OtpSecret) -> None:
        """The secret of a second factor, until it is proved."""
        self._session(session).otp_secret = secret

    def otp_secret(self, session: str) -> OtpSecret | None:
        """The secret that the session's user has yet to prove, None if there is none or it is forgotten."""
        return self._session(session).otp_secret

    def new_draft(self, user_id: str, session: str) -> Draft:
        """Start to enter somebody; of too many of a user, the oldest is forgotten."""
        self._forget_old()
        draft = Draft(user_id, session, self._clock())
        self._drafts[draft.id] = draft
        theirs = [one.id for one in self._drafts.values() if one.user_id == user_id]
        for old in theirs[:-MOST_DRAFTS]:
            del self._drafts[old]
        return draft

    def draft(self, user_id: str, session: str, draft_id: str) -> Draft | None:
        """A draft of this user, None if it is forgotten or another's."""
        self._forget_old()
        draft = self._drafts.get(draft_id)
        if draft is None or draft.user_id != user_id:
            return None
        draft.session, draft.used_at = session, self._clock()
        return draft

    def forget(self, session: str) -> None:
        """Somebody has logged out, and leaves nothing behind."""
        self._sessions.pop(session, None)
        for draft in list(self._drafts.values()):
            if draft.session == session:
                del self._drafts[draft.id]

    def _forget_old(self) -> None:
        now = self._clock()
        for name, memory in list(self._sessions.items()):
            if now - memory.used_at > KEPT_SECONDS:
                del self._sessions[name]
        for draft in list(self._drafts.values()):
            if now - draft.used_at > KEPT_SECONDS:
                del self._drafts[draft.id]

    def _session(self, name: str) -> _Session:
        self._forget_old()
        now = self._clock()
        memory = self._sessions.setdefault(name, _Session(now))
        memory.used_at = now
        self._sessions.move_to_end(name)
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return memory
