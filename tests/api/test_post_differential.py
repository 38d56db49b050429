"""POST /differential: what /classify answered comes back counted; whatever else comes is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from problems import problem_in
from werkzeug.test import TestResponse

from discs import Disc, drawn_field
from hematovision.api.count_schemas import PreClassificationSchema
from hematovision.api.differential import MAX_ANSWERS, MAX_CELLS
from house import MakeClient
from pictures import encoded

SMEAR = drawn_field(
    [Disc(200, 150, 90), Disc(430, 300, 80), Disc(330, 80, 22, "platelet"), Disc(90, 330, 45, "red")], 640, 480
)

CELL: dict[str, Any] = {
    "box": {"x": 1, "y": 2, "width": 90, "height": 84},
    "kind": "nucleated",
    "edge": False,
    "status": "confident",
    "label": "neutrophil",
    "confidence": 0.98,
    "probabilities": [
        {"label": "erythroblast", "probability": 0.01},
        {"label": "monocyte", "probability": 0.01},
        {"label": "neutrophil", "probability": 0.98},
    ],
    "reasons": [],
    "sketch": None,
}
SKETCHED = CELL | {"sketch": "9ae1b3a5c0f27d68"}


def cells(**counts: int) -> list[dict[str, Any]]:
    return [CELL | {"label": label} for label, count in counts.items() for _ in range(count)]


def body(*pictures: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """What to send for pictures that hold these cells, each with its own SHA-256."""
    return {"answers": [{"image": {"sha256": f"{i:064x}"}, "cells": each} for i, each in enumerate(pictures)], **more}


def post(client: FlaskClient, sent: Any) -> TestResponse:
    """Send any JSON, `null` and NaN too."""
    return client.post("/differential", data=json.dumps(sent), content_type="application/json")


def counted(response: TestResponse) -> dict[str, Any]:
    """The pre-classification in the response, of the shape that is published."""
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.get_json()
    assert PreClassificationSchema().validate(answer) == {}
    assert set(answer) == set(PreClassificationSchema().fields)
    return answer


def test_answers_of_classify_are_counted_as_they_came(client: FlaskClient, classified: bytes) -> None:
    answer = client.post("/classify", data=classified, content_type="image/jpeg").get_json()
    result = counted(client.post("/differential", json={"answers": [answer, answer]}))
    assert result["status"] == "pre_classification"
    assert result["pictures"] == 1
    assert result["identical"] == [{"picture": 1, "same_as": 0}]
    labels = [each["label"] for each in answer["probabilities"] if each["label"] not in ("erythroblast", "platelet")]
    assert [each["label"] for each in result["classes"]] == labels


RED = CELL | {
    "kind": "red", "status": None, "label": None, "confidence": None, "probabilities": [],
}  # fmt: skip


def test_red_cells_are_accepted_and_left_out(client: FlaskClient) -> None:
    plain = counted(post(client, body(cells(neutrophil=60), cells(monocyte=40, platelet=3))))
    with_red = counted(post(client, body([*cells(neutrophil=60), *[RED] * 40], [RED, *cells(monocyte=40, platelet=3)])))
    assert with_red == plain


def test_of_red_cells_alone_there_is_no_count(client: FlaskClient) -> None:
    result = counted(post(client, body([RED] * 30)))
    assert (result["white_cells"], result["platelets"], result["classes"], result["held_back"]["cells"]) == (
        0,
        0,
        [],
        [],
    )


def test_answers_with_all_boxes_are_counted_like_those_without(seeing: FlaskClient) -> None:
    sent = encoded(Image.fromarray(SMEAR))
    classified, every = (
        seeing.post(f"/classify{query}", data=sent, content_type="image/png").get_json() for query in ("", "?boxes=all")
    )
    assert len(every["cells"]) > len(classified["cells"])
    results = [counted(post(seeing, {"answers": [each]})) for each in (classified, every)]
    assert results[0] == results[1]
    assert results[0]["white_cells"] == sum(each["kind"] == "nucleated" for each in classified["cells"])


def test_a_cell_dropped_is_the_one_at_its_place_among_red_ones(client: FlaskClient) -> None:
    sent = body([*cells(neutrophil=1), RED, *cells(monocyte=1)], drop=[{"picture": 0, "cell": 2}])
    assert {each["label"]: each["count"] for each in counted(post(client, sent))["classes"]}["monocyte"] == 0


def test_a_hundred_cells_over_two_pictures(client: FlaskClient) -> None:
    sent = body(cells(neutrophil=60), cells(monocyte=40, erythroblast=10), widest=10, white_count=11.0)
    result = counted(client.post("/differential", json=sent))
    monocytes, neutrophils = result["classes"]
    assert (monocytes["label"], neutrophils["label"]) == ("monocyte", "neutrophil")
    assert (monocytes["percentage"], neutrophils["percentage"]) == (40, 60)
    assert neutrophils["interval"] == pytest.approx({"low": 49.7, "high": 69.7}, abs=0.05)
    assert neutrophils["absolute"]["value"] == pytest.approx(6.0)
    assert result["erythroblasts"]["interval"] == pytest.approx({"low": 4.7, "high": 19.2}, abs=0.05)
    assert result["white_count"]["used"] == pytest.approx(10.0)
    assert result["cells_needed"] == 287
    assert result["unseen_up_to"] == pytest.approx(3.6, abs=0.05)
    assert "misclassification" in result["interval_message"]


def test_cells_held_back_are_listed_with_their_place(client: FlaskClient) -> None:
    unfamiliar = CELL | {"status": "unfamiliar", "label": None, "confidence": None}
    sent = body(cells(neutrophil=30), [*cells(neutrophil=1), unfamiliar, CELL | {"edge": True}])
    held = counted(client.post("/differential", json=sent))["held_back"]
    assert [(each["place"], each["reason"], each["label"]) for each in held["cells"]] == [
        ({"picture": 1, "cell": 1}, "unfamiliar", None),
        ({"picture": 1, "cell": 2}, "edge", "neutrophil"),
    ]
    assert held["cells"][0]["box"] == CELL["box"]
    assert held["limit"] == 10


def test_edge_cells_are_counted_on_request(client: FlaskClient) -> None:
    sent = body([CELL | {"edge": True}], count_edge=True)
    assert counted(client.post("/differential", json=sent))["white_cells"] == 1


def test_the_limit_for_cells_held_back_is_a_setting(client: FlaskClient, make_client: MakeClient) -> None:
    sent = body([*cells(neutrophil=4), CELL | {"edge": True}])
    strict = counted(client.post("/differential", json=sent))
    assert strict["counts_only"]
    assert [each["percentage"] for each in strict["classes"]] == [None, None]
    assert not counted(make_client(max_held_back=20).post("/differential", json=sent))["counts_only"]


def test_a_suspected_overlap_is_shown_and_can_be_dropped(client: FlaskClient) -> None:
    sent = body([CELL, SKETCHED], [SKETCHED])
    pair = {"first": {"picture": 0, "cell": 1}, "second": {"picture": 1, "cell": 0}}
    assert counted(client.post("/differential", json=sent))["overlaps"] == [pair]
    after = counted(client.post("/differential", json=sent | {"drop": [pair["second"]]}))
    assert (after["overlaps"], after["white_cells"], after["dropped"]) == ([], 2, 1)


def test_fields_of_later_versions_are_passed_over(client: FlaskClient) -> None:
    sent = body([CELL | {"leaning": "band"}], later=1)
    sent["answers"][0]["model"] = {"name": "wbc"}
    assert counted(client.post("/differential", json=sent))["white_cells"] == 1


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CELL.items() if key != name}


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({}, "answers: "),
        ([], "The body: "),
        (None, "The body: "),
        ("answers", "The body: "),
        ({"answers": {}}, "answers: "),
        ({"answers": []}, "answers: "),
        ({"answers": [1]}, "answers[0]: "),
        ({"answers": [{"cells": []}]}, "answers[0].image: "),
        ({"answers": [{"image": {}, "cells": []}]}, "answers[0].image.sha256: "),
        ({"answers": [{"image": {"sha256": ""}, "cells": []}]}, "answers[0].image.sha256: "),
        ({"answers": [{"image": {"sha256": "a"}}]}, "answers[0].cells: "),
        (body([], [CELL, CELL | {"status": "sure"}]), "answers[1].cells[1].status: "),
        (body([without("label")]), "answers[0].cells[0].label: "),
        (body([CELL | {"box": {"x": 1, "y": 1, "width": 10**9, "height": 1}}]), "answers[0].cells[0].box.width: "),
        (body([CELL | {"confidence": float("nan")}]), "answers[0].cells[0].confidence: "),
        (body([CELL | {"sketch": "as long as one!!"}]), "answers[0].cells[0].sketch: "),
        (body([CELL], wanted=150), "wanted: "),
        (body([CELL], widest=0.5), "widest: "),
        (body([CELL], white_count=7400), "white_count: "),
        (body([CELL], drop=[{"picture": 0}]), "drop[0].cell: "),
        (body([CELL], drop=[{"picture": 0, "cell": 1}]), "There is no cell 1 in picture 0"),
        (body([CELL | {"probabilities": [{"label": str(i), "probability": 0} for i in range(65)]}]), "64 classes"),
    ],
)
def test_what_cannot_be_counted_is_refused_by_the_name_of_its_field(client: FlaskClient, sent: Any, named: str) -> None:
    response = post(client, sent)
    problem = problem_in(response)
    assert (response.status_code, problem["code"]) == (422, "cells_refused")
    assert named in problem["detail"]


def test_a_refusal_says_nothing_of_what_was_sent(client: FlaskClient) -> None:
    sent = {"answers": "Maria-Muster-1961", "Maria-Muster-1961": 1}
    assert "Maria" not in client.post("/differential", json=sent).text


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"{'answers': []}", b"\xff\xfe\xff", b"[" * 100_000, b'{"answers": ' + b"9" * 5_000 + b"}"],
    ids=["empty", "cut", "quotes", "no text", "too deep", "too long a number"],
)
def test_broken_json_is_refused(client: FlaskClient, data: bytes) -> None:
    response = client.post("/differential", data=data, content_type="application/json")
    assert response.status_code == 400
    assert problem_in(response)["code"] == "json_broken"


@pytest.mark.parametrize("media_type", ["image/jpeg", "text/plain", "multipart/form-data; boundary=x", ""])
def test_anything_but_json_is_refused(client: FlaskClient, media_type: str) -> None:
    response = client.post("/differential", data=json.dumps(body([CELL])), content_type=media_type)
    assert response.status_code == 415
    assert problem_in(response)["code"] == "media_type_refused"


def test_no_body_is_refused(client: FlaskClient) -> None:
    assert problem_in(client.post("/differential"))["status"] == 415


@pytest.mark.parametrize(
    "sent",
    [body(*[[]] * (MAX_ANSWERS + 1)), body([{}] * (MAX_CELLS // 2), [{}] * (MAX_CELLS // 2 + 1))],
    ids=["answers", "cells"],
)
def test_too_much_is_refused(client: FlaskClient, sent: dict[str, Any]) -> None:
    problem = problem_in(client.post("/differential", json=sent))
    assert (problem["status"], problem["code"]) == (422, "cells_refused")
    assert "at most 10,000 with 100,000" in problem["detail"]


def test_too_many_bytes_are_refused(make_client: MakeClient) -> None:
    response = make_client(max_bytes=1024).post("/differential", json=body(cells(neutrophil=300)))
    assert response.status_code == 413
    assert problem_in(response)["code"] == "json_too_large"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*CELL, "answers", "cells", "image", "sha256", "drop"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([*CELL, "more", "drop", "wanted", "widest", "white_count"]), JSON)
def test_whatever_stands_in_a_field_never_breaks_the_service(client: FlaskClient, name: str, value: Any) -> None:
    sent = body([CELL | {name: value}]) if name in CELL else body([CELL], **{name: value})
    assert post(client, sent).status_code in (200, 422)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON)
def test_whatever_json_is_sent_never_breaks_the_service(client: FlaskClient, sent: Any) -> None:
    assert post(client, sent).status_code in (200, 422)
