"""Every failure has one shape, one id that the log knows too, and says nothing of the person who sent the picture."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from problems import problem_in
from uploads import form

from bad_pictures import CELL, JPEG, PNG
from hematovision.api.app import create_app
from hematovision.api.services import Services
from hematovision.inference import InferenceService
from hematovision.peaks import Sought
from hematovision.runtime import Array, Runtime, open_networks
from hematovision.settings import Settings
from house import LogLines, MakeClient
from pictures import encoded

LOGGED = {"event", "level", "timestamp", "request_id", "method", "route", "status", "code", "milliseconds"}
PERSON = "Maria-Muster-1961"


class BrittleLocator:
    """The real network until it is told to break."""

    def __init__(self, network: Runtime[Sought]) -> None:
        self._network = network
        self.broken = False

    def __call__(self, pictures: Array) -> Sought:
        if self.broken:
            raise RuntimeError("the interpreter is gone")
        return self._network(pictures)


@pytest.fixture
def failing_client(settings: Settings, service: InferenceService) -> FlaskClient:
    """A client of a service that verified its model and then fails at every picture."""
    networks = open_networks("litert", service.bundle.path)
    locator = BrittleLocator(networks.locator)
    broken = InferenceService(service.bundle, networks._replace(locator=locator))
    locator.broken = True
    return create_app(settings, Services(settings, broken)).test_client()


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code"),
    [
        pytest.param("POST", "/classify", {}, 400, "picture_missing", id="400"),
        pytest.param("POST", "/classify?boxes=blue", form(JPEG), 400, "query_refused", id="400 of the query"),
        pytest.param("GET", "/nowhere", {}, 404, "not_found", id="404"),
        pytest.param("GET", "/examples/none.jpg", {}, 404, "not_found", id="404 of an endpoint"),
        pytest.param("GET", "/classify", {}, 405, "method_not_allowed", id="405"),
        pytest.param("PUT", "/model", {}, 405, "method_not_allowed", id="405 of GET only"),
        pytest.param("POST", "/classify", {"json": {}}, 415, "media_type_refused", id="415"),
        pytest.param("POST", "/classify", form(b"text"), 415, "picture_format_refused", id="415 of a picture"),
        pytest.param("POST", "/classify", form(PNG[:-200]), 422, "picture_broken", id="422"),
    ],
)
def test_each_failure_is_a_problem_and_is_logged(
    client: FlaskClient, log_lines: LogLines, method: str, path: str, sent: dict[str, Any], status: int, code: str
) -> None:
    response = client.open(path, method=method, **sent)
    problem = problem_in(response)
    assert (problem["status"], problem["code"]) == (status, code)
    [line] = log_lines()
    assert (line["status"], line["code"], line["request_id"]) == (status, code, problem["request_id"])


def test_a_method_that_is_not_taken_is_told_which_are(client: FlaskClient) -> None:
    allowed = client.get("/classify").headers["Allow"]
    assert {each.strip() for each in allowed.split(",")} == {"POST", "OPTIONS"}


def test_too_many_bytes_are_a_problem_and_are_logged(make_client: MakeClient, log_lines: LogLines) -> None:
    client = make_client(max_bytes=len(JPEG))
    for excess, code in ((1, "picture_too_large"), (1_000_000, "request_entity_too_large")):
        problem = problem_in(client.post("/classify", **form(JPEG + bytes(excess))))
        assert (problem["status"], problem["code"]) == (413, code)
        assert log_lines()[-1]["request_id"] == problem["request_id"]


def test_a_failure_that_nobody_foresaw_is_a_problem_and_is_logged_with_its_cause(
    failing_client: FlaskClient, log_lines: LogLines
) -> None:
    problem = problem_in(failing_client.post("/classify", **form(JPEG)))
    assert (problem["status"], problem["code"]) == (500, "internal_error")
    cause, line = log_lines()
    assert cause["request_id"] == line["request_id"] == problem["request_id"]
    assert (line["status"], line["code"]) == (500, "internal_error")
    assert cause["level"] == "ERROR"
    assert "the interpreter is gone" in cause["traceback"]
    assert "interpreter" not in problem["detail"]


def test_what_is_logged_of_an_unforeseen_failure_holds_nothing_of_the_picture(
    failing_client: FlaskClient, log_lines: LogLines
) -> None:
    failing_client.post("/classify", **form(JPEG, name=f"{PERSON}.jpg"), headers={"User-Agent": PERSON})
    logged = str(log_lines())
    assert PERSON not in logged
    assert "xff" not in logged  # how any program writes the first bytes of a JPEG
    assert "127.0.0.1" not in logged


def test_without_a_model_each_failure_is_a_503_that_says_when_to_come_again(
    make_client: MakeClient, tmp_path: Path
) -> None:
    response = make_client(models=tmp_path).get("/health")
    assert problem_in(response)["status"] == 503
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize("given", ["a", "4711", "trace-01.ABC_x", "x" * 64])
def test_a_plain_request_id_is_kept(client: FlaskClient, log_lines: LogLines, given: str) -> None:
    response = client.get("/nowhere", headers={"X-Request-ID": given})
    assert problem_in(response)["request_id"] == given == log_lines()[0]["request_id"]


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, "<script>", "ümlaut", '{"a":1}', "a;b"])
def test_any_other_request_id_is_replaced(client: FlaskClient, log_lines: LogLines, given: str) -> None:
    response = client.get("/nowhere", headers={"X-Request-ID": given})
    replaced = problem_in(response)["request_id"]
    assert re.fullmatch("[0-9a-f]{32}", replaced)
    assert log_lines()[0]["request_id"] == replaced


def test_each_request_has_an_id_of_its_own(client: FlaskClient) -> None:
    seen = {client.get("/health/live").headers["X-Request-ID"] for _ in range(5)}
    assert len(seen) == 5


@pytest.mark.parametrize("data", [JPEG, JPEG[:500], b"text"], ids=["answered", "broken", "refused"])
def test_a_log_line_holds_nothing_of_the_person_or_the_picture(
    client: FlaskClient, log_lines: LogLines, data: bytes
) -> None:
    client.post(
        f"/classify?patient={PERSON}",
        **form(data, name=f"{PERSON}.jpg"),
        headers={"User-Agent": PERSON, "Referer": f"http://{PERSON}/", "Authorization": f"Bearer {PERSON}"},
        environ_base={"REMOTE_ADDR": "192.0.2.7"},
    )
    client.get(f"/{PERSON}.jpg")
    client.get(f"/examples/{PERSON}.jpg")
    lines = log_lines()
    assert len(lines) == 3
    for line in lines:
        assert set(line) == LOGGED
        assert PERSON not in str(line) and "192.0.2.7" not in str(line)
    assert [line["route"] for line in lines] == ["/classify", "?", "/examples/<string:name>"]


def test_metadata_of_a_picture_is_neither_answered_nor_logged(client: FlaskClient, log_lines: LogLines) -> None:
    exif = CELL.getexif()
    exif[0x010E] = PERSON  # ImageDescription
    response = client.post("/classify", **form(encoded(CELL, "JPEG", exif=exif, comment=PERSON)))
    assert response.status_code == 200
    assert PERSON not in response.get_data(as_text=True) + str(response.headers) + str(log_lines())
