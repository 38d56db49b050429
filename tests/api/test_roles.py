"""Every endpoint, by whoever may ask, about what is theirs and what is somebody else's: one row each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pytest
from flask import Flask
from uploads import archive, form

from answers import BUNDLE, answer, cell
from discs import with_fakes
from hematovision.api.app import create_app
from hematovision.api.services import Services
from hematovision.inference import InferenceService
from hematovision.records.database import opened
from hematovision.records.schema import migrate
from hematovision.records.store import Records
from hematovision.records.values import ROLES, Account
from hematovision.settings import Settings
from patient import patient
from people import PASSWORD, Clock, Person, add, logged_in, stranger
from pictures import drawn_cell, encoded

ASKING = ("nobody", *ROLES, "alone")  # not logged in; in each role; on a machine without login

CELL = encoded(drawn_cell(), "JPEG")
COUNT = {"answers": [{"image": {"sha256": "1"}, "cells": []}]}
NEW_USER = {"role": "viewer", "password": PASSWORD}


class Row(NamedTuple):
    """Asked so, each of ASKING gets this status. `{own}` and `{other}` are ids of what is theirs and what is not."""

    method: str
    path: str
    statuses: tuple[int, int, int, int, int]
    sent: dict[str, Any] = {}  # noqa: RUF012  (never written)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


OPEN = (200, 200, 200, 200, 200)
USERS = (401, 200, 200, 200, 200)
OWN = (401, 200, 200, 200, 404)  # what only a user has
ADMINS = (401, 403, 403, 200, 404)

TABLE = [
    Row("GET", "/health", OPEN),
    Row("GET", "/health/live", OPEN),
    Row("GET", "/health/ready", OPEN),
    Row("GET", "/metrics", OPEN),  # to this machine, see test_metrics.py
    Row("GET", "/docs", OPEN),
    Row("GET", "/swagger.json", OPEN),
    Row("GET", "/swaggerui/swagger-ui.css", OPEN),
    Row("GET", "/", (401, 404, 404, 404, 404)),
    Row("GET", "/model", USERS),
    Row("GET", "/examples", USERS),
    Row("GET", "/examples/none.jpg", (401, 404, 404, 404, 404)),
    Row("POST", "/classify", USERS, form(CELL)),
    Row("POST", "/differential", USERS, {"json": COUNT}),
    Row("GET", "/history", USERS),
    Row("GET", "/history?user={me}", USERS),
    Row("GET", "/history?user={somebody}", (401, 403, 403, 200, 200)),
    Row("GET", "/history.csv", USERS),
    Row("GET", "/history.csv?user={somebody}", (401, 403, 403, 200, 200)),
    Row("GET", "/history/statistics", USERS),
    Row("GET", "/history/statistics?user={somebody}", (401, 403, 403, 200, 200)),
    Row("GET", "/history/{own}", USERS),
    Row("GET", "/history/{other}", (401, 404, 404, 200, 200)),
    Row("DELETE", "/history/{own}", (401, 403, 204, 204, 204)),
    Row("DELETE", "/history/{other}", (401, 403, 404, 204, 204)),
    Row("GET", "/batches", USERS),
    Row("POST", "/batches", (401, 403, 202, 202, 202), {"data": archive(), "content_type": "application/zip"}),
    Row("GET", "/batches/{own batch}", USERS),
    Row("GET", "/batches/{other batch}", (401, 404, 404, 200, 200)),
    Row("GET", "/batches/{own batch}/results", (401, 409, 409, 409, 409)),
    Row("GET", "/batches/{other batch}/results", (401, 404, 404, 409, 409)),
    Row("DELETE", "/batches/{own batch}", (401, 403, 204, 204, 204)),
    Row("DELETE", "/batches/{other batch}", (401, 403, 404, 204, 204)),
    Row("GET", "/session", OPEN),
    Row("POST", "/session", (200, 200, 200, 200, 404), {"json": {"name": "somebody", "password": PASSWORD}}),
    Row("DELETE", "/session", (204, 204, 204, 204, 204)),
    Row("PUT", "/session/password", (401, 204, 204, 204, 404), {"json": {"old": PASSWORD, "new": PASSWORD}}),
    Row("GET", "/preferences", OWN),
    Row("PUT", "/preferences", OWN, {"json": {"wanted": 200}}),
    Row("GET", "/tokens", OWN),
    Row("POST", "/tokens", OWN, {"json": {"name": "{new}"}}),
    Row("DELETE", "/tokens/{own token}", (401, 204, 204, 204, 404)),
    Row("DELETE", "/tokens/{other token}", (401, 404, 404, 404, 404)),
    Row("GET", "/users", ADMINS),
    Row("POST", "/users", ADMINS, {"json": {"name": "{new}", **NEW_USER}}),
    Row("PATCH", "/users/{me}", ADMINS, {"json": {"role": "{role}"}}),
    Row("PATCH", "/users/{somebody}", ADMINS, {"json": {"role": "viewer"}}),
    Row("PATCH", "/users/{somebody}", ADMINS, {"json": {"quota": None}}),
]


@dataclass(frozen=True)
class House:
    """A laboratory with a user of each role and somebody else, and the same records without login."""

    guarded: Flask
    alone: Flask
    records: Records
    people: dict[str, Account]
    clock: Clock

    def asking(self, who: str) -> Person:
        if who in self.people:
            return logged_in(self.guarded, who)
        return stranger(self.guarded if who == "nobody" else self.alone)

    def filled(self, text: Any, who: str) -> Any:
        """The text with ids of what was just made for this test."""
        me, somebody = self.people.get(who, self.people["viewer"]), self.people["somebody"]
        made = {
            "{own}": lambda: self.records.record(answer(cell()), BUNDLE, me.id),
            "{other}": lambda: self.records.record(answer(cell()), BUNDLE, somebody.id),
            "{own batch}": lambda: self.records.batches.accept(uuid.uuid4(), me.id).id,
            "{other batch}": lambda: self.records.batches.accept(uuid.uuid4(), somebody.id).id,
            "{own token}": lambda: self.records.tokens.make(me.id, uuid.uuid4().hex, 1, self.clock())[0].id,
            "{other token}": lambda: self.records.tokens.make(somebody.id, uuid.uuid4().hex, 1, self.clock())[0].id,
            "{me}": lambda: me.id,
            "{role}": lambda: me.role,
            "{somebody}": lambda: somebody.id,
            "{new}": lambda: uuid.uuid4().hex,
        }
        for word, make in made.items():
            if word in text:
                text = text.replace(word, str(make()))
        return text

    def ask(self, row: Row, who: str) -> int:
        sent = dict(row.sent)
        if "json" in sent:
            sent["json"] = {
                name: self.filled(value, who) if isinstance(value, str) else value
                for name, value in sent["json"].items()
            }
        response = self.asking(who).ask(row.method, self.filled(row.path, who), buffered=True, **sent)
        if response.status_code == 401:
            assert response.headers["WWW-Authenticate"].startswith("Bearer")
        return response.status_code


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, models: Any, service: InferenceService
) -> Iterator[House]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("cluster").new_database()
    off = Settings(models=models, records=tmp_path_factory.mktemp("house"), database_url=url)
    with opened(off) as engine:
        migrate(engine)
    clock, recorder = Clock(), patient(off)
    apps = [
        create_app(settings, Services(settings, with_fakes(service), recorder, clock))
        for settings in (replace(off, login="on"), off)
    ]
    people = {name: add(recorder.records, name, name) for name in ROLES}
    people["somebody"] = add(recorder.records, "somebody")
    yield House(*apps, recorder.records, people, clock)
    recorder.close()


@pytest.mark.parametrize("row", TABLE, ids=str)
@pytest.mark.parametrize("who", ASKING)
def test_each_gets_what_the_table_says(house: House, row: Row, who: str) -> None:
    assert house.ask(row, who) == row.statuses[ASKING.index(who)]


def test_no_endpoint_is_missing_from_the_table(house: House) -> None:
    there_are = {
        (method, rule.rule)
        for rule in house.guarded.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    adapter = house.guarded.url_map.bind("localhost")
    id = str(uuid.uuid4())
    in_table = set()
    for row in TABLE:
        path = row.path.partition("?")[0]
        batches = ("{own batch}", "{other batch}")
        for word in (*batches, "{own token}", "{other token}", "{own}", "{other}", "{me}", "{somebody}"):
            path = path.replace(word, id)
        rule, _ = adapter.match(path, row.method, return_rule=True)
        in_table.add((row.method, rule.rule))
    assert in_table == there_are


# Whoever logs in has no session yet: that it wants JSON, which no form can send, is what protects it.
BY_COOKIE = [row for row in TABLE if row.method != "GET" and str(row) != "POST /session"]


@pytest.mark.parametrize("row", BY_COOKIE, ids=str)
def test_no_change_by_cookie_without_the_token_of_the_page(house: House, row: Row) -> None:
    for wrong in ("", "x", "ü", "0" * 64):
        person = house.asking("admin")
        person.csrf = wrong
        before = house.records.page(lines=500).lines
        path = house.filled(row.path, "admin")
        made = [line.id for line in house.records.page(lines=500).lines if line not in before]
        response = person.ask(row.method, path, buffered=True, **row.sent)
        assert (response.status_code, response.get_json()["code"]) == (403, "csrf_refused")
        assert all(house.records.entry(id) for id in made)


@pytest.mark.parametrize("who", ROLES)
def test_one_sees_ones_own_records_and_an_admin_everybodys(house: House, who: str) -> None:
    house.filled("{own} {other}", who)
    person = house.asking(who)
    me = str(house.people[who].id)
    seen = {line["user"] for line in person.ask("GET", "/history?lines=500").get_json()["predictions"]}
    in_csv = person.ask("GET", "/history.csv", buffered=True).text
    counted = sum(day["pictures"] for day in person.ask("GET", "/history/statistics").get_json()["days"])
    own = sum(line.user == house.people[who].id for line in house.records.lines())
    if who == "admin":
        assert {me, str(house.people["somebody"].id)} <= seen
        assert counted == len(list(house.records.lines()))
    else:
        assert seen == {me}
        assert counted == own
    assert (str(house.people["somebody"].id) in in_csv) == (who == "admin")
    theirs = person.ask("GET", f"/history/statistics?user={me}").get_json()["days"]
    assert sum(day["pictures"] for day in theirs) == own


def test_what_one_sends_is_ones_own(house: House) -> None:
    person = house.asking("viewer")
    recorded = person.ask("POST", "/classify", **form(CELL)).get_json()["id"]
    assert person.ask("GET", f"/history/{recorded}").get_json()["user"] == person.user["id"]


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_a_token_may_what_its_user_may_but_for_accounts(house: House, row: Row) -> None:
    account = house.people["admin"]
    _, token = house.records.tokens.make(account.id, uuid.uuid4().hex, 1, house.clock())
    sent = dict(row.sent)
    if "json" in sent:
        sent["json"] = {k: house.filled(v, "admin") if isinstance(v, str) else v for k, v in sent["json"].items()}
    path = house.filled(row.path, "admin")
    headers = {"Authorization": f"Bearer {token}"}
    status = stranger(house.guarded).ask(row.method, path, headers=headers, buffered=True, **sent).status_code
    accounts = row.method != "GET" and row.path.startswith(("/tokens", "/users", "/session/password"))
    assert status == (403 if accounts else row.statuses[ASKING.index("admin")])


@pytest.mark.parametrize("given", ["Bearer", "Bearer x", "Bearer hematovision_" + "x" * 43, "Basic YTpi", "bearer ü"])
def test_a_token_that_is_none_is_refused_even_beside_a_session(house: House, given: str) -> None:
    response = house.asking("admin").ask("GET", "/history", headers={"Authorization": given.encode().decode("latin-1")})
    assert (response.status_code, response.get_json()["code"]) == (401, "token_refused")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
