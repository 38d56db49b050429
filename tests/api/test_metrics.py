"""What is counted, who may ask for it, and that nothing in it is anybody's."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from problems import problem_in
from uploads import form

from answers import answer, cell
from discs import Disc, drawn_field
from exposed import Exposed
from hematovision.api.app import create_app
from hematovision.api.metrics import STAGES, Metrics
from hematovision.api.services import Services
from hematovision.bundle import current_path
from hematovision.errors import SettingRefused
from hematovision.inference import InferenceService
from hematovision.records.store import Records
from hematovision.settings import Settings
from house import MakeClient
from patient import patient
from people import add, logged_in, stranger
from pictures import encoded

CELL = encoded(Image.fromarray(drawn_field([Disc(180, 180, 150)], 360, 360)))
EMPTY = encoded(Image.fromarray(drawn_field([], 360, 360)))


def exposed(client: FlaskClient) -> Exposed:
    response = client.get("/metrics")
    assert (response.status_code, response.mimetype) == (200, "text/plain")
    assert response.headers["Cache-Control"] == "no-store"
    return Exposed(response.text)


def test_answers_are_counted_by_status_and_label_and_their_time_by_stage(seeing: FlaskClient) -> None:
    for picture in (CELL, CELL, EMPTY):
        assert seeing.post("/classify", **form(picture)).status_code == 200
    now = exposed(seeing)
    assert now("hematovision_answers_total", status="confident", label="lymphocyte") == 2
    assert now("hematovision_answers_total", label="none") == 1
    assert now("hematovision_cache_hits_total") == 1
    counted = {stage: now("hematovision_stage_seconds_count", stage=stage) for stage in STAGES}
    assert counted == dict.fromkeys(("read", "record", "encode"), 3) | dict.fromkeys(
        ("wait", "decode", "locate", "classify"), 2
    )
    assert now("hematovision_request_seconds_count", route="/classify") == 3
    stages = now("hematovision_stage_seconds_sum")
    assert 0 < stages < now("hematovision_request_seconds_sum", route="/classify")


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda client: client.post("/classify", **form(b"text")), "picture_format_refused"),
        (lambda client: client.get("/nowhere/Maria-Muster"), "not_found"),
        (lambda client: client.get("/history"), "records_off"),
    ],
)
def test_refusals_are_counted_by_code(client: FlaskClient, ask: Callable[[FlaskClient], object], code: str) -> None:
    before = exposed(client)("hematovision_problems_total", code=code)
    ask(client)
    ask(client)
    now = exposed(client)
    assert now("hematovision_problems_total", code=code) - before == 2
    assert now("hematovision_problems_total") == 2
    assert "Muster" not in client.get("/metrics").text


def test_every_failure_that_has_a_name_stands_at_zero_before_it_happens(client: FlaskClient) -> None:
    codes = {each.labels["code"] for each in exposed(client).samples if each.name == "hematovision_problems_total"}
    assert codes >= {"internal_error", "queue_full", "deadline_passed", "storage_full", "records_unavailable"}


def test_the_model_its_queue_and_the_records_are_told(
    settings: Settings, service: InferenceService, make_client: MakeClient
) -> None:
    recorder = patient(settings)
    assert recorder.records
    ours = Services(settings, service, recorder)
    client = create_app(settings, ours).test_client()
    now = exposed(client)
    assert now("hematovision_workers", state="ready") == now("hematovision_workers") == 1
    assert now("hematovision_model", version=service.bundle.version) == now("hematovision_model") == 1
    assert now("hematovision_records", state="ok") == now("hematovision_records") == 1
    assert now("hematovision_queue_places") == settings.queue
    assert now("hematovision_queue") == now("hematovision_bundle_refused") == 0
    ours.stopping.set()
    assert exposed(client)("hematovision_workers", state="stopping") == 1
    recorder.close()
    without_records = exposed(make_client())
    assert without_records("hematovision_records", state="off") == 1


def test_without_a_verified_model_that_is_told(models: Path, tmp_path: Path, make_client: MakeClient) -> None:
    spoiled = tmp_path / "models"
    current = current_path(models)
    shutil.copytree(current, spoiled / current.relative_to(models))
    (spoiled / "CURRENT").write_text("wbc-mobilenetv2/0.0.0\n")
    now = exposed(make_client(models=spoiled))
    assert now("hematovision_workers", state="no_model") == now("hematovision_workers") == 1
    assert now("hematovision_model") == 0


ELSEWHERE = "10.1.2.3"
BY_A_PROXY = {"X-Forwarded-For": "127.0.0.1"}  # so, or claimed to be so by whoever asks directly


@pytest.mark.parametrize("given", [{"login": "off"}, {"login": "off", "open": 1}, {"login": "on"}], ids=str)
@pytest.mark.parametrize("proxies", [0, 1])
def test_this_machine_and_the_networks_named_are_answered_and_nobody_else(
    settings: Settings, service: InferenceService, given: dict[str, object], proxies: int
) -> None:
    def status(networks: tuple[str, ...], address: str = "127.0.0.1", **headers: str) -> int:
        ours = replace(settings, metrics=networks, proxies=proxies, **given)
        client = create_app(ours, Services(ours, service)).test_client()
        response = client.get("/metrics", environ_base={"REMOTE_ADDR": address}, headers=headers)
        if response.status_code != 200:
            assert problem_in(response)["code"] == "not_open"
            assert "hematovision_" not in response.text
        return response.status_code

    assert status(()) == 200
    assert status((), Host="evil.example") == 403  # a page elsewhere whose name was made to lead here
    assert status((), ELSEWHERE) == 403
    assert status(("10.2.0.0/16", "::1"), ELSEWHERE) == 403
    assert status(("192.168.0.0/16", "10.1.0.0/16"), ELSEWHERE, Host="replica1:8000") == 200
    for address in ("127.0.0.1", ELSEWHERE):
        assert status(("127.0.0.0/8", "10.1.0.0/16"), address, **BY_A_PROXY) == 403


def test_a_network_that_is_none_is_refused_at_the_start() -> None:
    for wrong in ("10.0.0.0/33", "prometheus", "10.1.2.3/8"):
        with pytest.raises(SettingRefused, match="HEMATOVISION_METRICS must be networks"):
            Settings(metrics=(wrong,))


def test_nothing_in_it_is_anybodys(guarded: Flask, records: Records) -> None:
    anna = add(records, "anna", "admin")
    person = logged_in(guarded, "anna")
    sent = person.ask("POST", "/classify?work=x", **form(CELL, name="Maria-Muster.png"))
    assert sent.status_code == 404
    recorded = person.ask("POST", "/classify", **form(CELL, name="Maria-Muster.png")).get_json()
    person.ask("GET", f"/history/{recorded['id']}?user=Maria-Muster")
    stranger(guarded).log_in("Maria-Muster")
    told = guarded.test_client().get("/metrics").text
    for personal in ("anna", str(anna.id), "Muster", recorded["id"], recorded["image"]["sha256"], "127.0.0.1"):
        assert personal not in told
    assert Exposed(told)("hematovision_request_seconds_count", route="/history/<uuid:id>") == 1


def test_to_count_costs_far_below_a_hundredth_of_an_answer(settings: Settings, service: InferenceService) -> None:
    metrics, ours = Metrics(), answer(cell())

    def count() -> None:
        for stage in ("read", "wait", "record", "encode"):
            metrics.took(stage, 0.01)
        metrics.answer(ours, cached=False)
        metrics.request("/classify", None, 0.02)

    def median(work: Callable[[], object], times: int) -> float:
        took = []
        for _ in range(times):
            began = time.perf_counter()
            work()
            took.append(time.perf_counter() - began)
        return statistics.median(took)

    client = create_app(replace(settings, cache=0), Services(replace(settings, cache=0), service)).test_client()
    picture = encoded(Image.fromarray(drawn_field([Disc(180, 180, 150)], 360, 360)))
    assert median(count, 500) < median(lambda: client.post("/classify", **form(picture)), 9) / 100
