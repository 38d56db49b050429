"""One picture in, one answer out, in the shape that is published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from PIL import Image
from problems import problem_in
from uploads import form

from bundles import drawn_bundle
from discs import Disc, drawn_field, with_fakes
from hematovision.api.app import create_app
from hematovision.api.history_schemas import RecordedAnswerSchema
from hematovision.api.schemas import CellSchema
from hematovision.api.services import Services
from hematovision.cells import Prediction, Probability
from hematovision.cli import main
from hematovision.grounds import grounds
from hematovision.images import decode
from hematovision.inference import InferenceService
from hematovision.judging import Strangeness, judge
from hematovision.locator import Found
from hematovision.quality import Quality
from hematovision.settings import Settings
from pictures import MEDIA_TYPE, SAVED_AS, drawn_cell, encoded

CELL = encoded(drawn_cell())

SIZE = 640, 480
WHITE, OTHER = Disc(300, 250, 90), Disc(520, 120, 80)
PLATELET = Disc(320, 60, 22, "platelet")
RED = [Disc(90, 330, 46, "red"), Disc(170, 400, 44, "red")]
CUT = Disc(636, 400, 90)
JUDGED = ("status", "label", "confidence", "probabilities", "reasons")


def without_times(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in answer.items()
        if name not in ("milliseconds", "file", "id", "cached", "recorded")
    }


def file_of(discs: Sequence[Disc]) -> bytes:
    return encoded(Image.fromarray(drawn_field(discs, *SIZE)))


def asked(client: FlaskClient, discs: Sequence[Disc], query: str = "") -> dict[str, Any]:
    """The answer to a field of these cells, in the shape that is published."""
    response = client.post(f"/classify{query}", **form(file_of(discs)))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.get_json()
    assert RecordedAnswerSchema(unknown="raise").validate(answer) == {}
    assert set(answer) == set(RecordedAnswerSchema().fields)
    assert all(set(cell) == set(CellSchema().fields) for cell in answer["cells"])
    return answer


def ends(cell: dict[str, Any]) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of its box."""
    box = cell["box"]
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def shown(answer: dict[str, Any], disc: Disc) -> dict[str, Any]:
    """The cell of the answer whose box is the disc's, as far as it is in the picture."""
    box = [max(0, min(end, most)) for end, most in zip(disc.box, SIZE * 2, strict=True)]
    [cell] = [each for each in answer["cells"] if ends(each) == pytest.approx(box, abs=4)]
    found: dict[str, Any] = cell
    return found


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


def test_an_answer_of_the_real_model_has_the_published_shape(
    client: FlaskClient, record: dict[str, Any], classified: bytes
) -> None:
    answer = client.post("/classify?boxes=all", **form(classified)).json
    assert RecordedAnswerSchema(unknown="raise").validate(answer) == {}
    assert set(answer) == set(RecordedAnswerSchema().fields)
    assert answer["model"] == {"name": record["name"], "version": record["version"]}
    assert answer["image"]["sha256"] == hashlib.sha256(classified).hexdigest()
    assert [each["label"] for each in answer["probabilities"]] == record["labels"]
    for cell in answer["cells"]:
        if cell["kind"] != "red":
            assert sum(each["probability"] for each in cell["probabilities"]) == pytest.approx(1)


def test_of_the_real_model_the_label_is_the_most_probable_class(
    client: FlaskClient, record: dict[str, Any], classified: bytes
) -> None:
    for cell in client.post("/classify", **form(classified)).json["cells"]:
        best = max(cell["probabilities"], key=lambda each: each["probability"])
        assert (cell["label"], cell["confidence"]) == (best["label"], best["probability"])
        if cell["confidence"] < record["calibration"]["confident_from"]:
            assert cell["status"] == "check"
        assert bool(cell["reasons"]) == (cell["status"] != "confident")


def test_every_cell_is_answered_with_its_place(seeing: FlaskClient) -> None:
    answer = asked(seeing, [WHITE, OTHER, PLATELET, *RED])
    assert answer["image"] == {"width": 640, "height": 480, "sha256": answer["image"]["sha256"]}
    assert len(answer["cells"]) == 3
    for disc, label in ((WHITE, "lymphocyte"), (OTHER, "lymphocyte"), (PLATELET, "platelet")):
        cell = shown(answer, disc)
        assert (cell["kind"], cell["label"], cell["status"], cell["edge"]) == (disc.kind, label, "confident", False)


def test_all_kinds_are_counted_red_ones_too(seeing: FlaskClient) -> None:
    answer = asked(seeing, [WHITE, OTHER, PLATELET, *RED])
    assert answer["seen"] == {"nucleated": 2, "platelet": 1, "red": 2}


def test_boxes_of_red_cells_come_when_they_are_asked_for(seeing: FlaskClient) -> None:
    discs = [WHITE, OTHER, PLATELET, *RED]
    plain, every = asked(seeing, discs), asked(seeing, discs, "?boxes=all")
    assert every["cells"][: len(plain["cells"])] == plain["cells"]
    red = every["cells"][len(plain["cells"]) :]
    assert len(red) == 2
    for cell in red:
        assert (cell["kind"], cell["edge"]) == ("red", False)
        assert [cell[name] for name in JUDGED] == [None, None, None, [], []]
    for disc in RED:
        assert shown(every, disc)["kind"] == "red"
    assert {**without_times(every), "cells": plain["cells"]} == without_times(plain)


def test_classified_is_what_is_asked_for_by_default(seeing: FlaskClient) -> None:
    discs = [WHITE, *RED]
    assert without_times(asked(seeing, discs, "?boxes=classified")) == without_times(asked(seeing, discs))


def test_why_a_cell_has_its_label_comes_when_it_is_asked_for(
    client: FlaskClient, service: InferenceService, classified: bytes
) -> None:
    """The map lies around the cell's box, and its mean with the bias is the logit of the label."""
    plain = client.post("/classify", **form(classified)).get_json()
    answer = client.post("/classify?why=labels", **form(classified)).get_json()
    assert all(cell["why"] is None for cell in plain["cells"])
    cell, bundle, rgb = answer["cells"][0], service.bundle, decode(classified).rgb
    assert cell["label"] and cell | {"why": None} == plain["cells"][0]
    why, box = cell["why"], cell["box"]
    assert why["x"] + why["side"] / 2 == pytest.approx(box["x"] + box["width"] / 2, abs=2)
    assert why["y"] + why["side"] / 2 == pytest.approx(box["y"] + box["height"] / 2, abs=2)
    assert why["side"] == pytest.approx(bundle.context * max(box["width"], box["height"]), abs=3)
    at = bundle.labels.index(cell["label"])
    found = service.road.locate(rgb)
    features = service.road.classify(rgb, found[:1], found).features
    [logits] = bundle.head.logits(features.mean(axis=(1, 2)))
    assert np.mean(why["seen_at"]) + bundle.head.bias[at] == pytest.approx(logits[at], abs=2e-3)
    told = {each.name: each.values for each in bundle.readouts if cell["label"] in each.labels}
    assert {each["name"]: tuple(value["value"] for value in each["values"]) for each in why["readings"]} == told
    for reading in why["readings"]:
        assert sum(value["probability"] for value in reading["values"]) == pytest.approx(1, abs=1e-3)


def test_nothing_is_claimed_of_a_cell_without_a_label() -> None:
    bundle = drawn_bundle(("lymphocyte", "neutrophil"))
    found, features = Found(10, 10, 50, 50, "nucleated", 0.9, edge=False), np.ones((4, 4, 2), np.float32)
    prediction = Prediction((Probability("lymphocyte", 0.99), Probability("neutrophil", 0.01)))
    good = Quality(sharpness=1, stain=1, light=230)
    named, unfamiliar = (
        judge(bundle, found, prediction, "lymphocyte", Strangeness(distance, 0, 0.4), "0" * 16, lambda: good)
        for distance in (0.0, 2.0)
    )
    assert grounds(bundle, named, found, features) is not None
    assert grounds(bundle, unfamiliar, found, features) is None


@pytest.mark.parametrize("boxes", ["red", "", "ALL", "all,classified", "nonsense" * 50, "<script>", "ü"])
def test_boxes_that_there_are_not_are_refused(seeing: FlaskClient, boxes: str) -> None:
    response = seeing.post("/classify", **form(file_of([WHITE])), query_string={"boxes": boxes})
    problem = problem_in(response)
    assert (response.status_code, problem["code"]) == (400, "query_refused")
    assert "classified, all" in problem["detail"]
    assert len(problem["detail"]) < 200


@pytest.mark.parametrize("why", ["1", "", "all"])
def test_reasons_that_there_are_not_are_refused(seeing: FlaskClient, why: str) -> None:
    problem = problem_in(seeing.post("/classify", **form(file_of([WHITE])), query_string={"why": why}))
    assert (problem["status"], problem["code"]) == (400, "query_refused")
    assert "none, labels" in problem["detail"]


@pytest.mark.parametrize(
    ("discs", "main"),
    [
        ([OTHER, WHITE, PLATELET], WHITE),
        ([OTHER, Disc(320, 240, 22, "platelet")], OTHER),
        ([Disc(500, 80, 22, "platelet"), PLATELET, Disc(320, 240, 45, "red")], PLATELET),
        ([CUT, PLATELET], CUT),
    ],
    ids=["the nearest", "a nucleated one before a platelet", "else a platelet", "be it cut by the edge"],
)
def test_the_main_cell_comes_first_and_is_the_answer(seeing: FlaskClient, discs: list[Disc], main: Disc) -> None:
    answer = asked(seeing, discs)
    first = answer["cells"][0]
    assert first == shown(answer, main)
    assert [first[name] for name in JUDGED] == [answer[name] for name in JUDGED]


def test_a_cell_that_the_edge_cuts_is_flagged_and_its_box_ends_there(seeing: FlaskClient) -> None:
    [cell] = asked(seeing, [CUT])["cells"]
    assert cell["edge"]
    assert ends(cell)[2] == SIZE[0]


def test_red_cells_alone_are_a_smear_without_a_cell_to_classify(seeing: FlaskClient) -> None:
    answer = asked(seeing, RED)
    assert [answer[name] for name in JUDGED[:-1]] == ["no_cells", None, None, []]
    assert answer["cells"] == []
    assert answer["seen"] == {"nucleated": 0, "platelet": 0, "red": 2}
    assert "2 red cells were seen" in answer["reasons"][0]
    assert [each["kind"] for each in asked(seeing, RED, "?boxes=all")["cells"]] == ["red", "red"]


def test_where_nothing_is_found_it_is_no_smear(seeing: FlaskClient) -> None:
    answer = asked(seeing, [], "?boxes=all")
    assert [answer[name] for name in JUDGED[:-1]] == ["not_a_smear", None, None, []]
    assert answer["cells"] == []
    assert answer["seen"] == {"nucleated": 0, "platelet": 0, "red": 0}
    assert len(answer["reasons"]) == 1


def test_one_cell_beside_much_that_is_none_is_no_smear(seeing: FlaskClient) -> None:
    cell = Disc(560, 60, 70, "red")
    assert asked(seeing, [cell])["status"] == "no_cells"
    picture = drawn_field([cell], *SIZE)
    picture[150:, :420] = 0
    answer = seeing.post("/classify?boxes=all", **form(encoded(Image.fromarray(picture)))).json
    assert (answer["status"], answer["cells"]) == ("not_a_smear", [])
    assert answer["seen"] == {"nucleated": 0, "platelet": 0, "red": 0}


def test_a_cell_that_the_model_is_unsure_of_is_to_check(settings: Settings, service: InferenceService) -> None:
    unsure = create_app(settings, Services(settings, with_fakes(service, sure=0.4))).test_client()
    answer = asked(unsure, [WHITE])
    assert (answer["status"], answer["label"]) == ("check", "lymphocyte")
    assert answer["confidence"] == pytest.approx(0.4, abs=1e-4)
    assert "A person should look." in answer["reasons"][0]


def test_a_large_jpeg_is_answered_in_its_own_pixels(seeing: FlaskClient) -> None:
    """It is decoded at half its size."""
    discs = [
        Disc(x * 7, y * 10, d * 8.5, kind) for x, y, d, kind in ((300, 250, 90, "nucleated"), (90, 330, 46, "red"))
    ]
    picture = drawn_field(discs, 4_480, 4_800)
    answer = seeing.post("/classify?boxes=all", **form(encoded(Image.fromarray(picture), "JPEG", subsampling=0))).json
    assert (answer["image"]["width"], answer["image"]["height"]) == (4_480, 4_800)
    for cell, disc in zip(answer["cells"], discs, strict=True):
        assert ends(cell) == pytest.approx(disc.box, abs=30)


@pytest.mark.parametrize("query", ["", "?boxes=all"])
def test_every_box_lies_within_the_picture(client: FlaskClient, query: str) -> None:
    for seed in range(3):
        for width, height in ((415, 90), (301, 333), (97, 640)):
            answer = client.post(f"/classify{query}", **form(encoded(drawn_cell(seed, width, height)))).json
            for cell in answer["cells"]:
                x0, y0, x1, y1 = ends(cell)
                assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height


def test_the_command_line_prints_the_very_same_answer(
    client: FlaskClient, runner: CliRunner, tmp_path: Path, classified: bytes
) -> None:
    file = tmp_path / "cell.png"
    file.write_bytes(classified)
    result = runner.invoke(main, ["classify", "--json", str(file)])
    assert result.exit_code == 0
    [printed] = json.loads(result.stdout)
    assert printed["file"] == str(file)
    assert without_times(printed) == without_times(client.post("/classify", **form(classified)).json)


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
