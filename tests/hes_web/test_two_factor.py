"""Two-factor sign-in, on the pages and over REST."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from hideez_bench.emulator.hes.users import User
from hideez_bench.emulator.hes.web.security.sessions import PENDING_COOKIE
from hideez_bench.protocol.hes import SESSION_COOKIE
from hideez_bench.protocol.secret import OtpSecret, Password, RecoveryCode
from tests.hes.app import SECRET, another_code, app_code
from tests.hes_web.conftest import ADMINISTRATOR, PASSWORD, VIEWER, Site, visitor
from tests.hes_web.pages import Page, Visitor

LOGIN = "/api/Identity/Login"
SEAL = "a long enough password"
WRONG = "an incorrect horse"


@dataclass
class App:
    """The viewer's authenticator app, and their recovery codes."""

    site: Site
    secret: OtpSecret
    recovery_codes: tuple[RecoveryCode, ...] = ()

    def code(self) -> str:
        return app_code(self.secret, self.site.bench.clock.now).reveal().decode()

    def wrong_code(self) -> str:
        return another_code(self.secret, self.site.bench.clock.now).reveal().decode()


def user(site: Site, email: str) -> User:
    return next(one for one in site.bench.hes.users.list() if one.email == email)


def turned_on(site: Site, email: str) -> App:
    """Whoever has this address has it on, and is logged in nowhere."""
    two_factor, who = site.bench.hes.two_factor, user(site, email)
    app = App(site, SECRET)
    _, app.recovery_codes = two_factor.turn_on(who, app.secret, app_code(app.secret, site.bench.clock.now))
    site.bench.clock.move(seconds=30)
    return app


@pytest.fixture
def app(site: Site) -> App:
    return turned_on(site, VIEWER)


async def password_typed(site: Site, email: str = VIEWER, at: str = "/login") -> tuple[Visitor, Page]:
    browser = Visitor(site.visitor())
    return browser, await browser.send(at, "/login", email=email, password=PASSWORD)


def place(page: Page) -> str:
    return page.response.url.path


class TestLoggingIn:
    async def test_password_first_then_the_code(self, site: Site, app: App) -> None:
        browser, page = await password_typed(site, at="/login?next=%2Femployees%3Fsearch%3DAnn%2520S")
        assert place(page) == "/login/code"
        assert VIEWER in page.words
        assert SESSION_COOKIE not in browser.client.cookies
        assert place(await browser.open("/vaults")) == "/login"
        wrong = await browser.send(page.response.url.raw_path.decode(), "/login/code", code=app.wrong_code())
        assert (wrong.status, "The code is wrong" in wrong.refusal) == (401, True)
        assert SESSION_COOKIE not in browser.client.cookies
        code = app.code()
        values = wrong.forms["/login/code"] | {"code": f" {code[:3]} {code[3:]}"}
        let_in = Page(await browser.client.post("/login/code", data=values, follow_redirects=True))
        assert (place(let_in), let_in.response.url.query) == ("/employees", b"search=Ann%20S")
        assert PENDING_COOKIE not in browser.client.cookies

    async def test_a_recovery_code_once(self, site: Site, app: App) -> None:
        code = app.recovery_codes[0].to_text()
        for expected in ("/vaults", "/login/code"):
            browser, _ = await password_typed(site)
            page = await browser.send("/login/code", recovery_code=code.lower())
            assert place(page) == expected
        assert code.lower() not in page.text

    async def test_nothing_typed_is_no_attempt(self, site: Site, app: App) -> None:
        browser, _ = await password_typed(site)
        for _ in range(11):
            assert "Type the code" in (await browser.send("/login/code")).refusal
        assert place(await browser.send("/login/code", code=app.code())) == "/vaults"

    async def test_ten_wrong_codes_lock_out_and_end_it(self, site: Site, app: App) -> None:
        browser, page = await password_typed(site)
        for _ in range(10):
            page = await browser.send("/login/code", code=app.wrong_code())
        assert "too many wrong passwords or codes" in page.refusal
        assert "/login" in page.forms
        assert place(await browser.open("/login/code")) == "/login"

    async def test_it_is_for_the_browser_where_the_password_was_typed(self, site: Site, app: App) -> None:
        browser, page = await password_typed(site)
        other = Visitor(site.visitor())
        assert place(await other.open("/login/code")) == "/login"
        token = (await other.open("/login")).forms["/login"]["csrf_token"]
        sent = await other.client.post("/login/code", data={"csrf_token": token, "code": app.code()})
        assert (sent.status_code, SESSION_COOKIE in other.client.cookies) == (401, False)
        # Nor does the form of one browser serve another.
        stolen = page.forms["/login/code"] | {"code": app.code()}
        assert (await other.client.post("/login/code", data=stolen)).status_code == 403
        assert place(await browser.send("/login/code", code=app.code())) == "/vaults"

    async def test_a_form_without_its_token_is_refused(self, site: Site, app: App) -> None:
        browser, _ = await password_typed(site)
        answer = await browser.client.post("/login/code", data={"code": app.code()})
        assert (answer.status_code, SESSION_COOKIE in browser.client.cookies) == (403, False)

    async def test_it_waits_for_five_minutes_and_serves_once(self, site: Site, app: App) -> None:
        browser, page = await password_typed(site)
        form = page.forms["/login/code"]
        pending = browser.client.cookies[PENDING_COOKIE]
        site.bench.clock.move(minutes=5)
        late = Page(await browser.client.post("/login/code", data=form | {"code": app.code()}))
        assert (late.status, "log in again" in late.refusal) == (401, True)
        browser, page = await password_typed(site)
        assert browser.client.cookies[PENDING_COOKIE] != pending
        kept = dict(browser.client.cookies)
        assert place(await browser.send("/login/code", code=app.code())) == "/vaults"
        site.bench.clock.move(seconds=30)
        again = visitor(site.app, **kept)
        answer = await again.post("/login/code", data=page.forms["/login/code"] | {"code": app.code()})
        assert (answer.status_code, SESSION_COOKIE in again.cookies) == (401, False)

    async def test_the_cookie_is_out_of_reach(self, site: Site, app: App) -> None:
        browser = Visitor(site.visitor())
        form = (await browser.open("/login")).forms["/login"] | {"email": VIEWER, "password": PASSWORD}
        answer = await browser.client.post("/login", data=form)
        assert answer.headers["location"] == "/login/code?next="
        cookie = next(
            one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{PENDING_COOKIE}=")
        )
        attributes = {"HttpOnly", "SameSite=strict", "Path=/login", "Max-Age=300"}
        assert attributes <= set(cookie.split("; "))


class TestFocus:
    async def test_it_is_where_something_is_to_be_typed(self, site: Site, app: App) -> None:
        browser = Visitor(site.visitor())
        assert self.focused(await browser.open("/login")) == ["email"]
        refused = await browser.send("/login", email=VIEWER, password=WRONG)
        assert self.focused(refused) == ["password"]
        assert self.focused(await browser.send("/login", email=VIEWER, password=PASSWORD)) == ["code"]

    @staticmethod
    def focused(page: Page) -> list[str]:
        return re.findall(r'name="(\w+)"[^>]* autofocus', page.text)


class TestAfterAStartWithDataProtection:
    @pytest.fixture(autouse=True)
    async def sealed(self, site: Site) -> None:
        protection = site.bench.hes.protection
        protection._iterations = 10
        self.administrator = turned_on(site, ADMINISTRATOR)
        self.viewer = turned_on(site, VIEWER)
        await protection.enable(Password.from_text(SEAL))
        # As a start of the server leaves it.
        site.bench.hes._core.store._key = None

    async def test_an_administrator_enters_its_password_with_the_code(self, site: Site) -> None:
        browser, page = await password_typed(site, ADMINISTRATOR)
        assert "Password of data protection" in page.words
        code = self.administrator.code()
        without = await browser.send("/login/code", code=code)
        assert (without.status, "must enter its password" in without.refusal) == (409, True)
        wrong = await browser.send("/login/code", code=code, protection_password=WRONG)
        assert (wrong.status, "password" in wrong.refusal) == (409, True)
        assert WRONG not in wrong.text
        assert place(await browser.send("/login/code", code=code, protection_password=SEAL)) == "/vaults"

    async def test_a_viewer_waits_for_one(self, site: Site) -> None:
        browser, page = await password_typed(site)
        assert "until an administrator has entered" in page.words
        code = self.viewer.code()
        refused = await browser.send("/login/code", code=code, protection_password=SEAL)
        assert refused.status == 409
        await site.bench.hes.protection.activate(Password.from_text(SEAL))
        assert place(await browser.send("/login/code", code=code)) == "/vaults"

    async def test_programs_are_told(self, site: Site) -> None:
        body = {"email": VIEWER, "password": PASSWORD, "otp": self.viewer.code()}
        answer = await site.stranger.post(LOGIN, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "DataProtectionNotActivated")


class TestTurningItOn:
    @staticmethod
    def secret(page: Page) -> OtpSecret:
        found = re.search(r"data-secret>([A-Z2-7 ]+)<", page.text)
        assert found, page.text
        return OtpSecret.from_text(found[1].replace(" ", ""))

    async def test_by_a_viewer_too_with_recovery_codes_that_are_shown_once(
        self, site: Site, viewer: Visitor
    ) -> None:
        elsewhere, _ = await password_typed(site)
        page = await viewer.send("/two-factor", "/two-factor/begin", password=PASSWORD)
        app = App(site, self.secret(page))
        assert f"secret={app.secret.reveal().decode()}" in page.text
        assert not site.bench.hes.two_factor.who()
        wrong = await viewer.send("/two-factor", "/two-factor/on", code=app.wrong_code())
        assert (wrong.status, self.secret(wrong)) == (409, app.secret)
        assert not site.bench.hes.two_factor.who()
        shown = await viewer.send("/two-factor", "/two-factor/on", code=app.code())
        codes = re.findall(r"<li>([A-Z2-7-]{19})</li>", shown.text)
        assert len(codes) == 10
        again = await viewer.open("/two-factor")
        assert (place(again), "not used: 10" in again.words) == ("/two-factor", True)
        for secret in (app.secret.reveal().decode(), *codes):
            assert secret not in again.text
        assert place(await elsewhere.open("/vaults")) == "/login"
        # The forms of the page that showed the codes are of the new session.
        assert shown.forms["/logout"] == again.forms["/logout"]
        browser, _ = await password_typed(site)
        assert place(await browser.send("/login/code", recovery_code=codes[9])) == "/vaults"

    async def test_not_without_the_password(self, site: Site, viewer: Visitor) -> None:
        page = await viewer.send("/two-factor", "/two-factor/begin", password=WRONG)
        assert (page.status, "wrong" in page.refusal) == (409, True)
        assert "data-secret" not in (await viewer.open("/two-factor")).text

    async def test_the_secret_is_of_one_session_and_forgotten_with_it(
        self, site: Site, viewer: Visitor
    ) -> None:
        await viewer.send("/two-factor", "/two-factor/begin", password=PASSWORD)
        elsewhere, _ = await password_typed(site)
        page = await elsewhere.open("/two-factor")
        assert "data-secret" not in page.text
        values = page.forms["/logout"] | {"code": "123456"}
        refused = Page(await elsewhere.client.post("/two-factor/on", data=values))
        assert (refused.status, "begin anew" in refused.refusal) == (409, True)

    @pytest.mark.parametrize("what", ["begin", "on", "off"])
    async def test_a_form_without_its_token_is_refused(self, viewer: Visitor, what: str) -> None:
        assert (await viewer.client.post(f"/two-factor/{what}", data={})).status_code == 403

    async def test_it_is_turned_off_by_password_and_code(self, site: Site, app: App) -> None:
        browser, _ = await password_typed(site)
        await browser.send("/login/code", code=app.code())
        site.bench.clock.move(seconds=30)
        at, to = "/two-factor", "/two-factor/off"
        for typed in (
            {"password": PASSWORD},
            {"password": PASSWORD, "code": app.wrong_code()},
            {"code": app.code()},
        ):
            page = await browser.send(at, to, **typed)
            assert (page.status, bool(page.refusal)) == (409, True)
            assert PASSWORD not in page.text
        page = await browser.send(at, to, password=PASSWORD, code=app.code())
        assert "Two-factor sign-in is off" in page.words
        _, page = await password_typed(site)
        assert place(page) == "/vaults"


class TestReset:
    async def test_by_another_administrator(self, site: Site, admin: Visitor, app: App) -> None:
        at = f"/settings/users/{user(site, VIEWER).id}/two-factor"
        assert "logged out everywhere" in (await admin.open(at)).words
        assert at in (await admin.open("/settings")).forms
        assert f"{VIEWER} needs no code any more" in (await admin.send(at)).words
        assert at not in (await admin.open("/settings")).forms
        _, page = await password_typed(site)
        assert place(page) == "/vaults"

    async def test_not_ones_own(self, site: Site) -> None:
        app = turned_on(site, ADMINISTRATOR)
        browser, _ = await password_typed(site, ADMINISTRATOR)
        await browser.send("/login/code", code=app.code())
        at = f"/settings/users/{user(site, ADMINISTRATOR).id}/two-factor"
        assert at not in (await browser.open("/settings")).forms
        assert (await browser.send(at)).status == 409
        assert site.bench.hes.two_factor.who()

    async def test_not_by_a_viewer(self, site: Site, viewer: Visitor) -> None:
        turned_on(site, ADMINISTRATOR)
        at = f"/settings/users/{user(site, ADMINISTRATOR).id}/two-factor"
        assert (await viewer.open(at)).status == 403
        values = (await viewer.open("/vaults")).forms["/logout"]
        assert (await viewer.client.post(at, data=values)).status_code == 403
        assert site.bench.hes.two_factor.who()


class TestRest:
    @pytest.fixture
    def body(self) -> dict[str, str]:
        return {"email": VIEWER, "password": PASSWORD}

    @pytest.mark.parametrize(("path", "suffix"), [(LOGIN, ""), ("/api/Identity/AuthN", "Exception")])
    async def test_what_login_and_authn_answer(
        self, site: Site, app: App, body: dict[str, str], path: str, suffix: str
    ) -> None:
        async def answer(**more: str | None) -> tuple[int, object]:
            answered = await site.stranger.post(path, json=body | more)
            return answered.status_code, answered.json() if answered.content else None

        for absent in ({}, {"otp": ""}, {"otp": " "}, {"otp": None}):
            assert await answer(**absent) == (401, {"error": f"TwoFactorRequired{suffix}"})
        wrong = (401, {"error": f"InvalidAuthenticatorCode{suffix}"})
        assert await answer(otp=app.wrong_code()) == wrong
        assert await answer(otp=app.recovery_codes[0].to_text()) == wrong, "those are for people"
        code = app.code()
        assert (await answer(otp=code))[0] == 200
        assert await answer(otp=code) == wrong, "no code is taken twice"
        assert await answer(otp=code, password=WRONG) == (401, {"error": f"Unauthorized{suffix}"})

    async def test_a_code_opens_a_session(self, site: Site, app: App, body: dict[str, str]) -> None:
        assert (await site.stranger.post(LOGIN, json=body | {"otp": app.code()})).status_code == 200
        assert (await site.stranger.get("/api/Employees/GetEmployees")).status_code == 200

    async def test_ten_wrong_codes_lock_out(self, site: Site, app: App, body: dict[str, str]) -> None:
        wrong = body | {"otp": app.wrong_code()}
        errors = [(await site.stranger.post(LOGIN, json=wrong)).json()["error"] for _ in range(10)]
        assert errors == ["InvalidAuthenticatorCode"] * 9 + ["UserIsLockedout"]
        right = await site.stranger.post(LOGIN, json=body | {"otp": app.code()})
        assert (right.status_code, right.json()) == (401, {"error": "UserIsLockedout"})

    async def test_the_vendors_page_is_told_that_a_code_is_needed(
        self, site: Site, app: App, body: dict[str, str]
    ) -> None:
        answer = await site.stranger.post("/api/Identity/LoginWithPassword", json=body)
        assert "set-cookie" not in answer.headers
        told = answer.json()
        assert (told["succeeded"], told["requiresTwoFactor"], told["failed"]) == (False, True, False)
        assert (told["code"], told["user"]) == ("TwoFactorRequired", None)

    async def test_a_code_is_not_looked_at_where_none_is_wanted(
        self, site: Site, body: dict[str, str]
    ) -> None:
        assert (await site.stranger.post(LOGIN, json=body | {"otp": "000000"})).status_code == 200
