"""marshmallow schema -> the Swagger 2.0 model of the same shape, so that none is typed twice."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask_restx import SchemaModel
from marshmallow import Schema

from hematovision.api import account_schemas, batch_schemas, count_schemas, history_schemas, schemas
from hematovision.api.schemas import ProblemSchema

PRODUCED = ["application/json", "application/problem+json"]


def _name(schema: Schema | type[Schema]) -> str:
    return (schema if isinstance(schema, type) else type(schema)).__name__.removesuffix("Schema")


def _derive(*roots: type[Schema]) -> dict[str, SchemaModel]:
    spec = APISpec("", "", "2.0", plugins=[MarshmallowPlugin(schema_name_resolver=_name)])
    for schema in roots:
        if _name(schema) not in spec.components.schemas:
            spec.components.schema(_name(schema), schema=schema)
    return {name: SchemaModel(name, shape) for name, shape in spec.components.schemas.items()}


SHAPES = _derive(
    history_schemas.RecordedAnswerSchema,
    batch_schemas.BatchesSchema,
    batch_schemas.BatchSchema,
    count_schemas.CountSchema,
    history_schemas.EntrySchema,
    schemas.ExamplesSchema,
    schemas.HealthSchema,
    history_schemas.HistorySchema,
    schemas.LiveSchema,
    schemas.ModelSchema,
    count_schemas.PreClassificationSchema,
    schemas.ProblemSchema,
    history_schemas.StatisticsSchema,
    account_schemas.LoginSchema,
    account_schemas.MadeTokenSchema,
    account_schemas.NewTokenSchema,
    account_schemas.NewUserSchema,
    account_schemas.PasswordSchema,
    account_schemas.PreferencesSchema,
    account_schemas.SessionSchema,
    account_schemas.TokensSchema,
    account_schemas.UserChangeSchema,
    account_schemas.UserSchema,
    account_schemas.UsersSchema,
)


def parameters(schema: type[Schema]) -> dict[str, Any]:
    """What `@namespace.doc` is told of a query: its parameters by name."""
    converter = OpenAPIConverter("2.0", _name, APISpec("", "", "2.0"))
    return {each.pop("name"): each for each in converter.schema2parameters(schema, location="query")}


def answers(schema: type[Schema] | None, *problems: int, done: int = 200) -> dict[str, Any]:
    """What `@namespace.doc` is told of an endpoint: the shape of its answer, None for an empty one, and the statuses
    of its problems; `done` is that of an answer with a shape."""
    problem = SHAPES[_name(ProblemSchema)]
    answer = {str(done): ("The answer.", SHAPES[_name(schema)])} if schema else {"204": ("Done.", None)}
    return {
        "produces": PRODUCED,
        "responses": {
            **answer,
            **{str(status): (HTTPStatus(status).phrase, problem) for status in problems},
            "default": ("Any other failure.", problem),
        },
    }
