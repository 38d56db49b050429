"""A backup is a whole state of the database though the service writes on; a restore puts that state back."""

from __future__ import annotations

import os
import stat
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from answers import BUNDLE, answer, cell
from hematovision import errors
from hematovision.records.backup import backup, restore
from hematovision.records.database import database_url as url_of
from hematovision.records.database import open_engine, opened
from hematovision.records.schema import KNOWN, STEPS, migrate
from hematovision.records.store import Records
from hematovision.records.values import Keeping
from hematovision.settings import Settings


def content(records: Records) -> dict[uuid.UUID, object]:
    return {line.id: records.entry(line.id) for line in records.lines()}


@pytest.fixture
def filled(records: Records) -> Records:
    """With predictions and an audit."""
    for number in range(30):
        records.record(answer(cell(), picture=str(number)), BUNDLE)
    records.delete(records.page(lines=1).lines[0].id)
    return records


def test_what_is_restored_is_what_was_backed_up(filled: Records, tmp_path: Path) -> None:
    before, last = content(filled), filled.verify().last
    backup(filled.engine, tmp_path / "backup")
    filled.record(answer(cell()), BUNDLE)
    filled.delete(next(iter(before)))
    noted = filled.verify().last
    restore(filled.engine, tmp_path / "backup")
    assert content(filled) == before
    verified = filled.verify(noted=last)
    assert verified.entries == 2  # the restore is an entry itself, and names the end that was cut off
    with filled.engine.connect() as connection:
        assert connection.scalar(text("SELECT action FROM audit WHERE number = 2")) == "records.restored"
        assert noted in str(connection.scalar(text("SELECT old FROM audit_details WHERE number = 2")))
    with pytest.raises(errors.ChainBroken, match="before the one that was noted"):
        filled.verify(noted=noted)
    filled.record(answer(cell()), BUNDLE)
    assert len(content(filled)) == len(before) + 1


def test_a_lost_database_is_restored_into_a_new_one(
    filled: Records, recording: Settings, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    before = content(filled)
    backup(filled.engine, tmp_path / "backup")
    new = replace(recording, records=tmp_path / "new")
    if recording.database_url:
        new = replace(new, database_url=request.getfixturevalue("cluster").new_database())
    with opened(new) as engine:
        restore(engine, tmp_path / "backup")
    records = Records.open(new)
    assert content(records) == before
    records.close()


def test_a_backup_while_others_write_holds_all_that_was_acknowledged_before_and_ends(
    filled: Records, recording: Settings, tmp_path: Path
) -> None:
    written: list[uuid.UUID] = []
    told: list[tuple[int, int]] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            written.append(filled.record(answer(cell(), picture="x" * len(written)), BUNDLE))

    def after_a_write(what: str, done: int, total: int) -> None:
        told.append((done, total))
        assert len(told) < 100, "it begins anew with each write"
        before = len(written)
        while len(written) == before:
            time.sleep(0.005)

    large = answer(*[cell()] * 400)  # more pages than are copied at once, so that writes come in between
    for _ in range(30):
        filled.record(large, BUNDLE)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        acknowledged = list(written)
        backup(filled.engine, tmp_path / "backup", after_a_write)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert recording.database_url or len(told) > 1  # pg_dump tells nothing
    assert told == sorted(told)  # it never began anew, though there were writes in between
    assert len({total for _, total in told}) <= 1
    restore(filled.engine, tmp_path / "backup")
    assert {line.id for line in filled.lines()} >= set(acknowledged)
    assert filled.verify().entries == 2


def test_kept_pictures_are_in_no_backup(records: Records, tmp_path: Path) -> None:
    png = b"\x89PNG and these pixels"
    records.record(answer(cell()), BUNDLE, keeping=Keeping(records.open_work("a study", 1), png))
    backup(records.engine, tmp_path / "backup")
    assert png not in (tmp_path / "backup").read_bytes()


def test_a_file_that_is_there_is_not_written_over(filled: Records, tmp_path: Path) -> None:
    (tmp_path / "backup").write_text("mine")
    with pytest.raises(errors.RecordsRefused, match="is there already"):
        backup(filled.engine, tmp_path / "backup")
    assert (tmp_path / "backup").read_text() == "mine"


@pytest.mark.parametrize("spoil", ["empty", "other", "cut off"])
def test_what_is_no_backup_is_refused_and_changes_nothing(filled: Records, tmp_path: Path, spoil: str) -> None:
    file = tmp_path / "backup"
    backup(filled.engine, file)
    before, whole = content(filled), file.read_bytes()
    file.write_bytes({"empty": b"", "other": b"some text" * 1000, "cut off": whole[: len(whole) // 2]}[spoil])
    with pytest.raises((errors.RecordsRefused, errors.RecordsUnavailable), match=r"backup|nothing was changed"):
        restore(filled.engine, file)
    assert content(filled) == before
    assert filled.verify().entries == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_of_a_later_version_is_refused(filled: Records, tmp_path: Path) -> None:
    with filled.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    backup(filled.engine, tmp_path / "backup")
    with filled.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :known"), {"known": KNOWN})
    with pytest.raises(errors.RecordsRefused, match="this version of HematoVision knows"):
        restore(filled.engine, tmp_path / "backup")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_of_an_older_version_is_restored_and_migrated(filled: Records, tmp_path: Path) -> None:
    before = content(filled)
    migrate(filled.engine, STEPS[0])
    backup(filled.engine, tmp_path / "backup")
    migrate(filled.engine)
    restore(filled.engine, tmp_path / "backup")
    assert migrate(filled.engine) == STEPS[0]
    assert content(filled) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_a_database_there_is_nothing_to_back_up(settings: Settings, database_url: str, tmp_path: Path) -> None:
    engine = open_engine(url_of(settings))
    with pytest.raises(errors.RecordsUnavailable):
        backup(engine, tmp_path / "backup")
    assert not settings.records.exists()
    assert not list(tmp_path.glob("backup*"))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("missing", ["pg_dump", "pg_restore"])
def test_without_the_programs_of_postgresql_it_says_which_to_install(
    filled: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    backup(filled.engine, tmp_path / "backup")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.RecordsRefused, match=rf"{missing} is not installed here.*postgresql-client"):
        if missing == "pg_dump":
            backup(filled.engine, tmp_path / "another")
        else:
            restore(filled.engine, tmp_path / "backup")


def test_the_password_is_not_among_the_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "told"
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@ / $PGPASSWORD" > {told}\nexit 1\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    engine = open_engine(make_url("postgresql+psycopg://me:secret@host/name?sslmode=verify-full"))
    with pytest.raises(errors.RecordsUnavailable):
        backup(engine, tmp_path / "backup")
    arguments, by_environment = told.read_text().strip().split(" / ")
    assert "--dbname=postgresql://me@host/name?sslmode=verify-full" in arguments
    assert "secret" not in arguments
    assert by_environment == "secret"
