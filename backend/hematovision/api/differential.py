"""POST /differential: the cells of answers in, a pre-classification out. Nothing is uploaded twice, nothing is kept."""

from __future__ import annotations

from typing import Any

from flask_restx import Namespace, Resource
from marshmallow import ValidationError

from hematovision import errors
from hematovision.api.bodies import first_of, json_sent
from hematovision.api.count_schemas import CountSchema, PreClassificationSchema
from hematovision.api.services import services
from hematovision.api.shapes import SHAPES, answers
from hematovision.cells import Box, Cell, Probability
from hematovision.differential import Options, PictureCells, count_cells
from hematovision.overlaps import Place

namespace = Namespace("differential", path="/differential", description="The cells of a smear, counted.")

MAX_ANSWERS = 10_000
MAX_CELLS = 100_000

count_schema = CountSchema()
pre_classification_schema = PreClassificationSchema()


@namespace.route("")
class Differential(Resource):
    @namespace.expect(SHAPES["Count"])
    @namespace.doc(
        "differential",
        **answers(PreClassificationSchema, 400, 413, 415, 422),
        description="Send what /classify answered, for all pictures of one smear, as JSON:\n\n"
        '    for field in fields/*.jpg; do curl -F "image=@$field" http://127.0.0.1:8000/classify; done |\n'
        "    jq -s '{answers: .}' |\n"
        "    curl -H 'Content-Type: application/json' --data-binary @- http://127.0.0.1:8000/differential\n\n"
        f"At most {MAX_ANSWERS:,} answers with {MAX_CELLS:,} cells, in as many bytes as a picture may have.",
    )
    def post(self) -> Any:
        """Count cells: per cents with exact intervals, a pre-classification for a person to review."""
        count = _count(json_sent("the answers of one smear, and of each no more than `image` and `cells`"))
        pictures = [_picture(each) for each in count.pop("answers")]
        drop = frozenset(Place(**each) for each in count.pop("drop"))
        options = Options(**count, drop=drop, max_held_back=services().settings.max_held_back)
        return pre_classification_schema.dump(count_cells(pictures, options))


def _count(body: Any) -> dict[str, Any]:
    """The body as `CountSchema` reads it. Its size is looked at first: reading each cell is what takes time."""
    sent = body.get("answers") if isinstance(body, dict) else None
    if isinstance(sent, list):
        lists = [each.get("cells") for each in sent if isinstance(each, dict)]
        cells = sum(len(each) for each in lists if isinstance(each, list))
        if len(sent) > MAX_ANSWERS or cells > MAX_CELLS:
            raise errors.CellsRefused(
                f"The body holds {len(sent):,} answers with {cells:,} cells, and at most {MAX_ANSWERS:,} with "
                f"{MAX_CELLS:,} are accepted. Send the answers of one smear."
            )
    try:
        count: dict[str, Any] = count_schema.load(body)
    except ValidationError as error:  # never let it out: it carries the body
        path, reason = first_of(error.messages)
        raise errors.CellsRefused(
            f"{path or 'The body'}: {reason.rstrip('.')}. Send `image` and `cells` as /classify answered them."
        ) from None
    return count


def _picture(answer: dict[str, Any]) -> PictureCells:
    return PictureCells(answer["image"]["sha256"], tuple(_cell(each) for each in answer["cells"]))


def _cell(cell: dict[str, Any]) -> Cell:
    nested = {
        "box": Box(**cell["box"]),
        "probabilities": tuple(Probability(**each) for each in cell["probabilities"]),
        "reasons": tuple(cell["reasons"]),
    }
    return Cell(**(cell | nested))
