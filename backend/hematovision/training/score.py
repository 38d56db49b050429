"""A bundle's answers to labelled pictures, as the row that a laboratory gets. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hematovision.errors import LabelsRefused
from hematovision.evaluation import Answers, row
from hematovision.inference import InferenceService
from hematovision.progress import Progress
from hematovision.training.labs import LabelledCell, naming


def answers_of(service: InferenceService, cells: Sequence[LabelledCell], progress: Progress) -> Answers:
    """Classify every picture just as the service does. Raises `LabelsRefused` for a class that the bundle lacks."""
    labels = service.bundle.labels
    foreign = {cell.label for cell in cells} - set(labels)
    if foreign:
        raise LabelsRefused(
            f"The model has no class {sorted(foreign)[0]!r}. Name the folders after its classes: {', '.join(labels)}."
        )
    given = []
    for done, cell in enumerate(cells, 1):
        with naming(cell.path):
            given.append(service.classify(cell.path.read_bytes()))
        progress("classifying", done, len(cells))
    return Answers(
        truth=np.array([labels.index(cell.label) for cell in cells]),
        probabilities=np.array([[each.probability for each in answer.probabilities] for answer in given]),
        status=[answer.status for answer in given],
    )


def rows_by_lab(
    service: InferenceService, cells: Sequence[LabelledCell], progress: Progress
) -> dict[str, dict[str, Any]]:
    """One row a laboratory, by its name."""
    labs = sorted({cell.lab for cell in cells})
    return {lab: row(answers_of(service, [cell for cell in cells if cell.lab == lab], progress)) for lab in labs}
