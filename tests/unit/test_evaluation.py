"""Scores against cases that fit on a sheet of paper."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hematovision.evaluation import Answers, balanced_accuracy, bootstrap_interval, confusion, macro_f1, row

TRUTH = np.array([0, 0, 0, 1, 1, 2])
ANSWER = np.array([0, 0, 1, 1, 2, 2])


def test_confusion_counts_answers_by_truth() -> None:
    assert confusion(TRUTH, ANSWER, 4).tolist() == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_macro_f1_by_hand() -> None:
    # Class 0: 2 * 2 / (3 + 2). Class 1: 2 * 1 / (2 + 2). Class 2: 2 * 1 / (1 + 2). Class 3 is not there.
    assert macro_f1(TRUTH, ANSWER, 4) == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 3)


def test_macro_f1_counts_a_class_that_is_never_answered() -> None:
    assert macro_f1(np.array([0, 1]), np.array([0, 0]), 2) == pytest.approx((2 / 3 + 0) / 2)


def test_balanced_accuracy_leaves_out_classes_of_fewer_than_20() -> None:
    truth = np.repeat([0, 1, 2], [20, 40, 19])
    answer = truth.copy()
    answer[:5] = 1  # class 0: 15 of 20
    answer[20:30] = 0  # class 1: 30 of 40
    answer[60:] = 0  # class 2: none, and not counted
    assert balanced_accuracy(truth, answer, 3) == pytest.approx((15 / 20 + 30 / 40) / 2)


def test_balanced_accuracy_of_few_pictures_is_not_told() -> None:
    assert balanced_accuracy(TRUTH, ANSWER, 3) is None


def test_the_interval_holds_the_mean_and_narrows_with_more_pictures() -> None:
    few = np.repeat([True, False], [45, 5])
    many = np.repeat([True, False], [4_500, 500])
    low, high = bootstrap_interval(few, np.mean)
    assert 0 <= low < 0.9 < high <= 1
    narrow_low, narrow_high = bootstrap_interval(many, np.mean)
    assert low < narrow_low < 0.9 < narrow_high < high
    # Where pictures are many, the normal approximation is an oracle.
    spread = 1.96 * np.sqrt(0.9 * 0.1 / 5_000)
    assert narrow_low == pytest.approx(0.9 - spread, abs=0.002)
    assert narrow_high == pytest.approx(0.9 + spread, abs=0.002)


def test_the_interval_is_the_same_each_time() -> None:
    values = np.random.default_rng(1).random(30)
    assert bootstrap_interval(values, np.mean) == bootstrap_interval(values, np.mean)
    assert bootstrap_interval(values, np.mean, seed=2) != bootstrap_interval(values, np.mean)


@pytest.fixture
def answers() -> Answers:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.45, 0.55]])
    return Answers(np.array([0, 1, 1, 1]), probabilities, ["confident", "check", "check", "confident"])


def test_a_row_by_hand(answers: Answers) -> None:
    figures = row(answers)
    assert figures["n"] == 4
    assert figures["accuracy"] == 0.75
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert figures["balanced_accuracy"] is None
    assert figures["confusion"] == [[1, 0], [1, 2]]
    assert figures["by_status"] == {
        "confident": {"n": 2, "share": 0.5, "accuracy": 1.0},
        "check": {"n": 2, "share": 0.5, "accuracy": 0.5},
        "unfamiliar": {"n": 0, "share": 0.0, "accuracy": None},
    }


def test_a_row_fits_into_json(answers: Answers) -> None:
    figures = row(answers)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_a_picture_whose_status_is_check_still_counts_with_its_best_class(answers: Answers) -> None:
    assert answers.answer.tolist() == [0, 0, 1, 1]
    assert answers.right.tolist() == [True, False, True, True]
