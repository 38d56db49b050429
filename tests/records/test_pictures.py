"""Pictures are kept when that was asked for, as pixels alone, and not a moment longer: tests look at the disk."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select, text

from answers import BUNDLE, answer, cell
from hematovision import errors
from hematovision.images import decode, pixels_alone
from hematovision.records.store import Records
from hematovision.records.tables import Audit, KeptPicture
from hematovision.records.values import Keeping
from hematovision.settings import Settings
from pictures import drawn_cell, encoded

PNG = pixels_alone(encoded(drawn_cell()))


def files(records: Records) -> list[str]:
    return sorted(file.name for file in records.pictures.iterdir()) if records.pictures.is_dir() else []


def keep(records: Records, work: uuid.UUID) -> uuid.UUID:
    return records.record(answer(cell()), BUNDLE, keeping=Keeping(work, PNG))


def until(records: Records, prediction: uuid.UUID) -> datetime:
    with records.engine.connect() as connection:
        found = connection.scalar(select(KeptPicture.until).where(KeptPicture.prediction_id == prediction))
    assert found
    return found


def test_without_being_asked_for_no_picture_is_kept(records: Records) -> None:
    records.open_work("a study", 3)
    records.record(answer(cell()), BUNDLE)
    assert files(records) == []
    assert not [file for file in records.pictures.parent.rglob("*") if file.suffix == ".png"]


def test_a_kept_picture_is_a_file_that_only_its_owner_reads(records: Records) -> None:
    prediction = keep(records, records.open_work("a study", 3))
    [name] = files(records)
    file = records.pictures / name
    assert name == f"{prediction}.png"
    assert file.read_bytes() == PNG
    assert file.stat().st_mode & 0o077 == records.pictures.stat().st_mode & 0o077 == 0
    with records.engine.connect() as connection:
        assert connection.scalar(select(KeptPicture.sha256)) == hashlib.sha256(PNG).hexdigest()


def test_of_a_photograph_the_pixels_are_kept_and_nothing_else() -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "Maria Muster", 6  # description, orientation: a quarter turn
    photograph = encoded(drawn_cell(), "JPEG", exif=exif, comment=b"Maria Muster")
    assert b"Maria Muster" in photograph
    kept = pixels_alone(photograph)
    assert b"Maria" not in kept
    assert [kept[at + 4 : at + 8] for at in chunks(kept)] == [b"IHDR", *[b"IDAT"] * (len(chunks(kept)) - 2), b"IEND"]
    assert np.array_equal(decode(kept).rgb, decode(photograph).rgb)


def chunks(png: bytes) -> list[int]:
    """Where each chunk of a PNG begins."""
    found, at = [], 8
    while at < len(png):
        found.append(at)
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return found


def test_each_goes_when_its_days_are_over_and_the_prediction_stays(records: Records) -> None:
    short, long = (records.open_work("a study", days) for days in (1, 30))
    first, second = keep(records, short), keep(records, long)
    recorded = records.entry(first).at
    assert until(records, first) == recorded + timedelta(days=1)
    assert records.sweep(recorded + timedelta(days=1, microseconds=-1)) == 0
    assert len(files(records)) == 2
    assert records.sweep(recorded + timedelta(days=1)) == 1
    assert files(records) == [f"{second}.png"]
    assert records.sweep(recorded + timedelta(days=1)) == 0
    assert records.sweep(until(records, second)) == 1
    assert files(records) == []
    assert {line.id for line in records.lines()} == {first, second}


def test_the_audit_says_what_was_opened_closed_and_swept(records: Records) -> None:
    work = records.open_work("a study", 1)
    prediction = keep(records, work)
    records.close_work(work)
    records.sweep(until(records, prediction))
    with records.engine.connect() as connection:
        entries = connection.execute(select(Audit.action, Audit.subject_id).order_by(Audit.number)).all()
    assert entries == [("work.opened", work), ("work.closed", work), ("picture.swept", prediction)]
    assert records.verify().entries == 3


def test_a_deleted_prediction_takes_its_picture_along(records: Records) -> None:
    prediction = keep(records, records.open_work("a study", 3))
    records.delete(prediction)
    assert files(records) == []


def test_a_picture_that_cannot_be_deleted_is_neither_forgotten_nor_noted_as_gone(records: Records) -> None:
    prediction = keep(records, records.open_work("a study", 3))
    file = records.pictures / f"{prediction}.png"
    file.unlink()
    file.mkdir()  # whatever stands there, it is no file that can be deleted
    for attempt in (lambda: records.delete(prediction), lambda: records.sweep(until(records, prediction))):
        with pytest.raises(OSError):
            attempt()
    assert until(records, prediction)
    assert records.entry(prediction)
    assert records.verify().entries == 1


def test_for_work_that_is_closed_or_unknown_nothing_is_recorded(records: Records) -> None:
    closed = records.open_work("a study", 3)
    records.close_work(closed)
    for work in (closed, uuid.uuid4()):
        with pytest.raises(errors.WorkUnknown, match="hematovision records keep"):
            keep(records, work)
        with pytest.raises(errors.WorkUnknown):
            records.close_work(work)
    assert files(records) == []
    assert records.page().lines == ()
    assert records.open_works() == []


def test_open_work_is_listed(records: Records) -> None:
    first, second = records.open_work("one", 3), records.open_work("two", 30)
    assert records.open_works() == [(first, "one", 3), (second, "two", 30)]


def test_what_could_not_be_recorded_leaves_no_file(records: Records) -> None:
    work = records.open_work("a study", 3)
    impossible = answer(cell(), status=None)  # no database takes it; the picture is written before or never
    with pytest.raises(Exception, match=r"(?i)null"):
        records.record(impossible, BUNDLE, keeping=Keeping(work, PNG))
    with records.engine.begin() as connection:
        connection.execute(text("DROP TABLE kept_pictures"))
    with pytest.raises(errors.RecordsUnavailable):
        keep(records, work)
    assert files(records) == []
    assert records.page().lines == ()


def test_a_file_left_over_from_a_crash_goes_when_it_is_old_enough(records: Records) -> None:
    named = keep(records, records.open_work("a study", 3))
    left, new = (records.pictures / f"{uuid.uuid4()}.png" for _ in range(2))
    for file in (left, new):
        file.write_bytes(PNG)
    for old in (left, records.pictures / f"{named}.png"):
        os.utime(old, (time.time() - 7200,) * 2)
    assert records.sweep() == 1
    assert files(records) == sorted([f"{named}.png", new.name])


def test_pictures_lie_in_the_folder_of_records_on_either_engine(recording: Settings, tmp_path: Path) -> None:
    elsewhere = replace(recording, records=tmp_path / "elsewhere")
    if not recording.database_url:  # the SQLite file is looked for in the folder: name it
        Records.open(recording).close()
        elsewhere = replace(elsewhere, database_url=f"sqlite:///{recording.records / 'hematovision.db'}")
    records = Records.open(elsewhere)
    prediction = keep(records, records.open_work("a study", 3))
    records.close()
    assert (tmp_path / "elsewhere" / "pictures" / f"{prediction}.png").is_file()
