"""What must hold of every failure, whoever raised it."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from hematovision.api.schemas import ProblemSchema


def problem_in(response: TestResponse) -> dict[str, Any]:
    """The problem that the response carries, after a look at everything that each must have."""
    assert response.mimetype == "application/problem+json"
    body: dict[str, Any] = response.get_json()
    assert set(body) == set(ProblemSchema().fields)
    assert ProblemSchema().validate(body) == {}
    assert all(body[name] for name in body)
    assert body["status"] == response.status_code >= 400
    assert body["request_id"] == response.headers["X-Request-ID"]
    assert body["detail"].endswith(".")
    assert "probabilities" not in body
    return body
