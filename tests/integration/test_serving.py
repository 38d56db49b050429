"""The service as it runs: real processes, real sockets, and what happens when either goes away."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from hematovision import INTENDED_USE
from hematovision.api.history_schemas import RecordedAnswerSchema
from hematovision.api.page import assets
from hematovision.api.schemas import AnswerSchema, ProblemSchema
from hematovision.inference import InferenceService
from hematovision.records.logins import TRIES
from hematovision.records.store import Records
from hematovision.settings import Settings
from house import REPOSITORY, lacking, port_nobody_listens_on
from people import PASSWORD, add
from pictures import drawn_cell, encoded
from running import SERVE, WAITRESS, Running, running

CELL = encoded(drawn_cell(), "JPEG")
LARGE = encoded(drawn_cell(width=1_000, height=1_000), "BMP")  # 3 MB; werkzeug would spool what is over 500 kB
BOUNDARY = "a-line-that-no-picture-holds"
HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="cell.bmp"\r\n\r\n'.encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for the tests of this file that leave it as it was."""
    if not Path("/proc/self/fd").is_dir():
        lacking("no /proc, in which a test sees the files that the service has open")
    with running(port_nobody_listens_on(), tmp_path_factory.mktemp("serving"), log_level="info") as service:
        yield service


def answer_of(response: requests.Response) -> dict[str, Any]:
    """The answer without its times and without its record, after a look at its shape."""
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    assert RecordedAnswerSchema(unknown="raise").validate(body) == {}
    assert body["recorded"]
    return {name: value for name, value in body.items() if name not in ("milliseconds", "cached", "recorded", "id")}


def post(service: Running, **sent: Any) -> requests.Response:
    return requests.post(f"{service.url}/classify", timeout=30, **sent)


def begin_upload(service: Running, body: bytes) -> socket.socket:
    """Send the beginning of a form with LARGE in it and leave it at that, until the service has taken it all in."""
    client = socket.create_connection(("127.0.0.1", service.port), timeout=30)
    length = len(HEAD) + len(LARGE) + len(TAIL)
    head = (
        f"POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    )
    client.sendall(head.encode() + body)
    service.wait_for(lambda: service.unread(client) == 0)
    return client


def test_every_way_of_sending_a_picture_gives_the_same_answer(serving: Running) -> None:
    by_form = answer_of(post(serving, files={"image": ("cell.jpg", CELL, "image/jpeg")}))
    raw = answer_of(post(serving, data=CELL, headers={"Content-Type": "image/jpeg"}))
    pieces = (CELL[at : at + 700] for at in range(0, len(CELL), 700))  # an iterator: requests sends it chunked
    chunked = answer_of(post(serving, data=pieces, headers={"Content-Type": "image/jpeg"}))
    assert by_form == raw == chunked


def test_the_process_answers_as_the_library_does(
    serving: Running, service: InferenceService, classified: bytes
) -> None:
    answer = answer_of(post(serving, files={"image": classified}, params={"boxes": "all"}))
    expected = AnswerSchema().dump(service.classify(classified, red_cells=True))
    assert answer["label"] is not None
    assert answer == {name: value for name, value in expected.items() if name != "milliseconds"}


def test_a_smear_sent_field_by_field_is_counted(serving: Running, classified: bytes) -> None:
    answers = [post(serving, files={"image": data}, params={"boxes": "all"}).json() for data in (classified, CELL)]
    counted = requests.post(f"{serving.url}/differential", json={"answers": answers}, timeout=30)
    assert counted.status_code == 200, counted.text
    body = counted.json()
    cells = [cell for answer in answers for cell in answer["cells"]]
    platelets = sum("platelet" in (cell["kind"], cell["label"]) for cell in cells)
    assert (body["status"], body["pictures"], body["platelets"]) == ("pre_classification", 2, platelets)


def test_boxes_that_there_are_not_are_refused(serving: Running) -> None:
    refused = post(serving, files={"image": CELL}, params={"boxes": "blue"})
    assert (refused.status_code, refused.json()["code"]) == (400, "query_refused")


def test_page_and_api_stand_on_one_address(serving: Running) -> None:
    page = requests.get(f"{serving.url}/", timeout=10)
    assert page.headers["Content-Type"].startswith("text/html")
    assert INTENDED_USE in page.text
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    for path in (
        "health",
        "api/health",
        "api/docs",
        "api/swagger.json",
        f"{assets(REPOSITORY / 'frontend')}/js/main.js",
    ):
        assert requests.get(f"{serving.url}/{path}", timeout=10).status_code == 200
    answer_of(requests.post(f"{serving.url}/api/classify", files={"image": CELL}, timeout=30))


@pytest.mark.parametrize("path", ["/nowhere", "/../README.md", "/js/../../README.md", "/%2e%2e/README.md"])
def test_what_is_not_there_is_a_problem(serving: Running, path: str) -> None:
    with socket.create_connection(("127.0.0.1", serving.port), timeout=30) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        received = b"".join(iter(lambda: client.recv(65_536), b""))
    head, body = received.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 404 ")
    assert b"application/problem+json" in head
    assert ProblemSchema().validate(json.loads(body)) == {}


@pytest.mark.parametrize("excess", [1, 100_000])
def test_too_many_bytes_are_told_to_the_sender(serving: Running, excess: int) -> None:
    limit = requests.get(f"{serving.url}/model", timeout=10).json()["limits"]["max_bytes"]
    response = post(serving, data=bytes(limit + excess), headers={"Content-Type": "image/jpeg"})
    assert response.status_code == 413
    assert ProblemSchema().validate(response.json()) == {}


def test_bytes_without_end_are_not_waited_for(tmp_path: Path, free_port: int) -> None:
    with running(free_port, tmp_path, max_bytes="100000") as service:
        with socket.create_connection(("127.0.0.1", service.port), timeout=30) as client:
            client.sendall(
                b"POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
            )
            for _ in range(40):
                client.sendall(b"2710\r\n" + bytes(10_000) + b"\r\n")  # 10,000 bytes more, and never the last chunk
            assert client.recv(65_536).startswith(b"HTTP/1.1 413 ")
        answer_of(post(service, files={"image": CELL}))


def test_a_large_upload_never_touches_the_disk(serving: Running) -> None:
    before = serving.files_in_scratch()
    body = HEAD + LARGE + TAIL
    client = begin_upload(serving, body[:-100])
    try:
        assert serving.files_in_scratch() == before
        client.sendall(body[-100:])
        assert client.recv(65_536).startswith(b"HTTP/1.1 200 ")
    finally:
        client.close()
    assert serving.files_in_scratch() == before


def test_an_upload_that_breaks_off_leaves_nothing_and_the_service_answers_on(serving: Running) -> None:
    before = serving.files_in_scratch()
    for part in (0, 100, len(HEAD) + 10, 700_000, len(HEAD) + len(LARGE)):
        begin_upload(serving, (HEAD + LARGE)[:part]).close()
        answer_of(post(serving, files={"image": CELL}))
    assert serving.files_in_scratch() == before


def test_many_at_once_are_all_answered_alike(serving: Running, classified: bytes) -> None:
    pictures = [classified, *(encoded(drawn_cell(seed), "PNG") for seed in range(3))]
    alone = [answer_of(post(serving, files={"image": picture})) for picture in pictures]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda picture: answer_of(post(serving, files={"image": picture})), pictures * 6))
    assert together == alone * 6


def test_each_request_is_one_line_of_json_in_the_log(serving: Running) -> None:
    given = "logged-once"
    post(serving, files={"image": ("Maria-Muster.jpg", CELL)}, headers={"X-Request-ID": given})
    lines = [json.loads(line) for line in serving.log.read_text().splitlines() if given in line]
    assert [(line["event"], line["route"], line["status"]) for line in lines] == [("request", "/classify", 200)]
    assert "Muster" not in serving.log.read_text()


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path, free_port: int) -> None:
    with running(free_port, tmp_path) as service:
        before = answer_of(post(service, files={"image": CELL}))
        [killed] = service.workers()
        client = begin_upload(service, (HEAD + LARGE)[:1_000_000])
        os.kill(killed, signal.SIGKILL)
        service.wait_for(lambda: bool(service.workers()) and killed not in service.workers())
        service.wait_until("ready")
        client.close()
        assert answer_of(post(service, files={"image": CELL})) == before
        assert list(service.scratch.rglob("*")) == []


def test_told_to_stop_it_ends_well_and_leaves_nothing(tmp_path: Path, free_port: int) -> None:
    with running(free_port, tmp_path) as service:
        answer_of(post(service, files={"image": CELL}))
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(60) == 0
        assert list(service.scratch.rglob("*")) == []


def test_without_a_model_the_process_lives_and_says_why(tmp_path: Path, free_port: int) -> None:
    (tmp_path / "models").mkdir()
    with running(free_port, tmp_path, until="live", models=str(tmp_path / "models")) as service:
        for response in (requests.get(f"{service.url}/health", timeout=10), post(service, files={"image": CELL})):
            assert response.status_code == 503
            assert "CURRENT" in response.json()["detail"]
            assert "probabilities" not in response.text


def test_two_workers_answer_alike(tmp_path: Path, free_port: int) -> None:
    with running(free_port, tmp_path, workers="2") as service:
        service.wait_for(lambda: len(service.workers()) == 2)
        answers = [answer_of(post(service, files={"image": CELL})) for _ in range(6)]
        assert all(answer == answers[0] for answer in answers)


def test_the_server_used_on_windows_answers_alike(serving: Running, tmp_path: Path, free_port: int) -> None:
    with running(free_port, tmp_path, WAITRESS) as service:
        for data in (CELL, LARGE):
            assert answer_of(post(service, files={"image": data})) == answer_of(post(serving, files={"image": data}))
        raw = post(service, data=CELL, headers={"Content-Type": "image/jpeg"})
        assert answer_of(raw) == answer_of(post(serving, files={"image": CELL}))
        refused = post(service, data=b"text", headers={"Content-Type": "image/jpeg"})
        assert (refused.status_code, refused.json()["code"]) == (415, "picture_format_refused")
        assert list(service.scratch.rglob("*")) == []


@pytest.mark.parametrize("program", [SERVE, WAITRESS], ids=["gunicorn", "waitress"])
def test_no_server_hides_that_a_request_was_forwarded(tmp_path: Path, free_port: int, program: tuple[str, ...]) -> None:
    with running(free_port, tmp_path, program) as service:
        for header in ("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via"):
            refused = requests.get(f"{service.url}/model", headers={header: "127.0.0.1"}, timeout=10)
            assert (refused.status_code, refused.json()["code"]) == (403, "not_open")
        assert requests.get(f"{service.url}/model", timeout=10).status_code == 200


@pytest.mark.parametrize("program", [SERVE, WAITRESS], ids=["gunicorn", "waitress"])
@pytest.mark.parametrize("proxies", ["0", "1"])
def test_https_told_on_the_way_is_believed_by_one_setting_alone(
    tmp_path: Path, free_port: int, program: tuple[str, ...], proxies: str
) -> None:
    with running(free_port, tmp_path, program, open="1", proxies=proxies) as service:
        told = requests.delete(f"{service.url}/session", headers={"X-Forwarded-Proto": "https"}, timeout=10)
        assert ("Secure" in told.headers["Set-Cookie"]) == (proxies == "1")


def test_a_session_is_known_to_every_worker(tmp_path: Path, free_port: int) -> None:
    """And tries to log in are counted over them all."""
    people = {"name": "anna", "password": PASSWORD}
    with closing(Records.open(Settings(records=tmp_path / "records"))) as records:
        add(records, "anna")
    with running(free_port, tmp_path, login="on", workers="3") as service:
        browser = requests.Session()
        assert browser.post(f"{service.url}/session", json=people, timeout=10).status_code == 200
        for _ in range(30):  # a connection each, so that they meet different workers
            told = requests.get(f"{service.url}/session", cookies=browser.cookies, timeout=10).json()
            assert told["user"]["name"] == "anna"
        wrong = people | {"password": "wrong " + PASSWORD}
        asked = [requests.post(f"{service.url}/session", json=wrong, timeout=10).status_code for _ in range(TRIES + 3)]
        assert asked == [401] * TRIES + [429] * 3
        assert "anna" not in service.log.read_text()
