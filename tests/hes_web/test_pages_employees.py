"""Employees: their pages, and the wizard that creates them."""

from __future__ import annotations

import asyncio
import dataclasses
from urllib.parse import quote

import pytest

from hideez_bench.emulator.hes.mail.sender import MailSender
from hideez_bench.emulator.hes.mail.settings import MailError, MailSettings
from hideez_bench.emulator.hes.names import Role, VaultStatus
from hideez_bench.emulator.hes.records import VaultImport
from hideez_bench.emulator.hes.web.app import create_app
from hideez_bench.emulator.hes.web.pages.memory import KEPT_SECONDS, SessionMemory
from hideez_bench.protocol.hes import SESSION_COOKIE
from hideez_bench.protocol.secret import ActivationCode, Password
from tests.hes.bench import SERIAL
from tests.hes_web.conftest import ADMINISTRATOR, PASSWORD, URL, Site, visitor
from tests.hes_web.pages import Page, Visitor


class FakeMail(MailSender):
    """Takes mail, or does not."""

    def __init__(self) -> None:
        super().__init__(MailSettings("mail.example.org", "hes@example.org"))
        self.sent: list[tuple[str, str, str, ActivationCode]] = []
        self.failure = ""

    async def send_activation_code(
        self,
        to_address: str,
        employee_name: str,
        vault_id: str,
        code: ActivationCode,
    ) -> None:
        if self.failure:
            raise MailError(self.failure)
        self.sent.append((to_address, employee_name, vault_id, code))


@pytest.fixture
def mail(site: Site) -> FakeMail:
    return FakeMail()


@pytest.fixture
def poster(site: Site, mail: FakeMail) -> Visitor:
    """The administrator of a server that has a mail server."""
    context = dataclasses.replace(site.context, mail=mail)
    return Visitor(
        visitor(create_app(context), **{SESSION_COOKIE: site.administrator.cookies[SESSION_COOKIE]})
    )


def status(site: Site) -> VaultStatus:
    return site.bench.vault.status


def names(site: Site) -> set[str]:
    return {employee.full_name for employee in site.bench.hes.employees.list()}


class TestEmployee:
    async def test_vault_from_adding_to_removal(self, site: Site, admin: Visitor) -> None:
        at = f"/employees/{site.bench.employee.id}"
        added = await admin.send(f"{at}/vaults", vault_id=SERIAL)
        assert added.response.url.path == at
        assert status(site) is VaultStatus.Reserved
        assert f"/vaults/{SERIAL}/code" in added.forms
        await admin.send(f"/vaults/{SERIAL}/remove?back={at}")
        assert status(site) is VaultStatus.Ready

    async def test_a_second_vault_is_refused_in_place(self, site: Site, admin: Visitor) -> None:
        site.bench.hes.vaults.import_vaults([VaultImport("HK-2", mac="m2", rfid="r2")])
        await site.bench.assign()
        at = f"/employees/{site.bench.employee.id}/vaults"
        page = await admin.send(at, vault_id="HK-2")
        assert page.refusal == f"Ann Smith has key {SERIAL} already."
        assert page.forms[at]["vault_id"] == "HK-2"

    async def test_edit_and_what_is_refused(self, site: Site, admin: Visitor) -> None:
        at = f"/employees/{site.bench.employee.id}/edit"
        refused = await admin.send(at, first_name="Anna", email="no address")
        assert "no address" in refused.refusal
        assert refused.forms[at]["first_name"] == "Anna"
        await admin.send(at, first_name="Anna", email="anna@example.org")
        employee = site.bench.hes.employees.get(site.bench.employee.id)
        assert (employee.full_name, employee.email) == ("Anna Smith", "anna@example.org")

    async def test_delete_wants_the_vault_back_first(self, site: Site, admin: Visitor) -> None:
        await site.bench.assign()
        at = f"/employees/{site.bench.employee.id}/delete"
        assert (await admin.send(at)).refusal
        await admin.send(f"/vaults/{SERIAL}/remove")
        gone = await admin.send(at)
        assert gone.response.url.path == "/employees"
        assert names(site) == set()

    @pytest.mark.parametrize(("search", "is_there"), [("smi", True), ("example.org", True), ("jones", False)])
    async def test_search(self, admin: Visitor, search: str, is_there: bool) -> None:
        assert ("Ann Smith" in (await admin.open(f"/employees?search={search}")).words) is is_there


class TestMail:
    async def test_the_code_goes_to_the_employee(self, site: Site, poster: Visitor, mail: FakeMail) -> None:
        await site.bench.go("Reserved")
        page = await poster.send(
            f"/vaults/{SERIAL}/code", f"/vaults/{SERIAL}/code/send", address="x@evil.example"
        )
        assert "The code was sent to ann@example.org." in page.words
        code = site.bench.hes.vaults.activation_code(SERIAL)
        assert mail.sent == [("ann@example.org", "Ann Smith", SERIAL, code)]

    async def test_a_failure_is_told_and_the_code_can_still_be_read(
        self, site: Site, poster: Visitor, mail: FakeMail
    ) -> None:
        """A-015; the vendor says nothing."""
        await site.bench.go("Reserved")
        mail.failure = "The mail server could not be reached."
        page = await poster.send(f"/vaults/{SERIAL}/code", f"/vaults/{SERIAL}/code/send")
        assert page.refusal == "The mail server could not be reached."
        assert f"/vaults/{SERIAL}/code" in page.forms

    async def test_no_address_no_button(self, site: Site, poster: Visitor) -> None:
        """A-014."""
        await site.bench.go("Reserved")
        await poster.send(f"/employees/{site.bench.employee.id}/edit", email="")
        page = await poster.open(f"/vaults/{SERIAL}/code")
        assert f"/vaults/{SERIAL}/code/send" not in page.forms
        assert f"/vaults/{SERIAL}/code" in page.forms
        assert "has no e-mail address" in page.words


class Wizard:
    """Somebody who walks through it."""

    def __init__(self, visitor: Visitor, page: Page) -> None:
        self.visitor = visitor
        self.page = page
        self.base = page.response.url.path.rpartition("/")[0]

    @classmethod
    async def start(cls, visitor: Visitor) -> Wizard:
        return cls(visitor, await visitor.open("/employees/new"))

    @property
    def step(self) -> str:
        return self.page.response.url.path.rpartition("/")[2]

    async def go(self, go: str = "next", **typed: str) -> Page:
        values = self.page.forms[f"{self.base}/{self.step}"] | {"go": go} | typed
        answer = await self.visitor.client.post(
            f"{self.base}/{self.step}", data=values, follow_redirects=True
        )
        self.page = Page(answer)
        return self.page

    async def to_overview(self, vault: str = SERIAL, **account: str) -> None:
        await self.go(first_name="Ada", last_name="Lovelace", email="ada@example.org")
        await self.go(vault_id=vault)
        await self.go(**account)
        assert self.step == "overview"


ACCOUNT = {"name": "PC", "login": "ada", "password": "hunter2 hunter2"}


class TestWizard:
    @pytest.mark.usefixtures("searchable_codes")
    async def test_creates_everything_at_once_and_shows_the_code(self, site: Site, admin: Visitor) -> None:
        wizard = await Wizard.start(admin)
        await wizard.to_overview(**ACCOUNT)
        assert names(site) == {"Ann Smith"}
        page = await wizard.go()
        assert wizard.step == "activation"
        ada = next(one for one in site.bench.hes.employees.list() if one.first_name == "Ada")
        assert ada.vault_ids == (SERIAL,)
        assert [account.name for account in site.bench.hes.accounts.list(ada.id)] == ["PC"]
        employee_page = await admin.open(f"/employees/{ada.id}")
        assert "PC ada Local, workstation account" in employee_page.words
        assert ACCOUNT["password"] not in employee_page.text
        assert "Ada Lovelace" in page.words
        assert f"/vaults/{SERIAL}/code" in page.forms
        code = site.bench.hes.vaults.activation_code(SERIAL).reveal().decode()
        assert code not in page.text

    async def test_vault_and_account_may_be_skipped(self, site: Site, admin: Visitor) -> None:
        wizard = await Wizard.start(admin)
        await wizard.to_overview(vault="")
        assert "Activation" not in wizard.page.words.partition("Is this right?")[0]
        page = await wizard.go()
        assert page.response.url.path.startswith("/employees/")
        assert "Ada Lovelace was created." in page.words

    async def test_going_back_keeps_what_was_typed(self, admin: Visitor) -> None:
        wizard = await Wizard.start(admin)
        await wizard.to_overview(**ACCOUNT)
        await wizard.go("back")
        assert wizard.page.forms[f"{wizard.base}/account"]["login"] == "ada"
        assert "A password was typed and is kept" in wizard.page.words
        await wizard.go("back", login="ada2")
        assert wizard.page.forms[f"{wizard.base}/vault"]["vault_id"] == SERIAL
        await wizard.go("back")
        assert wizard.page.forms[f"{wizard.base}/profile"]["first_name"] == "Ada"
        await wizard.go()
        await wizard.go()
        assert wizard.page.forms[f"{wizard.base}/account"]["login"] == "ada2"

    async def test_the_password_travels_in_no_page_and_no_address(self, admin: Visitor) -> None:
        wizard = await Wizard.start(admin)
        await wizard.to_overview(**ACCOUNT)
        for step in ("profile", "vault", "account", "overview"):
            page = await admin.open(f"{wizard.base}/{step}")
            assert "hunter2" not in page.text
            assert "hunter2" not in str(page.response.url)

    async def test_a_second_submit_and_a_reload_create_nothing_more(self, site: Site, admin: Visitor) -> None:
        wizard = await Wizard.start(admin)
        await wizard.to_overview()
        at = f"{wizard.base}/overview"
        values = wizard.page.forms[at] | {"go": "next"}
        answers = await asyncio.gather(*(admin.client.post(at, data=values) for _ in range(3)))
        assert {answer.headers["location"] for answer in answers} == {f"{wizard.base}/activation"}
        assert (await admin.client.post(at, data=values)).headers["location"] == f"{wizard.base}/activation"
        assert (await admin.open(at)).response.url.path == f"{wizard.base}/activation"
        assert len(site.bench.hes.employees.list()) == 2

    async def test_a_refusal_creates_nothing_and_loses_nothing(self, site: Site, admin: Visitor) -> None:
        """Another administrator takes the vault meanwhile."""
        wizard = await Wizard.start(admin)
        await wizard.to_overview()
        await site.bench.assign()
        page = await wizard.go()
        assert page.status == 409
        assert page.refusal == f"Key {SERIAL} is Reserved and cannot be assigned."
        assert "Ada Lovelace" in page.words
        assert names(site) == {"Ann Smith"}
        await wizard.go("back")
        await wizard.go("back", vault_id="")
        await wizard.go()
        await wizard.go("next")
        assert "Ada Lovelace" not in names(site)

    @pytest.mark.parametrize(
        ("typed", "told"),
        [
            ({"name": "PC"}, "An account needs a login and a password"),
            ({"login": "ada"}, "An account needs a name"),
            ({"password": "hunter2"}, "An account needs a name"),
        ],
    )
    async def test_half_an_account_is_refused(self, admin: Visitor, typed: dict[str, str], told: str) -> None:
        wizard = await Wizard.start(admin)
        await wizard.go(first_name="Ada")
        await wizard.go()
        assert told in (await wizard.go(**typed)).refusal

    async def test_a_name_is_needed_even_when_steps_are_jumped_over(self, site: Site, admin: Visitor) -> None:
        wizard = await Wizard.start(admin)
        assert "first name" in (await wizard.go()).refusal
        wizard.page = await admin.open(f"{wizard.base}/overview")
        assert "first name" in (await wizard.go()).refusal
        assert names(site) == {"Ann Smith"}

    @pytest.mark.parametrize(
        ("typed", "told"),
        [
            ({"first_name": "Ann", "last_name": "Smith"}, "There is an employee Ann Smith already."),
            ({"first_name": "Ada", "email": "nowhere"}, "nowhere is no e-mail address"),
        ],
    )
    async def test_what_is_wrong_with_the_profile_is_told_at_once(
        self, admin: Visitor, typed: dict[str, str], told: str
    ) -> None:
        wizard = await Wizard.start(admin)
        page = await wizard.go(**typed)
        assert told in page.refusal
        assert wizard.step == "profile"
        assert page.forms[f"{wizard.base}/profile"]["first_name"] == typed["first_name"]

    async def test_only_ready_vaults_are_offered(self, site: Site, admin: Visitor) -> None:
        await site.bench.assign()
        wizard = await Wizard.start(admin)
        await wizard.go(first_name="Ada")
        assert SERIAL not in wizard.page.words
        assert f'"{SERIAL}"' not in wizard.page.text  # within a token it may stand by chance
        assert "No vault is Ready" in wizard.page.words

    async def test_a_draft_is_its_users_own(self, site: Site, admin: Visitor) -> None:
        other = await site.bench.hes.users.create(
            "other@example.org", Password.from_text(PASSWORD), Role.ADMINISTRATOR
        )
        wizard = await Wizard.start(admin)
        await wizard.go(first_name="Ada", last_name="Lovelace")
        token = site.bench.hes.users.open_session(other).reveal().decode()
        stranger = Visitor(site.visitor(**{SESSION_COOKIE: token}))
        page = await stranger.open(f"{wizard.base}/profile")
        assert page.response.url.path != f"{wizard.base}/profile"
        assert "start again" in page.words
        assert "Lovelace" not in page.text
        form = page.forms[page.response.url.path]
        sent = await stranger.client.post(f"{wizard.base}/profile", data=form, follow_redirects=True)
        assert sent.url.path != wizard.page.response.url.path
        assert (await admin.open(f"{wizard.base}/profile")).forms[f"{wizard.base}/profile"][
            "last_name"
        ] == "Lovelace"

    async def test_a_draft_outlives_its_session(self, site: Site, admin: Visitor) -> None:
        """The session ends amid the wizard; whoever logs in again is asked to go on, and nothing was lost."""
        wizard = await Wizard.start(admin)
        await wizard.to_overview()
        users = site.bench.hes.users
        (user,) = [one for one in users.list() if one.email == ADMINISTRATOR]
        users.close_all_sessions(user)
        at = f"{wizard.base}/overview"
        refused = await site.administrator.post(
            at, data=wizard.page.forms[at], headers={"accept": "text/html", "referer": f"{URL}{at}"}
        )
        assert refused.status_code == 401
        assert f'href="/login?next={quote(at, safe="")}">Log in</a>' in refused.text
        page = await admin.open(f"/login?next={quote(at)}")
        typed = {"email": ADMINISTRATOR, "password": PASSWORD}
        answer = await site.administrator.post("/login", data=page.forms["/login"] | typed)
        assert answer.headers["location"] == at
        wizard.page = await admin.open(at)
        assert "ada@example.org" in wizard.page.words
        await wizard.go()
        assert names(site) == {"Ann Smith", "Ada Lovelace"}

    async def test_who_logs_out_leaves_no_draft(self, site: Site, admin: Visitor) -> None:
        wizard = await Wizard.start(admin)
        await wizard.go(first_name="Ada")
        await admin.send("/vaults", "/logout")
        await admin.send("/login", email=ADMINISTRATOR, password=PASSWORD)
        assert "start again" in (await admin.open(f"{wizard.base}/profile")).words

    async def test_sends_the_code_to_the_address_that_was_typed(
        self, site: Site, poster: Visitor, mail: FakeMail
    ) -> None:
        wizard = await Wizard.start(poster)
        await wizard.to_overview()
        await wizard.go()
        send = f"{wizard.base}/send"
        assert wizard.page.forms[send]["address"] == "ada@example.org"
        mail.failure = "The mail server could not be reached."
        refused = Page(
            await poster.client.post(send, data=wizard.page.forms[send] | {"address": "a@example.com"})
        )
        assert refused.refusal == mail.failure
        assert refused.forms[send]["address"] == "a@example.com"
        mail.failure = ""
        sent = Page(await poster.client.post(send, data=refused.forms[send], follow_redirects=True))
        assert "The code was sent to a@example.com." in sent.words
        assert sent.response.url.path == f"{wizard.base}/activation"
        again = await poster.open(f"{wizard.base}/activation")
        assert again.forms[send]["address"] == "a@example.com"
        assert [one[0] for one in mail.sent] == ["a@example.com"]

    async def test_the_code_of_a_vault_that_went_to_somebody_else_is_not_given_away(
        self, site: Site, poster: Visitor, mail: FakeMail
    ) -> None:
        wizard = await Wizard.start(poster)
        await wizard.to_overview()
        activation = await wizard.go()
        await site.bench.hes.employees.remove_hardware_vault(SERIAL)
        await site.bench.assign()
        page = await poster.open(f"{wizard.base}/activation")
        assert f"Key {SERIAL} is theirs no more." in page.words
        assert f"/vaults/{SERIAL}/code" not in page.forms
        send = f"{wizard.base}/send"
        page = Page(await poster.client.post(send, data=activation.forms[send]))
        assert f"Key {SERIAL} is theirs no more." in page.words
        assert mail.sent == []


class TestMemory:
    def test_forgets_the_drafts_of_the_session_that_had_them_last(self) -> None:
        memory = SessionMemory(lambda: 0)
        taken, left = [memory.new_draft("ann", "a") for _ in range(2)]
        memory.draft("ann", "b", taken.id)
        memory.forget("a")
        assert memory.draft("ann", "b", taken.id) is taken
        assert memory.draft("ann", "b", left.id) is None

    def test_forgets_after_half_an_hour_without_use(self) -> None:
        now = 0.0
        memory = SessionMemory(lambda: now)
        draft = memory.new_draft("ann", "a")
        now += KEPT_SECONDS
        assert memory.draft("ann", "b", draft.id) is draft
        now += KEPT_SECONDS + 1
        assert memory.draft("ann", "b", draft.id) is None

    def test_keeps_few_drafts_and_shows_each_notice_once(self) -> None:
        memory = SessionMemory(lambda: 0)
        bobs = memory.new_draft("bob", "c")
        drafts = [memory.new_draft("ann", "a") for _ in range(9)]
        assert memory.draft("ann", "a", drafts[0].id) is None
        assert memory.draft("ann", "a", drafts[8].id) is drafts[8]
        assert memory.draft("bob", "c", bobs.id) is bobs
        assert memory.draft("bob", "c", drafts[8].id) is None
        memory.add_notice("a", "good", "done")
        assert memory.take_notices("b") == []
        assert memory.take_notices("a") == [("good", "done")]
        assert memory.take_notices("a") == []
