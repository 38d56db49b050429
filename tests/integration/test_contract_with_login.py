"""schemathesis asks the whole running API with login on, as each role: no failure, no growth, no file left.

What an answer must look like without login is held in tests/api/test_contract.py; `make torture` asks more.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hematovision.records.store import Records
from hematovision.records.values import ROLES
from hematovision.settings import Settings
from house import port_nobody_listens_on
from load import resident
from people import PASSWORD, add
from running import Running, running

FULL = os.environ.get("TORTURE") == "1"
EXAMPLES = 100 if FULL else 2  # of each operation and kind
GROWTH = 1.25  # of memory, in all
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PASSWORDS = "/session/password"  # whoever guesses there is soon locked out, so a user of their own does


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """With two users of each role."""
    folder = tmp_path_factory.mktemp("guarded")
    with closing(Records.open(Settings(records=folder / "records"))) as records:
        for role in ROLES:
            add(records, role, role)
            add(records, f"{role}-guessing", role)
    with running(port_nobody_listens_on(), folder, login="on", log_level="warning") as service:
        yield service


class Browser:
    """Logged in as one user, anew where a request has ended the session."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = f"{url}/session", name
        self.session = requests.Session()
        self.csrf: dict[str, str] = {}

    def stay_in(self) -> None:
        if self.session.get(self._url, timeout=30).json()["user"] is None:
            told = self.session.post(self._url, json={"name": self._name, "password": PASSWORD}, timeout=30)
            self.csrf = {"X-CSRF-Token": told.json()["csrf_token"]}


@pytest.mark.parametrize("role", ROLES)
def test_no_invented_request_of_a_role_is_a_failure(guarded: Running, role: str) -> None:
    document = requests.get(f"{guarded.url}/swagger.json", timeout=30).json()
    del document["security"]  # else a token would be invented beside the session, and each be a 401
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=guarded.url)
    browsers = {guesses: Browser(guarded.url, f"{role}-guessing" if guesses else role) for guesses in (False, True)}
    statuses: Counter[int] = Counter()
    files, memory = guarded.files_in_scratch(), resident(guarded.workers())

    def ask(operation: schemathesis.schemas.APIOperation, mode: GenerationMode) -> None:
        browser = browsers[operation.path == PASSWORDS]

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case) -> None:
            browser.stay_in()
            response = case.call_and_validate(checks=CHECKS, session=browser.session, headers=browser.csrf)
            statuses[response.status_code] += 1

        check()

    for found in schema.get_all_operations():
        operation = found.ok()
        ask(operation, GenerationMode.POSITIVE)
        if operation.body:
            ask(operation, GenerationMode.NEGATIVE)
    grown = resident(guarded.workers()) / memory
    sys.stdout.write(f"{role}: {dict(sorted(statuses.items()))}, memory {grown:.2f} times that before\n")
    assert guarded.files_in_scratch() == files
    assert {200, 204} & set(statuses) and (401 not in statuses or statuses[401] < statuses[200])
    if FULL:
        assert grown < GROWTH
