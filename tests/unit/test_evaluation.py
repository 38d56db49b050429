"""Scores against cases that fit on a sheet of paper."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hematovision.calibration import expected_calibration_error
from hematovision.errors import LabelsRefused, PictureBroken
from hematovision.evaluation import (
    Answers,
    balanced_accuracy,
    bootstrap_interval,
    confusion,
    macro_f1,
    reliability,
    row,
    small_classes,
)
from hematovision.training.labs import LabelledCell
from hematovision.training.score import answers_of, rows_by_lab

TRUTH = np.array([0, 0, 0, 1, 1, 2])
ANSWER = np.array([0, 0, 1, 1, 2, 2])
LABELS = ("basophil", "eosinophil", "monocyte", "platelet")
NAN = [np.nan] * 4


def test_confusion_counts_answers_by_truth() -> None:
    assert confusion(TRUTH, ANSWER, 4).tolist() == [[2, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]


def test_confusion_counts_no_answer_in_its_last_column() -> None:
    assert confusion(np.array([0, 1, 1]), np.array([-1, 1, -1]), 2).tolist() == [[0, 0, 1], [0, 1, 1]]


def test_macro_f1_by_hand() -> None:
    # Class 0: 2 * 2 / (3 + 2). Class 1: 2 * 1 / (2 + 2). Class 2: 2 * 1 / (1 + 2). Class 3 is not there.
    assert macro_f1(TRUTH, ANSWER, 4) == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 3)


def test_macro_f1_counts_a_class_that_is_never_answered() -> None:
    assert macro_f1(np.array([0, 1]), np.array([0, 0]), 2) == pytest.approx((2 / 3 + 0) / 2)


def test_macro_f1_counts_no_answer_as_a_missed_truth() -> None:
    # Class 0: 2 * 1 / (2 + 1). Class 1: 2 * 1 / (1 + 1).
    assert macro_f1(np.array([0, 0, 1]), np.array([0, -1, 1]), 2) == pytest.approx((2 / 3 + 1) / 2)


def test_balanced_accuracy_leaves_out_classes_of_fewer_than_20() -> None:
    truth = np.repeat([0, 1, 2], [20, 40, 19])
    answer = truth.copy()
    answer[:5] = 1  # class 0: 15 of 20
    answer[20:30] = 0  # class 1: 30 of 40
    answer[60:] = 0  # class 2: none, and not counted
    assert balanced_accuracy(truth, answer, 3) == pytest.approx((15 / 20 + 30 / 40) / 2)


def test_balanced_accuracy_of_few_pictures_is_not_told() -> None:
    assert balanced_accuracy(TRUTH, ANSWER, 3) is None


def test_balanced_accuracy_counts_no_answer_as_wrong() -> None:
    truth = np.repeat([0, 1], [20, 40])
    answer = truth.copy()
    answer[:5] = answer[20:30] = -1
    assert balanced_accuracy(truth, answer, 2) == pytest.approx((15 / 20 + 30 / 40) / 2)


def test_classes_of_fewer_than_20_are_told_as_fractions() -> None:
    truth = np.repeat([0, 1, 2], [20, 19, 2])
    answer = truth.copy()
    answer[20:23] = 0
    answer[-1] = -1
    assert small_classes(truth, answer, LABELS) == {
        "eosinophil": {"right": 16, "n": 19},
        "monocyte": {"right": 1, "n": 2},
    }


def test_reliability_by_hand() -> None:
    # Bins of 1 / 15: 0.05 and 0.06 are in the first, 0.97 and 1 in the last, 0.5 in the eighth.
    bins = reliability(np.array([0.97, 0.05, 0.5, 1.0, 0.06]), np.array([True, False, True, False, False]))
    assert [(each["bin"], each["n"], each["accuracy"]) for each in bins] == [(0, 2, 0), (7, 1, 1), (14, 2, 0.5)]
    assert [each["confidence"] for each in bins] == pytest.approx([0.055, 0.5, 0.985])


def test_reliability_shows_what_the_calibration_error_sums_up() -> None:
    random = np.random.default_rng(3)
    confidence, right = random.random(500), random.random(500) < 0.6
    gaps = [each["n"] * abs(each["accuracy"] - each["confidence"]) for each in reliability(confidence, right)]
    assert sum(gaps) / 500 == pytest.approx(expected_calibration_error(confidence, right))


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
    """One refused, two right, one without a cell, and one wrong, for a class that is not among the truth."""
    probabilities = np.array([NAN, [0.7, 0.1, 0.1, 0.1], [0.1, 0.6, 0.1, 0.2], NAN, [0.1, 0.2, 0.3, 0.4]])
    return Answers(
        np.array([0, 0, 1, 1, 2]), probabilities, ["refused", "confident", "check", "no_cells", "unfamiliar"]
    )


def test_a_row_by_hand(answers: Answers) -> None:
    figures = row(answers, LABELS)
    assert figures["n"] == 5
    assert figures["accuracy"] == pytest.approx(2 / 5)
    assert figures["accuracy_present"] == pytest.approx(3 / 5)  # without platelet, the last is monocyte
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert figures["balanced_accuracy"] is None
    assert figures["small_classes"] == {
        "basophil": {"right": 1, "n": 2},
        "eosinophil": {"right": 1, "n": 2},
        "monocyte": {"right": 0, "n": 1},
    }
    assert figures["expected_calibration_error"] == pytest.approx((0.3 + 0.4 + 0.4) / 3)  # of the three answers
    assert [each["accuracy"] for each in figures["reliability"]] == [0, 1, 1]
    assert figures["confusion"] == [[1, 0, 0, 0, 1], [0, 1, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0]]
    assert figures["by_status"] == {
        "confident": {"n": 1, "share": 0.2, "accuracy": 1.0},
        "check": {"n": 1, "share": 0.2, "accuracy": 1.0},
        "unfamiliar": {"n": 1, "share": 0.2, "accuracy": 0.0},
        "no_cells": {"n": 1, "share": 0.2, "accuracy": 0.0},
        "not_a_smear": {"n": 0, "share": 0.0, "accuracy": None},
        "refused": {"n": 1, "share": 0.2, "accuracy": 0.0},
    }


def test_a_row_fits_into_json(answers: Answers) -> None:
    figures = row(answers, LABELS)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_a_row_without_any_answer_is_all_wrong_and_has_no_calibration_error(answers: Answers) -> None:
    figures = row(replace(answers, probabilities=np.array([NAN] * 5), status=["no_cells"] * 5), LABELS)
    assert (figures["accuracy"], figures["accuracy_present"], figures["macro_f1"]) == (0, 0, 0)
    assert figures["accuracy_interval"] == [0, 0]
    assert figures["expected_calibration_error"] is None
    assert figures["reliability"] == []
    assert [counts[-1] for counts in figures["confusion"]] == [2, 2, 1, 0]
    json.dumps(figures, allow_nan=False)


def test_a_picture_counts_with_its_most_probable_class_whatever_its_status(answers: Answers) -> None:
    assert answers.answer.tolist() == [-1, 0, 1, -1, 3]
    assert answers.answer_present.tolist() == [-1, 0, 1, -1, 2]
    assert answers.right.tolist() == [False, True, True, False, False]


class FakeService:
    """Answers a file by what is written in it: a label, nothing for no cell, or `damaged`."""

    bundle = SimpleNamespace(labels=LABELS)

    def classify(self, picture: bytes) -> SimpleNamespace:
        written = picture.decode()
        if written == "damaged":
            raise PictureBroken("It is damaged.")
        if not written:
            return SimpleNamespace(status="no_cells", probabilities=())
        sure = [SimpleNamespace(label=label, probability=0.7 if label == written else 0.1) for label in LABELS]
        return SimpleNamespace(status="check", probabilities=tuple(sure))


def labelled(folder: Path, lab: str, written: str, label: str) -> LabelledCell:
    path = folder / f"{lab}-{written}-{label}"
    path.write_text(written)
    return LabelledCell(path, lab, label, "", "test")


def test_a_picture_without_a_cell_and_a_refused_one_have_no_answer(tmp_path: Path) -> None:
    written = ["monocyte", "", "damaged", "platelet"]
    cells = [labelled(tmp_path, "here", each, "monocyte") for each in written]
    steps: list[tuple[int, int]] = []
    answers = answers_of(FakeService(), cells, lambda what, done, total: steps.append((done, total)))  # type: ignore[arg-type]
    assert answers.truth.tolist() == [2, 2, 2, 2]
    assert answers.status == ["check", "no_cells", "refused", "check"]
    assert answers.answer.tolist() == [2, -1, -1, 3]
    np.testing.assert_equal(answers.probabilities, [[0.1, 0.1, 0.7, 0.1], NAN, NAN, [0.1, 0.1, 0.1, 0.7]])
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_each_laboratory_has_a_row_of_its_own(tmp_path: Path) -> None:
    cells = [
        labelled(tmp_path, "there", "monocyte", "monocyte"),
        labelled(tmp_path, "here", "basophil", "monocyte"),
        labelled(tmp_path, "there", "damaged", "basophil"),
    ]
    rows = rows_by_lab(FakeService(), cells, lambda *step: None)  # type: ignore[arg-type]
    assert {lab: (row["n"], row["accuracy"]) for lab, row in rows.items()} == {"here": (1, 0.0), "there": (2, 0.5)}
    assert rows["there"]["small_classes"] == {"basophil": {"right": 0, "n": 1}, "monocyte": {"right": 1, "n": 1}}


def test_a_file_that_is_not_there_is_no_refused_picture(tmp_path: Path) -> None:
    cell = LabelledCell(tmp_path / "gone.png", "here", "monocyte", "", "test")
    with pytest.raises(LabelsRefused, match=r"gone\.png cannot be read"):
        answers_of(FakeService(), [cell], lambda *step: None)  # type: ignore[arg-type]
