"""The shapes of batches: what is told of one, and how its result is asked for."""

from __future__ import annotations

from marshmallow import fields, validate

from hematovision.api.schemas import Shape, says
from hematovision.records.values import BATCH_STATES

FORMATS = ("parquet", "csv")


class BatchProblemSchema(Shape):
    code = fields.String(required=True, metadata=says("As in a problem.", "source_refused"))
    detail = fields.String(required=True, metadata=says("What is wrong and what to do."))


class BatchProgressSchema(Shape):
    pictures = fields.Integer(required=True, metadata=says("Answered so far, failures among them."))
    failures = fields.Integer(required=True, metadata=says("Pictures that could not be answered; each is a row."))
    total = fields.Integer(required=True, allow_none=True, metadata=says("Pictures in all, as far as that is known."))
    rate = fields.Float(required=True, allow_none=True, metadata=says("Pictures a second lately."))


class BatchSchema(Shape):
    id = fields.UUID(required=True)
    user = fields.UUID(required=True, allow_none=True, metadata=says("Who sent it; null without login."))
    at = fields.AwareDateTime(required=True, metadata=says("When it had arrived, in UTC."))
    state = fields.String(required=True, validate=validate.OneOf(BATCH_STATES))
    progress = fields.Nested(BatchProgressSchema, required=True)
    seconds_left = fields.Integer(required=True, allow_none=True, metadata=says("While it is running, by the rate."))
    problem = fields.Nested(
        BatchProblemSchema, required=True, allow_none=True, metadata=says("Why it failed, or why it has to wait.")
    )
    until = fields.AwareDateTime(
        required=True, allow_none=True, metadata=says("Its result is kept to then; null before its end.")
    )


class BatchesSchema(Shape):
    batches = fields.List(fields.Nested(BatchSchema), required=True, metadata=says("Newest first."))
    max_bytes = fields.Integer(required=True, metadata=says("Largest archive accepted."))


class ResultFormatSchema(Shape):
    format = fields.String(validate=validate.OneOf(FORMATS), metadata=says("`parquet`, if not said, or `csv`."))
