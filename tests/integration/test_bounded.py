"""What waits for the model is bounded, what takes too long ends, and a service told to stop finishes what it has."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPResponse
from pathlib import Path

import pytest
import requests

from house import port_nobody_listens_on
from pictures import drawn_cell, encoded
from running import Running, running

CELL = encoded(drawn_cell(), "JPEG")
LARGE = encoded(drawn_cell(width=3_200, height=2_400), "JPEG")  # keeps the model busy for most of a second
JPEG = {"Content-Type": "image/jpeg"}
DEADLINE = 3
HEAD = "POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n"


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One picture in the model and two waiting, with all the time they need."""
    with running(
        port_nobody_listens_on(), tmp_path_factory.mktemp("patient"), threads="1", queue="2", cache="0"
    ) as service:
        yield service


def post(service: Running, picture: bytes) -> requests.Response:
    return requests.post(f"{service.url}/classify", data=picture, headers=JPEG, timeout=60)


def taken(service: Running) -> int:
    """Pictures in the model or waiting for it."""
    queue = requests.get(f"{service.url}/health", timeout=10).json()["queue"]
    return int(queue["in_model"] + queue["waiting"])


def sent(service: Running, picture: bytes) -> socket.socket:
    """A client that has sent all of a picture and has not read its answer."""
    client = socket.create_connection(("127.0.0.1", service.port), timeout=60)
    client.sendall(HEAD.format(len(picture)).encode() + picture)
    return client


def test_more_than_may_wait_are_refused_at_once_and_told_when_to_come_again(patient: Running) -> None:
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda _: post(patient, LARGE), range(8)))
    refused = [each for each in answers if each.status_code != 200]
    assert {each.status_code for each in answers} == {200, 503}
    assert len(answers) - len(refused) >= 3  # one in the model, two waiting
    for each in refused:
        assert each.json()["code"] == "queue_full"
        assert int(each.headers["Retry-After"]) > 0
    assert max(each.elapsed for each in refused) < max(each.elapsed for each in answers if each.ok)
    patient.wait_for(lambda: taken(patient) == 0)
    assert post(patient, CELL).status_code == 200


def test_who_hangs_up_while_waiting_is_passed_over(patient: Running) -> None:
    busy = sent(patient, LARGE)
    patient.wait_for(lambda: taken(patient) == 1)
    waiting = sent(patient, LARGE)
    patient.wait_for(lambda: taken(patient) == 2)
    waiting.close()
    assert busy.recv(65_536).startswith(b"HTTP/1.1 200 ")
    busy.close()
    patient.wait_for(lambda: '"client_gone"' in patient.log.read_text())
    assert post(patient, CELL).status_code == 200


def test_clients_that_send_a_byte_at_a_time_hold_up_nobody_and_are_cut_off(tmp_path: Path, free_port: int) -> None:
    with running(free_port, tmp_path, threads="1", queue="1", readers="8", deadline=str(DEADLINE)) as service:
        slow = [socket.create_connection(("127.0.0.1", service.port), timeout=60) for _ in range(4)]
        begun = time.monotonic()
        for client in slow:
            client.sendall(HEAD.format(len(CELL)).encode())
        answered = 0
        while time.monotonic() - begun < DEADLINE - 1:
            for client in slow:
                client.sendall(b"x")
            assert (post(service, CELL).status_code, taken(service)) == (200, 0)
            answered += 1
        assert answered
        for client in slow:
            answer = HTTPResponse(client)
            answer.begin()
            assert (answer.status, json.load(answer)["code"]) == (408, "body_too_slow")
            client.close()


def test_told_to_stop_it_says_so_and_finishes_what_it_has(tmp_path: Path, free_port: int) -> None:
    with running(free_port, tmp_path, threads="1", drain="2", cache="0") as service, ThreadPoolExecutor(4) as clients:
        accepted: list[Future[requests.Response]] = [clients.submit(post, service, LARGE) for _ in range(3)]
        service.wait_for(lambda: taken(service) == 3)
        service.process.send_signal(signal.SIGTERM)
        told: list[str] = []

        def not_ready() -> bool:
            response = requests.get(f"{service.url}/health/ready", timeout=10)
            told[:] = [] if response.ok else [response.json()["code"]]
            return bool(told)

        service.wait_for(not_ready)
        assert told == ["stopping"]
        accepted.append(clients.submit(post, service, CELL))  # until the balancer has looked away
        assert [each.result().status_code for each in accepted] == [200] * 4
        assert service.process.wait(60) == 0
        assert list(service.scratch.rglob("*")) == []
