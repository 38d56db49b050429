"""The shapes of all that leaves the service. Written once, in marshmallow; Swagger's are derived from them.

Knows no Flask, so the command line prints the very same JSON.
"""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from hematovision.locator import KINDS

CELL_STATUSES = ("confident", "check", "unfamiliar")
STATUSES = (*CELL_STATUSES, "no_cells", "not_a_smear")

DATABASE_STATUSES = ("ok", "opening", "away", "off")

_SIDE = validate.Range(1, 10_000_000)


def says(sentence: str, example: Any = None) -> dict[str, Any]:
    """What Swagger UI tells of a field."""
    return {"description": sentence} | ({} if example is None else {"example": example})


class Shape(Schema):
    """The base of them all: a reader must expect fields that later versions add."""

    class Meta:
        unknown = EXCLUDE


class BoxSchema(Shape):
    x = fields.Integer(required=True, metadata=says("Left edge in pixels of the upright picture."))
    y = fields.Integer(required=True, metadata=says("Upper edge in pixels."))
    width = fields.Integer(required=True, validate=_SIDE)
    height = fields.Integer(required=True, validate=_SIDE)


class ProbabilitySchema(Shape):
    label = fields.String(required=True, metadata=says("A class of the bundle.", "neutrophil"))
    probability = fields.Float(required=True, metadata=says("0 to 1, calibrated.", 0.97))


class JudgementSchema(Shape):
    """What is said of a cell, and of a picture's main cell."""

    status = fields.String(
        required=True,
        validate=validate.OneOf(STATUSES),
        metadata=says("How far to trust the answer.", "confident"),
    )
    label = fields.String(
        required=True, allow_none=True, metadata=says("The class; null unless confident or check.", "neutrophil")
    )
    confidence = fields.Float(required=True, allow_none=True, metadata=says("The label's probability.", 0.97))
    probabilities = fields.List(
        fields.Nested(ProbabilitySchema), required=True, metadata=says("Every class, in the bundle's order.")
    )
    reasons = fields.List(fields.String(), required=True, metadata=says("Sentences: why the status is not confident."))


class ReadValueSchema(Shape):
    value = fields.String(required=True, metadata=says("As the attribute's authors name it.", "segmented-bilobed"))
    probability = fields.Float(required=True, metadata=says("0 to 1, calibrated.", 0.91))


class ReadingSchema(Shape):
    """An attribute of a cell, or a leaning to a finer class. /model tells how right each is; none is ever counted."""

    name = fields.String(required=True, metadata=says("What is read off.", "nucleus_shape"))
    leaning = fields.Boolean(required=True, metadata=says("To a finer class; else an attribute."))
    values = fields.List(fields.Nested(ReadValueSchema), required=True)


class GroundsSchema(Shape):
    """Where the classifier saw a cell's label (its class activation map), and what else it reads off the cell."""

    x = fields.Float(required=True, metadata=says("Left edge of the map, in pixels of the upright picture."))
    y = fields.Float(required=True, metadata=says("Upper edge, in pixels; either may lie outside the picture."))
    side = fields.Float(required=True, metadata=says("Of the square under the map, in pixels."))
    seen_at = fields.List(
        fields.List(fields.Float()),
        required=True,
        metadata=says("Rows, from above: what each place adds to the label's logit."),
    )
    readings = fields.List(fields.Nested(ReadingSchema), required=True)


class CellSchema(JudgementSchema):
    box = fields.Nested(BoxSchema, required=True)
    kind = fields.String(
        required=True, validate=validate.OneOf(KINDS), metadata=says("What was located; red only on request.")
    )
    status = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(CELL_STATUSES),
        metadata=says("How far to trust the answer; null for a red cell, which is not classified.", "confident"),
    )
    edge = fields.Boolean(required=True, metadata=says("Cut by the picture's edge."))
    sketch = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"[0-9a-f]{16}\Z"),
        metadata=says(
            "What it looks like, in 64 bits: one cell in two pictures has nearly the same.", "9ae1b3a5c0f27d68"
        ),
    )
    why = fields.Nested(
        GroundsSchema,
        load_default=None,
        allow_none=True,
        metadata=says("Of a cell with a label, on request; else null. Not recorded."),
    )


class ModelNameSchema(Shape):
    name = fields.String(required=True, metadata=says("The bundle's name.", "wbc-mobilenetv2"))
    version = fields.String(required=True, metadata=says("The bundle's version.", "1.0.0"))


class PictureFactsSchema(Shape):
    width = fields.Integer(required=True, metadata=says("Of the upright picture, in pixels."))
    height = fields.Integer(required=True)
    sha256 = fields.String(required=True, metadata=says("Of the bytes received."))


class SeenSchema(Shape):
    """How many of each kind were seen in this picture, those at its edge included; never a concentration."""

    nucleated = fields.Integer(required=True)
    platelet = fields.Integer(required=True)
    red = fields.Integer(required=True)


class MillisecondsSchema(Shape):
    decode = fields.Float(required=True)
    locate = fields.Float(required=True)
    classify = fields.Float(required=True)
    total = fields.Float(required=True)


class AnswerSchema(JudgementSchema):
    model = fields.Nested(ModelNameSchema, required=True)
    image = fields.Nested(PictureFactsSchema, required=True)
    seen = fields.Nested(SeenSchema, required=True)
    cells = fields.List(fields.Nested(CellSchema), required=True, metadata=says("The main cell first."))
    milliseconds = fields.Nested(MillisecondsSchema, required=True)


class InputSchema(Shape):
    size = fields.Integer(required=True, metadata=says("Pixels a side of the network's input."))
    channels = fields.String(required=True, metadata=says("Order of the colours.", "RGB"))
    range = fields.List(fields.Float(), required=True, metadata=says("Lowest and highest value.", [0, 255]))
    framing = fields.String(required=True, metadata=says("How a cell becomes the input.", "cell-box"))
    context = fields.Float(required=True, metadata=says("Side of the input, in longer sides of the cell's box.", 1.4))


class LimitsSchema(Shape):
    max_bytes = fields.Integer(required=True)
    max_pixels = fields.Integer(required=True)
    min_side = fields.Integer(required=True, metadata=says("Smallest side accepted, in pixels."))
    formats = fields.List(fields.String(), required=True)
    media_types = fields.List(fields.String(), required=True)
    queue = fields.Integer(required=True, metadata=says("Pictures that may wait for a worker's model."))
    deadline = fields.Integer(required=True, metadata=says("Seconds for a request to arrive and be answered."))


class FamiliaritySchema(Shape):
    """How far a cell may be from the nearest that the model remembers: in features, as one minus the cosine, and in
    features and texture, as the share of val cells that are nearer."""

    near = fields.Float(
        required=True, metadata=says("Share of val cells; to one stranger than so many no answer is confident.")
    )
    near_rate = fields.Float(required=True, metadata=says("Share of val cells that are no stranger than that."))
    limit = fields.Float(required=True, metadata=says("Distance in features, beyond which a cell is unfamiliar."))
    purple_from = fields.Float(required=True, metadata=says("One whose nucleus is less purple is unfamiliar, too."))
    rate = fields.Float(
        required=True, metadata=says("Share of val cells that are within either of these two, at least.")
    )


class ModelSchema(ModelNameSchema):
    labels = fields.List(fields.String(), required=True)
    input = fields.Nested(InputSchema, required=True)
    limits = fields.Nested(LimitsSchema, required=True)
    temperature = fields.Float(required=True, metadata=says("Fitted on val rows; logits are divided by it."))
    confident_from = fields.Float(required=True, metadata=says("The confidence from which an answer can be confident."))
    confident_rate = fields.Float(
        required=True, metadata=says("Share of val answers to cells not too strange right from there on.")
    )
    familiarity = fields.Nested(FamiliaritySchema, required=True)
    labs = fields.List(fields.String(), required=True, metadata=says("Laboratories the model learned from."))
    metrics = fields.Dict(required=True, metadata=says("metrics.json of the bundle: a row per laboratory."))
    sha256 = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    intended_use = fields.String(required=True)


class ModelHealthSchema(ModelNameSchema):
    self_test = fields.String(required=True, validate=validate.Equal("passed"))
    refused = fields.String(
        required=True,
        allow_none=True,
        metadata=says("Why the bundle that CURRENT names now was refused, so that this one goes on; else null."),
    )


class DatabaseHealthSchema(Shape):
    status = fields.String(
        required=True,
        validate=validate.OneOf(DATABASE_STATUSES),
        metadata=says("`away`: pictures are answered and not recorded. `off`: recording is switched off.", "ok"),
    )
    reason = fields.String(required=True, allow_none=True, metadata=says("Why it is not ok, and what to do."))


class QueueSchema(Shape):
    """Of the worker that was asked."""

    in_model = fields.Integer(required=True, metadata=says("Pictures in the model now."))
    waiting = fields.Integer(required=True, metadata=says("Pictures waiting for it now."))
    places = fields.Integer(required=True, metadata=says("How many may wait; the next one gets 503.", 16))


class HealthSchema(Shape):
    status = fields.String(required=True, validate=validate.Equal("ok"))
    model = fields.Nested(ModelHealthSchema, required=True)
    database = fields.Nested(DatabaseHealthSchema, required=True)
    queue = fields.Nested(QueueSchema, required=True)
    login = fields.String(required=True, validate=validate.OneOf(("on", "off")))


class LiveSchema(Shape):
    status = fields.String(required=True, validate=validate.Equal("ok"))


class ExampleSchema(Shape):
    name = fields.String(required=True, metadata=says("File name of the example.", "BloodImage_00007.jpg"))
    url = fields.String(required=True, metadata=says("Relative to the API's address."))


class ExamplesSchema(Shape):
    examples = fields.List(fields.Nested(ExampleSchema), required=True)
    attribution = fields.String(required=True)
    message = fields.String(required=True, metadata=says("What to do when there are none."))


class ProblemSchema(Shape):
    """RFC 9457, Problem Details for HTTP APIs."""

    type = fields.String(required=True, metadata=says("Always about:blank; `code` tells the kinds apart."))
    title = fields.String(required=True, metadata=says("A heading."))
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata=says("What is wrong and what to do next."))
    code = fields.String(required=True, metadata=says("Stable, for programs.", "picture_empty"))
    request_id = fields.String(required=True, metadata=says("Also in X-Request-ID and in the log."))
