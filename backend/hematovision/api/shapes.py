"""marshmallow schema -> the Swagger 2.0 model of the same shape, so that none is typed twice."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask_restx import SchemaModel
from marshmallow import Schema

from hematovision.api import count_schemas, schemas
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
    schemas.AnswerSchema,
    count_schemas.CountSchema,
    schemas.ExamplesSchema,
    schemas.HealthSchema,
    schemas.LiveSchema,
    schemas.ModelSchema,
    count_schemas.PreClassificationSchema,
    schemas.ProblemSchema,
)


def answers(schema: type[Schema], *problems: int) -> dict[str, Any]:
    """What `@namespace.doc` is told of an endpoint: the shape of its answer, and the statuses of its problems."""
    problem = SHAPES[_name(ProblemSchema)]
    return {
        "produces": PRODUCED,
        "responses": {
            "200": ("The answer.", SHAPES[_name(schema)]),
            **{str(status): (HTTPStatus(status).phrase, problem) for status in problems},
            "default": ("Any other failure.", problem),
        },
    }
