"""schemathesis reads /swagger.json, invents requests from it, and holds each answer against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from answers import BUNDLE, answer, cell
from bad_pictures import JPEG
from hematovision.api.app import create_app
from hematovision.api.services import Services
from hematovision.errors import ModelUnavailable
from hematovision.inference import InferenceService
from hematovision.settings import Settings
from patient import patient

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def endpoints() -> Iterator[tuple[str, str, GenerationMode]]:
    """Every published method and path; those that take a body are also sent what the shape forbids."""
    without_model = Services(Settings(), ModelUnavailable("Only the document is read here."))
    document = create_app(services=without_model).test_client().get("/swagger.json").json
    for path, operations in document["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} & set(operations):
            yield method.upper(), path, GenerationMode.POSITIVE
            if any(each["in"] in ("body", "formData") for each in operations[method].get("parameters", [])):
                yield method.upper(), path, GenerationMode.NEGATIVE


@pytest.fixture
def published(settings: Settings, service: InferenceService) -> Iterator[BaseSchema]:
    """As a service publishes it that records, and has recorded."""
    recorder = patient(settings)
    to_all = replace(settings, open=1)  # schemathesis does not say from which address it asks
    app = create_app(to_all, Services(to_all, service, recorder))
    for made in (answer(cell()), answer(cell("basophil", "check")), answer()):
        assert recorder.record(made, BUNDLE)
    yield schemathesis.openapi.from_wsgi("/swagger.json", app)
    recorder.close()


@pytest.mark.parametrize(("method", "path", "mode"), list(endpoints()))
def test_every_invented_request_is_answered_as_published(
    published: BaseSchema, method: str, path: str, mode: GenerationMode
) -> None:
    @settings(max_examples=30, deadline=None, derandomize=True, database=None)
    @given(case=published[path][method].as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    check()


def test_a_picture_is_answered_as_published(published: BaseSchema) -> None:
    case = published["/classify"]["POST"].Case(body={"image": JPEG}, media_type="multipart/form-data")
    assert case.call_and_validate(checks=CHECKS).status_code == 200
