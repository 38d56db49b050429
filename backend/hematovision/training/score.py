"""A bundle's answers to labelled pictures, as the row that a laboratory gets. Needs no TensorFlow."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from hematovision.errors import LabelsRefused, PictureRefused
from hematovision.evaluation import Answers, row
from hematovision.inference import InferenceService
from hematovision.progress import Progress
from hematovision.training.labs import LabelledCell, naming

log = logging.getLogger(__name__)


def answers_of(
    service: InferenceService, cells: Sequence[LabelledCell], progress: Progress, classes: Sequence[str] = ()
) -> Answers:
    """Classify every picture just as the service does. One that it refuses is logged and has the status `refused`.

    `classes` are those to score in, where a model lacks some of them: it is never right there. Raises `LabelsRefused`
    for any other class that the bundle lacks, and for a file that cannot be read.
    """
    labels = tuple(classes) or service.bundle.labels
    columns = [labels.index(label) for label in service.bundle.labels]
    foreign = {cell.label for cell in cells} - set(labels)
    if foreign:
        raise LabelsRefused(
            f"The model has no class {sorted(foreign)[0]!r}. Name the folders after its classes: {', '.join(labels)}."
        )
    probabilities, status = np.full((len(cells), len(labels)), np.nan), []
    for index, cell in enumerate(cells):
        with naming(cell.path):
            picture = cell.path.read_bytes()
        try:
            answer = service.classify(picture)
        except PictureRefused as error:
            log.warning("%s counts as wrong. %s", cell.path, error)
            status.append("refused")
        else:
            status.append(answer.status)
            if answer.probabilities:
                probabilities[index] = 0
                probabilities[index, columns] = [each.probability for each in answer.probabilities]
        progress("classifying", index + 1, len(cells))
    return Answers(np.array([labels.index(cell.label) for cell in cells]), probabilities, status)


def rows_by_lab(
    service: InferenceService, cells: Sequence[LabelledCell], progress: Progress, classes: Sequence[str] = ()
) -> dict[str, dict[str, Any]]:
    """One row a laboratory, by its name, scored in `classes`: those of the bundle unless others are given."""
    classes = tuple(classes) or service.bundle.labels
    rows = {}
    for lab in sorted({cell.lab for cell in cells}):
        of_lab = [cell for cell in cells if cell.lab == lab]
        rows[lab] = row(answers_of(service, of_lab, progress, classes), classes)
    return rows
