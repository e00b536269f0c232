"""Before a hub is connected: who is let in, the tokens that a client may fetch, and what it is told with one."""

from __future__ import annotations

import hmac
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.datastructures import Headers

from hideez_bench.emulator.hes.errors import StoreError
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.protocol.hub import WORKSTATION_ID
from hideez_bench.protocol.secret import WorkstationKey
from hideez_bench.protocol.signalr import Json

TOKEN_SECONDS = 15.0
LONGEST_DEVICE_ID = 64
MOST_OF_A_WORKSTATION = 256
"""One for its client, and one for each key that the server wants to reach through it."""
MOST_OF_STRANGERS = 200


class NotAdmitted(Exception):
    """A stranger, or one that is too early or too late; `status` is the HTTP answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Caller:
    """Who calls. The vendor's admission needs no key; there `key` is None."""

    workstation_id: str
    key: WorkstationKey | None
    device_id: str = ""


def admit(hes: Hes, headers: Headers, *, strict_compat: bool) -> Caller:
    """Who calls, by the headers of a request.

    Raises:
        NotAdmitted: 401, there is no workstation or no key, or another key speaks for this workstation; 503, the
            server's database cannot be asked.
    """
    workstation_id = headers.get("workstationid", "")
    device_id = headers.get("deviceid", "")[:LONGEST_DEVICE_ID]
    if strict_compat and (not workstation_id or WORKSTATION_ID.fullmatch(workstation_id)):
        return Caller(workstation_id, None, device_id)
    if not WORKSTATION_ID.fullmatch(workstation_id):
        raise NotAdmitted(
            401, "Name the workstation in the header WorkstationId: 1 to 64 of A-Z, a-z, 0-9 and . _ -"
        )
    scheme, _, text = headers.get("authorization", "").partition(" ")
    try:
        key = WorkstationKey.from_text(text.strip())
    except ValueError:
        key = None
    if scheme.lower() != "bearer" or key is None:
        raise NotAdmitted(
            401, "Show the workstation's key: Authorization: Bearer, and 64 hexadecimal digits."
        )
    try:
        is_right = hes.admission.allows(workstation_id, key)
    except StoreError as error:
        raise NotAdmitted(503, str(error)) from error
    if not is_right:
        raise NotAdmitted(401, f"Another key speaks for workstation {workstation_id}.")
    return Caller(workstation_id, key, device_id)


class Present:
    """Whose connections are open, so that nobody takes them all.

    Who is not approved has a name and a key for nothing, so all of those together have a share; and one workstation
    cannot take what is the others'.
    """

    def __init__(self) -> None:
        self._of: Counter[tuple[str, WorkstationKey | None]] = Counter()
        self._strangers = 0

    @contextmanager
    def one_more(self, caller: Caller, *, is_approved: bool) -> Iterator[None]:
        """A connection, for as long as it lasts.

        Raises:
            NotAdmitted: 503, it is one too many.
        """
        who = (caller.workstation_id, caller.key)
        if self._of[who] >= MOST_OF_A_WORKSTATION:
            raise NotAdmitted(503, "This workstation has too many connections.")
        if not is_approved and self._strangers >= MOST_OF_STRANGERS:
            raise NotAdmitted(503, "Too many workstations wait for approval; try again later.")
        self._of[who] += 1
        self._strangers += not is_approved
        try:
            yield
        finally:
            self._strangers -= not is_approved
            self._of[who] -= 1
            if not self._of[who]:
                del self._of[who]


class Tokens:
    """Tokens of one hub, each good for one connection of the workstation that fetched it, for some seconds.

    They are signed and not kept, so that nobody can push out another's by fetching many. Those that were used are kept
    until they would be over.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)
        self._used: dict[str, float] = {}

    def __len__(self) -> int:
        """How many are remembered as used."""
        return len(self._used)

    def issue(self, workstation_id: str) -> str:
        """A new token: until when it is good in milliseconds, something random, and the signature."""
        stem = f"{round((self._now() + TOKEN_SECONDS) * 1000)}.{secrets.token_urlsafe(16)}"
        return f"{stem}.{self._signature(stem, workstation_id)}"

    def redeem(self, token: str, workstation_id: str) -> None:
        """Use a token up.

        Raises:
            NotAdmitted: 404, there is no such token, or it is another workstation's, used, or too old.
        """
        now = self._now()
        stem, _, signature = token.rpartition(".")
        is_ours = hmac.compare_digest(signature.encode(), self._signature(stem, workstation_id).encode())
        # What is ours begins with digits.
        if not is_ours or now * 1000 > int(stem.partition(".")[0]) or stem in self._used:
            raise NotAdmitted(404, "There is no such connection to be made; negotiate again.")
        while self._used and next(iter(self._used.values())) < now:
            del self._used[next(iter(self._used))]
        self._used[stem] = now + TOKEN_SECONDS + 1  # a little longer than it could be good by rounding

    def _signature(self, stem: str, workstation_id: str) -> str:
        return hmac.digest(self._key, f"{stem} {workstation_id}".encode(), "sha256").hex()


def answer_of(connection_id: str, connection_token: str, asked_version: int) -> dict[str, Json]:
    """What the server answers to a request to negotiate: WebSockets are all that is spoken.

    From version 1 on the token admits to the connection and is secret; the id is its public name. Version 0 knows
    one of them.
    """
    answer: dict[str, Json] = {
        "negotiateVersion": min(asked_version, 1),
        "connectionId": connection_id,
        "availableTransports": [{"transport": "WebSockets", "transferFormats": ["Text", "Binary"]}],
    }
    if asked_version < 1:
        return answer | {"connectionId": connection_token}
    return answer | {"connectionToken": connection_token}
