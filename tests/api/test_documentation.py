"""What is published of the API is what it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flask_restx.schemas
import pytest
from flask.testing import FlaskClient
from marshmallow import Schema

from hematovision import INTENDED_USE, __version__
from hematovision.api import account_schemas, history_schemas, schemas
from hematovision.api.classify import BOXES
from hematovision.api.schemas import CELL_STATUSES, STATUSES
from hematovision.bundle import current_path
from hematovision.locator import KINDS
from house import REPOSITORY, one_line

SHAPES = {
    "RecordedAnswer": history_schemas.RecordedAnswerSchema,
    "Box": schemas.BoxSchema,
    "Cell": schemas.CellSchema,
    "Entry": history_schemas.EntrySchema,
    "Examples": schemas.ExamplesSchema,
    "Health": schemas.HealthSchema,
    "History": history_schemas.HistorySchema,
    "Live": schemas.LiveSchema,
    "Model": schemas.ModelSchema,
    "Probability": schemas.ProbabilitySchema,
    "Problem": schemas.ProblemSchema,
    "Login": account_schemas.LoginSchema,
    "MadeToken": account_schemas.MadeTokenSchema,
    "NewToken": account_schemas.NewTokenSchema,
    "NewUser": account_schemas.NewUserSchema,
    "Password": account_schemas.PasswordSchema,
    "Preferences": account_schemas.PreferencesSchema,
    "Session": account_schemas.SessionSchema,
    "Tokens": account_schemas.TokensSchema,
    "User": account_schemas.UserSchema,
    "UserChange": account_schemas.UserChangeSchema,
    "Users": account_schemas.UsersSchema,
    "Seen": schemas.SeenSchema,
    "Statistics": history_schemas.StatisticsSchema,
}


def test_swagger_json_is_valid_swagger_2(client: FlaskClient) -> None:
    document = client.get("/swagger.json").json
    assert document["swagger"] == "2.0"
    flask_restx.schemas.validate(document)
    assert document["info"]["version"] == __version__


@pytest.mark.parametrize(("name", "schema"), SHAPES.items())
def test_each_shape_is_that_of_the_schema(client: FlaskClient, name: str, schema: type[Schema]) -> None:
    shape = client.get("/swagger.json").json["definitions"][name]
    fields = schema().fields
    assert set(shape["properties"]) == set(fields)
    assert set(shape.get("required", ())) == {field for field, what in fields.items() if what.required}


def operations_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


def test_every_endpoint_says_what_it_answers_and_how_it_fails(client: FlaskClient) -> None:
    document = client.get("/swagger.json").json
    assert set(document["paths"]) >= {
        "/classify", "/examples", "/examples/{name}", "/health", "/health/live", "/health/ready", "/model",
    }  # fmt: skip
    for operation in operations_of(document):
        assert operation["summary"]
        [done] = {"200", "202", "204"} & set(operation["responses"])
        assert operation["responses"][done]["description"]
        assert "application/problem+json" in operation["produces"]
    refusals = document["paths"]["/classify"]["post"]["responses"]
    assert {"200", "400", "413", "415", "422", "503"} <= set(refusals)


def test_the_form_is_documented_and_so_is_the_raw_body(client: FlaskClient) -> None:
    operation = client.get("/swagger.json").json["paths"]["/classify"]["post"]
    assert operation["consumes"] == ["multipart/form-data"]
    [field] = [each for each in operation["parameters"] if each["in"] == "formData"]
    assert (field["name"], field["type"], field["required"]) == ("image", "file", True)
    assert "--data-binary" in operation["description"]


def test_which_boxes_may_be_asked_for_is_documented(client: FlaskClient) -> None:
    operation = client.get("/swagger.json").json["paths"]["/classify"]["post"]
    [boxes] = [each for each in operation["parameters"] if each["name"] == "boxes"]
    assert (boxes["in"], boxes["type"], boxes["enum"]) == ("query", "string", list(BOXES))
    assert boxes["default"] == BOXES[0]
    assert not boxes.get("required")


@pytest.mark.parametrize(("shape", "values"), [("Cell", CELL_STATUSES), ("RecordedAnswer", STATUSES)])
def test_every_status_is_published(client: FlaskClient, shape: str, values: tuple[str, ...]) -> None:
    published = client.get("/swagger.json").json["definitions"][shape]["properties"]["status"]
    assert [each for each in published["enum"] if each is not None] == list(values)


def test_every_kind_of_cell_is_published(client: FlaskClient) -> None:
    assert client.get("/swagger.json").json["definitions"]["Cell"]["properties"]["kind"]["enum"] == list(KINDS)


def test_docs_is_the_page_of_swagger_ui(client: FlaskClient) -> None:
    response = client.get("/docs")
    assert response.mimetype == "text/html"
    assert "swagger-ui" in response.get_data(as_text=True)
    for script in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert client.get(f"/swaggerui/{script}", buffered=True).status_code == 200


def test_what_it_is_for_stands_in_the_api(client: FlaskClient) -> None:
    assert client.get("/model").json["intended_use"] == INTENDED_USE
    assert client.get("/swagger.json").json["info"]["description"] == INTENDED_USE


def test_what_it_is_for_stands_in_the_model_card(models: Path) -> None:
    card = current_path(models) / "MODEL_CARD.md"
    assert INTENDED_USE in one_line(card.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", ["README.md", "frontend/index.html"])
def test_what_it_is_for_stands_where_people_read(file: str) -> None:
    assert INTENDED_USE in one_line((REPOSITORY / file).read_text(encoding="utf-8"))
