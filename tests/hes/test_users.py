"""Those who log in: passwords, the lockout, sessions, and what the database knows of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher

from hideez_bench.emulator.hes.errors import HesRuleError, LoginRefused, TooManyLogins
from hideez_bench.emulator.hes.logins import MOST_LOGINS
from hideez_bench.emulator.hes.names import HesCode, LoginRefusal, Role
from hideez_bench.emulator.hes.records import HesEvent
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.users import User
from hideez_bench.protocol.secret import Password, SessionToken
from tests.hes.bench import QUICK_HASHER, Clock

ANN = "ann@example.org"
RIGHT = Password.from_text("correct horse")
WRONG = Password.from_text("incorrect horse")


class CountingHasher(PasswordHasher):
    """Tells how often a password was compared."""

    compared = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  (argon2's name)
        self.compared += 1
        return super().verify(hash, password)


class Door:
    """A server with Ann as its administrator."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock()
        self.events: list[HesEvent] = []
        self.hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
        self.open()

    def open(self) -> None:
        self.hes = Hes(
            f"sqlite:///{self.path}", utc=self.clock, observe=self.events.append, password_hasher=self.hasher
        )
        self.users = self.hes.users
        self.logins = self.hes.logins

    async def knock(self, email: str = ANN, password: Password = WRONG) -> LoginRefusal:
        with pytest.raises(LoginRefused) as raised:
            await self.logins.verify(email, password)
        return raised.value.reason


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    made = Door(tmp_path / "hes.db")
    await made.users.create(ANN, RIGHT, Role.ADMINISTRATOR)
    yield made
    await made.hes.close()


async def ann(door: Door) -> User:
    return await door.logins.verify(ANN, RIGHT)


async def test_a_new_database_lets_nobody_in(tmp_path: Path) -> None:
    async with Hes(f"sqlite:///{tmp_path / 'hes.db'}", password_hasher=QUICK_HASHER) as hes:
        assert not hes.users.any()
        for email, password in [("admin@hideez.com", "admin"), ("", ""), ("admin", "admin")]:
            with pytest.raises(LoginRefused):
                await hes.logins.verify(email, Password.from_text(password))
        await hes.users.create("eve@example.org", RIGHT, Role.VIEWER)
        assert not hes.users.any(), "a viewer administers nothing"
        await hes.users.create(ANN, RIGHT, Role.ADMINISTRATOR)
        assert hes.users.any()


async def test_right_password_and_other_case(door: Door) -> None:
    user = await door.logins.verify(" ANN@Example.org ", RIGHT)
    assert (user.email, user.role, user.is_administrator) == (ANN, Role.ADMINISTRATOR, True)
    assert door.users.list() == (user,)


@pytest.mark.parametrize(
    ("email", "password", "code"),
    [
        ("ANN@example.org", "long enough", HesCode.EmailAlreadyTaken),
        ("bob", "long enough", HesCode.None_),
        ("bob@a@b", "long enough", HesCode.None_),
        ("bob@example.org\nevil", "long enough", HesCode.None_),
        ("bob@example.org", "seven 7", HesCode.None_),
    ],
)
async def test_who_cannot_be_created(door: Door, email: str, password: str, code: HesCode) -> None:
    with pytest.raises(HesRuleError) as raised:
        await door.users.create(email, Password.from_text(password), Role.VIEWER)
    assert raised.value.code is code
    assert len(door.users.list()) == 1


@pytest.mark.parametrize("email", [ANN, "nobody@example.org"])
async def test_lockout(door: Door, email: str) -> None:
    """The same for an address that nobody has: nine are wrong, the tenth locks, for 15 minutes from then on."""
    assert [await door.knock(email) for _ in range(9)] == [LoginRefusal.Unauthorized] * 9
    assert await door.knock(email) is LoginRefusal.UserIsLockedout
    compared = door.hasher.compared
    assert compared == 10, "each is compared with something"
    door.clock.move(minutes=14, seconds=59)
    assert await door.knock(email, RIGHT) is LoginRefusal.UserIsLockedout
    assert door.hasher.compared == compared, "a locked address compares nothing"
    door.clock.move(seconds=1)
    assert await door.knock(email) is LoginRefusal.Unauthorized


async def test_a_clock_that_was_years_ahead_and_is_set_right(door: Door) -> None:
    """Nobody stays locked out until then, and no session lasts until then."""
    door.clock.move(days=3650)
    user = await ann(door)
    token = door.users.open_session(user)
    for _ in range(10):
        await door.knock()
    door.clock.move(days=-3650)
    assert door.users.session(token) is None
    assert await door.knock(ANN, RIGHT) is LoginRefusal.UserIsLockedout
    door.clock.move(minutes=15)
    token = door.users.open_session(await ann(door))
    door.clock.move(hours=-23)
    assert door.users.session(token) == user, "set back by less than a day"


async def test_lockout_ends_and_others_are_free(door: Door) -> None:
    await door.users.create("bob@example.org", RIGHT, Role.VIEWER)
    for _ in range(10):
        await door.knock()
    assert (await door.logins.verify("bob@example.org", RIGHT)).role is Role.VIEWER
    door.clock.move(minutes=15)
    assert (await ann(door)).email == ANN


async def test_right_password_forgives(door: Door) -> None:
    for _ in range(3):
        for _ in range(9):
            assert await door.knock() is LoginRefusal.Unauthorized
        await ann(door)


async def test_attempts_at_once_are_all_counted(door: Door) -> None:
    """However many come together, no more than ten are compared."""
    answers = await asyncio.gather(*(door.knock() for _ in range(30)))
    assert answers.count(LoginRefusal.Unauthorized) == 9
    assert door.hasher.compared == 10


async def test_attempt_is_counted_before_it_is_compared(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stops while it compares has counted."""

    def stop(encoded: str, password: bytes) -> bool:
        raise SystemError("the power fails here")

    monkeypatch.setattr(door.hasher, "verify", stop)
    for _ in range(10):
        with pytest.raises(SystemError):
            await door.logins.verify(ANN, RIGHT)
    monkeypatch.undo()
    await door.hes.close()
    door.open()
    assert await door.knock(ANN, RIGHT) is LoginRefusal.UserIsLockedout


async def test_the_loop_runs_on_while_a_password_is_compared(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    seen = asyncio.Event()
    compare = door.hasher.verify

    def wait_for_the_loop(encoded: str, password: bytes) -> bool:
        loop.call_soon_threadsafe(seen.set)
        asyncio.run_coroutine_threadsafe(seen.wait(), loop).result(timeout=250)
        return compare(encoded, password)

    monkeypatch.setattr(door.hasher, "verify", wait_for_the_loop)
    await ann(door)


async def test_session_lasts_two_weeks(door: Door) -> None:
    user = await ann(door)
    token = door.users.open_session(user)
    assert door.users.session(token) == user
    door.clock.move(days=13, hours=23)
    await door.hes.close()
    door.open()
    assert door.users.session(token) == user, "over a restart, and used"
    door.clock.move(hours=1)
    assert door.users.session(token) is None
    assert door.users.session(SessionToken.from_text("\udc00 guess")) is None


async def test_what_ends_sessions(door: Door) -> None:
    user = await ann(door)
    bob = await door.users.create("bob@example.org", RIGHT, Role.ADMINISTRATOR)
    of_bob = door.users.open_session(bob)

    def two() -> tuple[SessionToken, SessionToken]:
        return door.users.open_session(user), door.users.open_session(user)

    def alive(*tokens: SessionToken) -> list[bool]:
        return [door.users.session(token) is not None for token in tokens]

    one, other = two()
    door.users.close_session(one)
    assert alive(one, other, of_bob) == [False, True, True]
    door.users.close_all_sessions(user)
    assert alive(one, other, of_bob) == [False, False, True]
    tokens = two()
    await door.users.set_password(user, WRONG)
    assert alive(*tokens, of_bob) == [False, False, True]
    tokens = two()
    assert door.users.set_role(user, Role.VIEWER).role is Role.VIEWER
    assert alive(*tokens, of_bob) == [False, False, True]
    tokens = two()
    door.users.delete(user)
    assert alive(*tokens, of_bob) == [False, False, True]
    with pytest.raises(HesRuleError):
        door.users.open_session(user)
    with pytest.raises(LoginRefused):
        await door.logins.verify(ANN, WRONG)


async def test_somebody_must_be_left_to_administer(door: Door) -> None:
    user = await ann(door)
    token = door.users.open_session(user)
    with pytest.raises(HesRuleError, match="only administrator"):
        door.users.set_role(user, Role.VIEWER)
    with pytest.raises(HesRuleError, match="only administrator"):
        door.users.delete(user)
    assert door.users.session(token) == user, "nothing was changed"


async def test_password_changed_while_the_old_one_is_compared(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await ann(door)
    compare = door.hasher.verify
    loop = asyncio.get_running_loop()

    def change_first(encoded: str, password: bytes) -> bool:
        changing = asyncio.run_coroutine_threadsafe(door.users.set_password(user, WRONG), loop)
        changing.result(timeout=250)
        return compare(encoded, password)

    monkeypatch.setattr(door.hasher, "verify", change_first)
    assert await door.knock(ANN, RIGHT) is LoginRefusal.Unauthorized


async def test_an_administrator_is_quicker_than_who_changes_their_own_password(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await ann(door)
    theirs, another = Password.from_text("their new horse"), Password.from_text("the administrator's horse")
    work_out = door.hasher.hash
    loop = asyncio.get_running_loop()

    def change_first(password: bytes) -> str:
        if password == theirs.reveal():
            changing = asyncio.run_coroutine_threadsafe(door.users.set_password(user, another), loop)
            changing.result(timeout=250)
        return work_out(password)

    monkeypatch.setattr(door.hasher, "hash", change_first)
    with pytest.raises(HesRuleError, match="changed by somebody else"):
        await door.logins.change_password(user, RIGHT, theirs)
    assert await door.knock(ANN, theirs) is LoginRefusal.Unauthorized
    assert await door.logins.verify(ANN, another) == user


async def test_database_and_events_hold_neither_password_nor_token(door: Door) -> None:
    token = door.users.open_session(await ann(door))
    await door.knock("secret typed into the wrong field")
    content = b"".join(path.read_bytes() for path in door.path.parent.iterdir())
    assert b"$argon2id$" in content
    for secret in (RIGHT.reveal(), WRONG.reveal(), token.reveal(), token.reveal().hex().encode()):
        assert secret not in content
    told = repr(door.events)
    assert ANN in told
    assert "wrong field" not in told


async def test_wrong_passwords_do_not_pile_up(door: Door) -> None:
    for number in range(20):
        await door.knock(f"{number}@example.org")
    door.clock.move(minutes=15)
    await door.knock("last@example.org")
    with door.hes._core.store.session() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM failed_attempts").scalar() == 1


async def test_a_crowd_at_the_login_is_sent_away_and_costs_nobody_a_try(door: Door) -> None:
    crowd = [asyncio.ensure_future(door.knock(f"{n}@example.org")) for n in range(MOST_LOGINS)]
    await asyncio.sleep(0)
    for _ in range(20):
        with pytest.raises(TooManyLogins):
            await ann(door)
    assert await asyncio.gather(*crowd) == [LoginRefusal.Unauthorized] * MOST_LOGINS
    assert (await ann(door)).email == ANN
