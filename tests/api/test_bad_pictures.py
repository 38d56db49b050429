"""What is no acceptable picture is refused by name, and nothing of it stays."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from problems import problem_in
from uploads import form

from bad_pictures import BAD_PICTURES, JPEG, PNG, BadPicture
from hematovision.inference import InferenceService
from house import LogLines, MakeClient
from pictures import drawn_cell, encoded

STRANGE_NAMES = [
    "../../etc/passwd.jpg",
    "..\\cell.jpg",
    "cell\0.jpg",
    "n" * 300 + ".jpg",
    "<b>.jpg",
    "r\u00f6ntgen \u7ec6\u80de.jpg",
]


def open_files() -> int:
    """How many this process has open; Linux and macOS list them here."""
    return len(list(Path("/dev/fd").iterdir()))


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: InferenceService) -> Iterator[None]:
    """After the test there is no temporary file and no file left open that was not there before it."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setenv("TMPDIR", str(scratch))
    before = open_files()
    yield
    assert list(scratch.rglob("*")) == []
    assert open_files() <= before


@pytest.mark.parametrize("bad", BAD_PICTURES, ids=str)
def test_a_bad_picture_in_a_form_is_refused(client: FlaskClient, bad: BadPicture) -> None:
    response = client.post("/classify", **form(bad.data, name=bad.name, media_type=bad.media_type))
    assert problem_in(response)["code"] == bad.code
    assert response.status_code == bad.status


@pytest.mark.parametrize("bad", BAD_PICTURES, ids=str)
def test_a_bad_picture_as_the_raw_body_is_refused(client: FlaskClient, bad: BadPicture) -> None:
    response = client.post("/classify", data=bad.data, content_type=bad.media_type)
    assert problem_in(response)["code"] == bad.code
    assert response.status_code == bad.status


@pytest.mark.parametrize("way", ["form", "raw"])
@pytest.mark.parametrize("excess", [1, 10_000, 1_000_000])
def test_too_many_bytes_are_refused(make_client: MakeClient, way: str, excess: int) -> None:
    limit = len(JPEG)
    client = make_client(max_bytes=limit)
    data = JPEG + bytes(excess)
    sent = form(data) if way == "form" else {"data": data, "content_type": "image/jpeg"}
    response = client.post("/classify", **sent)
    assert response.status_code == 413
    assert problem_in(response)["code"] in ("picture_too_large", "request_entity_too_large")


def test_a_large_picture_is_answered_where_no_temporary_file_can_be_made(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no such folder"))
    large = encoded(drawn_cell(width=1_000, height=1_000), "BMP")
    assert len(large) > 2_000_000
    for sent in (form(large), {"data": large, "content_type": "image/bmp"}):
        assert client.post("/classify", **sent).status_code == 200


def test_as_many_bytes_as_allowed_are_answered(make_client: MakeClient) -> None:
    response = make_client(max_bytes=len(JPEG)).post("/classify", **form(JPEG))
    assert response.status_code == 200


def test_too_many_pixels_are_refused_and_as_many_as_allowed_are_answered(make_client: MakeClient) -> None:
    client = make_client(max_pixels=120 * 96)
    assert client.post("/classify", **form(encoded(drawn_cell(width=120, height=96)))).status_code == 200
    response = client.post("/classify", **form(encoded(drawn_cell(width=121, height=96))))
    assert (response.status_code, problem_in(response)["code"]) == (422, "picture_too_many_pixels")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        pytest.param({}, 400, "picture_missing", id="no body"),
        pytest.param({"data": b"", "content_type": "image/jpeg"}, 400, "picture_empty", id="empty raw body"),
        pytest.param({"data": {}, "content_type": "multipart/form-data"}, 400, "picture_missing", id="empty form"),
        pytest.param(
            {"data": {"file": (io.BytesIO(JPEG), "cell.jpg")}}, 400, "picture_missing", id="file under another name"
        ),
        pytest.param(
            {"data": {"image": "cell.jpg"}, "content_type": "multipart/form-data"},
            400, "picture_missing", id="text where the file should be",
        ),
        pytest.param(
            {"data": {"image": (io.BytesIO(b""), "")}}, 400, "picture_empty", id="form sent with no file chosen"
        ),
        pytest.param(
            {"data": {"image": [(io.BytesIO(JPEG), "a.jpg"), (io.BytesIO(PNG), "b.png")]}},
            400, "pictures_several", id="two files in one request",
        ),
        pytest.param({"data": JPEG, "content_type": "multipart/form-data"}, 400, "picture_missing", id="no boundary"),
        pytest.param(
            {"data": b"--x\r\nContent-Dispo", "content_type": "multipart/form-data; boundary=x"},
            400, "picture_missing", id="form cut short",
        ),
        pytest.param({"json": {"image": "cell.jpg"}}, 415, "media_type_refused", id="JSON"),
        pytest.param(
            {"data": JPEG, "content_type": "application/x-www-form-urlencoded"},
            415, "media_type_refused", id="raw body as curl declares it by default",
        ),
        pytest.param({"data": JPEG, "content_type": "text/plain"}, 415, "media_type_refused", id="plain text"),
        pytest.param({"data": JPEG}, 415, "media_type_refused", id="no media type"),
    ],
)  # fmt: skip
def test_a_request_without_one_picture_is_refused(
    client: FlaskClient, sent: dict[str, Any], status: int, code: str
) -> None:
    response = client.post("/classify", **sent)
    assert (response.status_code, problem_in(response)["code"]) == (status, code)


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_a_strange_file_name_is_right_and_appears_nowhere(client: FlaskClient, log_lines: LogLines, name: str) -> None:
    given = form(JPEG, name=name)
    response = client.post("/classify", **given)
    assert response.status_code == 200
    told = response.get_data(as_text=True) + str(response.headers) + str(log_lines())
    for part in (name, name[:12], "passwd", "n" * 20, "r\u00f6ntgen"):
        assert part not in told
