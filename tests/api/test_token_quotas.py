"""A token that asks too often: what it is told, what its owner sees, and that several workers agree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from flask import Flask
from problems import problem_in

from hematovision.records.store import Records
from hematovision.settings import Settings
from people import Clock, add, logged_in, stranger
from running import running


def test_one_too_many_is_told_when_to_go_on(guarded: Flask, records: Records, clock: Clock) -> None:
    add(records, "boss", "admin")
    anna = add(records, "anna")
    boss, person = logged_in(guarded, "boss"), logged_in(guarded, "anna")
    changed = boss.ask("PATCH", f"/users/{anna.id}", json={"quota": 2})
    assert (changed.status_code, changed.get_json()["quota"]) == (200, 2)
    made = person.ask("POST", "/tokens", json={"name": "night run"}).get_json()
    assert (made["quota"], made["asked"]) == (2, 0)
    by_token = {"headers": {"Authorization": f"Bearer {made['token']}"}}
    clock.go_on(minutes=50)
    person, script = logged_in(guarded, "anna"), stranger(guarded)
    assert [script.ask("GET", "/model", **by_token).status_code for _ in range(2)] == [200, 200]
    for method, path in (("GET", "/model"), ("POST", "/classify"), ("GET", "/tokens")):
        refused = script.ask(method, path, **by_token)
        problem = problem_in(refused)
        assert (problem["status"], problem["code"]) == (429, "quota_spent")
        assert refused.headers["Retry-After"] == "600"
        assert "600 seconds" in problem["detail"]
    assert script.ask("GET", "/health", **by_token).status_code == 200  # what is open asks for no token
    [told] = person.ask("GET", "/tokens").get_json()["tokens"]
    assert (told["quota"], told["asked"]) == (2, 2)
    assert person.ask("GET", "/model").status_code == 200  # by session: no token is counted
    clock.go_on(minutes=10)
    assert script.ask("GET", "/model", **by_token).status_code == 200


@pytest.mark.parametrize("wrong", [-1, 1_000_001, 1.5, "2"])
def test_a_quota_that_is_none_is_refused(guarded: Flask, records: Records, wrong: object) -> None:
    boss = add(records, "boss", "admin")
    refused = logged_in(guarded, "boss").ask("PATCH", f"/users/{boss.id}", json={"quota": wrong})
    assert problem_in(refused)["code"] == "body_refused"
    assert records.users.named("boss").quota is None


def test_several_workers_let_in_as_many_as_may(tmp_path: Path, free_port: int) -> None:
    with closing(Records.open(Settings(records=tmp_path / "records"))) as records:
        _, token = records.tokens.make(add(records, "anna").id, "night run", 1, datetime.now(UTC))
    with running(free_port, tmp_path, login="on", workers="3", quota="20") as service:
        headers = {"Authorization": f"Bearer {token}"}

        def ask(_: int) -> requests.Response:
            return requests.get(f"{service.url}/model", headers=headers, timeout=30)

        service.wait_for(lambda: datetime.now(UTC).strftime("%M%S") < "5945")  # or the next hour begins meanwhile
        with ThreadPoolExecutor(6) as clients:  # a connection each, so that they meet different workers
            answers = list(clients.map(ask, range(40)))
        assert sorted(each.status_code for each in answers) == [200] * 20 + [429] * 20
        assert all(0 < int(each.headers["Retry-After"]) <= 3600 for each in answers if each.status_code == 429)
