"""What the pages remember for a session, in memory and for a short while: notices to show, and unfinished wizards."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from hideez_bench.protocol.secret import Password

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
        typed: what was typed in each step; never a password.
        password: the account's password, where one was typed.
        creating: held while the server creates, so that a second click waits and finds it done.
        created: the employee, once there is one.
    """

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
    drafts: OrderedDict[str, Draft] = field(default_factory=OrderedDict)


class SessionMemory:
    """Notices and drafts, by session; a session that does nothing for half an hour is forgotten.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def add_notice(self, session: str, kind: str, text: str) -> None:
        """Show a sentence on the session's next page. `kind` is good, bad or warn."""
        self._session(session).notices.append((kind, text))

    def take_notices(self, session: str) -> list[tuple[str, str]]:
        """The sentences to show, which are then forgotten."""
        memory = self._session(session)
        notices, memory.notices = memory.notices, []
        return notices

    def new_draft(self, session: str) -> Draft:
        """Start to enter somebody; of too many, the oldest is forgotten."""
        drafts = self._session(session).drafts
        draft = Draft()
        drafts[draft.id] = draft
        while len(drafts) > MOST_DRAFTS:
            drafts.popitem(last=False)
        return draft

    def draft(self, session: str, draft_id: str) -> Draft | None:
        """A draft of this session, None if it is forgotten or another's."""
        return self._session(session).drafts.get(draft_id)

    def forget(self, session: str) -> None:
        """The session has ended."""
        self._sessions.pop(session, None)

    def _session(self, name: str) -> _Session:
        now = self._clock()
        for old, memory in list(self._sessions.items()):
            if now - memory.used_at > KEPT_SECONDS:
                del self._sessions[old]
        memory = self._sessions.setdefault(name, _Session(now))
        memory.used_at = now
        self._sessions.move_to_end(name)
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return memory
