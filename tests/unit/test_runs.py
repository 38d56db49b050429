"""The folder of a run: what is kept of each epoch, from where it goes on, and when it must not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from hematovision.errors import LabelsRefused
from hematovision.training.runs import Run, Ticker

# Keras and TensorFlow warn of their own future at import.
pytestmark = [
    pytest.mark.filterwarnings("ignore:::(tensorflow|keras|google|numpy|jax|h5py|flatbuffers)"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

LABELS = ("lymphocyte", "monocyte")
PICTURES = "0" * 64


@dataclass(frozen=True)
class Nested:
    sizes: tuple[float, float] = (42, 190)


@dataclass(frozen=True)
class Config:
    rate: float = 1e-3
    labs: tuple[str, ...] = ("here",)
    variation: Nested = field(default_factory=Nested)


class FakeModel:
    """Saves a word; may be broken off in the middle of it."""

    def __init__(self, word: str, broken_off_at: str = "") -> None:
        self.word, self.broken_off_at = word, broken_off_at

    def save(self, path: Path) -> None:
        path.write_text(self.word[:1])
        if self.broken_off_at and (path.parent / self.broken_off_at).exists():
            raise KeyboardInterrupt
        path.write_text(self.word)


def begin(
    folder: Path, config: Config | None = None, labels: tuple[str, ...] = LABELS, pictures: str = PICTURES
) -> Run:
    return Run(folder, config or Config(), labels, pictures)


def rows(epochs: int) -> list[dict[str, float]]:
    return [{"epoch": float(epoch), "loss": 1 / epoch} for epoch in range(1, epochs + 1)]


def files(run: Run) -> dict[str, str]:
    return {each.name: each.read_text() for each in run.folder.iterdir() if each.suffix == ".keras"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return begin(tmp_path / "runs" / "one")


def test_a_new_run_has_its_folder_its_settings_and_no_history(run: Run) -> None:
    assert run.history() == []
    assert json.loads((run.folder / "run.json").read_text()) == {
        "config": {"rate": 0.001, "labs": ["here"], "variation": {"sizes": [42, 190]}},
        "labels": list(LABELS),
        "pictures_sha256": PICTURES,
    }


def test_an_epoch_that_was_kept_is_there_when_the_run_is_begun_again(run: Run) -> None:
    run.keep(FakeModel("first"), rows(1))  # type: ignore[arg-type]
    again = begin(run.folder)
    assert again.history() == rows(1)
    assert again.checkpoint(1).read_text() == "first"
    assert not again.best.exists()


@pytest.mark.parametrize(("checkpoints", "left"), [(1, [4]), (2, [3, 4]), (9, [1, 2, 3, 4])])
def test_of_the_epochs_the_last_are_kept(run: Run, checkpoints: int, left: list[int]) -> None:
    for epoch in range(1, 5):
        run.keep(FakeModel(f"epoch {epoch}"), rows(epoch), checkpoints)  # type: ignore[arg-type]
    assert files(run) == {f"epoch-{epoch}.keras": f"epoch {epoch}" for epoch in left}
    assert run.history() == rows(4)


def test_the_model_to_release_stands_beside_the_epochs(run: Run) -> None:
    run.keep(FakeModel("first"), rows(1))  # type: ignore[arg-type]
    run.keep_best(FakeModel("mean"))  # type: ignore[arg-type]
    assert files(run) == {"epoch-1.keras": "first", "best.keras": "mean"}


@pytest.mark.parametrize(
    "given",
    [
        {"config": Config(rate=2e-3)},
        {"config": Config(labs=("there",))},
        {"config": Config(variation=replace(Nested(), sizes=(42, 191)))},
        {"labels": ("lymphocyte",)},
        {"labels": LABELS[::-1]},
        {"pictures": "1" * 64},
    ],
)
def test_with_other_settings_or_pictures_it_is_refused_and_left_as_it_was(run: Run, given: dict[str, Any]) -> None:
    run.keep(FakeModel("first"), rows(1))  # type: ignore[arg-type]
    before = {each.name: each.read_bytes() for each in run.folder.iterdir()}
    with pytest.raises(LabelsRefused, match="other settings or other pictures"):
        begin(run.folder, **given)
    assert {each.name: each.read_bytes() for each in run.folder.iterdir()} == before


@pytest.mark.parametrize("written", ["", '{"config": {"rate": 0.0', "null"])
def test_a_record_that_was_cut_short_is_refused_by_the_runs_name(run: Run, written: str) -> None:
    (run.folder / "run.json").write_text(written)
    with pytest.raises(LabelsRefused, match=r"one was begun"):
        begin(run.folder)


def test_a_model_is_never_half_written_under_its_name(run: Run) -> None:
    run.keep(FakeModel("first"), rows(1))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        run.keep(FakeModel("second", broken_off_at="partial.keras"), rows(2))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        run.keep_best(FakeModel("mean", broken_off_at="partial.keras"))  # type: ignore[arg-type]
    assert not run.best.exists()
    assert run.checkpoint(1).read_text() == "first"
    assert begin(run.folder).history() == rows(1)


def test_an_epoch_broken_off_between_its_files_did_not_happen(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.keep(FakeModel("first"), rows(1))  # type: ignore[arg-type]
    replace_file = Path.replace

    def broken_off_before_history(path: Path, target: Path) -> Path:
        if target.name == "history.csv":
            raise KeyboardInterrupt
        return replace_file(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", broken_off_before_history)
        with pytest.raises(KeyboardInterrupt):
            run.keep(FakeModel("second"), rows(2))  # type: ignore[arg-type]
    again = begin(run.folder)
    assert again.history() == rows(1)
    assert again.checkpoint(len(again.history())).read_text() == "first"  # there is what it goes on from
    again.keep(FakeModel("second"), rows(2))  # type: ignore[arg-type]
    assert files(again) == {"epoch-2.keras": "second"}


def test_progress_is_counted_over_the_whole_run() -> None:
    told: list[tuple[str, int, int]] = []
    ticker = Ticker(lambda *step: told.append(step), epoch=2, epochs=5, batches=10)
    ticker.on_train_batch_end(0, {"loss": 0.25})
    ticker.on_train_batch_end(9)
    assert told == [("epoch 3 of 5, loss 0.250", 21, 50), ("epoch 3 of 5", 30, 50)]
