"""GET /model: everything a caller may want to know of the model before trusting it."""

from __future__ import annotations

from typing import Any

from flask_restx import Namespace, Resource

from hematovision import INTENDED_USE
from hematovision.api.schemas import ModelSchema
from hematovision.api.services import services
from hematovision.api.shapes import answers
from hematovision.images import FORMATS, MEDIA_TYPES, MIN_SIDE

namespace = Namespace("model", path="/model", description="The model in use.")

model_schema = ModelSchema()


@namespace.route("")
class Model(Resource):
    @namespace.doc("model", **answers(ModelSchema, 503))
    def get(self) -> Any:
        """Labels, input contract, limits, training laboratories, metrics per laboratory, SHA-256s, intended use."""
        inference = services().inference
        bundle, limits = inference.bundle, inference.limits
        return model_schema.dump(
            {
                "name": bundle.name,
                "version": bundle.version,
                "labels": bundle.labels,
                "input": bundle.record["input"],
                "limits": {
                    "max_bytes": limits.max_bytes,
                    "max_pixels": limits.max_pixels,
                    "min_side": MIN_SIDE,
                    "formats": FORMATS,
                    "media_types": MEDIA_TYPES,
                    "queue": services().settings.queue,
                    "deadline": services().settings.deadline,
                },
                "temperature": bundle.temperature,
                "confident_from": bundle.confident_from,
                "confident_rate": bundle.confident_rate,
                "familiarity": bundle.familiar,
                "labs": bundle.record["training"]["labs"],
                "metrics": bundle.metrics,
                "sha256": bundle.record["files"],
                "intended_use": INTENDED_USE,
            }
        )
