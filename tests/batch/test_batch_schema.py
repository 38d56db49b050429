"""The columns of a batch's result are documented, kept, and the same in Parquet and CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow.parquet
import pytest
from click.testing import CliRunner

from answers import answer, cell
from hematovision import errors
from hematovision.batch import results, schema
from hematovision.batch.results import Result, joined, parts
from hematovision.cli import main

# A column that goes or means something else raises VERSION; then this list is written anew.
OF_VERSION_1 = (
    "row picture sha256 width height model version cell kind x y box_width box_height edge status label confidence "
    "probabilities reasons sketch nucleated platelet red decode_ms locate_ms classify_ms total_ms code detail"
)
ROWS = [
    *schema.rows_of("a.png", answer(cell(), cell("platelet", "check", 0.6))),
    *schema.rows_of("b.png", answer()),
    *schema.failure("=c.png", "picture_broken", "Damaged,\nand in two lines."),
]
OF = {"source": "here", "model": "m", "version": "1", "sha256": "0"}


def written(folder: Path, kind: str) -> Path:
    result = Result(folder, kind, OF)
    for name in ("a.png", "b.png", "=c.png"):
        result.add([row for row in ROWS if row["picture"] == name])
    result.complete()
    result.close()
    return folder


def test_the_columns_are_those_of_version_1() -> None:
    assert (schema.VERSION, " ".join(schema.NAMES)) == (1, OF_VERSION_1)


def test_every_row_fills_columns_that_there_are() -> None:
    assert not {name for row in ROWS for name in row} - set(schema.NAMES)
    assert {row["row"] for row in ROWS} == {"picture", "cell", "failure"}


def test_a_run_that_is_stopped_between_a_part_and_the_next_repeats_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = results._write

    def stopped(file: Path, data: bytes) -> None:
        write(file, data)
        raise KeyboardInterrupt

    result = Result(tmp_path, "parquet", OF)
    result.add(ROWS[:2])
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(results, "_write", stopped)
        result.write()
    result.write()  # as the engine does with what waits, whatever ended the run
    result.complete()
    result.close()
    (part,) = parts(tmp_path)
    assert pyarrow.parquet.read_table(part)["picture"].to_pylist() == ["a.png"] * 2


def test_rows_give_their_answers_back() -> None:
    there = {"a.png": answer(cell(), cell("platelet", "check", 0.6)), "b.png": answer()}
    rows = [row for name, each in there.items() for row in schema.rows_of(name, each)]
    assert dict(schema.answers_of([*rows, *schema.failure("c.png", "picture_broken", "Damaged.")])) == there


def test_the_command_tells_each_column(runner: CliRunner) -> None:
    told = runner.invoke(main, ["batch", "--columns"])
    assert told.exit_code == 0 and "Version 1." in told.output
    assert [line.split()[0] for line in told.output.splitlines()[1:]] == list(schema.NAMES)


def test_parquet_carries_its_version_and_sentences_and_gives_the_rows_back(tmp_path: Path) -> None:
    (part,) = parts(written(tmp_path, "parquet"))
    table = pyarrow.parquet.read_table(part)
    assert table.schema.metadata[b"hematovision.batch"] == b"1"
    for column in schema.COLUMNS:
        assert table.schema.field(column.name).metadata[b"sentence"].decode() == column.sentence
    empty = dict.fromkeys(schema.NAMES)
    assert table.to_pylist() == [empty | row for row in ROWS]


def test_csv_is_the_same_table(tmp_path: Path) -> None:
    (part,) = parts(written(tmp_path / "csv", "csv"))
    joined(written(tmp_path / "parquet", "parquet"), "csv", tmp_path / "joined.csv")
    assert part.read_bytes() == (tmp_path / "joined.csv").read_bytes()
    found = list(csv.DictReader(io.StringIO(part.read_text())))
    assert [row["picture"] for row in found] == [row["picture"] for row in ROWS]
    assert found[-1]["detail"] == ROWS[-1]["detail"]
    assert float(found[0]["confidence"]) == ROWS[0]["confidence"]


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_result_is_gone_on_with(tmp_path: Path, kind: str) -> None:
    again = Result(written(tmp_path, kind), kind, OF)
    assert (again.pictures, again.failures) == (3, 1)
    assert [again.has(name) for name in ("a.png", "b.png", "=c.png", "d.png")] == [True, True, True, False]
    again.close()


def test_a_result_of_another_run_is_left_alone(tmp_path: Path) -> None:
    written(tmp_path, "parquet")
    for kind, of in (("csv", OF), ("parquet", OF | {"source": "there"}), ("parquet", OF | {"sha256": "1"})):
        with pytest.raises(errors.ResultRefused, match="was begun with"):
            Result(tmp_path, kind, of)
    (part,) = parts(tmp_path)
    part.write_bytes(part.read_bytes()[:-9])
    with pytest.raises(errors.ResultRefused, match=f"{part.name} cannot be read"):
        Result(tmp_path, "parquet", OF)


def test_many_parts_are_joined_to_one_file(tmp_path: Path) -> None:
    result = Result(tmp_path / "out", "parquet", OF)
    for number in range(5):
        result.add(schema.failure(f"{number}.png", "picture_empty", "Empty."))
        result.write()
    result.complete()
    result.close()
    for kind in ("parquet", "csv"):
        joined(tmp_path / "out", kind, tmp_path / kind)
    assert pyarrow.parquet.read_table(tmp_path / "parquet").num_rows == 5
    assert len((tmp_path / "csv").read_text().splitlines()) == 6
