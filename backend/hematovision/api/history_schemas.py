"""The shapes of what is recorded: how it is asked for, its lines, one entry, and what was answered day by day."""

from __future__ import annotations

from datetime import UTC, datetime

from marshmallow import fields, validate

from hematovision.api.schemas import (
    CELL_STATUSES,
    STATUSES,
    AnswerSchema,
    ModelNameSchema,
    PictureFactsSchema,
    SeenSchema,
    Shape,
    says,
)

MOST_LINES = 500

# Within what every calendar and both databases can say, whatever the offset from UTC.
_MOMENT = validate.Range(datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))
_NAME = validate.Regexp(r"[^\x00-\x1f]{1,160}\Z", error="Not a name.")


class FiltersSchema(Shape):
    """Which predictions are meant: all that hold of each filter given."""

    since = fields.AwareDateTime(
        default_timezone=UTC, validate=_MOMENT, metadata=says("Recorded then or later (ISO 8601; UTC if not said).")
    )
    until = fields.AwareDateTime(default_timezone=UTC, validate=_MOMENT, metadata=says("Recorded before then."))
    status = fields.String(validate=validate.OneOf(STATUSES), metadata=says("Of the main cell."))
    label = fields.String(validate=_NAME, metadata=says("Of the main cell."))
    model = fields.String(validate=_NAME, metadata=says("name/version, as in wbc-mobilenetv2/1.0.0."))
    user = fields.UUID(metadata=says("Who sent the picture."))


class PageSchema(FiltersSchema):
    lines = fields.Integer(load_default=50, validate=validate.Range(1, MOST_LINES), metadata=says("At most so many."))
    after = fields.String(
        validate=validate.Length(1, 200), metadata=says("`next` of the page before; the first page without it.")
    )


class DaysSchema(Shape):
    """Which days are meant, in UTC."""

    since = fields.Date(metadata=says("That day or later."))
    until = fields.Date(metadata=says("Before that day."))
    model = fields.String(validate=_NAME, metadata=says("name/version, as in wbc-mobilenetv2/1.0.0."))
    user = fields.UUID(metadata=says("Who sent the pictures."))


class WhySchema(Shape):
    reason = fields.String(
        load_default=None,
        validate=validate.Regexp(r"[^\x00-\x1f]{1,500}\Z", error="Not one line of text."),
        metadata=says("Why, in a sentence; kept beside the audit."),
    )


class RecordedAnswerSchema(AnswerSchema):
    cached = fields.Boolean(
        required=True, metadata=says("Remembered from the same picture lately; milliseconds are this request's.")
    )
    recorded = fields.Boolean(
        required=True, metadata=says("On disk in the records. False: not, or not known to be; the log says why.")
    )
    id = fields.UUID(required=True, allow_none=True, metadata=says("Of /history/{id}; null unless recorded."))


class LineSchema(Shape):
    """A prediction without its cells."""

    id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True, metadata=says("When it was recorded, in UTC."))
    user = fields.UUID(required=True, allow_none=True, metadata=says("Who sent the picture; null without login."))
    model = fields.Nested(ModelNameSchema, required=True)
    image = fields.Nested(PictureFactsSchema, required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    label = fields.String(required=True, allow_none=True, metadata=says("Of the main cell.", "neutrophil"))
    confidence = fields.Float(required=True, allow_none=True)
    seen = fields.Nested(SeenSchema, required=True)
    milliseconds = fields.Float(required=True, attribute="total", metadata=says("All that the answer took."))


class HistorySchema(Shape):
    predictions = fields.List(
        fields.Nested(LineSchema), required=True, attribute="lines", metadata=says("Newest first.")
    )
    next = fields.String(
        required=True, allow_none=True, metadata=says("Send it as `after` for the next page; null at the end.")
    )


class EntrySchema(AnswerSchema):
    """A prediction as it was answered; of red cells only how many were seen."""

    id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True, metadata=says("When it was recorded, in UTC."))
    user = fields.UUID(required=True, allow_none=True, metadata=says("Who sent the picture; null without login."))
    model_sha256 = fields.String(required=True, metadata=says("Of the bundle.json of the model that answered."))


class LabelCountSchema(Shape):
    label = fields.String(required=True)
    count = fields.Integer(required=True)
    share = fields.Float(required=True, metadata=says("Of the answers with a label, 0 to 1."))


class StatusCountSchema(Shape):
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    count = fields.Integer(required=True)


class DayCountSchema(Shape):
    day = fields.Date(required=True, metadata=says("In UTC."))
    model = fields.Nested(ModelNameSchema, required=True)
    pictures = fields.Integer(required=True, metadata=says("Answered and recorded."))
    statuses = fields.List(fields.Nested(StatusCountSchema), required=True)
    labels = fields.List(fields.Nested(LabelCountSchema), required=True, metadata=says("Of main cells."))
    check = fields.Float(
        required=True, allow_none=True, metadata=says(f"Share of the answers that are {', '.join(CELL_STATUSES)}.", 0.1)
    )
    unfamiliar = fields.Float(required=True, allow_none=True, metadata=says("Share of the same.", 0.02))


class StatisticsSchema(Shape):
    days = fields.List(fields.Nested(DayCountSchema), required=True, metadata=says("Newest first; one a model."))
