"""`hematovision records`: each command does its work on either engine, says what it did, and fails in a sentence."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text, update

from answers import BUNDLE, answer, cell
from hematovision.cli import main
from hematovision.records.schema import KNOWN, STEPS, migrate
from hematovision.records.store import Records
from hematovision.records.tables import KeptPicture
from hematovision.records.values import Keeping
from hematovision.settings import Settings

Command = Callable[..., Result]


@pytest.fixture
def command(runner: CliRunner, settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`command("verify")` runs `hematovision records verify` on an empty database of each engine."""
    monkeypatch.setenv("HEMATOVISION_RECORDS", str(settings.records))
    monkeypatch.setenv("HEMATOVISION_DATABASE_URL", database_url)

    def run(*arguments: str, **given: str) -> Result:
        return runner.invoke(main, ["records", *arguments], **given)  # type: ignore[arg-type]

    return run


@pytest.fixture
def records(command: Command) -> Iterator[Records]:
    """Records whose tables the command has made."""
    assert command("migrate").exit_code == 0
    opened = Records.open(Settings.from_env())
    yield opened
    opened.close()


def test_migrate_makes_the_tables_and_says_where_it_came_from(command: Command) -> None:
    assert command("migrate").stdout == f"The database was at step none and is at {KNOWN}.\n"
    assert command("migrate").stdout == f"The database was at step {KNOWN} and is at {KNOWN}.\n"


@pytest.mark.parametrize("name", ["verify", "sweep", "keep"])
def test_an_older_schema_is_mended_by_the_command_that_is_named(command: Command, records: Records, name: str) -> None:
    migrate(records.engine, STEPS[0])
    refused = command(name)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "`hematovision records migrate`" in refused.stderr
    assert command("migrate").exit_code == 0
    assert command(name).exit_code == 0


def test_backup_and_restore(command: Command, records: Records, tmp_path: Path) -> None:
    prediction = records.record(answer(cell()), BUNDLE)
    file = tmp_path / "backup"
    made = command("backup", str(file))
    assert made.stdout == f"backup: {file}, {file.stat().st_size:,} bytes\n"
    again = command("backup", str(file))
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    records.delete(prediction)
    assert command("restore", str(file), input="n\n").exit_code == 1
    assert records.page().lines == ()
    assert command("restore", str(file), input="y\n").exit_code == 0
    assert [line.id for line in records.lines()] == [prediction]
    assert command("restore", str(file), "--yes").exit_code == 0


def test_export_and_import(command: Command, records: Records, tmp_path: Path) -> None:
    prediction = records.record(answer(cell()), BUNDLE)
    records.delete(records.record(answer(cell()), BUNDLE))
    file = str(tmp_path / "export")
    said = "4 rows, 1 predictions among them\n"  # the model, the prediction, the audit's entry and its detail
    assert command("export", file).stdout == f"exported: {said}"
    refused = command("import", file)
    assert (refused.exit_code, "already" in refused.stderr) == (1, True)
    migrate(records.engine, "base")
    migrate(records.engine)
    assert command("import", file).stdout == f"imported: {said}"
    assert [line.id for line in records.lines()] == [prediction]


def test_verify_prints_what_to_note_and_fails_when_it_is_gone(command: Command, records: Records) -> None:
    records.delete(records.record(answer(cell()), BUNDLE))
    last = records.verify().last
    assert command("verify").stdout == f"1 entries hold; note the last one's hash elsewhere: {last}\n"
    assert command("verify", "--noted", last).exit_code == 0
    gone = command("verify", "--noted", "f" * 64)
    assert (gone.exit_code, gone.stdout) == (1, "")
    assert "ends with entry 1, before the one that was noted" in gone.stderr
    with records.engine.begin() as connection:
        connection.execute(text("UPDATE audit_details SET reason = 'another'"))
    broken = command("verify")
    assert (broken.exit_code, broken.stdout) == (1, "")
    assert "beside entry 1 of the audit (reason) was changed" in broken.stderr


def test_keep_opens_work_lists_and_ends_it(command: Command, records: Records) -> None:
    assert command("keep").stdout == ""
    opened = command("keep", "a study", "--days", "3").stdout
    [work] = re.findall("^[0-9a-f-]{36}", opened)
    assert "/classify?work=" in opened
    assert command("keep").stdout == f"{work}  a study: each picture for 3 days\n"
    records.record(answer(cell()), BUNDLE, keeping=Keeping(uuid.UUID(work), b"png"))
    assert command("keep", "--stop", work).exit_code == 0
    assert command("keep").stdout == ""
    assert command("keep", "--stop", work).exit_code == 1
    assert len(list(records.pictures.iterdir())) == 1


@pytest.mark.parametrize(
    "arguments",
    [["a study"], ["--days", "3"], ["a study", "--days", "0"], ["a study", "--days", "9999"], ["--stop", "1"],
     ["a study", "--days", "3", "--stop", str(uuid.uuid4())]],
)  # fmt: skip
def test_keep_refuses_what_it_cannot_mean(command: Command, records: Records, arguments: list[str]) -> None:
    assert command("keep", *arguments).exit_code == 2
    assert records.open_works() == []


def test_sweep_deletes_what_is_over_and_says_how_many(command: Command, records: Records) -> None:
    work = records.open_work("a study", 1)
    over, kept = (records.record(answer(cell()), BUNDLE, keeping=Keeping(work, b"png")) for _ in range(2))
    yesterday = records.entry(over).at - timedelta(days=1)
    with records.engine.begin() as connection:
        connection.execute(update(KeptPicture).values(until=yesterday).where(KeptPicture.prediction_id == over))
    assert command("sweep").stdout == "deleted: 1 pictures\n"
    assert [file.stem for file in records.pictures.iterdir()] == [str(kept)]
    assert command("sweep").stdout == "deleted: 0 pictures\n"


def test_what_the_database_itself_said_is_told(
    command: Command, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("HEMATOVISION_DATABASE_URL", f"postgresql://me:secret@127.0.0.1:{free_port}/name")
    for name in ("verify", "migrate"):
        failed = command(name)
        assert (failed.exit_code, failed.stdout) == (1, "")
        assert "does not answer" in failed.stderr
        assert str(free_port) in failed.stderr
        assert "secret" not in failed.stderr


def test_a_url_that_cannot_be_read_is_a_sentence(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMATOVISION_DATABASE_URL", "mysql://me:secret@host/name")
    failed = command("verify")
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert "HEMATOVISION_DATABASE_URL must be" in failed.stderr
    assert "secret" not in failed.stderr
