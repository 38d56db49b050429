"""What a batch answers: one row a picture, one a cell, one a failure, in one table of these columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from hematovision.cells import Answer, Box, Cell, Milliseconds, Model, PictureFacts, Probability, Seen

VERSION = 1  # of the columns; one that is added leaves it, one that changes its meaning or goes raises it

Row = dict[str, Any]


class Column(NamedTuple):
    """`kind` is text, integer, number, truth, texts or probabilities (label and probability of each class)."""

    name: str
    kind: str
    sentence: str


COLUMNS = (
    Column("row", "text", "`picture`, `cell` or `failure`."),
    Column("picture", "text", "Name of the picture in its source."),
    Column("sha256", "text", "Of the picture's bytes; null for a failure whose bytes could not be read."),
    Column("width", "integer", "Of the upright picture, in pixels."),
    Column("height", "integer", "Of the upright picture, in pixels."),
    Column("model", "text", "Name of the bundle that answered."),
    Column("version", "text", "Version of the bundle that answered."),
    Column("cell", "integer", "Of a cell: its number in its picture, the main one is 0."),
    Column("kind", "text", "Of a cell: nucleated or platelet."),
    Column("x", "integer", "Of a cell: left edge of its box, in pixels of the upright picture."),
    Column("y", "integer", "Of a cell: upper edge of its box."),
    Column("box_width", "integer", "Of a cell."),
    Column("box_height", "integer", "Of a cell."),
    Column("edge", "truth", "Of a cell: cut by the picture's edge."),
    Column("status", "text", "How far to trust the answer, as /classify says it; a picture's is its main cell's."),
    Column("label", "text", "The class; null unless confident or check."),
    Column("confidence", "number", "The label's probability."),
    Column("probabilities", "probabilities", "Every class, in the bundle's order."),
    Column("reasons", "texts", "Why the status is not confident."),
    Column("sketch", "text", "Of a cell: what it looks like, in 64 bits."),
    Column("nucleated", "integer", "Of a picture: how many were seen in it."),
    Column("platelet", "integer", "Of a picture: how many were seen in it."),
    Column("red", "integer", "Of a picture: how many were seen in it."),
    Column("decode_ms", "number", "Of a picture: milliseconds to decode it."),
    Column("locate_ms", "number", "Of a picture: milliseconds to locate its cells."),
    Column("classify_ms", "number", "Of a picture: milliseconds to classify them."),
    Column("total_ms", "number", "Of a picture: milliseconds in all."),
    Column("code", "text", "Of a failure: its kind, as in the API's problems."),
    Column("detail", "text", "Of a failure: what is wrong and what to do."),
)
NAMES = tuple(column.name for column in COLUMNS)


def rows_of(name: str, answer: Answer) -> list[Row]:
    """The row of an answered picture, then one for each of its classified cells."""
    picture = {
        "row": "picture",
        "width": answer.image.width,
        "height": answer.image.height,
        **_judgement(answer),
        **vars(answer.seen),
        **{f"{step}_ms": value for step, value in vars(answer.milliseconds).items()},
    }
    cells = [{"row": "cell", "cell": number, **_cell(cell)} for number, cell in enumerate(answer.cells)]
    of_all = {
        "picture": name,
        "sha256": answer.image.sha256,
        "model": answer.model.name,
        "version": answer.model.version,
    }
    return [row | of_all for row in (picture, *cells)]


def answers_of(rows: Sequence[Row]) -> Iterator[tuple[str, Answer]]:
    """Name and answer of each answered picture of whole pictures' rows: what `rows_of` was given."""
    cells: list[Cell] = []
    for row in reversed(rows):
        if row["row"] == "cell":
            box = Box(row["x"], row["y"], row["box_width"], row["box_height"])
            facts = {name: row[name] for name in ("kind", "edge", "sketch")}
            cells.append(Cell(box=box, **facts, **_judged(row)))
        elif row["row"] == "picture":
            yield (
                row["picture"],
                Answer(
                    model=Model(row["model"], row["version"]),
                    image=PictureFacts(row["width"], row["height"], row["sha256"]),
                    seen=Seen(row["nucleated"], row["platelet"], row["red"]),
                    cells=tuple(reversed(cells)),
                    milliseconds=Milliseconds(
                        *(row[f"{step}_ms"] for step in ("decode", "locate", "classify", "total"))
                    ),
                    **_judged(row),
                ),
            )
            cells = []


def failure(name: str, code: str, detail: str, sha256: str | None = None) -> list[Row]:
    """The one row of a picture that could not be answered."""
    return [{"row": "failure", "picture": name, "sha256": sha256, "code": code, "detail": detail}]


def as_csv(rows: Iterable[Row]) -> bytes:
    """A line of names, then a line a row: null is empty, texts and probabilities are JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(NAMES)
    writer.writerows([_written(row.get(name)) for name in NAMES] for row in rows)
    return text.getvalue().encode()


def _written(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, bool | list) else value


def _judgement(answer: Answer | Cell) -> Row:
    return {
        "status": answer.status,
        "label": answer.label,
        "confidence": answer.confidence,
        "probabilities": [vars(each) for each in answer.probabilities],
        "reasons": list(answer.reasons),
    }


def _judged(row: Row) -> dict[str, Any]:
    return {
        "status": row["status"],
        "label": row["label"],
        "confidence": row["confidence"],
        "probabilities": tuple(Probability(**each) for each in row["probabilities"]),
        "reasons": tuple(row["reasons"]),
    }


def _cell(cell: Cell) -> Row:
    return {
        "kind": cell.kind,
        "x": cell.box.x,
        "y": cell.box.y,
        "box_width": cell.box.width,
        "box_height": cell.box.height,
        "edge": cell.edge,
        **_judgement(cell),
        "sketch": cell.sketch,
    }
