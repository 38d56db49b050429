"""/classify records what it answers; /history tells it again, counts it, and erases it: on both engines."""

from __future__ import annotations

import base64
import csv
import io
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from problems import problem_in
from sqlalchemy import text, update
from uploads import form

from answers import BUNDLE, answer, cell
from discs import Disc, drawn_field, with_fakes
from hematovision.api.app import create_app
from hematovision.api.history import COLUMNS
from hematovision.api.history_schemas import EntrySchema, HistorySchema, StatisticsSchema
from hematovision.api.services import Services
from hematovision.images import decode
from hematovision.inference import InferenceService
from hematovision.records.recorder import Recorder
from hematovision.records.store import Records
from hematovision.records.tables import Prediction
from hematovision.settings import Settings
from house import LogLines
from patient import patient
from pictures import encoded

FIELD = encoded(
    Image.fromarray(drawn_field([Disc(300, 250, 90), Disc(520, 120, 80), Disc(90, 330, 46, "red")], 640, 480))
)


@pytest.fixture
def recorder(recording: Settings) -> Iterator[Recorder]:
    opened = patient(recording)
    yield opened
    opened.close()


@pytest.fixture
def client(recording: Settings, service: InferenceService, recorder: Recorder) -> FlaskClient:
    """Of a service whose networks know discs, and that records."""
    return create_app(recording, Services(recording, with_fakes(service), recorder)).test_client()


@pytest.fixture
def off(settings: Settings, service: InferenceService) -> FlaskClient:
    """Of a service that records nothing."""
    return create_app(settings, Services(settings, with_fakes(service))).test_client()


def classify(client: FlaskClient, query: str = "") -> dict[str, Any]:
    response = client.post(f"/classify{query}", **form(FIELD))
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.get_json()
    return content


def history(client: FlaskClient, **query: str) -> dict[str, Any]:
    response = client.get("/history", query_string=query)
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.get_json()
    assert HistorySchema(unknown="raise").validate(page) == {}
    return page


def test_an_answer_is_recorded_and_told_again_as_it_was(client: FlaskClient) -> None:
    answered = classify(client)
    assert answered.pop("recorded") is True
    assert answered.pop("cached") is False
    entry = client.get(f"/history/{answered['id']}").get_json()
    assert EntrySchema(unknown="raise").validate(entry) == {}
    assert {name: entry[name] for name in answered} == answered
    assert set(entry) - set(answered) == {"at", "user", "model_sha256"}
    assert entry["user"] is None
    assert abs(datetime.fromisoformat(entry["at"]) - datetime.now(UTC)) < timedelta(hours=1)


def test_boxes_of_red_cells_are_answered_and_not_recorded(client: FlaskClient) -> None:
    answered = classify(client, "?boxes=all")
    entry = client.get(f"/history/{answered['id']}").get_json()
    assert [each["kind"] for each in answered["cells"]] == ["nucleated", "nucleated", "red"]
    assert entry["cells"] == answered["cells"][:2]
    assert entry["seen"]["red"] == 1


def test_what_is_refused_is_not_recorded(client: FlaskClient) -> None:
    assert client.post("/classify", **form(b"text")).status_code == 415
    assert history(client)["predictions"] == []


def test_a_line_of_the_history_says_what_the_answer_said(client: FlaskClient) -> None:
    answered = classify(client)
    [line] = history(client)["predictions"]
    for name in ("id", "model", "image", "status", "label", "confidence", "seen"):
        assert line[name] == answered[name]
    assert line["milliseconds"] == answered["milliseconds"]["total"]
    assert "cells" not in line


def test_the_pages_hold_everything_once_newest_first(client: FlaskClient) -> None:
    made = [classify(client)["id"] for _ in range(5)]
    found, page = [], history(client, lines="2")
    while True:
        found += [line["id"] for line in page["predictions"]]
        if page["next"] is None:
            break
        page = history(client, lines="2", after=page["next"])
    assert found == made[::-1]


def test_each_filter_is_heard(client: FlaskClient, records: Records) -> None:
    made = {
        (label, status): records.record(answer(cell(label, status)), BUNDLE)
        for label in ("neutrophil", "basophil")
        for status in ("confident", "check")
    }

    def found(**query: str) -> set[str]:
        return {line["id"] for line in history(client, **query)["predictions"]}

    def ids(label: str = "", status: str = "") -> set[str]:
        return {str(id) for (of, is_), id in made.items() if label in ("", of) and status in ("", is_)}

    everything = ids()
    assert found() == found(label="") == found(model="drawn/1") == everything
    assert found(label="basophil") == ids(label="basophil")
    assert found(status="check") == ids(status="check")
    assert found(label="basophil", status="check") == ids("basophil", "check")
    assert found(model="drawn/2") == found(user=str(uuid.uuid4())) == set()
    moment = history(client)["predictions"][1]["at"]
    later, earlier = found(since=moment), found(until=moment)
    assert (len(later), len(earlier), later | earlier) == (2, 2, everything)
    assert found(since="2020-01-01T00:00:00") == found(until="2999-01-01T00:00:00+02:00") == everything


def cursor(at: str) -> str:
    """Well written, of a place where no page can end."""
    return base64.urlsafe_b64encode(json.dumps([at, uuid.UUID(int=1).hex]).encode()).decode()


BAD = {
    "since": ["yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"],
    "status": ["sure", "CHECK"],
    "label": ["\0", "a\nb", "x" * 200],
    "user": ["me", "1"],
    "lines": ["0", "501", "-1", "many", "1e3"],
    "after": [
        "x", "W10", "bnVsbA", "W251bGwsbnVsbF0", "e30", "ü", "=" * 9, "A" * 201, "WyIyMDI2LTAxLTAxIiwgMV0",
        "WyIyMDI2IiwgIjEiXQ", cursor("0001-01-01T00:00:00+23:59"), cursor("9999-12-31T23:59:59-23:59"),
    ],
    "unknown": ["1"],
    "Label": ["basophil"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_query_that_cannot_be_read_is_refused_by_name(client: FlaskClient, name: str, value: str) -> None:
    response = client.get("/history", query_string={name: value})
    problem = problem_in(response)
    assert (response.status_code, problem["code"]) == (400, "query_refused")
    assert name in problem["detail"]


def test_as_csv_it_is_the_whole_history(client: FlaskClient, records: Records) -> None:
    for number in range(3):
        records.record(answer(cell(), picture=str(number)), BUNDLE)
    records.record(answer(), BUNDLE)
    response = client.get("/history.csv", buffered=True)
    assert (response.status_code, response.mimetype) == (200, "text/csv")
    assert "history.csv" in response.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert tuple(rows[0]) == COLUMNS
    lines = history(client)["predictions"]
    assert [row["id"] for row in rows] == [line["id"] for line in lines]
    for row, line in zip(rows, lines, strict=True):
        assert float(row["milliseconds"]) == line["milliseconds"]
        assert row["sha256"] == line["image"]["sha256"]
        assert row["label"] == (line["label"] or "")
        assert [int(row[kind]) for kind in ("nucleated", "platelet", "red")] == list(line["seen"].values())
    only = client.get("/history.csv?status=no_cells", buffered=True)
    assert [row["status"] for row in csv.DictReader(io.StringIO(only.text))] == ["no_cells"]


def test_an_empty_history_is_a_csv_with_its_columns(client: FlaskClient) -> None:
    assert client.get("/history.csv", buffered=True).text == ",".join(COLUMNS) + "\r\n"


def test_statistics_tell_the_drift_of_a_day(client: FlaskClient, records: Records) -> None:
    shown = [cell("neutrophil")] * 5 + [cell("basophil", "check")] * 2 + [cell(status="unfamiliar")]
    for each in shown:
        records.record(answer(each), BUNDLE)
    records.record(answer(), BUNDLE)
    old = records.record(answer(cell("monocyte")), BUNDLE)
    today = records.entry(old).at.date()
    with records.engine.begin() as connection:
        connection.execute(update(Prediction).values(day=today - timedelta(days=1)).where(Prediction.id == old))
    body = client.get("/history/statistics").get_json()
    assert StatisticsSchema(unknown="raise").validate(body) == {}
    new, before = body["days"]
    assert new["day"], before["day"] == (str(today), str(today - timedelta(days=1)))
    assert new["model"] == {"name": BUNDLE.name, "version": BUNDLE.version}
    assert new["pictures"] == 9
    assert {each["status"]: each["count"] for each in new["statuses"]} == {
        "confident": 5, "check": 2, "unfamiliar": 1, "no_cells": 1, "not_a_smear": 0,
    }  # fmt: skip
    assert [(each["label"], each["count"]) for each in new["labels"]] == [("basophil", 2), ("neutrophil", 5)]
    assert [each["share"] for each in new["labels"]] == pytest.approx([2 / 7, 5 / 7])
    assert (new["check"], new["unfamiliar"]) == pytest.approx((2 / 8, 1 / 8))
    assert client.get(f"/history/statistics?until={today}").get_json()["days"] == [before]
    assert client.get("/history/statistics?model=drawn/9").get_json()["days"] == []


def test_a_day_without_any_cell_has_no_shares(client: FlaskClient, records: Records) -> None:
    records.record(answer(), BUNDLE)
    [day] = client.get("/history/statistics").get_json()["days"]
    assert (day["check"], day["unfamiliar"], day["labels"]) == (None, None, [])


def test_what_is_erased_is_gone_and_the_audit_says_so(client: FlaskClient, records: Records) -> None:
    gone, stays = classify(client)["id"], classify(client)["id"]
    response = client.delete(f"/history/{gone}?reason=sent+by+mistake")
    assert (response.status_code, response.data) == (204, b"")
    for again in (client.get, client.delete):
        problem = problem_in(again(f"/history/{gone}"))
        assert (problem["status"], problem["code"]) == (404, "prediction_unknown")
    assert [line["id"] for line in history(client)["predictions"]] == [stays]
    assert records.verify().entries == 1
    with records.engine.connect() as connection:
        assert connection.scalar(text("SELECT reason FROM audit_details")) == "sent by mistake"


@pytest.mark.parametrize("reason", ["a\nb", "x" * 501])
def test_a_reason_that_is_no_sentence_erases_nothing(client: FlaskClient, reason: str) -> None:
    prediction = classify(client)["id"]
    response = client.delete(f"/history/{prediction}", query_string={"reason": reason})
    assert problem_in(response)["code"] == "query_refused"
    assert client.get(f"/history/{prediction}").status_code == 200


def test_an_id_that_is_none_is_not_found(client: FlaskClient) -> None:
    for id in ("1", "none", str(uuid.uuid4()) + "x"):
        assert problem_in(client.get(f"/history/{id}"))["code"] == "not_found"
    assert problem_in(client.get(f"/history/{uuid.uuid4()}"))["code"] == "prediction_unknown"


def test_a_picture_is_kept_for_open_work_alone(client: FlaskClient, records: Records) -> None:
    work = records.open_work("a study", 3)
    assert not records.pictures.exists()
    classify(client)
    assert not records.pictures.exists()
    kept = classify(client, f"?work={work}")["id"]
    [file] = records.pictures.iterdir()
    assert file.name == f"{kept}.png"
    assert decode(file.read_bytes()).rgb.shape == (480, 640, 3)
    assert client.delete(f"/history/{kept}").status_code == 204
    assert list(records.pictures.iterdir()) == []


@pytest.mark.parametrize("work", ["a-study", str(uuid.uuid4())], ids=["no id", "of none"])
def test_for_work_that_is_unknown_nothing_is_kept_and_nothing_recorded(
    client: FlaskClient, records: Records, work: str
) -> None:
    response = client.post(f"/classify?work={work}", **form(FIELD))
    assert (response.status_code, problem_in(response)["code"]) == (404, "work_unknown")
    assert not records.pictures.exists()
    assert history(client)["predictions"] == []


def test_health_says_that_the_database_is_there(client: FlaskClient) -> None:
    classify(client)
    assert client.get("/health").get_json()["database"] == {"status": "ok", "reason": None}


def test_switched_off_pictures_are_answered_and_nothing_is_recorded(off: FlaskClient, settings: Settings) -> None:
    answered = classify(off)
    assert (answered["recorded"], answered["id"]) == (False, None)
    assert answered["cells"]
    for path in ("/history", "/history.csv", "/history/statistics", f"/history/{uuid.uuid4()}"):
        response = off.get(path)
        assert (response.status_code, problem_in(response)["code"]) == (404, "records_off")
    assert off.get("/health").get_json()["database"]["status"] == "off"
    assert problem_in(off.post(f"/classify?work={uuid.uuid4()}", **form(FIELD)))["code"] == "records_off"
    assert not settings.records.exists()


def test_with_the_database_away_pictures_are_answered_and_it_says_so(
    settings: Settings, service: InferenceService, free_port: int, log_lines: LogLines
) -> None:
    url = f"postgresql://nobody:secret@127.0.0.1:{free_port}/none"
    away = replace(settings, database_url=url)
    recorder = Recorder(away, glance=0.05)
    client = create_app(away, Services(away, with_fakes(service), recorder)).test_client()
    answered = classify(client)
    assert (answered["recorded"], answered["id"]) == (False, None)
    assert answered["label"] == "lymphocyte"
    for path in ("/history", "/history.csv", "/history/statistics", f"/history/{uuid.uuid4()}"):
        response = client.get(path)
        assert (response.status_code, problem_in(response)["code"]) == (503, "records_unavailable")
    health = client.get("/health")
    assert (health.status_code, health.get_json()["database"]["status"]) == (200, "away")
    assert client.get("/health/ready").status_code == 200
    recorder.close()
    logged = str(log_lines())
    assert "prediction not recorded" in logged
    assert str(free_port) in logged  # what libpq said of it, which is not for callers to know
    assert str(free_port) not in health.text
    assert "secret" not in logged + health.text
    assert answered["image"]["sha256"] not in logged
