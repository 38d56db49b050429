"""Hypothesis spoils real files of each format: whatever arrives, the service answers or refuses, and never fails."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from problems import problem_in
from uploads import form

from hematovision.api.history_schemas import RecordedAnswerSchema
from pictures import MEDIA_TYPE, SAVED_AS, encoded
from spoiling import CELL, FILES, spoiled

BOUNDED = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the client keeps nothing between requests
)


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
