"""Who may call the API from a browser, and what a browser may do with its answers."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from uploads import form

from bad_pictures import JPEG
from house import MakeClient

PAGE = "https://lab.example"
PATHS = ["/health", "/model", "/swagger.json", "/examples", "/nowhere", "/classify"]


@pytest.mark.parametrize("path", PATHS)
def test_no_other_origin_may_read_by_default(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers={"Origin": PAGE})
    assert not [name for name in response.headers.keys() if name.startswith("Access-Control-")]  # noqa: SIM118


def test_no_other_origin_may_send_by_default(client: FlaskClient) -> None:
    asks = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    assert "Access-Control-Allow-Origin" not in client.options("/classify", headers=asks).headers
    response = client.post("/classify", **form(JPEG), headers={"Origin": PAGE})
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("path", PATHS)
def test_an_allowed_origin_may_read_answers_and_problems(make_client: MakeClient, path: str) -> None:
    client = make_client(cors_origins=(PAGE, "http://localhost:5000"))
    response = client.get(path, headers={"Origin": PAGE})
    assert response.headers["Access-Control-Allow-Origin"] == PAGE
    assert response.headers["Access-Control-Expose-Headers"] == "X-Request-ID"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "Origin" in response.headers["Vary"]


@pytest.mark.parametrize(
    "origin", ["https://lab.example.evil.test", "http://lab.example", "https://xlab.example", "null"]
)
def test_an_origin_that_only_looks_allowed_may_not(make_client: MakeClient, origin: str) -> None:
    response = make_client(cors_origins=(PAGE,)).get("/health", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in response.headers


def test_an_allowed_origin_may_send(make_client: MakeClient) -> None:
    asks = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    response = make_client(cors_origins=(PAGE,)).options("/classify", headers=asks)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == PAGE
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert response.headers["Access-Control-Allow-Headers"].lower() == "content-type"


@pytest.mark.parametrize("path", PATHS)
def test_answers_allow_no_script(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_the_documentation_has_a_policy_of_its_own(client: FlaskClient) -> None:
    policy = client.get("/docs").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-inline'" in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_documentation_loads_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/docs").get_data(as_text=True)
    assert 'src="http' not in page and 'href="http' not in page
