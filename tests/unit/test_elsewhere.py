"""From which confidence on a model may call itself sure, and what is unfamiliar to it, as a laboratory tells that it
never saw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hematovision.evaluation import Answers
from hematovision.training.elsewhere import CHOSEN_BY, FAMILIAR_RATE, RATE, floor_for, floor_of
from hematovision.training.writing import calibrated

NONE = np.empty(0)


def answers(confidences: list[float], right: list[bool], status: list[str] | None = None) -> Answers:
    """Of two classes, the first the truth."""
    sure = np.array(confidences)
    first = np.where(right, sure, 1 - sure)
    return Answers(np.zeros(len(sure), int), np.stack([first, 1 - first], axis=1), status or ["confident"] * len(sure))


def always(*first: float) -> Callable[..., NDArray[np.float64]]:
    """The probabilities of a classifier that is so sure of the first of two classes, whatever it was."""
    return lambda _: np.stack([first, 1 - np.array(first)], axis=1)


def test_the_floor_is_where_answers_are_right_as_often_as_asked() -> None:
    confidences = [0.99, 0.95, 0.9, 0.8]
    floor = floor_of(answers(confidences, [True, True, False, True]), ["train"] * 4, np.linspace(0, 1, 11))
    assert floor == {
        "confident_from": 0.95, "rate": RATE, "n": 4,
        "familiar_to": pytest.approx(FAMILIAR_RATE), "familiar_rate": FAMILIAR_RATE, "cells": 11,
    }  # fmt: skip


def test_only_what_names_a_class_and_is_no_test_row_counts() -> None:
    confidences, right = [0.99, 0.98, 0.97, 0.95, 0.9], [False, False, False, True, True]
    status = ["unfamiliar", "no_cells", "confident", "check", "confident"]
    floor = floor_of(answers(confidences, right, status), ["train", "train", "test", "val", "train"], NONE)
    assert (floor["confident_from"], floor["n"]) == (0.9, 2)


@pytest.mark.parametrize("status", ["unfamiliar", "check", "confident"])
def test_where_no_answer_is_right_none_may_be_confident(status: str) -> None:
    assert floor_of(answers([0.99, 0.9], [False, False], [status] * 2), ["train"] * 2, NONE)["confident_from"] > 1


def test_a_picture_without_an_answer_is_not_asked() -> None:
    nothing = Answers(np.zeros(2, int), np.full((2, 2), np.nan), ["no_cells", "not_a_smear"])
    floor = floor_of(nothing, ["train"] * 2, NONE)
    assert (floor["n"], floor["familiar_to"], floor["cells"]) == (0, 0, 0)


ROW: dict[str, Any] = {"floor": {"confident_from": 0.9, "rate": RATE, "n": 400}}


def test_the_floor_is_that_of_the_laboratory_by_which_the_recipe_is_chosen() -> None:
    floor = floor_for({CHOSEN_BY: ROW, "another": {"floor": {"confident_from": 0.5, "rate": RATE, "n": 9}}}, "another")
    assert floor == {"lab": CHOSEN_BY, **ROW["floor"]}


@pytest.mark.parametrize(
    ("recipe", "scored"),
    [({}, ""), ({"another": ROW}, ""), ({CHOSEN_BY: {"locator": {}}}, ""), ({CHOSEN_BY: ROW}, CHOSEN_BY)],
    ids=["no rows", "of another", "of the locator alone", "its own"],
)
def test_without_it_there_is_no_floor(recipe: dict[str, Any], scored: str) -> None:
    assert floor_for(recipe, scored) is None


@pytest.mark.parametrize(("floor", "limit"), [(None, 0.8), (0.5, 0.8), (0.99, 0.99), (1.01, 1.01)])
def test_the_limit_for_confident_is_never_below_the_floor(floor: float | None, limit: float) -> None:
    logits = np.log([[0.8, 0.2]] * 4 + [[0.7, 0.3]])
    truth = np.array([0, 0, 0, 0, 1])
    given = None if floor is None else {"lab": CHOSEN_BY, "confident_from": floor, "rate": RATE, "n": 400}
    record = calibrated(logits, truth, always(0.8, 0.8, 0.8, 0.8, 0.7), np.ones(5, bool), floor=given)
    assert (record["confident_from"], record["floor"]) == (limit, given)


@pytest.mark.parametrize(
    ("near", "limit"), [([1, 1, 1], 1.01), ([0, 1, 1], 0.7), ([0, 1, 0], 0.8), ([0, 0, 0], 1.01)], ids=str
)
def test_the_limit_for_confident_is_fitted_to_those_that_are_near_alone(near: list[int], limit: float) -> None:
    logits, truth = np.log([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]]), np.array([1, 0, 0])
    record = calibrated(logits, truth, always(0.9, 0.8, 0.7), np.array(near, bool))
    assert (record["confident_from"], record["n"]) == (limit, 3)
