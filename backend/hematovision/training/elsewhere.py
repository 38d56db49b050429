"""How sure a model must be to be right at a laboratory that it never saw: the floor under the limit for `confident`.

At home, where the limit is fitted, a model is surer than it is right elsewhere. So the one laboratory by which the
recipe is chosen, left out, tells from which confidence on what would be confident is right there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hematovision.calibration import confident_from
from hematovision.evaluation import Answers

CHOSEN_BY = "bangkok"  # the laboratory by which the recipe is chosen, and that tests/bench/recipes.py leaves out
RATE = 0.97  # of the answers there, right from the floor on
Floor = dict[str, Any]  # confident_from, rate, n; and the lab, where it is given on


def floor_of(answers: Answers, splits: Sequence[str]) -> Floor:
    """Of the answers of a model to a laboratory that it never saw: the least confidence from which `RATE` of those
    that it calls confident are right, above 1 if there is none, and how many it does. Those to test rows, as `splits`
    (N,) has it, do not count: models that have seen the laboratory are scored on them."""
    told = (np.array(answers.status) == "confident") & (np.array(splits) != "test")
    confidence, right = answers.probabilities[told].max(axis=1, initial=0), answers.right[told]
    return {"confident_from": confident_from(confidence, right, RATE), "rate": RATE, "n": int(told.sum())}


def floor_for(recipe: dict[str, Any], scored: str = "") -> Floor | None:
    """The floor for a model of this recipe, of whose rows `recipe` holds those there are by laboratory; None where
    `CHOSEN_BY` was not left out yet, or is itself to be `scored`: no laboratory's own cells set its limit."""
    floor = recipe.get(CHOSEN_BY, {}).get("floor")
    return None if floor is None or scored == CHOSEN_BY else {"lab": CHOSEN_BY, **floor}
