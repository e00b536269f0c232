"""How the client keeps its server reached, and what it knows before it does. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from hideez_bench.emulator.hes.server import Hes
from hideez_bench.harness.cli.client_reach import ASK_AGAIN_SECONDS, ServerReach
from hideez_bench.harness.client.access_note import AccessNote
from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.harness.client.timed_hes import REQUEST_TIMEOUT
from hideez_bench.harness.client.workstation import WorkstationState
from hideez_bench.harness.hes.network import Login, PatientServer
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import LoginCode, Password
from tests.flow.rig import WIRE
from tests.hes.app import SECRET, app_code
from tests.hes.bench import NOON
from tests.hubs.flow_rig import PASSWORD, URL, USER, Requests, enter_administrator
from tests.hubs.rig import application, new_key
from tests.hubs.sockets import MemorySockets

pytestmark = pytest.mark.virtual_time
NAME = "bench-audit"
WHILE = 5 * ASK_AGAIN_SECONDS


class Cable(httpx.AsyncBaseTransport):
    """Requests to a server that may be out of reach."""

    def __init__(self, line: Line, inner: httpx.AsyncBaseTransport) -> None:
        self._line = line
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._line.is_up:
            raise httpx.ConnectError("refused")
        return await self._inner.handle_async_request(request)


@dataclass
class Line:
    """A server, and a client of it; between them a cable that can be pulled."""

    hes: Hes
    folder: Path
    sockets: MemorySockets
    password: Password = PASSWORD
    otp: LoginCode | None = None
    is_up: bool = True
    said: list[str] = field(default_factory=list)
    failures: list[BenchError] = field(default_factory=list)
    backs: int = 0
    state: WorkstationState = field(default_factory=WorkstationState)

    def is_let_in(self) -> bool:
        """For all that the client knows."""
        return self.state.approved

    def has_alarm(self) -> bool:
        """For all that the client knows."""
        return self.state.alarm

    def pull(self) -> None:
        self.is_up = False
        for socket in self.sockets.on("/appHub"):
            socket.hang_up()

    def plug(self) -> None:
        self.is_up = True

    @asynccontextmanager
    async def client(self) -> AsyncIterator[ServerReach]:
        """The client, its first try behind it."""

        async def ask() -> LoginCode | None:
            return self.otp

        def back() -> None:
            self.backs += 1

        self.sockets.allow = lambda path: self.is_up
        server = PatientServer(
            URL,
            Login(USER, self.password, ask_otp=ask),
            new_key(),
            WIRE,
            tell=lambda text: None,
            http=Cable(self, Requests(self.sockets.app)),
            open_socket=self.sockets,
        )
        workstation = RelayingWorkstation(NAME, WIRE)
        self.state = workstation.state
        reach = ServerReach(
            server,
            await server.connect(workstation),
            NAME,
            workstation.state,
            AccessNote(self.folder, URL, NAME),
            say=self.said.append,
            back=back,
            failed=self.failures.append,
        )
        await reach.first(asyncio.get_running_loop().create_future())
        async with reach.kept():
            yield reach
        await server.close()


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    async with Hes("sqlite://", utc=lambda: NOON) as hes:
        await enter_administrator(hes)
        yield Line(hes, tmp_path, MemorySockets(application(hes)))


async def test_a_server_that_is_there_is_reached_without_a_word(line: Line) -> None:
    async with line.client() as reach:
        assert line.is_let_in()
        assert await reach.now()
    assert (line.said, line.backs, line.failures) == ([], 1, [])


async def test_a_server_that_comes_later_is_reached_by_itself(line: Line) -> None:
    line.pull()
    async with line.client() as reach:
        await asyncio.sleep(WHILE)
        assert not await reach.now()
        assert not line.is_let_in()  # nobody ever let this workstation in
        assert line.backs == 0
        line.plug()
        await asyncio.sleep(WHILE)
        assert line.is_let_in()
        assert line.backs == 1
    gone, there = line.said
    assert "cannot be reached" in gone
    assert there == "The server is there."


async def test_a_connection_that_was_lost_is_made_again_though_no_key_is_taken_up(line: Line) -> None:
    async with line.client():
        line.pull()
        await asyncio.sleep(WHILE)
        assert len(line.said) == 1
        line.plug()
        await asyncio.sleep(WHILE)
        line.hes.workstations.set_alarm(on=True)
        await asyncio.sleep(WHILE)
        assert line.has_alarm()
        assert line.backs == 2


async def test_an_alarm_that_ended_while_the_server_was_gone_has_ended(line: Line) -> None:
    async with line.client():
        line.hes.workstations.set_alarm(on=True)
        await asyncio.sleep(WHILE)
        assert line.has_alarm()
        line.pull()
        line.hes.workstations.set_alarm(on=False)
        await asyncio.sleep(WHILE)
        assert line.has_alarm()  # for all that the client knows
        line.plug()
        await asyncio.sleep(WHILE)
        assert not line.has_alarm()
        assert line.backs == 2


async def test_a_workstation_whose_approval_was_withdrawn_does_not_approve_itself_again(line: Line) -> None:
    async with line.client():
        line.pull()
        line.hes.workstations.unapprove(NAME)
        await asyncio.sleep(WHILE)
        assert line.is_let_in()
        line.plug()
        await asyncio.sleep(WHILE)
        assert not line.is_let_in()
        assert line.backs == 1
        line.hes.workstations.approve(NAME)
        await asyncio.sleep(WHILE)
        assert line.is_let_in()
        assert line.backs == 2


@pytest.mark.parametrize("alarm", [False, True])
async def test_the_next_start_knows_without_a_server_what_the_last_one_was_told(
    line: Line, alarm: bool
) -> None:
    async with line.client():
        line.hes.workstations.set_alarm(on=alarm)
        await asyncio.sleep(WHILE)
    line.pull()
    async with line.client():
        assert line.is_let_in()
        assert line.has_alarm() is alarm


@pytest.mark.parametrize("text", ["", "[]", "nonsense", '{"approved": true}', '{"approved": 1, "alarm": 0}'])
def test_a_note_that_cannot_be_read_lets_nobody_in(tmp_path: Path, text: str) -> None:
    state = WorkstationState()
    note = AccessNote(tmp_path, URL, NAME)
    note.take(state)
    (path,) = tmp_path.iterdir()
    AccessNote(tmp_path, URL, NAME).tell(state)
    assert state.approved
    path.write_text(text)
    AccessNote(tmp_path, URL, NAME).tell(state)
    assert not state.approved


def test_each_server_and_each_workstation_has_a_note_of_its_own(tmp_path: Path) -> None:
    AccessNote(tmp_path, URL, NAME).take(WorkstationState())
    for server, name in ((URL + "/", NAME), (URL, NAME + "x")):
        state = WorkstationState()
        AccessNote(tmp_path, server, name).tell(state)
        assert not state.approved


async def test_a_server_that_does_not_answer_the_registration_is_asked_again(line: Line) -> None:
    line.sockets.on_text = lambda path, text: None if '"RegisterWorkstationInfo"' in text else text
    async with line.client() as reach:
        assert not line.is_let_in()
        assert "did not answer within 30 s" in line.said[0]
        assert line.backs == 0
        line.sockets.on_text = lambda path, text: text
        await asyncio.sleep(2 * REQUEST_TIMEOUT)
        assert await reach.now()
        assert line.is_let_in()
        assert line.backs == 1


async def test_what_no_waiting_helps_against_is_told(line: Line) -> None:
    line.password = Password.from_text("wrong")
    async with line.client():
        (failure,) = line.failures
    assert "does not let ann@example.org in" in str(failure)


async def test_the_code_of_an_app_is_asked_for_at_the_first_try_alone(line: Line) -> None:
    (user,) = line.hes.users.list()
    line.hes.two_factor.turn_on(user, SECRET, app_code(SECRET, NOON, seconds=-30))
    line.otp = app_code(SECRET, NOON)
    line.pull()
    async with line.client():
        line.plug()
        await asyncio.sleep(WHILE)
    assert "authenticator app" in str(line.failures[0])
    line.failures.clear()
    async with line.client():
        assert line.is_let_in()
    assert line.failures == []
