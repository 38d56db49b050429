"""The command line as it is used: what it prints, what can be piped on, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image, ImageOps

from hematovision import INTENDED_USE, __version__
from hematovision.api.count_schemas import PreClassificationSchema
from hematovision.api.schemas import AnswerSchema
from hematovision.cells import in_words
from hematovision.cli import main
from hematovision.differential import Options, PictureCells, count_cells
from hematovision.images import decode
from hematovision.inference import InferenceService
from hematovision.locator import KINDS, Found, locate
from hematovision.training.labs import read_cells
from house import one_line
from pictures import drawn_cell, encoded

PER_CLASS = 3


@pytest.fixture
def folder(tmp_path: Path, classified: bytes) -> Path:
    """Three pictures, one of them damaged, one in a folder below, and a file that is no picture."""
    cells = tmp_path / "cells"
    (cells / "more").mkdir(parents=True)
    (cells / "a.png").write_bytes(classified)
    (cells / "b.jpg").write_bytes(encoded(drawn_cell(2), "JPEG")[:900])
    with Image.open(io.BytesIO(classified)) as picture:
        (cells / "more" / "c.TIFF").write_bytes(encoded(ImageOps.mirror(picture.convert("RGB")), "TIFF"))
    (cells / "notes.txt").write_text("bed 4")
    return cells


def test_a_folder_is_classified_whole_though_one_picture_is_damaged(runner: CliRunner, folder: Path) -> None:
    result = runner.invoke(main, ["classify", "--json", str(folder)])
    assert result.exit_code == 1
    rows = json.loads(result.stdout)
    assert [Path(row["file"]).name for row in rows] == ["a.png", "b.jpg", "c.TIFF"]
    assert rows[1]["problem"]["code"] == "picture_broken"
    assert "label" not in rows[1]
    assert rows[0]["label"]
    assert all(row["seen"] and row["milliseconds"] for row in (rows[0], rows[2]))


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
            assert in_words(row["label"] or "") in line
            assert row["confidence"] is None or f"{row['confidence']:.1%}" in line
            assert row["status"] in line
            assert [int(word) for word in line.split() if word.isdigit()] == list(row["seen"].values())
    assert INTENDED_USE in one_line(result.stdout)


def test_csv_has_one_line_a_picture_and_a_column_for_each_class(
    runner: CliRunner, folder: Path, record: dict[str, Any]
) -> None:
    result = runner.invoke(main, ["classify", "--csv", str(folder)])
    assert result.exit_code == 1
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(rows[0]) == ["file", "status", "label", "confidence", *record["labels"], "problem"]
    whole, damaged, _ = rows
    assert whole["status"] in ("confident", "check")
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


def test_a_picture_without_a_cell_is_a_line_without_a_class(
    runner: CliRunner, tmp_path: Path, record: dict[str, Any]
) -> None:
    (tmp_path / "bare.png").write_bytes(encoded(Image.new("RGB", (64, 64), (236, 214, 226))))
    [row] = csv.DictReader(io.StringIO(runner.invoke(main, ["classify", "--csv", str(tmp_path)]).stdout))
    assert (row["status"], row["label"], row["confidence"], row["problem"]) == ("not_a_smear", "", "", "")
    assert not any(row[label] for label in record["labels"])
    table = runner.invoke(main, ["classify", str(tmp_path)])
    assert table.exit_code == 0
    assert "not_a_smear" in table.stdout


def counted(service: InferenceService, paths: Sequence[Path], options: Options | None = None) -> dict[str, Any]:
    """What the library counts in these pictures."""
    pictures = [PictureCells.of(service.classify(path.read_bytes())) for path in paths]
    content: dict[str, Any] = PreClassificationSchema().dump(count_cells(pictures, options))
    return content


def test_the_cells_of_a_folder_are_counted(runner: CliRunner, folder: Path, service: InferenceService) -> None:
    result = runner.invoke(main, ["count", "--json", str(folder)])
    assert result.exit_code == 1  # for one is damaged
    content = json.loads(result.stdout)
    assert [Path(row["file"]).name for row in content["pictures"]] == ["a.png", "b.jpg", "c.TIFF"]
    whole = [folder / "a.png", folder / "more" / "c.TIFF"]
    assert content["differential"] == counted(service, whole)
    assert content["differential"]["pictures"] == 2


def test_each_picture_is_counted_with_its_cells_and_a_damaged_one_with_its_problem(
    runner: CliRunner, folder: Path, service: InferenceService
) -> None:
    first, damaged, _ = json.loads(runner.invoke(main, ["count", "--json", str(folder)]).stdout)["pictures"]
    answer = AnswerSchema().dump(service.classify((folder / "a.png").read_bytes()))
    assert first == {"file": first["file"], **answer["seen"], "cells": answer["cells"]}
    assert set(damaged) == {"file", "problem"}
    assert damaged["problem"]["code"] == "picture_broken"


def test_whole_pictures_are_counted_and_that_ends_well(runner: CliRunner, folder: Path) -> None:
    assert runner.invoke(main, ["count", str(folder / "more")]).exit_code == 0


def test_a_picture_that_is_there_twice_is_counted_once(runner: CliRunner, folder: Path) -> None:
    (folder / "more" / "d.tiff").write_bytes((folder / "more" / "c.TIFF").read_bytes())
    content = json.loads(runner.invoke(main, ["count", "--json", str(folder / "more")]).stdout)
    assert len(content["pictures"]) == 2
    assert content["differential"]["pictures"] == 1
    assert content["differential"]["identical"] == [{"picture": 1, "same_as": 0}]


def test_what_is_wanted_of_a_count_is_heard(runner: CliRunner, folder: Path, service: InferenceService) -> None:
    more = ["--wanted", "200", "--white-count", "7.4", "--count-edge"]
    content = json.loads(runner.invoke(main, ["count", "--json", *more, str(folder / "more")]).stdout)
    options = Options(wanted=200, white_count=7.4, count_edge=True)
    assert content["differential"] == counted(service, [folder / "more" / "c.TIFF"], options)
    assert content["differential"]["wanted"] == 200


@pytest.mark.parametrize("option", [["--wanted", "150"], ["--white-count", "0"], ["--white-count", "7400"]])
def test_what_cannot_be_wanted_of_a_count_is_told(runner: CliRunner, folder: Path, option: list[str]) -> None:
    result = runner.invoke(main, ["count", *option, str(folder)])
    assert result.exit_code == 2
    assert option[0] in result.stderr


def test_the_table_of_a_count_says_what_json_says_and_what_it_is_for(
    runner: CliRunner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    result = runner.invoke(main, ["count", "."])
    content = json.loads(runner.invoke(main, ["count", "--json", "."]).stdout)
    assert result.exit_code == 1
    for row in content["pictures"]:
        line = next(line for line in result.stdout.splitlines() if row["file"] in line)
        if "problem" in row:
            assert row["problem"]["detail"][:40] in line
        else:
            numbers = [int(word) for word in line.split() if word.isdigit()]
            assert numbers == [row[kind] for kind in KINDS]
    for each in content["differential"]["classes"]:
        line = next(line for line in result.stdout.splitlines() if f" {in_words(each['label'])} " in line)
        assert f" {each['count']} " in line
    told = one_line(result.stdout)
    assert content["differential"]["message"] in told
    assert INTENDED_USE in told


def test_the_csv_of_a_count_has_one_line_a_class(runner: CliRunner, folder: Path) -> None:
    result = runner.invoke(main, ["count", "--csv", str(folder)])
    differential = json.loads(runner.invoke(main, ["count", "--json", str(folder)]).stdout)["differential"]
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(rows[0]) == ["label", "count", "percentage", "low", "high", "to_check"]
    *classes, erythroblasts, platelets = rows
    for row, each in zip(classes, differential["classes"], strict=True):
        assert (row["label"], row["count"], row["to_check"]) == (
            each["label"],
            str(each["count"]),
            str(each["to_check"]),
        )
        assert (row["low"] == "") == (each["interval"] is None)
    assert erythroblasts["count"] == str(differential["erythroblasts"]["count"])
    assert (platelets["label"], platelets["count"]) == ("platelets", str(differential["platelets"]))


@pytest.mark.parametrize("command", ["classify", "count"])
@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_a_picture_that_could_not_be_answered_is_always_named(
    runner: CliRunner, folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, form: list[str]
) -> None:
    monkeypatch.chdir(folder)
    result = runner.invoke(main, [command, *form, "."])
    assert result.exit_code == 1
    assert "b.jpg" in result.stdout + result.stderr


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


def test_ones_own_folders_are_scored_whole(
    runner: CliRunner, class_folders: Path, service: InferenceService, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {cell.split for cell in read_cells(class_folders)} > {"test"}  # which is not all that is scored
    monkeypatch.chdir(class_folders)
    result = runner.invoke(main, ["evaluate", ".", "--json"])
    assert result.exit_code == 0, result.output
    row = json.loads(result.stdout)
    assert (row["lab"], row["n"]) == ("mine", PER_CLASS * 8)
    right = [forced_choice(service, path) == path.parent.name for path in class_folders.glob("*/*")]
    assert row["accuracy"] == row["accuracy_present"] == pytest.approx(sum(right) / len(right))
    assert sum(map(sum, row["confusion"])) == row["n"]
    assert {name: few["n"] for name, few in row["small_classes"].items()} == dict.fromkeys(
        service.bundle.labels, PER_CLASS
    )
    assert sum(few["right"] for few in row["small_classes"].values()) == sum(right)
    low, high = row["accuracy_interval"]
    assert 0 <= low <= row["accuracy"] <= high <= 1


def forced_choice(service: InferenceService, path: Path) -> str | None:
    """The most probable class, be it unfamiliar or not; None where no cell is found."""
    probabilities = service.classify(path.read_bytes()).probabilities
    return max(probabilities, key=lambda each: each.probability).label if probabilities else None


@pytest.fixture
def two_labs(class_folders: Path) -> Path:
    """The same pictures with a cells.csv: lymphocytes are from here and in test, all others from there and in train."""
    rows = []
    for path in sorted(class_folders.glob("*/*")):
        lab, side = ("here", "test") if path.parent.name == "lymphocyte" else ("there", "train")
        rows.append((path.relative_to(class_folders).as_posix(), lab, path.parent.name, path.stem, side))
    with (class_folders / "cells.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "lab", "label", "group", "split"), *rows])
    return class_folders


def test_where_sides_are_written_down_the_test_side_is_scored(runner: CliRunner, two_labs: Path) -> None:
    row = json.loads(runner.invoke(main, ["evaluate", str(two_labs), "--json"]).stdout)
    assert (row["lab"], row["n"]) == ("here", PER_CLASS)


def test_several_laboratories_have_a_row_each(runner: CliRunner, two_labs: Path) -> None:
    rows = json.loads(runner.invoke(main, ["evaluate", str(two_labs), "--json", "--split", "all"]).stdout)
    assert {lab: row["n"] for lab, row in rows.items()} == {"here": PER_CLASS, "there": PER_CLASS * 7}


def test_the_table_of_scores_says_what_json_says(runner: CliRunner, class_folders: Path) -> None:
    result = runner.invoke(main, ["evaluate", str(class_folders)])
    assert result.exit_code == 0
    row = json.loads(runner.invoke(main, ["evaluate", str(class_folders), "--json"]).stdout)
    figures, statuses = (line for line in result.stdout.splitlines() if "mine" in line)
    for name in ("accuracy", "accuracy_present", "macro_f1"):
        assert f"{row[name]:.2%}" in figures
    assert f"{row['expected_calibration_error']:.3f}" in figures
    for name, few in row["small_classes"].items():
        assert f"{in_words(name)} {few['right']} / {few['n']}" in result.stdout
    for status in row["by_status"].values():
        if status["n"]:
            assert f"{status['share']:.2%} ({status['accuracy']:.2%})" in statuses


def test_the_row_is_drawn(runner: CliRunner, class_folders: Path, tmp_path: Path) -> None:
    result = runner.invoke(main, ["evaluate", str(class_folders), "--pictures", str(tmp_path / "drawn")])
    assert result.exit_code == 0, result.output
    drawn = {path.relative_to(tmp_path / "drawn").as_posix() for path in (tmp_path / "drawn").rglob("*.*")}
    assert drawn == {"mine/confusion.png", "mine/reliability.png"}


def test_what_drawing_needs_is_told_before_anything_is_scored(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "hematovision.training.diagrams", raising=False)
    for name in [each for each in sys.modules if each.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = runner.invoke(main, ["evaluate", str(tmp_path), "--pictures", str(tmp_path / "drawn")])
    assert result.exit_code == 1
    assert result.stderr == "Error: --pictures needs matplotlib. Run `pip install hematovision[train]`.\n"


def test_a_class_that_the_model_lacks_is_told(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "blast").mkdir()
    (tmp_path / "blast" / "1.png").write_bytes(encoded(drawn_cell()))
    result = runner.invoke(main, ["evaluate", str(tmp_path)])
    assert result.exit_code == 1
    assert "Error: The model has no class 'blast'" in result.stderr


def test_a_damaged_picture_counts_as_wrong_and_is_told_by_name(class_folders: Path) -> None:
    damaged = class_folders / "platelet" / "damaged.png"
    damaged.write_bytes(encoded(drawn_cell())[:500])
    command = [sys.executable, "-m", "hematovision", "evaluate", "--json"]
    done = subprocess.run([*command, str(class_folders)], capture_output=True, text=True, check=True)
    row = json.loads(done.stdout)
    assert row["n"] == PER_CLASS * 8 + 1
    assert row["by_status"]["refused"] == {"n": 1, "share": pytest.approx(1 / row["n"]), "accuracy": 0}
    assert row["small_classes"]["platelet"]["n"] == PER_CLASS + 1
    assert row["confusion"][list(row["small_classes"]).index("platelet")][-1] == 1
    assert f"{damaged} counts as wrong. The picture could not be decoded" in one_line(done.stderr)


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


# The locator, scored on fields that the test draws boxes for: just what the locator finds, and what it cannot find.


def located(service: InferenceService, picture: bytes) -> list[Found]:
    """What the locator finds, be it a smear or not."""
    return locate(decode(picture).rgb, service.road.networks.locator, service.bundle.locator)


@pytest.fixture
def fields(tmp_path: Path, classified: bytes, service: InferenceService) -> Path:
    """Two laboratories with one and the same field on the test side, and a field on another side that is not there.
    `here` drew what the locator finds; `there` drew one nucleated cell more, where the picture ends, and no red one."""
    boxes: list[tuple[Any, ...]] = []
    found = located(service, classified)
    for lab, kinds in (("here", KINDS), ("there", ("nucleated", "platelet"))):
        (tmp_path / f"{lab}.jpg").write_bytes(classified)
        boxes += [(f"{lab}.jpg", each.kind, each.x0, each.y0, each.x1, each.y1) for each in found if each.kind in kinds]
    boxes += [("there.jpg", "nucleated", -30, -30, 2, 2), ("here.jpg", "red", -30, -30, 2, 2)]
    tables = {
        "fields.csv": [
            ("path", "lab", "group", "split"),
            ("here.jpg", "here", "a", "test"), ("there.jpg", "there", "b", "test"), ("gone.jpg", "here", "c", "train"),
        ],
        "boxes.csv": [("field", "kind", "x0", "y0", "x1", "y1"), *boxes],
    }  # fmt: skip
    for name, rows in tables.items():
        with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    return tmp_path


def test_the_locator_is_scored_on_the_test_fields_of_each_laboratory(
    runner: CliRunner, fields: Path, service: InferenceService, classified: bytes
) -> None:
    result = runner.invoke(main, ["evaluate", "locator", str(fields), "--json"])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    seen = Counter(each.kind for each in located(service, classified))
    assert set(rows) == {"here", "there", "pooled", "centres"}
    assert rows["centres"] == {}  # without cells.csv there are no crops
    assert rows["pooled"] == rows["here"]  # for `there` did not box every cell
    red, nucleated = rows["here"]["red"], rows["here"].get("nucleated")
    assert (red["drawn"], red["found"]) == (seen["red"] + 1, seen["red"])
    assert red["recall"] == pytest.approx(seen["red"] / (seen["red"] + 1))
    if nucleated:
        assert (nucleated["drawn"], nucleated["found"]) == (seen["nucleated"], seen["nucleated"])
        assert (nucleated["recall"], nucleated["precision"], nucleated["average_precision"]) == (1, 1, pytest.approx(1))
        assert (nucleated["count_median_error"], nucleated["count_signed_error"]) == (0, 0)
    assert rows["there"]["nucleated"]["recall"] == pytest.approx(seen["nucleated"] / (seen["nucleated"] + 1))
    assert "precision" not in rows["there"]["nucleated"]
    assert "red" not in rows["there"]


def test_the_table_of_the_locators_scores_says_what_json_says(runner: CliRunner, fields: Path) -> None:
    result = runner.invoke(main, ["evaluate", "locator", str(fields)])
    assert result.exit_code == 0, result.output
    rows = json.loads(runner.invoke(main, ["evaluate", "locator", str(fields), "--json"]).stdout)
    del rows["centres"]
    lines = [line for line in result.stdout.splitlines() if any(kind in line for kind in KINDS)]
    expected = [(lab, kind, of) for lab, row in rows.items() for kind, of in row.items() if kind in KINDS]
    for line, (lab, kind, of) in zip(lines, expected, strict=True):
        assert lab in line and kind in line
        assert f" {of['drawn']} " in line
        assert f"{of['recall']:.3f}" in line
        if of.get("precision") is not None:
            assert f"{of['precision']:.3f}" in line and f"{of['count_signed_error']:+.1%}" in line


def test_the_locator_is_scored_on_crops_whose_cell_is_in_the_centre(
    runner: CliRunner, fields: Path, service: InferenceService, classified: bytes
) -> None:
    (fields / "bare.png").write_bytes(encoded(Image.new("RGB", (90, 90), (236, 214, 226))))
    rows = ["here.jpg,barcelona,monocyte,a,test", "bare.png,barcelona,monocyte,b,test", "gone.jpg,here,monocyte,c,test"]
    (fields / "cells.csv").write_text("\n".join(["path,lab,label,group,split", *rows]), encoding="utf-8")
    result = runner.invoke(main, ["evaluate", "locator", str(fields), "--json"])
    assert result.exit_code == 0, result.output
    rgb = decode(classified).rgb
    (height, width), cell = rgb.shape[:2], service.road.locate(rgb)[0]
    held = cell.x0 <= width / 2 <= cell.x1 and cell.y0 <= height / 2 <= cell.y1
    assert json.loads(result.stdout)["centres"] == {"monocyte": {"held": int(held), "n": 2}}
    table = runner.invoke(main, ["evaluate", "locator", str(fields)]).stdout
    assert "monocyte" in table and f"{held / 2:.2%}" in table


def test_a_field_that_is_not_there_is_told_by_name(runner: CliRunner, fields: Path) -> None:
    result = runner.invoke(main, ["evaluate", "locator", str(fields), "--split", "all"])
    assert result.exit_code == 1
    assert "gone.jpg cannot be read" in one_line(result.stderr)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_side_that_no_field_fell_on_is_told(runner: CliRunner, fields: Path, as_json: bool) -> None:
    result = runner.invoke(
        main, ["evaluate", "locator", str(fields), "--split", "val", *(["--json"] if as_json else [])]
    )
    assert result.exit_code == 1
    assert "Error: " in result.stderr and "val" in result.stderr


def test_a_folder_without_fields_is_told(runner: CliRunner, tmp_path: Path) -> None:
    result = runner.invoke(main, ["evaluate", "locator", str(tmp_path)])
    assert result.exit_code == 1
    assert "Error: There is no fields.csv with boxes.csv" in result.stderr


def test_the_word_for_what_is_scored_or_trained_may_be_left_out(runner: CliRunner, class_folders: Path) -> None:
    whole, short = (
        runner.invoke(main, ["evaluate", *word, str(class_folders), "--json"]).stdout for word in (["cells"], [])
    )
    assert json.loads(whole) == json.loads(short)
    for word in (["classifier"], []):
        result = runner.invoke(main, ["train", *word])
        assert result.exit_code == 2
        assert "Missing argument 'RUN'" in result.stderr


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


def commands() -> Iterator[list[str]]:
    """Every command, and every command below one."""
    yield []
    for name, command in main.commands.items():
        yield [name]
        yield from ([name, below] for below in getattr(command, "commands", ()))


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_every_command_has_help(runner: CliRunner, command: list[str]) -> None:
    result = runner.invoke(main, [*command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    assert len(one_line(result.stdout)) > 60


def test_the_version_is_told(runner: CliRunner) -> None:
    assert runner.invoke(main, ["--version"]).stdout.strip() == f"hematovision, version {__version__}"


def test_help_says_what_it_is_for(runner: CliRunner) -> None:
    assert INTENDED_USE in one_line(runner.invoke(main, ["--help"]).stdout)
