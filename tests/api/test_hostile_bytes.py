"""Hypothesis spoils real files of each format: whatever arrives, the service answers or refuses, and never fails."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from problems import problem_in
from uploads import form

from hematovision.api.history_schemas import RecordedAnswerSchema
from pictures import MEDIA_TYPE, SAVED_AS, drawn_cell, encoded

CELL = drawn_cell(width=48, height=40)
FILES = {format: [encoded(CELL, format)] for format in SAVED_AS}
FILES["JPEG"] += [encoded(CELL, "JPEG", progressive=True, comment="drawn"), encoded(CELL.convert("CMYK"), "JPEG")]
FILES["PNG"] += [encoded(CELL.quantize(16), "PNG"), encoded(CELL.convert("LA"), "PNG")]
FILES["WEBP"] += [encoded(CELL, "WEBP", lossless=False), encoded(CELL.convert("RGBA"), "WEBP")]
FILES["BMP"] += [encoded(CELL.quantize(16), "BMP"), encoded(CELL.convert("1"), "BMP")]
FILES["TIFF"] += [encoded(CELL, "TIFF", compression=how) for how in ("raw", "jpeg", "tiff_deflate", "packbits")]

BOUNDED = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the client keeps nothing between requests
)


@st.composite
def spoiled(draw: st.DrawFn, files: list[bytes]) -> bytes:
    """One of the files with a few bytes changed, cut out or put in; mostly near its beginning, where headers are."""
    data = bytearray(draw(st.sampled_from(files)))
    for _ in range(draw(st.integers(1, 6))):
        if not data:
            break
        end = draw(st.sampled_from([min(64, len(data)), len(data)]))
        at = draw(st.integers(0, end - 1))
        match draw(st.sampled_from(["flip", "set", "cut", "put", "end"])):
            case "flip":
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "set":
                data[at] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
            case "cut":
                del data[at : at + draw(st.integers(1, 40))]
            case "put":
                data[at:at] = draw(st.binary(min_size=1, max_size=40))
            case "end":
                del data[at:]
    return bytes(data)


def expect_an_answer_or_a_refusal(client: FlaskClient, data: bytes, media_type: str) -> None:
    response = client.post("/classify", **form(data, media_type=media_type))
    if response.status_code == 200:
        assert RecordedAnswerSchema(unknown="raise").validate(response.json) == {}
    else:
        assert problem_in(response)["status"] in (400, 413, 415, 422)


@pytest.mark.filterwarnings("ignore:::PIL")  # in production Pillow warns of odd metadata and goes on
@pytest.mark.parametrize("format", SAVED_AS)
def test_a_spoiled_file_is_answered_or_refused(client: FlaskClient, format: str) -> None:
    @BOUNDED
    @given(data=spoiled(FILES[format]))
    def check(data: bytes) -> None:
        expect_an_answer_or_a_refusal(client, data, MEDIA_TYPE[format])

    check()


@BOUNDED
@given(data=st.binary(max_size=2_000))
def test_any_bytes_are_answered_or_refused(client: FlaskClient, data: bytes) -> None:
    expect_an_answer_or_a_refusal(client, data, "application/octet-stream")


@BOUNDED
@given(body=st.binary(max_size=500), declared=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"])))
def test_any_body_under_any_media_type_is_answered_or_refused(client: FlaskClient, body: bytes, declared: str) -> None:
    response = client.post("/classify", data=body, content_type=declared)
    assert problem_in(response)["status"] in (400, 413, 415, 422)


@BOUNDED
@given(noise=st.binary(max_size=60), at=st.integers(0, 300))
def test_a_spoiled_form_is_answered_or_refused(client: FlaskClient, noise: bytes, at: int) -> None:
    sent = form(encoded(CELL, "PNG"))
    sent["data"] = sent["data"][:at] + noise + sent["data"][at + len(noise) :]
    response = client.post("/classify", **sent)
    assert response.status_code == 200 or problem_in(response)["status"] in (400, 413, 415, 422)
