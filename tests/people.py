"""People with accounts, and a browser each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hematovision.records.store import Records
from hematovision.records.values import Account, NewAccount

PASSWORD = "three words in a row"  # noqa: S105


@dataclass
class Clock:
    """Stands still until it is told to go on."""

    now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **by: float) -> None:
        self.now += timedelta(**by)


def add(records: Records, name: str, role: str = "viewer") -> Account:
    [account] = records.users.add([NewAccount(name, role, PASSWORD)])
    return account


@dataclass
class Person:
    """A browser, and what its page knows: the CSRF token that it was told."""

    client: FlaskClient
    csrf: str = ""
    user: dict[str, Any] = field(default_factory=dict)

    def ask(self, method: str, path: str, **sent: Any) -> TestResponse:
        headers = {"X-CSRF-Token": self.csrf} if self.csrf else {}
        return self.client.open(path, method=method, headers=headers | sent.pop("headers", {}), **sent)

    def log_in(self, name: str, password: str = PASSWORD, **sent: Any) -> TestResponse:
        response = self.ask("POST", "/session", json={"name": name, "password": password}, **sent)
        if response.status_code == 200:
            self.csrf, self.user = response.get_json()["csrf_token"], response.get_json()["user"]
        return response


def logged_in(app: Flask, name: str) -> Person:
    person = Person(app.test_client())
    response = person.log_in(name)
    assert response.status_code == 200, response.text
    return person


def stranger(app: Flask) -> Person:
    return Person(app.test_client())
