"""Temperature, the limit for `confident`, and calibration error: against known truth, by hand and by an oracle."""

from __future__ import annotations

import numpy as np
import pytest

from hematovision.calibration import confident_from, expected_calibration_error, fit_temperature, softmax


def drawn_answers(temperature: float, n: int = 6_000, classes: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose honest probabilities are their softmax at `temperature`, and true classes drawn from those."""
    random = np.random.default_rng(7)
    logits = random.normal(0, 2 * temperature, (n, classes))
    cumulated = softmax(logits, temperature).cumsum(axis=1)
    truth = (random.random((n, 1)) > cumulated).sum(axis=1).clip(max=classes - 1)
    return logits, truth


@pytest.mark.parametrize("temperature", [0.3, 0.7, 1.0, 1.8, 4.0])
def test_the_temperature_that_made_the_answers_is_found_again(temperature: float) -> None:
    assert fit_temperature(*drawn_answers(temperature)) == pytest.approx(temperature, rel=0.04)


def test_no_other_temperature_is_likelier() -> None:
    logits, truth = drawn_answers(1.4, n=500)

    def log_loss(temperature: float) -> float:
        return float(-np.log(softmax(logits, temperature)[np.arange(len(truth)), truth]).mean())

    fitted = fit_temperature(logits, truth)
    assert log_loss(fitted) <= min(log_loss(fitted * 0.98), log_loss(fitted * 1.02))


@pytest.mark.parametrize(("right", "end"), [(True, 0.05), (False, 20.0)])
def test_answers_that_are_all_right_or_all_wrong_give_an_end_of_the_range(right: bool, end: float) -> None:
    logits = np.array([[5.0, 0.0], [4.0, 1.0]])
    truth = np.array([0, 0]) if right else np.array([1, 1])
    assert fit_temperature(logits, truth) == pytest.approx(end, rel=1e-3)


def test_softmax_is_as_the_textbook_has_it() -> None:
    logits = np.random.default_rng(1).normal(0, 3, (20, 5))
    for temperature in (0.5, 1.0, 2.0):
        powers = np.exp(logits / temperature)
        assert softmax(logits, temperature) == pytest.approx(powers / powers.sum(axis=1, keepdims=True), rel=1e-12)


def test_softmax_bears_logits_that_the_textbook_does_not() -> None:
    probabilities = softmax(np.array([[1_000.0, 0.0, -1_000.0], [-5_000.0, -5_000.0, -5_000.0]], np.float32))
    assert probabilities == pytest.approx(np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]))
    assert probabilities.dtype == np.float64


@pytest.mark.parametrize(
    ("confidence", "right", "rate", "limit"),
    [
        pytest.param([0.9, 0.8, 0.7], [1, 1, 1], 0.995, 0.7, id="all right"),
        pytest.param([0.9, 0.8, 0.7], [1, 1, 0], 0.995, 0.8, id="the least sure is wrong"),
        pytest.param([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 1], 0.75, 0.6, id="a mistake that later answers outweigh"),
        pytest.param([0.6, 0.9, 0.7, 0.8], [1, 1, 1, 0], 0.75, 0.6, id="in any order"),
        pytest.param([0.9, 0.8, 0.8, 0.7], [1, 1, 0, 0], 0.995, 0.9, id="a tie counts whole"),
        pytest.param([0.9, 0.8, 0.8, 0.7], [1, 0, 1, 1], 0.75, 0.7, id="a tie within"),
        pytest.param([0.9, 0.9, 0.9], [1, 1, 0], 0.995, 1.01, id="none, for the tie"),
        pytest.param([0.9, 0.8], [0, 0], 0.5, 1.01, id="none, all wrong"),
        pytest.param([1.0, 1.0], [1, 1], 0.995, 1.0, id="as sure as can be"),
    ],
)
def test_the_limit_is_the_lowest_confidence_from_which_enough_are_right(
    confidence: list[float], right: list[int], rate: float, limit: float
) -> None:
    assert confident_from(np.array(confidence), np.array(right, bool), rate) == limit


def test_from_the_limit_on_enough_are_right_and_from_no_lower_one() -> None:
    random = np.random.default_rng(3)
    confidence = random.uniform(0.2, 1, 400).round(2)  # rounded: with ties
    right = random.random(400) < confidence
    limit = confident_from(confidence, right, 0.9)
    assert right[confidence >= limit].mean() >= 0.9
    lower = [each for each in np.unique(confidence) if each < limit]
    assert lower and all(right[confidence >= each].mean() < 0.9 for each in lower)


def test_calibration_error_by_hand() -> None:
    confidence = np.array([0.95, 0.95, 0.55, 0.55])
    right = np.array([True, False, True, True])
    # Of ten bins, one says 0.95 and is right half the time, one says 0.55 and is right always.
    assert expected_calibration_error(confidence, right, bins=10) == pytest.approx((0.45 * 2 + 0.45 * 2) / 4)


def test_calibration_error_of_certain_answers() -> None:
    assert expected_calibration_error(np.ones(5), np.ones(5, bool)) == 0
    assert expected_calibration_error(np.ones(5), np.zeros(5, bool)) == 1


def test_calibration_error_weighs_bins_by_their_size() -> None:
    confidence = np.array([1.0] * 9 + [0.5])
    right = np.array([True] * 9 + [False])
    assert expected_calibration_error(confidence, right) == pytest.approx(0.05)


def test_temperature_mends_calibration() -> None:
    logits, truth = drawn_answers(2.5)
    right = logits.argmax(axis=1) == truth
    raw = expected_calibration_error(softmax(logits).max(axis=1), right)
    fitted = expected_calibration_error(softmax(logits, fit_temperature(logits, truth)).max(axis=1), right)
    assert fitted < 0.03 < 0.1 < raw
