"""The shapes of cells sent to be counted, and of the pre-classification that comes back."""

from __future__ import annotations

from marshmallow import fields, validate

from hematovision.api.schemas import BoxSchema, CellSchema, Shape, says
from hematovision.differential import WANTED


class CountedImageSchema(Shape):
    sha256 = fields.String(
        required=True,
        validate=validate.Length(1, 128),
        metadata=says("As /classify answered; a picture that comes twice counts once."),
    )


class CountedPictureSchema(Shape):
    image = fields.Nested(CountedImageSchema, required=True)
    cells = fields.List(fields.Nested(CellSchema), required=True, metadata=says("As /classify answered."))


class PlaceSchema(Shape):
    picture = fields.Integer(required=True, metadata=says("Position in `answers`, from 0."))
    cell = fields.Integer(required=True, metadata=says("Position in that picture's `cells`, from 0."))


class CountSchema(Shape):
    """The one shape that comes in: what to count, and how."""

    answers = fields.List(
        fields.Nested(CountedPictureSchema),
        required=True,
        validate=validate.Length(min=1),
        metadata=says("Answers of /classify, for pictures of one smear."),
    )
    wanted = fields.Integer(
        load_default=100, validate=validate.OneOf(WANTED), metadata=says("White cells to count to.", 100)
    )
    widest = fields.Float(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 100),
        metadata=says("Limit for the widest interval, in percentage points; how many cells it needs is answered.", 10),
    )
    white_count = fields.Float(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0.01, 1000),
        metadata=says("The analyser's white count in 10^9/L (7,400 per microlitre are 7.4).", 7.4),
    )
    white_count_corrected = fields.Boolean(
        load_default=False, metadata=says("Whether the analyser has taken erythroblasts off already.")
    )
    count_edge = fields.Boolean(load_default=False, metadata=says("Count the cells that a picture's edge cuts."))
    drop = fields.List(fields.Nested(PlaceSchema), load_default=[], metadata=says("Cells to leave out, as seen twice."))


class IntervalSchema(Shape):
    low = fields.Float(required=True)
    high = fields.Float(required=True)


class AmountSchema(Shape):
    value = fields.Float(required=True, metadata=says("In 10^9/L."))
    interval = fields.Nested(IntervalSchema, required=True)


class CountedSchema(Shape):
    """A count and what it means; the shares are null where nothing can be said of them."""

    count = fields.Integer(required=True)
    to_check = fields.Integer(required=True, metadata=says("How many of them have the status check."))
    interval = fields.Nested(IntervalSchema, required=True, allow_none=True)
    absolute = fields.Nested(AmountSchema, required=True, allow_none=True)


class ClassCountSchema(CountedSchema):
    label = fields.String(required=True, metadata=says("A class of the bundle.", "neutrophil"))
    percentage = fields.Float(
        required=True, allow_none=True, metadata=says("Whole, or halves from 200 cells; all sum to 100.", 60)
    )
    range = fields.Nested(IntervalSchema, required=True, allow_none=True)


class ErythroblastsSchema(CountedSchema):
    per_100 = fields.Float(required=True, allow_none=True, metadata=says("For every 100 white cells.", 10))


class WhiteCountSchema(Shape):
    given = fields.Float(required=True, metadata=says("In 10^9/L."))
    used = fields.Float(required=True, metadata=says("In 10^9/L; corrected for erythroblasts where that is due."))
    message = fields.String(required=True, metadata=says("Why it was corrected, or not."))


class HeldBackCellSchema(Shape):
    place = fields.Nested(PlaceSchema, required=True)
    box = fields.Nested(BoxSchema, required=True)
    reason = fields.String(required=True, validate=validate.OneOf(("unfamiliar", "edge")))
    label = fields.String(required=True, allow_none=True)


class HeldBackSchema(Shape):
    cells = fields.List(fields.Nested(HeldBackCellSchema), required=True)
    share = fields.Float(required=True, metadata=says("Per cent of these and the white cells together."))
    limit = fields.Float(required=True, metadata=says("Above it there are counts only."))


class IdenticalSchema(Shape):
    picture = fields.Integer(required=True, metadata=says("Position in `answers`, from 0."))
    same_as = fields.Integer(required=True, metadata=says("That of the earlier, equal picture."))


class OverlapSchema(Shape):
    first = fields.Nested(PlaceSchema, required=True)
    second = fields.Nested(PlaceSchema, required=True)


class PreClassificationSchema(Shape):
    status = fields.String(required=True, validate=validate.Equal("pre_classification"))
    message = fields.String(required=True, metadata=says("What a pre-classification is."))
    interval_message = fields.String(required=True, metadata=says("What the intervals cover, and what not."))
    notes = fields.List(fields.String(), required=True, metadata=says("What to know of this count, in sentences."))
    pictures = fields.Integer(required=True, metadata=says("Different ones."))
    white_cells = fields.Integer(required=True, metadata=says("Counted; the percentages are of these."))
    wanted = fields.Integer(required=True)
    missing = fields.Integer(required=True, metadata=says("White cells to go until `wanted`."))
    counts_only = fields.Boolean(required=True, metadata=says("Too many cells are held back to give shares."))
    classes = fields.List(
        fields.Nested(ClassCountSchema),
        required=True,
        metadata=says(
            "White cells, in the bundle's order. `interval`: exact (Clopper-Pearson), 95 %, in per cent. `range`: the "
            "share if none, and if all, of the cells held back were of this class."
        ),
    )
    erythroblasts = fields.Nested(ErythroblastsSchema, required=True)
    platelets = fields.Integer(required=True, metadata=says("Seen in these pictures; not a concentration."))
    unseen_up_to = fields.Float(
        required=True, allow_none=True, metadata=says("Per cent that a class may be though none was counted.", 3.6)
    )
    widest_interval = fields.Float(required=True, allow_none=True, metadata=says("In percentage points.", 19.9))
    cells_needed = fields.Integer(
        required=True, allow_none=True, metadata=says("More white cells until the widest interval is under `widest`.")
    )
    white_count = fields.Nested(WhiteCountSchema, required=True, allow_none=True)
    held_back = fields.Nested(HeldBackSchema, required=True)
    identical = fields.List(fields.Nested(IdenticalSchema), required=True)
    overlaps = fields.List(
        fields.Nested(OverlapSchema), required=True, metadata=says("Pairs that are perhaps one cell seen twice.")
    )
    dropped = fields.Integer(required=True)
