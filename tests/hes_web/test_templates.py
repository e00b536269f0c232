"""Templates of applications over REST."""

from __future__ import annotations

from tests.hes_web.conftest import Site

AT = "/api/Templates"


async def test_a_template_is_entered_changed_and_deleted(site: Site) -> None:
    body = {
        "Name": "Mail",
        "Urls": "https://Mail.example.org:8443/inbox?x=1; example.org",
        "Apps": "outlook;thunderbird",
    }
    made = await site.administrator.post(f"{AT}/CreateTemplate", json=body)
    mail = made.json()
    assert (made.status_code, mail["urls"]) == (201, "mail.example.org; example.org")
    assert (await site.viewer.get(made.headers["location"])).json() == mail
    bank = (await site.administrator.post(f"{AT}/CreateTemplate", json={"name": "Bank"})).json()
    assert bank == {"id": bank["id"], "name": "Bank", "urls": "", "apps": ""}
    assert (await site.viewer.get(f"{AT}/GetTemplates")).json() == [bank, mail]
    edited = {"id": mail["id"], "name": "Post", "urls": None, "apps": "mutt"}
    put = await site.administrator.put(f"{AT}/EditTemplate/{mail['id']}", json=edited)
    assert put.status_code == 204
    shown = (await site.viewer.get(f"{AT}/GetTemplateById/{mail['id']}")).json()
    assert shown == edited | {"urls": ""}
    deleted = await site.administrator.delete(f"{AT}/DeleteTemplate/{mail['id']}")
    assert (deleted.status_code, deleted.json()) == (200, shown)
    for answer in (
        await site.administrator.delete(f"{AT}/DeleteTemplate/{mail['id']}"),
        await site.viewer.get(f"{AT}/GetTemplateById/{mail['id']}"),
        await site.administrator.put(f"{AT}/EditTemplate/{mail['id']}", json=edited),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "TemplateNotFound")


async def test_what_is_no_template_is_refused(site: Site) -> None:
    mail = (await site.administrator.post(f"{AT}/CreateTemplate", json={"name": "Mail"})).json()
    other = (await site.administrator.post(f"{AT}/CreateTemplate", json={"name": "Other"})).json()
    for body, code in (
        ({"name": "Mail"}, "TemplateExist"),
        ({"name": " "}, "None"),
        ({"name": "New", "urls": "two words"}, "IncorrectUrl"),
        ({"name": "New", "urls": "https://["}, "IncorrectUrl"),
        ({"name": "New", "urls": "example.org;"}, "IncorrectUrl"),
    ):
        for answer in (
            await site.administrator.post(f"{AT}/CreateTemplate", json=body),
            await site.administrator.put(f"{AT}/EditTemplate/{other['id']}", json=body | {"id": other["id"]}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, code), body
    assert (await site.viewer.get(f"{AT}/GetTemplates")).json() == [mail, other]
