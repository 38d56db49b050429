"""A cell as the database keeps it: JSON without what the columns beside it say. Probabilities in the model's order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hematovision.cells import Box, Cell, Probability


def written(cell: Cell) -> dict[str, Any]:
    """The cell as JSON, every number as it was answered."""
    box = cell.box
    return {
        "box": [box.x, box.y, box.width, box.height],
        "kind": cell.kind,
        "edge": cell.edge,
        "status": cell.status,
        "label": cell.label,
        "confidence": cell.confidence,
        "probabilities": [each.probability for each in cell.probabilities],
        "reasons": list(cell.reasons),
        "sketch": cell.sketch,
    }


def read(stored: dict[str, Any], labels: Sequence[str]) -> Cell:
    """The same cell again; `labels` are those of the model that saw it."""
    return Cell(
        box=Box(*stored["box"]),
        kind=stored["kind"],
        edge=stored["edge"],
        status=stored["status"],
        label=stored["label"],
        confidence=stored["confidence"],
        probabilities=tuple(map(Probability, labels, stored["probabilities"])),
        reasons=tuple(stored["reasons"]),
        sketch=stored.get("sketch"),  # older ones have none
    )
