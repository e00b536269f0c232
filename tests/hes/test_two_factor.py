"""Two-factor sign-in: codes of an app, recovery codes, the lockout, logins that wait, and what the database knows."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from hideez_bench.emulator.hes import authenticator
from hideez_bench.emulator.hes.errors import HesRuleError, LoginExpired, LoginRefused
from hideez_bench.emulator.hes.names import HesCode, LoginRefusal, Role
from hideez_bench.emulator.hes.records import HesEvent
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.users import User
from hideez_bench.protocol.secret import LoginCode, OtpSecret, Password, RecoveryCode, SessionToken
from tests.hes.app import SECRET, another_code, app_code
from tests.hes.bench import QUICK_HASHER, Clock

ANN = "ann@example.org"
RIGHT = Password.from_text("correct horse")
WRONG = Password.from_text("incorrect horse")
SEAL = Password.from_text("the seal of it all")


class Door:
    """A server where Ann, an administrator, has two-factor sign-in on; her app, and her recovery codes."""

    secret = SECRET
    recovery_codes: tuple[RecoveryCode, ...]
    ann: User

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock()
        self.events: list[HesEvent] = []
        self.open()

    def open(self) -> None:
        self.hes = Hes(
            f"sqlite:///{self.path}",
            utc=self.clock,
            observe=self.events.append,
            password_hasher=QUICK_HASHER,
            protection_iterations=10,
        )

    async def restart(self) -> None:
        await self.hes.close()
        self.open()

    def turn_on(self) -> SessionToken:
        token, self.recovery_codes = self.hes.two_factor.turn_on(self.ann, self.secret, self.code())
        self.clock.move(seconds=30)
        return token

    def code(self, **off: float) -> LoginCode:
        return app_code(self.secret, self.clock.now, **off)

    def wrong_code(self) -> LoginCode:
        return another_code(self.secret, self.clock.now)

    async def start(self, password: Password = RIGHT) -> SessionToken:
        found = await self.hes.logins.start(ANN, password)
        assert isinstance(found, SessionToken)
        return found

    async def refusal(
        self, code: LoginCode | RecoveryCode | None, password: Password = RIGHT
    ) -> LoginRefusal:
        with pytest.raises(LoginRefused) as raised:
            await self.hes.logins.verify(ANN, password, code)
        return raised.value.reason


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    made = Door(tmp_path / "hes.db")
    made.ann = await made.hes.users.create(ANN, RIGHT, Role.ADMINISTRATOR)
    made.turn_on()
    yield made
    await made.hes.close()


async def test_the_password_alone_is_not_enough(door: Door) -> None:
    assert await door.refusal(None) is LoginRefusal.TwoFactorRequired
    assert await door.refusal(door.code(), WRONG) is LoginRefusal.Unauthorized
    assert await door.refusal(door.wrong_code()) is LoginRefusal.InvalidAuthenticatorCode
    assert await door.hes.logins.verify(ANN, RIGHT, door.code()) == door.ann


async def test_a_login_in_two_halves(door: Door) -> None:
    token = await door.start()
    assert door.hes.users.session(token) is None, "it opens no session by itself"
    assert door.hes.logins.waiting(token) == door.ann
    with pytest.raises(LoginRefused):
        door.hes.logins.finish(token, door.wrong_code())
    assert door.hes.logins.finish(token, door.code()) == door.ann
    door.clock.move(seconds=30)
    with pytest.raises(LoginExpired):
        door.hes.logins.finish(token, door.code())


async def test_who_has_no_second_factor_is_in_at_once(door: Door) -> None:
    bob = await door.hes.users.create("bob@example.org", RIGHT, Role.VIEWER)
    assert await door.hes.logins.start("bob@example.org", RIGHT) == bob
    assert await door.hes.logins.verify("bob@example.org", RIGHT, LoginCode(b"123456")) == bob
    assert door.hes.two_factor.who() == {door.ann.id}


@pytest.mark.parametrize(("off", "is_taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
async def test_the_clock_of_the_app_may_be_off_by_one_step(door: Door, off: int, is_taken: bool) -> None:
    door.clock.move(minutes=10)
    code = door.code(seconds=off)
    if is_taken:
        await door.hes.logins.verify(ANN, RIGHT, code)
    else:
        assert await door.refusal(code) is LoginRefusal.InvalidAuthenticatorCode


async def test_no_code_is_taken_twice_nor_an_earlier_one(door: Door) -> None:
    """Not even after a start of the server, and not the one by which it was turned on."""
    assert await door.refusal(door.code(seconds=-30)) is LoginRefusal.InvalidAuthenticatorCode
    door.clock.move(minutes=10)
    before, code = door.code(seconds=-30), door.code()
    await door.hes.logins.verify(ANN, RIGHT, code)
    await door.restart()
    for used in (code, before):
        assert await door.refusal(used) is LoginRefusal.InvalidAuthenticatorCode
    door.clock.move(seconds=30)
    await door.hes.logins.verify(ANN, RIGHT, door.code())


async def test_a_clock_that_was_years_ahead_and_is_set_right(door: Door) -> None:
    """Nobody stays out until then; and no code is taken twice where it was less than a day."""
    door.clock.move(days=3650)
    await door.hes.logins.verify(ANN, RIGHT, door.code())
    waiting = await door.start()
    door.clock.move(days=-3650)
    with pytest.raises(LoginExpired):
        door.hes.logins.finish(waiting, door.code())
    await door.hes.logins.verify(ANN, RIGHT, door.code())
    door.clock.move(hours=-23)
    assert await door.refusal(door.code()) is LoginRefusal.InvalidAuthenticatorCode


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "\udc00"])
async def test_what_is_no_code_is_wrong(door: Door, typed: str) -> None:
    assert await door.refusal(LoginCode.from_text(typed)) is LoginRefusal.InvalidAuthenticatorCode


async def test_wrong_codes_lock_out_as_wrong_passwords_do(door: Door) -> None:
    """However often the right password is typed in between."""
    token = await door.start()
    reasons = []
    for _ in range(10):
        await door.refusal(None)
        with pytest.raises(LoginRefused) as raised:
            door.hes.logins.finish(await door.start(), door.wrong_code())
        reasons.append(raised.value.reason)
        if raised.value.reason is LoginRefusal.UserIsLockedout:
            break
    assert reasons == [LoginRefusal.InvalidAuthenticatorCode] * 9 + [LoginRefusal.UserIsLockedout]
    assert await door.refusal(door.code()) is LoginRefusal.UserIsLockedout
    with pytest.raises(LoginExpired):
        door.hes.logins.finish(token, door.code())
    door.clock.move(minutes=15)
    await door.hes.logins.verify(ANN, RIGHT, door.code())


async def test_passwords_and_codes_count_together_and_are_forgiven_together(door: Door) -> None:
    for _ in range(2):
        for _ in range(5):
            await door.refusal(None, WRONG)
        for _ in range(4):
            await door.refusal(door.wrong_code())
        await door.hes.logins.verify(ANN, RIGHT, door.code())
        door.clock.move(seconds=30)


async def test_right_passwords_that_were_not_followed_up_cost_nothing(door: Door) -> None:
    for _ in range(11):
        await door.start()
    await door.hes.logins.verify(ANN, RIGHT, door.code())


async def test_a_code_is_counted_before_it_is_compared(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(session: Session, *others: object) -> bool:
        raise SystemError("the power fails here")

    monkeypatch.setattr(authenticator, "takes", stop)
    for _ in range(10):
        with pytest.raises(SystemError):
            await door.hes.logins.verify(ANN, RIGHT, door.code())
    monkeypatch.undo()
    await door.restart()
    assert await door.refusal(door.code()) is LoginRefusal.UserIsLockedout


async def test_a_recovery_code_lets_in_once(door: Door) -> None:
    assert len(set(door.recovery_codes)) == 10
    first, second, *_ = door.recovery_codes
    await door.hes.logins.verify(ANN, RIGHT, RecoveryCode.from_text(f" {first.to_text().lower()} "))
    assert await door.refusal(first) is LoginRefusal.InvalidAuthenticatorCode
    await door.restart()
    assert await door.refusal(first) is LoginRefusal.InvalidAuthenticatorCode
    assert door.hes.logins.finish(await door.start(), second) == door.ann
    assert door.hes.two_factor.recovery_codes_left(door.ann) == 8


async def test_a_recovery_code_is_its_users_own(door: Door) -> None:
    bob = await door.hes.users.create("bob@example.org", RIGHT, Role.VIEWER)
    door.hes.two_factor.turn_on(bob, SECRET, app_code(SECRET, door.clock.now))
    with pytest.raises(LoginRefused):
        await door.hes.logins.verify("bob@example.org", RIGHT, door.recovery_codes[0])
    await door.hes.logins.verify(ANN, RIGHT, door.recovery_codes[0])


async def test_a_login_waits_for_five_minutes(door: Door) -> None:
    token = await door.start()
    door.clock.move(minutes=4, seconds=59)
    assert door.hes.logins.waiting(token) == door.ann
    door.clock.move(seconds=1)
    with pytest.raises(LoginExpired):
        door.hes.logins.finish(token, door.code())


async def test_a_later_login_of_the_same_user_ends_the_one_that_waits(door: Door) -> None:
    first, second = await door.start(), await door.start()
    with pytest.raises(LoginExpired):
        door.hes.logins.finish(first, door.code())
    door.hes.logins.finish(second, door.code())


@pytest.mark.parametrize("change", ["password", "reset", "delete"])
async def test_what_changes_meanwhile_ends_a_login_that_waits(door: Door, change: str) -> None:
    await door.hes.users.create("bob@example.org", RIGHT, Role.ADMINISTRATOR)
    token = await door.start()
    match change:
        case "password":
            await door.hes.users.set_password(door.ann, WRONG)
        case "reset":
            door.hes.two_factor.reset(door.ann)
        case _:
            door.hes.users.delete(door.ann)
    with pytest.raises(LoginExpired):
        door.hes.logins.finish(token, door.code())


async def test_turning_it_on_ends_every_session_but_a_new_one(door: Door) -> None:
    door.hes.two_factor.reset(door.ann)
    old = door.hes.users.open_session(await door.hes.logins.verify(ANN, RIGHT))
    new = door.turn_on()
    assert (door.hes.users.session(old), door.hes.users.session(new)) == (None, door.ann)


async def test_it_is_turned_on_by_a_code_of_the_secret_alone(door: Door) -> None:
    bob = await door.hes.users.create("bob@example.org", RIGHT, Role.VIEWER)
    with pytest.raises(LoginRefused):
        await door.hes.two_factor.begin(bob, WRONG)
    secret = await door.hes.two_factor.begin(bob, RIGHT)
    assert len(base64.b32decode(secret.reveal())) == 20
    with pytest.raises(HesRuleError) as raised:
        door.hes.two_factor.turn_on(bob, secret, another_code(secret, door.clock.now))
    assert raised.value.code is HesCode.IncorrectOtp
    assert not door.hes.two_factor.is_on(bob)
    with pytest.raises(HesRuleError, match="on already"):
        door.hes.two_factor.turn_on(door.ann, secret, app_code(secret, door.clock.now))
    await door.hes.logins.verify(ANN, RIGHT, door.code())


async def test_it_is_turned_off_by_password_and_code(door: Door) -> None:
    two_factor, ann = door.hes.two_factor, door.ann
    for password, code in ((WRONG, door.code()), (RIGHT, door.wrong_code())):
        with pytest.raises(LoginRefused):
            await two_factor.turn_off(ann, password, code)
        assert two_factor.is_on(ann)
    session = door.hes.users.open_session(ann)
    await two_factor.turn_off(ann, RIGHT, door.recovery_codes[3])
    assert (two_factor.is_on(ann), two_factor.recovery_codes_left(ann)) == (False, 0)
    assert door.hes.users.session(session) == ann
    await door.hes.logins.verify(ANN, RIGHT)


async def test_a_reset_logs_out_everywhere(door: Door) -> None:
    session = door.hes.users.open_session(door.ann)
    door.hes.two_factor.reset(door.ann)
    assert door.hes.users.session(session) is None
    await door.hes.logins.verify(ANN, RIGHT)


async def test_another_password_leaves_it_on(door: Door) -> None:
    await door.hes.logins.change_password(door.ann, RIGHT, WRONG)
    assert await door.refusal(None, WRONG) is LoginRefusal.TwoFactorRequired


async def test_with_data_protection_it_is_sealed_and_needs_the_password_after_a_start(door: Door) -> None:
    await door.hes.protection.enable(SEAL)
    await door.hes.logins.verify(ANN, RIGHT, door.code())
    door.clock.move(seconds=30)
    await door.restart()
    for _ in range(11):
        # No attempt is counted: nothing was compared.
        with pytest.raises(HesRuleError) as raised:
            await door.hes.logins.verify(ANN, RIGHT, door.code())
        assert raised.value.code is HesCode.DataProtectionNotActivated
    await door.hes.logins.verify(ANN, RIGHT, door.recovery_codes[0])
    await door.hes.protection.activate(SEAL)
    await door.hes.logins.verify(ANN, RIGHT, door.code())


async def test_nothing_shows_secrets_and_codes(door: Door) -> None:
    await door.hes.protection.enable(SEAL)
    await door.refusal(door.wrong_code())
    await door.hes.logins.verify(ANN, RIGHT, door.recovery_codes[0])
    code = door.recovery_codes[1]
    content = b"".join(path.read_bytes() for path in door.path.parent.iterdir())
    told = repr(door.events) + repr((door.secret, code)) + f"{door.secret} {code}"
    assert "two-factor sign-in" in told
    raw = base64.b32decode(door.secret.reveal())
    for form in (
        door.secret.reveal(),
        raw,
        raw.hex().encode(),
        *(one.reveal() for one in door.recovery_codes),
    ):
        assert form not in content
        assert repr(form)[2:-1] not in told


async def test_recovery_codes_are_hashed_without_data_protection_too(door: Door) -> None:
    content = b"".join(path.read_bytes() for path in door.path.parent.iterdir())
    assert door.secret.reveal() in content, "as every secret while data protection is off"
    assert not [one for one in door.recovery_codes if one.reveal() in content]


def test_the_address_for_apps() -> None:
    uri = authenticator.otpauth_uri("a&b+c@example.org", OtpSecret(b"JBSWY3DPEHPK3PXP"))
    assert uri == (
        "otpauth://totp/Hideez%20stand-in%3Aa%26b%2Bc%40example.org?secret=JBSWY3DPEHPK3PXP&issuer=Hideez%20stand-in"
    )
