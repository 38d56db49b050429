"""One picture in, one answer out, in the shape that is published."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from uploads import form

from hematovision.api.schemas import STATUSES, AnswerSchema
from hematovision.cli import main
from pictures import MEDIA_TYPE, SAVED_AS, drawn_cell, encoded

CELL = encoded(drawn_cell())


def without_times(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("milliseconds", "file")}


@pytest.mark.parametrize("format", SAVED_AS)
def test_every_format_is_answered_alike_as_a_form_and_as_the_raw_body(client: FlaskClient, format: str) -> None:
    data = encoded(drawn_cell(), format)
    by_form = client.post("/classify", **form(data, media_type=MEDIA_TYPE[format]))
    raw = client.post("/classify", data=data, content_type=MEDIA_TYPE[format])
    assert by_form.status_code == raw.status_code == 200
    assert without_times(by_form.json) == without_times(raw.json)


@pytest.mark.parametrize("declared", ["application/octet-stream", "image/jpeg", "image/x-unknown", "image/png; q=1"])
def test_the_bytes_tell_the_format_whatever_is_declared(client: FlaskClient, declared: str) -> None:
    assert client.post("/classify", data=CELL, content_type=declared).status_code == 200


def test_an_answer_has_the_published_shape(client: FlaskClient, record: dict[str, Any]) -> None:
    answer = client.post("/classify", **form(CELL)).json
    assert AnswerSchema(unknown="raise").validate(answer) == {}
    assert set(answer) == set(AnswerSchema().fields)
    assert answer["model"] == {"name": record["name"], "version": record["version"]}
    assert answer["image"] == {"width": 120, "height": 96, "sha256": hashlib.sha256(CELL).hexdigest()}
    assert [each["label"] for each in answer["probabilities"]] == record["labels"]
    assert sum(each["probability"] for each in answer["probabilities"]) == pytest.approx(1)


def test_the_label_is_the_most_probable_class(client: FlaskClient, record: dict[str, Any]) -> None:
    answer = client.post("/classify", **form(CELL)).json
    best = max(answer["probabilities"], key=lambda each: each["probability"])
    assert (answer["label"], answer["confidence"]) == (best["label"], best["probability"])
    assert answer["status"] in STATUSES
    sure = answer["confidence"] >= record["calibration"]["confident_from"]
    assert answer["status"] == ("confident" if sure else "check")
    assert bool(answer["reasons"]) == (answer["status"] != "confident")


def test_the_whole_picture_is_the_one_cell(client: FlaskClient) -> None:
    answer = client.post("/classify", **form(CELL)).json
    [cell] = answer["cells"]
    assert cell["box"] == {"x": 0, "y": 0, "width": 120, "height": 96}
    for name in ("status", "label", "confidence", "probabilities", "reasons"):
        assert cell[name] == answer[name]


def test_the_command_line_prints_the_very_same_answer(client: FlaskClient, runner: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "cell.png"
    file.write_bytes(CELL)
    result = runner.invoke(main, ["classify", "--json", str(file)])
    assert result.exit_code == 0
    [printed] = json.loads(result.stdout)
    assert printed["file"] == str(file)
    assert without_times(printed) == without_times(client.post("/classify", **form(CELL)).json)


def test_fields_beside_the_picture_are_left_alone(client: FlaskClient) -> None:
    sent = form(CELL)
    line, rest = sent["data"].split(b"\r\n", 1)
    field = b'\r\nContent-Disposition: form-data; name="note"\r\n\r\nbed 4\r\n'
    sent["data"] = line + field + line + b"\r\n" + rest
    assert client.post("/classify", **sent).status_code == 200


def test_the_times_add_up(client: FlaskClient) -> None:
    times = client.post("/classify", **form(CELL)).json["milliseconds"]
    assert min(times.values()) >= 0
    assert times["total"] == pytest.approx(times["decode"] + times["locate"] + times["classify"])
