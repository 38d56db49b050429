"""The shapes of all that leaves the service, and of cells sent to be counted. Written once, in marshmallow; Swagger's
are derived from them.

Knows no Flask, so the command line prints the very same JSON.
"""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from hematovision.differential import WANTED

STATUSES = ("confident", "check", "unfamiliar", "no_cells", "not_a_smear")
KINDS = ("nucleated", "platelet")

_SIDE = validate.Range(1, 10_000_000)


def _says(sentence: str, example: Any = None) -> dict[str, Any]:
    return {"description": sentence} | ({} if example is None else {"example": example})


class Shape(Schema):
    """The base of them all: a reader must expect fields that later versions add."""

    class Meta:
        unknown = EXCLUDE


class BoxSchema(Shape):
    x = fields.Integer(required=True, metadata=_says("Left edge in pixels of the upright picture."))
    y = fields.Integer(required=True, metadata=_says("Upper edge in pixels."))
    width = fields.Integer(required=True, validate=_SIDE)
    height = fields.Integer(required=True, validate=_SIDE)


class ProbabilitySchema(Shape):
    label = fields.String(required=True, metadata=_says("A class of the bundle.", "neutrophil"))
    probability = fields.Float(required=True, metadata=_says("0 to 1, calibrated.", 0.97))


class JudgementSchema(Shape):
    """What is said of a cell, and of a picture's main cell."""

    status = fields.String(
        required=True,
        validate=validate.OneOf(STATUSES),
        metadata=_says("How far to trust the answer.", "confident"),
    )
    label = fields.String(
        required=True, allow_none=True, metadata=_says("The class; null unless confident or check.", "neutrophil")
    )
    confidence = fields.Float(required=True, allow_none=True, metadata=_says("The label's probability.", 0.97))
    probabilities = fields.List(
        fields.Nested(ProbabilitySchema), required=True, metadata=_says("Every class, in the bundle's order.")
    )
    reasons = fields.List(fields.String(), required=True, metadata=_says("Sentences: why the status is not confident."))


class CellSchema(JudgementSchema):
    box = fields.Nested(BoxSchema, required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    edge = fields.Boolean(required=True, metadata=_says("Cut by the picture's edge."))


class ModelNameSchema(Shape):
    name = fields.String(required=True, metadata=_says("The bundle's name.", "wbc-mobilenetv2"))
    version = fields.String(required=True, metadata=_says("The bundle's version.", "1.0.0"))


class PictureFactsSchema(Shape):
    width = fields.Integer(required=True, metadata=_says("Of the upright picture, in pixels."))
    height = fields.Integer(required=True)
    sha256 = fields.String(required=True, metadata=_says("Of the bytes received."))


class MillisecondsSchema(Shape):
    decode = fields.Float(required=True)
    locate = fields.Float(required=True)
    classify = fields.Float(required=True)
    total = fields.Float(required=True)


class AnswerSchema(JudgementSchema):
    model = fields.Nested(ModelNameSchema, required=True)
    image = fields.Nested(PictureFactsSchema, required=True)
    cells = fields.List(fields.Nested(CellSchema), required=True)
    milliseconds = fields.Nested(MillisecondsSchema, required=True)


class CountedImageSchema(Shape):
    sha256 = fields.String(
        required=True,
        validate=validate.Length(1, 128),
        metadata=_says("As /classify answered; a picture that comes twice counts once."),
    )


class CountedPictureSchema(Shape):
    image = fields.Nested(CountedImageSchema, required=True)
    cells = fields.List(fields.Nested(CellSchema), required=True, metadata=_says("As /classify answered."))


class PlaceSchema(Shape):
    picture = fields.Integer(required=True, metadata=_says("Position in `answers`, from 0."))
    cell = fields.Integer(required=True, metadata=_says("Position in that picture's `cells`, from 0."))


class CountSchema(Shape):
    """The one shape that comes in: what to count, and how."""

    answers = fields.List(
        fields.Nested(CountedPictureSchema),
        required=True,
        validate=validate.Length(min=1),
        metadata=_says("Answers of /classify, for pictures of one smear."),
    )
    wanted = fields.Integer(
        load_default=100, validate=validate.OneOf(WANTED), metadata=_says("White cells to count to.", 100)
    )
    widest = fields.Float(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 100),
        metadata=_says("Limit for the widest interval, in percentage points; how many cells it needs is answered.", 10),
    )
    white_count = fields.Float(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0.01, 1000),
        metadata=_says("The analyser's white count in 10^9/L (7,400 per microlitre are 7.4).", 7.4),
    )
    white_count_corrected = fields.Boolean(
        load_default=False, metadata=_says("Whether the analyser has taken erythroblasts off already.")
    )
    count_edge = fields.Boolean(load_default=False, metadata=_says("Count the cells that a picture's edge cuts."))
    drop = fields.List(
        fields.Nested(PlaceSchema), load_default=[], metadata=_says("Cells to leave out, as seen twice.")
    )


class IntervalSchema(Shape):
    low = fields.Float(required=True)
    high = fields.Float(required=True)


class AmountSchema(Shape):
    value = fields.Float(required=True, metadata=_says("In 10^9/L."))
    interval = fields.Nested(IntervalSchema, required=True)


class CountedSchema(Shape):
    """A count and what it means; the shares are null where nothing can be said of them."""

    count = fields.Integer(required=True)
    to_check = fields.Integer(required=True, metadata=_says("How many of them have the status check."))
    interval = fields.Nested(IntervalSchema, required=True, allow_none=True)
    absolute = fields.Nested(AmountSchema, required=True, allow_none=True)


class ClassCountSchema(CountedSchema):
    label = fields.String(required=True, metadata=_says("A class of the bundle.", "neutrophil"))
    percentage = fields.Float(
        required=True, allow_none=True, metadata=_says("Whole, or halves from 200 cells; all sum to 100.", 60)
    )
    range = fields.Nested(IntervalSchema, required=True, allow_none=True)


class ErythroblastsSchema(CountedSchema):
    per_100 = fields.Float(required=True, allow_none=True, metadata=_says("For every 100 white cells.", 10))


class WhiteCountSchema(Shape):
    given = fields.Float(required=True, metadata=_says("In 10^9/L."))
    used = fields.Float(required=True, metadata=_says("In 10^9/L; corrected for erythroblasts where that is due."))
    message = fields.String(required=True, metadata=_says("Why it was corrected, or not."))


class HeldBackCellSchema(Shape):
    place = fields.Nested(PlaceSchema, required=True)
    box = fields.Nested(BoxSchema, required=True)
    reason = fields.String(required=True, validate=validate.OneOf(("unfamiliar", "edge")))
    label = fields.String(required=True, allow_none=True)


class HeldBackSchema(Shape):
    cells = fields.List(fields.Nested(HeldBackCellSchema), required=True)
    share = fields.Float(required=True, metadata=_says("Per cent of these and the white cells together."))
    limit = fields.Float(required=True, metadata=_says("Above it there are counts only."))


class IdenticalSchema(Shape):
    picture = fields.Integer(required=True, metadata=_says("Position in `answers`, from 0."))
    same_as = fields.Integer(required=True, metadata=_says("That of the earlier, equal picture."))


class OverlapSchema(Shape):
    first = fields.Nested(PlaceSchema, required=True)
    second = fields.Nested(PlaceSchema, required=True)


class PreClassificationSchema(Shape):
    status = fields.String(required=True, validate=validate.Equal("pre_classification"))
    message = fields.String(required=True, metadata=_says("What a pre-classification is."))
    interval_message = fields.String(required=True, metadata=_says("What the intervals cover, and what not."))
    notes = fields.List(fields.String(), required=True, metadata=_says("What to know of this count, in sentences."))
    pictures = fields.Integer(required=True, metadata=_says("Different ones."))
    white_cells = fields.Integer(required=True, metadata=_says("Counted; the percentages are of these."))
    wanted = fields.Integer(required=True)
    missing = fields.Integer(required=True, metadata=_says("White cells to go until `wanted`."))
    counts_only = fields.Boolean(required=True, metadata=_says("Too many cells are held back to give shares."))
    classes = fields.List(
        fields.Nested(ClassCountSchema),
        required=True,
        metadata=_says(
            "White cells, in the bundle's order. `interval`: exact (Clopper-Pearson), 95 %, in per cent. `range`: the "
            "share if none, and if all, of the cells held back were of this class."
        ),
    )
    erythroblasts = fields.Nested(ErythroblastsSchema, required=True)
    platelets = fields.Integer(required=True, metadata=_says("Seen in these pictures; not a concentration."))
    unseen_up_to = fields.Float(
        required=True, allow_none=True, metadata=_says("Per cent that a class may be though none was counted.", 3.6)
    )
    widest_interval = fields.Float(required=True, allow_none=True, metadata=_says("In percentage points.", 19.9))
    cells_needed = fields.Integer(
        required=True, allow_none=True, metadata=_says("More white cells until the widest interval is under `widest`.")
    )
    white_count = fields.Nested(WhiteCountSchema, required=True, allow_none=True)
    held_back = fields.Nested(HeldBackSchema, required=True)
    identical = fields.List(fields.Nested(IdenticalSchema), required=True)
    overlaps = fields.List(
        fields.Nested(OverlapSchema), required=True, metadata=_says("Pairs that are perhaps one cell seen twice.")
    )
    dropped = fields.Integer(required=True)


class InputSchema(Shape):
    size = fields.Integer(required=True, metadata=_says("Pixels a side of the network's input."))
    channels = fields.String(required=True, metadata=_says("Order of the colours.", "RGB"))
    range = fields.List(fields.Float(), required=True, metadata=_says("Lowest and highest value.", [0, 255]))
    framing = fields.String(required=True, metadata=_says("How a picture becomes the input.", "whole-picture"))


class LimitsSchema(Shape):
    max_bytes = fields.Integer(required=True)
    max_pixels = fields.Integer(required=True)
    min_side = fields.Integer(required=True, metadata=_says("Smallest side accepted, in pixels."))
    formats = fields.List(fields.String(), required=True)
    media_types = fields.List(fields.String(), required=True)


class ModelSchema(ModelNameSchema):
    labels = fields.List(fields.String(), required=True)
    input = fields.Nested(InputSchema, required=True)
    limits = fields.Nested(LimitsSchema, required=True)
    temperature = fields.Float(required=True, metadata=_says("Fitted on val rows; logits are divided by it."))
    confident_from = fields.Float(required=True, metadata=_says("The confidence from which an answer is confident."))
    confident_rate = fields.Float(required=True, metadata=_says("Share of val answers that were right from there on."))
    labs = fields.List(fields.String(), required=True, metadata=_says("Laboratories the model learned from."))
    metrics = fields.Dict(required=True, metadata=_says("metrics.json of the bundle: a row per laboratory."))
    sha256 = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    intended_use = fields.String(required=True)


class ModelHealthSchema(ModelNameSchema):
    self_test = fields.String(required=True, validate=validate.Equal("passed"))


class HealthSchema(Shape):
    status = fields.String(required=True, validate=validate.Equal("ok"))
    model = fields.Nested(ModelHealthSchema, required=True)


class LiveSchema(Shape):
    status = fields.String(required=True, validate=validate.Equal("ok"))


class ExampleSchema(Shape):
    name = fields.String(required=True, metadata=_says("File name of the example.", "BloodImage_00007.jpg"))
    url = fields.String(required=True, metadata=_says("Relative to the API's address."))


class ExamplesSchema(Shape):
    examples = fields.List(fields.Nested(ExampleSchema), required=True)
    attribution = fields.String(required=True)
    message = fields.String(required=True, metadata=_says("What to do when there are none."))


class ProblemSchema(Shape):
    """RFC 9457, Problem Details for HTTP APIs."""

    type = fields.String(required=True, metadata=_says("Always about:blank; `code` tells the kinds apart."))
    title = fields.String(required=True, metadata=_says("A heading."))
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata=_says("What is wrong and what to do next."))
    code = fields.String(required=True, metadata=_says("Stable, for programs.", "picture_empty"))
    request_id = fields.String(required=True, metadata=_says("Also in X-Request-ID and in the log."))
