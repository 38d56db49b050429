"""What the service says of itself: its model, its limits, and that it has none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from problems import problem_in
from uploads import form

from bad_pictures import JPEG
from hematovision import INTENDED_USE
from hematovision.api.schemas import FamiliaritySchema, HealthSchema, ModelSchema
from hematovision.bundle import FORMAT, current_path
from hematovision.examples import EXAMPLES
from hematovision.images import FORMATS, MEDIA_TYPES, MIN_SIDE
from hematovision.settings import Limits, Settings
from house import LogLines, MakeClient


def no_pointer(models: Path) -> None:
    (models / "CURRENT").unlink()


def one_wrong_byte(models: Path) -> None:
    network = current_path(models) / "model.tflite"
    data = bytearray(network.read_bytes())
    data[len(data) // 2] ^= 1
    network.write_bytes(data)


def no_classifier(models: Path) -> None:
    (current_path(models) / "model.tflite").unlink()


def no_locator(models: Path) -> None:
    (current_path(models) / "locator.tflite").unlink()


def of_version_1(models: Path) -> None:
    record = current_path(models) / "bundle.json"
    record.write_text(record.read_text().replace(f'"format": {FORMAT}', '"format": 1'))


def pointer_to_nothing(models: Path) -> None:
    (models / "CURRENT").write_text("wbc-mobilenetv2/0.0.0\n")


SPOILED = [no_pointer, one_wrong_byte, no_classifier, no_locator, of_version_1, pointer_to_nothing]


@pytest.fixture(params=SPOILED, ids=lambda spoil: spoil.__name__)
def client_without_model(
    request: pytest.FixtureRequest, models: Path, tmp_path: Path, make_client: MakeClient
) -> Iterator[FlaskClient]:
    spoiled = tmp_path / "models"
    current = current_path(models)
    shutil.copytree(current, spoiled / current.relative_to(models))
    shutil.copy(models / "CURRENT", spoiled)
    request.param(spoiled)
    yield make_client(models=spoiled)
    shutil.rmtree(spoiled)  # a bundle is large


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/model", "/classify"])
def test_without_a_verified_model_nothing_is_answered(
    client_without_model: FlaskClient, record: dict[str, Any], path: str
) -> None:
    response = client_without_model.post(path, **form(JPEG)) if path == "/classify" else client_without_model.get(path)
    problem = problem_in(response)
    assert (response.status_code, problem["code"]) == (503, "model_unavailable")
    told = response.get_data(as_text=True)
    assert not [word for word in (*record["labels"], "probabilit", "label", "ok") if f'"{word}' in told]


def test_without_a_verified_model_a_bad_picture_gets_no_other_answer(client_without_model: FlaskClient) -> None:
    assert client_without_model.post("/classify", **form(b"text")).status_code == 503


def test_without_a_verified_model_the_process_is_alive_and_documented(client_without_model: FlaskClient) -> None:
    for path in ("/health/live", "/docs", "/swagger.json"):
        assert client_without_model.get(path).status_code == 200


def test_the_reason_why_there_is_no_model_is_told_and_logged(
    log_lines: LogLines, make_client: MakeClient, tmp_path: Path
) -> None:
    detail = problem_in(make_client(models=tmp_path).get("/health"))["detail"]
    assert "CURRENT" in detail
    assert log_lines()[0]["reason"] == detail


def test_health_names_the_model_that_passed_its_self_test(client: FlaskClient, record: dict[str, Any]) -> None:
    for path in ("/health", "/health/ready"):
        body = client.get(path).json
        assert HealthSchema(unknown="raise").validate(body) == {}
        assert body == {
            "status": "ok",
            "model": {"name": record["name"], "version": record["version"], "self_test": "passed", "refused": None},
            "database": {"status": "off", "reason": body["database"]["reason"]},
            "queue": {"in_model": 0, "waiting": 0, "places": Settings().queue},
            "login": "off",
        }
    assert client.get("/health/live").json == {"status": "ok"}


def test_model_tells_everything_of_the_bundle(client: FlaskClient, record: dict[str, Any]) -> None:
    body = client.get("/model").json
    assert ModelSchema(unknown="raise").validate(body) == {}
    assert body["labels"] == record["labels"]
    assert body["input"] == record["input"]
    assert body["sha256"] == record["files"]
    assert body["temperature"] == record["calibration"]["temperature"]
    assert body["confident_from"] == record["calibration"]["confident_from"]
    assert body["familiarity"] == {name: record["familiarity"][name] for name in FamiliaritySchema().fields}
    assert body["labs"] == record["training"]["labs"]
    assert set(body["metrics"]["bundle"]) >= set(record["training"]["labs"])
    assert body["intended_use"] == INTENDED_USE


def test_model_publishes_the_limits_that_hold(client: FlaskClient, make_client: MakeClient) -> None:
    default = Limits()
    assert client.get("/model").json["limits"] == {
        "max_bytes": default.max_bytes,
        "max_pixels": default.max_pixels,
        "min_side": MIN_SIDE,
        "formats": list(FORMATS),
        "media_types": list(MEDIA_TYPES),
        "queue": Settings().queue,
        "deadline": Settings().deadline,
    }
    other = make_client(max_bytes=50_000, max_pixels=40_000).get("/model").json["limits"]
    assert (other["max_bytes"], other["max_pixels"]) == (50_000, 40_000)


def test_examples_say_how_to_fetch_them_until_they_are_here(client: FlaskClient) -> None:
    body = client.get("/examples").json
    assert body["examples"] == []
    assert "hematovision examples" in body["message"]
    assert "MIT" in body["attribution"]


def test_an_example_that_is_here_is_listed_and_served(client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / EXAMPLES[0].name).write_bytes(JPEG)
    body = client.get("/examples").json
    assert body["examples"] == [{"name": EXAMPLES[0].name, "url": f"examples/{EXAMPLES[0].name}"}]
    assert body["message"] == ""
    served = client.get("/" + body["examples"][0]["url"], buffered=True)
    assert (served.data, served.mimetype) == (JPEG, "image/jpeg")


def test_no_other_file_of_the_examples_folder_is_served(client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "private.jpg").write_bytes(JPEG)
    for name in ("private.jpg", "../examples/private.jpg", "..%2fexamples%2fprivate.jpg", EXAMPLES[0].name):
        assert problem_in(client.get(f"/examples/{name}"))["status"] == 404
