"""The command line as it is used: what it prints, what can be piped on, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hematovision import INTENDED_USE, __version__
from hematovision.cells import in_words
from hematovision.cli import main
from hematovision.inference import InferenceService
from hematovision.training.labs import read_cells
from house import one_line
from pictures import drawn_cell, encoded

PER_CLASS = 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one of them damaged, one in a folder below, and a file that is no picture."""
    cells = tmp_path / "cells"
    (cells / "more").mkdir(parents=True)
    (cells / "a.png").write_bytes(encoded(drawn_cell(1)))
    (cells / "b.jpg").write_bytes(encoded(drawn_cell(2), "JPEG")[:900])
    (cells / "more" / "c.TIFF").write_bytes(encoded(drawn_cell(3), "TIFF"))
    (cells / "notes.txt").write_text("bed 4")
    return cells


def test_a_folder_is_classified_whole_though_one_picture_is_damaged(runner: CliRunner, folder: Path) -> None:
    result = runner.invoke(main, ["classify", "--json", str(folder)])
    assert result.exit_code == 1
    rows = json.loads(result.stdout)
    assert [Path(row["file"]).name for row in rows] == ["a.png", "b.jpg", "c.TIFF"]
    assert rows[1]["problem"]["code"] == "picture_broken"
    assert "label" not in rows[1]
    assert all(row["label"] for row in (rows[0], rows[2]))


def test_whole_pictures_alone_end_well(runner: CliRunner, folder: Path) -> None:
    result = runner.invoke(main, ["classify", str(folder / "a.png"), str(folder / "more")])
    assert result.exit_code == 0


def test_the_table_says_what_json_says_and_what_it_is_for(
    runner: CliRunner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)  # short names, so that each picture is one line
    result = runner.invoke(main, ["classify", "."])
    rows = json.loads(runner.invoke(main, ["classify", "--json", "."]).stdout)
    assert len(rows) == 3
    for row in rows:
        line = next(line for line in result.stdout.splitlines() if row["file"] in line)
        if "problem" in row:
            assert row["problem"]["detail"][:40] in line
        else:
            assert in_words(row["label"]) in line
            assert f"{row['confidence']:.1%}" in line
            assert row["status"] in line
    assert INTENDED_USE in one_line(result.stdout)


def test_csv_has_one_line_a_picture_and_a_column_for_each_class(
    runner: CliRunner, folder: Path, record: dict[str, Any]
) -> None:
    result = runner.invoke(main, ["classify", "--csv", str(folder)])
    assert result.exit_code == 1
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(rows[0]) == ["file", "status", "label", "confidence", *record["labels"], "problem"]
    whole, damaged, _ = rows
    assert max(record["labels"], key=lambda label: float(whole[label])) == whole["label"]
    assert float(whole["confidence"]) == float(whole[whole["label"]])
    assert damaged["problem"] and not damaged["label"] and not damaged[record["labels"][0]]


@pytest.mark.parametrize(
    "name", ["cell [1].png", "cell [bold].png", "slide [/7] cell.png", 'cell, "left".png', "-cell.png", ":smile:.png"]
)
def test_a_strange_name_is_printed_as_it_is(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_bytes(encoded(drawn_cell()))
    table = runner.invoke(main, ["classify", "."])
    assert table.exit_code == 0, table.output
    assert name in table.stdout
    [row] = csv.DictReader(io.StringIO(runner.invoke(main, ["classify", "--csv", "."]).stdout))
    assert row["file"] == name


def test_what_is_printed_can_be_piped_for_the_bar_is_elsewhere(folder: Path) -> None:
    command = [sys.executable, "-m", "hematovision", "classify", "--json", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert len(json.loads(done.stdout)) == 3
    assert "classifying" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_current_bundle_is_verified(runner: CliRunner, record: dict[str, Any]) -> None:
    result = runner.invoke(main, ["bundle", "verify"])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{record['name']} {record['version']}: {len(record['files'])} files as released")


def test_a_spoiled_bundle_is_refused_by_name(runner: CliRunner, service: InferenceService, tmp_path: Path) -> None:
    copy = shutil.copytree(service.bundle.path, tmp_path / "bundle")
    with (copy / "MODEL_CARD.md").open("a", encoding="utf-8") as card:
        card.write("100 % accurate\n")
    result = runner.invoke(main, ["bundle", "verify", str(copy)])
    assert result.exit_code == 1
    assert "Error: MODEL_CARD.md is not the file that was released" in result.stderr


@pytest.fixture
def class_folders(data: Path, tmp_path: Path) -> Path:
    """A few real test pictures of each class, in folders of their own, as a laboratory would lay them out."""
    test = [cell for cell in read_cells(data, ["barcelona"]) if cell.split == "test"]
    for label in sorted({cell.label for cell in test}):
        (tmp_path / "mine" / label).mkdir(parents=True)
        for cell in [each for each in test if each.label == label][:PER_CLASS]:
            shutil.copy(cell.path, tmp_path / "mine" / label)
    return tmp_path / "mine"


def test_ones_own_folders_are_scored(runner: CliRunner, class_folders: Path, service: InferenceService) -> None:
    result = runner.invoke(main, ["evaluate", str(class_folders), "--split", "all", "--json"])
    assert result.exit_code == 0, result.output
    [(lab, row)] = json.loads(result.stdout).items()
    assert (lab, row["n"]) == ("mine", PER_CLASS * 8)
    right = [service.classify(path.read_bytes()).label == path.parent.name for path in class_folders.glob("*/*")]
    assert row["accuracy"] == pytest.approx(sum(right) / len(right))
    assert sum(map(sum, row["confusion"])) == row["n"]
    low, high = row["accuracy_interval"]
    assert 0 <= low <= row["accuracy"] <= high <= 1


def test_scores_are_printed_as_a_table(runner: CliRunner, class_folders: Path) -> None:
    result = runner.invoke(main, ["evaluate", str(class_folders), "--split", "all"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "mine" in result.stdout and "%" in result.stdout


def test_a_class_that_the_model_lacks_is_told(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "blast").mkdir()
    (tmp_path / "blast" / "1.png").write_bytes(encoded(drawn_cell()))
    result = runner.invoke(main, ["evaluate", str(tmp_path), "--split", "all"])
    assert result.exit_code == 1
    assert "Error: The model has no class 'blast'" in result.stderr


def test_a_picture_that_cannot_be_scored_is_told_by_name(
    runner: CliRunner, tmp_path: Path, record: dict[str, Any]
) -> None:
    damaged = tmp_path / record["labels"][0] / "damaged.png"
    damaged.parent.mkdir()
    damaged.write_bytes(encoded(drawn_cell())[:500])
    result = runner.invoke(main, ["evaluate", str(tmp_path), "--split", "all"])
    assert result.exit_code == 1
    assert f"Error: {damaged} cannot be read. The picture could not be decoded" in result.stderr


@pytest.mark.parametrize("as_json", [True, False])
def test_a_side_that_no_picture_fell_on_is_told(
    runner: CliRunner, tmp_path: Path, record: dict[str, Any], as_json: bool
) -> None:
    (tmp_path / record["labels"][0]).mkdir()
    (tmp_path / record["labels"][0] / "1.png").write_bytes(encoded(drawn_cell()))
    found = {cell.split for cell in read_cells(tmp_path)}
    side = sorted({"train", "val", "test"} - found)[0]
    result = runner.invoke(main, ["evaluate", str(tmp_path), "--split", side, *(["--json"] if as_json else [])])
    assert result.exit_code == 1
    assert "Error: " in result.stderr and side in result.stderr


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("HEMATOVISION_PROT", "1", "HEMATOVISION_PROT is not a setting"),
        ("HEMATOVISION_PORT", "many", "HEMATOVISION_PORT must be a whole number"),
        ("HEMATOVISION_MODELS", "/nowhere", "There is no file CURRENT"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_no_traceback(
    runner: CliRunner, folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable, value)
    result = runner.invoke(main, ["classify", str(folder)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {told}")


@pytest.mark.parametrize("command", [[], *([name] for name in main.commands), ["bundle", "verify"]])
def test_every_command_has_help(runner: CliRunner, command: list[str]) -> None:
    result = runner.invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    assert len(one_line(result.stdout)) > 60


def test_the_version_is_told(runner: CliRunner) -> None:
    assert runner.invoke(main, ["--version"]).stdout.strip() == f"hematovision, version {__version__}"


def test_help_says_what_it_is_for(runner: CliRunner) -> None:
    assert INTENDED_USE in one_line(runner.invoke(main, ["--help"]).stdout)
