"""How sure a model must be to be right at a laboratory that it never saw, and how strange cells may be there: floors
under the limits for `confident` and for `unfamiliar`.

At home, where limits are fitted, a model is surer than it is right elsewhere, and every cell is more like those it
remembers. So the one laboratory by which the recipe is chosen, left out, tells from which confidence on answers are
right there, and how far from the remembered cells most of its own lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hematovision.calibration import confident_from
from hematovision.evaluation import Answers
from hematovision.head import pooled
from hematovision.progress import Progress
from hematovision.road import Road
from hematovision.training.framed import framed, middle
from hematovision.training.labs import LabelledCell

CHOSEN_BY = "bangkok"  # the laboratory by which the recipe is chosen, and that tests/bench/recipes.py leaves out
RATE = 0.97  # of the answers there, right from the floor on
FAMILIAR_RATE = 0.9  # of the cells found there, familiar to the floor
Floor = dict[str, Any]  # confident_from, rate, n; familiar_to, familiar_rate, cells; and the lab, where it is given on


def floor_of(answers: Answers, splits: Sequence[str], distances: NDArray[np.float64]) -> Floor:
    """Of the answers of a model to a laboratory that it never saw: the least confidence from which `RATE` of those
    that name a class are right, above 1 if there is none, and how many do. Those that are not confident count, too, or
    few would be left to tell; those to test rows, as `splits` (N,) has it, do not: models that have seen the laboratory
    are scored on them. And of the `distances` (M,) as
    of `distances_at`, that within which `FAMILIAR_RATE` of them lie, 0 if there are none."""
    told = np.isin(answers.status, ("confident", "check")) & (np.array(splits) != "test")
    confidence, right = answers.probabilities[told].max(axis=1, initial=0), answers.right[told]
    return {
        "confident_from": confident_from(confidence, right, RATE),
        "rate": RATE,
        "n": int(told.sum()),
        "familiar_to": float(np.quantile(distances, FAMILIAR_RATE)) if len(distances) else 0.0,
        "familiar_rate": FAMILIAR_RATE,
        "cells": len(distances),
    }


def distances_at(road: Road, cells: Sequence[LabelledCell], progress: Progress) -> NDArray[np.float64]:
    """(M,) 0..2: how far each of a laboratory's cells is from the nearest remembered one, but for those of test rows
    and those that are not found."""
    size, asked = road.bundle.size, [cell for cell in cells if cell.split != "test"]
    kept = framed(asked, road.locate, size, road.bundle.context, progress)
    means = [pooled(road.seen(middle(each.rgb, size)[np.newaxis]).features) for each in kept]
    return road.bundle.familiar.distances(np.concatenate(means)) if means else np.empty(0)


def floor_for(recipe: dict[str, Any], scored: str = "") -> Floor | None:
    """The floor for a model of this recipe, of whose rows `recipe` holds those there are by laboratory; None where
    `CHOSEN_BY` was not left out yet, or is itself to be `scored`: no laboratory's own cells set its limit."""
    floor = recipe.get(CHOSEN_BY, {}).get("floor")
    return None if floor is None or scored == CHOSEN_BY else {"lab": CHOSEN_BY, **floor}
