"""Logging in and staying so: cookies, forged and stolen ones, proxies, and strangers where there is no login."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from problems import problem_in
from sqlalchemy import select

from answers import BUNDLE, answer, cell
from hematovision.api.app import create_app
from hematovision.api.services import Services
from hematovision.errors import ModelUnavailable, SettingRefused
from hematovision.records.logins import TRIES
from hematovision.records.recorder import Recorder
from hematovision.records.store import Records
from hematovision.records.tables import Audit
from hematovision.settings import Settings
from house import LogLines
from patient import patient
from people import PASSWORD, Clock, Person, add, logged_in, stranger


def cookie_of(person: Person, path: str = "/") -> str:
    cookie = person.client.get_cookie("hematovision", path=path)
    return cookie.value if cookie else ""


def test_the_session_is_told_as_it_is(guarded: Flask, records: Records) -> None:
    add(records, "anna", "reviewer")
    person = stranger(guarded)
    assert person.ask("GET", "/session").get_json() == {"login": "on", "user": None, "csrf_token": None}
    told = person.log_in("Anna").get_json()
    assert (told["user"]["name"], told["user"]["role"]) == ("anna", "reviewer")
    assert person.ask("GET", "/session").get_json() == told
    assert person.ask("DELETE", "/session").status_code == 204
    assert cookie_of(person) == ""
    assert person.ask("GET", "/session").get_json()["user"] is None


@pytest.mark.parametrize("https", [False, True])
def test_the_cookie_is_for_no_script_no_other_site_and_no_open_line(
    guarded: Flask, records: Records, https: bool
) -> None:
    add(records, "anna")
    response = stranger(guarded).log_in("anna", base_url="https://localhost" if https else "http://localhost")
    [header] = response.headers.getlist("Set-Cookie")
    parts = {part.strip() for part in header.split(";")}
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= parts
    assert ("Secure" in parts) == https
    assert "Expires" not in header and "Max-Age" not in header


@pytest.mark.parametrize("proxies", [0, 1])
def test_https_told_by_a_proxy_is_believed_where_a_setting_says_so(
    recording: Settings, records: Records, proxies: int
) -> None:
    settings = replace(recording, login="on", proxies=proxies)
    recorder = patient(settings)
    app = create_app(settings, Services(settings, ModelUnavailable("None is needed."), recorder))
    add(records, "anna")
    response = stranger(app).log_in("anna", headers={"X-Forwarded-Proto": "https"})
    assert ("Secure" in response.headers["Set-Cookie"]) == (proxies == 1)
    recorder.close()


def test_a_cookie_that_was_made_or_altered_elsewhere_is_none(guarded: Flask, records: Records) -> None:
    add(records, "anna")
    anna = logged_in(guarded, "anna")
    signed = cookie_of(anna)
    secret, _, signature = signed.rpartition(".")
    for forged in ("", "x", secret, f"{secret}.", f"{secret}x.{signature}", f"{secret}.{signature[:-2]}AA", "ü" * 9):
        person = stranger(guarded)
        response = person.ask("GET", "/history", headers={"Cookie": f"hematovision={forged}"})
        assert problem_in(response)["code"] == "login_required"
    assert anna.ask("GET", "/history").status_code == 200


def test_a_session_that_somebody_laid_into_the_browser_is_not_taken_over(guarded: Flask, records: Records) -> None:
    add(records, "anna")
    add(records, "mallory")
    mallory = logged_in(guarded, "mallory")
    laid = cookie_of(mallory)
    anna = stranger(guarded)
    anna.client.set_cookie("hematovision", laid)
    assert anna.log_in("anna").status_code == 200
    assert cookie_of(anna) != laid
    assert mallory.ask("GET", "/history").status_code == 401  # it ended when anna logged in over it


def test_a_token_of_another_session_is_refused(guarded: Flask, records: Records) -> None:
    add(records, "anna", "reviewer")
    first, second = logged_in(guarded, "anna"), logged_in(guarded, "anna")
    assert first.csrf != second.csrf
    first.csrf = second.csrf
    assert problem_in(first.ask("PUT", "/preferences", json={}))["code"] == "csrf_refused"
    assert problem_in(first.ask("DELETE", "/session"))["code"] == "csrf_refused"
    assert first.ask("GET", "/history").status_code == 200


def test_no_form_of_another_site_logs_anybody_in(guarded: Flask, records: Records) -> None:
    add(records, "anna")
    for sent in ({"data": {"name": "anna", "password": PASSWORD}},
                 {"data": f'{{"name": "anna", "password": "{PASSWORD}"}}', "content_type": "text/plain"}):  # fmt: skip
        response = stranger(guarded).ask("POST", "/session", **sent)
        assert problem_in(response)["code"] == "media_type_refused"
        assert "Set-Cookie" not in response.headers


def test_an_unused_session_ends(guarded: Flask, records: Records, clock: Clock) -> None:
    add(records, "anna")
    person = logged_in(guarded, "anna")
    clock.go_on(minutes=29)
    assert person.ask("GET", "/history").status_code == 200
    clock.go_on(minutes=30)
    assert problem_in(person.ask("GET", "/history"))["code"] == "login_required"
    assert person.ask("DELETE", "/session").status_code == 204


def test_a_disabled_user_is_out_with_the_next_request(guarded: Flask, records: Records, clock: Clock) -> None:
    add(records, "boss", "admin")
    anna = add(records, "anna")
    person, boss = logged_in(guarded, "anna"), logged_in(guarded, "boss")
    token = person.ask("POST", "/tokens", json={"name": "night"}).get_json()["token"]
    bearer = {"headers": {"Authorization": f"Bearer {token}"}}
    assert stranger(guarded).ask("GET", "/history", **bearer).status_code == 200
    changed = boss.ask("PATCH", f"/users/{anna.id}", json={"disabled": True}).get_json()
    assert changed["disabled_at"]
    assert person.ask("GET", "/history").status_code == 401
    assert stranger(guarded).ask("GET", "/history", **bearer).status_code == 401
    assert stranger(guarded).log_in("anna").status_code == 401


def test_the_last_admin_may_not_shut_everybody_out(guarded: Flask, records: Records) -> None:
    boss = add(records, "boss", "admin")
    person = logged_in(guarded, "boss")
    for change in ({"disabled": True}, {"role": "viewer"}):
        assert problem_in(person.ask("PATCH", f"/users/{boss.id}", json=change))["code"] == "last_admin"
    assert person.ask("GET", "/users").status_code == 200


def test_a_new_role_holds_from_the_next_request(guarded: Flask, records: Records) -> None:
    add(records, "boss", "admin")
    anna = add(records, "anna")
    person, boss = logged_in(guarded, "anna"), logged_in(guarded, "boss")
    assert person.ask("GET", "/users").status_code == 403
    boss.ask("PATCH", f"/users/{anna.id}", json={"role": "admin"})
    assert person.ask("GET", "/users").status_code == 200


def test_a_changed_password_ends_the_other_sessions(guarded: Flask, records: Records) -> None:
    add(records, "anna")
    here, there = logged_in(guarded, "anna"), logged_in(guarded, "anna")
    refused = here.ask("PUT", "/session/password", json={"old": "wrong", "new": "another " + PASSWORD})
    assert problem_in(refused)["code"] == "login_refused"
    changed = here.ask("PUT", "/session/password", json={"old": PASSWORD, "new": "another " + PASSWORD})
    assert changed.status_code == 204
    assert here.ask("GET", "/history").status_code == 200
    assert there.ask("GET", "/history").status_code == 401


def test_too_many_tries_are_told_when_to_come_back(guarded: Flask, records: Records, log_lines: LogLines) -> None:
    add(records, "anna")
    for _ in range(TRIES):
        assert problem_in(stranger(guarded).log_in("anna", "wrong " + PASSWORD))["code"] == "login_refused"
    throttled = stranger(guarded).log_in("anna")
    assert (throttled.status_code, problem_in(throttled)["code"]) == (429, "login_throttled")
    assert 0 < int(throttled.headers["Retry-After"]) <= 300
    logged = str(log_lines())
    assert "login_throttled" in logged
    for secret in ("anna", PASSWORD, "127.0.0.1"):
        assert secret not in logged


BODIES: list[tuple[str, str, Any, str]] = [
    ("POST", "/session", [], "body_refused"),
    ("POST", "/session", {"name": "anna"}, "body_refused"),
    ("POST", "/session", {"name": "anna", "password": PASSWORD, "role": "admin"}, "body_refused"),
    ("POST", "/tokens", {"name": ""}, "body_refused"),
    ("POST", "/tokens", {"name": "a", "days": 0}, "body_refused"),
    ("POST", "/tokens", {"name": "a", "days": 367}, "body_refused"),
    ("POST", "/users", {"name": "a b", "role": "viewer", "password": PASSWORD}, "account_refused"),
    ("POST", "/users", {"name": "a", "role": "viewer", "password": "short"}, "account_refused"),
    ("POST", "/users", {"name": "a", "role": "boss", "password": PASSWORD}, "body_refused"),
    ("POST", "/users", {"name": "BOSS", "role": "viewer", "password": PASSWORD}, "name_taken"),
    ("PATCH", "/users/{boss}", {}, "body_refused"),
    ("PATCH", "/users/{boss}", {"role": "admin", "disabled": True}, "body_refused"),
    ("PATCH", "/users/{boss}", {"disabled": False}, "body_refused"),
    ("PATCH", "/users/00000000-0000-4000-8000-000000000000", {"role": "admin"}, "user_unknown"),
    ("PUT", "/session/password", {"old": PASSWORD, "new": "short"}, "account_refused"),
    ("PUT", "/preferences", {"theme": "pink"}, "body_refused"),
    ("PUT", "/preferences", {"class_order": ["a", "a"]}, "body_refused"),
    ("PUT", "/preferences", {"hot_keys": {"monocyte": "m", "neutrophil": "m"}}, "body_refused"),
    ("PUT", "/preferences", {"hot_keys": {"monocyte": "Enter"}}, "body_refused"),
    ("PUT", "/preferences", {"wanted": 7}, "body_refused"),
    ("PUT", "/preferences", {"colour": "pink"}, "body_refused"),
]


@pytest.mark.parametrize(("method", "path", "body", "code"), BODIES)
def test_a_body_that_cannot_be_taken_changes_nothing(
    guarded: Flask, records: Records, method: str, path: str, body: Any, code: str
) -> None:
    boss = add(records, "boss", "admin")
    person = logged_in(guarded, "boss")
    problem = problem_in(person.ask(method, path.format(boss=boss.id), json=body))
    assert problem["code"] == code
    assert PASSWORD not in problem["detail"]
    assert records.users.all() == [boss]
    assert records.tokens.of(boss.id, Clock()()) == []
    assert records.preferences.of(boss.id) == {}


def test_what_one_chose_follows_to_another_browser(guarded: Flask, records: Records) -> None:
    add(records, "anna")
    here, there = logged_in(guarded, "anna"), logged_in(guarded, "anna")
    before = here.ask("GET", "/preferences").get_json()
    assert before == {"class_order": [], "hot_keys": {}, "theme": "system", "confidence": "per_cent", "wanted": 100}
    chosen = {"class_order": ["monocyte"], "hot_keys": {"monocyte": "m"}, "theme": "dark", "wanted": 200}
    put = here.ask("PUT", "/preferences", json=chosen).get_json()
    assert put == before | chosen == there.ask("GET", "/preferences").get_json()


def test_with_the_database_away_nobody_is_let_in(settings: Settings, free_port: int) -> None:
    away = replace(settings, database_url=f"postgresql://nobody@127.0.0.1:{free_port}/none", login="on")
    recorder = Recorder(away)
    client = create_app(away, Services(away, ModelUnavailable("None is needed."), recorder)).test_client()
    for method, path in (("GET", "/history"), ("POST", "/classify"), ("GET", "/session"), ("GET", "/model")):
        response = client.open(path, method=method)
        assert (response.status_code, problem_in(response)["code"]) == (503, "records_unavailable")
    assert client.get("/health/live").status_code == 200
    recorder.close()


def test_the_audit_knows_who_erased(guarded: Flask, records: Records) -> None:
    anna = add(records, "anna", "reviewer")
    prediction = records.record(answer(cell()), BUNDLE, anna.id)
    assert logged_in(guarded, "anna").ask("DELETE", f"/history/{prediction}?reason=twice").status_code == 204
    with records.engine.connect() as connection:
        erased = select(Audit.user_id).where(Audit.action == "prediction.deleted", Audit.subject_id == prediction)
        assert connection.scalars(erased).all() == [anna.id]


STRANGERS: list[dict[str, Any]] = [
    {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}},
    {"environ_base": {"REMOTE_ADDR": "::ffff:192.0.2.7"}},
    {"environ_base": {"REMOTE_ADDR": ""}},
    {"headers": {"X-Forwarded-For": "127.0.0.1"}},
    {"headers": {"Forwarded": "for=127.0.0.1"}},
    {"headers": {"X-Real-IP": "127.0.0.1"}},
    {"base_url": "http://laboratory.example"},
    {"base_url": "http://laboratory.example:8000"},
    {"base_url": "http://127.0.0.1.example"},
    {"headers": {"Host": "["}},
    {"headers": {"Host": ""}},
    {"headers": {"Host": "localhost@laboratory.example"}},
]


@pytest.mark.parametrize("asked", STRANGERS, ids=str)
@pytest.mark.parametrize("proxies", [0, 1])
def test_without_login_strangers_are_refused_unless_it_is_open(
    settings: Settings, asked: dict[str, Any], proxies: int
) -> None:
    def client(**given: Any) -> FlaskClient:
        of = replace(settings, proxies=proxies, **given)
        return create_app(of, Services(of, ModelUnavailable("None is needed."))).test_client()

    shut = client()
    for path in ("/history", "/session", "/docs", "/health"):
        response = shut.get(path, **asked)
        assert (response.status_code, problem_in(response)["code"]) == (403, "not_open")
    assert shut.get("/health/live", **asked).status_code == 200
    assert client(open=1).get("/session", **asked).status_code == 200


@pytest.mark.parametrize(
    "name", ["localhost", "127.0.0.1", "127.0.0.1:8000", "localhost:8000", "[::1]", "[::1]:8000", "127.0.0.2"]
)
@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1"])
def test_without_login_this_machine_is_answered(settings: Settings, name: str, address: str) -> None:
    client = create_app(settings, Services(settings, ModelUnavailable("None is needed."))).test_client()
    told = client.get("/session", base_url=f"http://{name}", environ_base={"REMOTE_ADDR": address})
    assert told.get_json() == {"login": "off", "user": None, "csrf_token": None}


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("http://localhost", True), ("http://allowed.example", True), ("http://other.example", False),
     ("http://localhost:9", False), ("null", False), ("http://[", False)],
)  # fmt: skip
def test_without_login_no_page_of_another_site_changes_anything(settings: Settings, origin: str, allowed: bool) -> None:
    settings = replace(settings, cors_origins=("http://allowed.example",))
    client = create_app(settings, Services(settings, ModelUnavailable("None is needed."))).test_client()
    asked = {"json": {"answers": [{"image": {"sha256": "1"}, "cells": []}]}, "headers": {"Origin": origin}}
    response = client.post("/differential", **asked)
    assert (response.status_code, response.get_json().get("code")) == (
        (200, None) if allowed else (403, "csrf_refused")
    )


def test_login_wants_records() -> None:
    with pytest.raises(SettingRefused, match="HEMATOVISION_LOGIN"):
        Settings(login="on", recording="off")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "laboratory.example", "::"])  # noqa: S104
def test_an_address_for_all_is_refused_without_login(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from hematovision.api import serve

    served: list[Settings] = []
    for server in ("_gunicorn", "_waitress"):
        monkeypatch.setattr(serve, server, served.append)
    with pytest.raises(SettingRefused, match="HEMATOVISION_LOGIN=on"):
        serve.serve(Settings(host=host))
    assert served == []
    fine = [Settings(host=host, login="on"), Settings(host=host, open=1), Settings(), Settings(host="localhost")]
    for settings in fine:
        serve.serve(settings)
    assert served == fine
