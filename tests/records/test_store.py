"""What is recorded is what was answered, found again by every filter, page by page."""

from __future__ import annotations

import itertools
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, text, update

from answers import BUNDLE, RED, answer, cell
from hematovision import errors
from hematovision.records.store import Records
from hematovision.records.tables import Prediction, User
from hematovision.records.values import Filters
from hematovision.settings import Settings

OTHER = replace(BUNDLE, version="2", sha256="1" * 64)


def a_user(records: Records) -> uuid.UUID:
    user = uuid.uuid4()
    with records.engine.begin() as connection:
        connection.execute(insert(User).values(id=user, name=str(user), role="viewer", created_at=datetime.now(UTC)))
    return user


def test_an_entry_is_the_answer_to_the_last_digit(records: Records) -> None:
    given = answer(cell("neutrophil", "check", 1 / 3), cell(), cell(status="unfamiliar"))
    before = datetime.now(UTC)
    entry = records.entry(records.record(given, BUNDLE))
    assert entry.answer == given
    assert entry.answer.milliseconds == given.milliseconds
    assert entry.model_sha256 == BUNDLE.sha256
    assert entry.user is None
    assert before <= entry.at <= datetime.now(UTC)
    assert entry.at.tzinfo is UTC


def test_a_picture_without_cells_is_recorded_with_its_reason(records: Records) -> None:
    given = answer()
    assert records.entry(records.record(given, BUNDLE)).answer == given


def test_red_cells_are_counted_and_their_boxes_are_not_kept(records: Records) -> None:
    kept = records.entry(records.record(answer(cell(), red=7), BUNDLE)).answer
    assert kept.seen.red == 7
    assert RED not in kept.cells
    assert len(kept.cells) == 1


def test_who_sent_it_is_kept_until_that_user_is_erased(records: Records) -> None:
    user = a_user(records)
    prediction = records.record(answer(cell()), BUNDLE, by=user)
    assert records.entry(prediction).user == user
    with records.engine.begin() as connection:
        connection.execute(text("DELETE FROM users"))
    assert records.entry(prediction).user is None


def test_each_model_is_written_down_once(records: Records) -> None:
    for bundle in (BUNDLE, OTHER, BUNDLE):
        records.record(answer(cell()), bundle)
    with records.engine.connect() as connection:
        assert sorted(connection.scalars(text("SELECT version FROM models"))) == ["1", "2"]


def test_though_several_begin_at_once(recording: Settings, records: Records) -> None:
    def begin(_: int) -> None:
        replica = Records.open(recording)
        replica.record(answer(cell()), BUNDLE)
        replica.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(begin, range(6)))
    assert [each.pictures for each in records.statistics()] == [6]
    with records.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM models")) == 1


def test_pages_follow_one_another_newest_first_without_a_gap_or_a_double(records: Records) -> None:
    recorded = [records.record(answer(cell(), picture=str(n)), BUNDLE) for n in range(7)]
    found, after = [], None
    for length in itertools.repeat(3):
        page = records.page(after=after, lines=length)
        found += [line.id for line in page.lines]
        records.record(answer(cell(), picture="newer"), BUNDLE)  # what comes in meanwhile moves no page
        if (after := page.next) is None:
            break
    assert found == recorded[::-1]


def test_a_page_of_predictions_of_one_moment_goes_by_their_ids(records: Records) -> None:
    recorded = [records.record(answer(cell()), BUNDLE) for _ in range(6)]
    with records.engine.begin() as connection:
        connection.execute(text("UPDATE predictions SET at = (SELECT max(at) FROM predictions)"))
    first = records.page(lines=2)
    rest = records.page(after=first.next, lines=9)
    assert [line.id for line in (*first.lines, *rest.lines)] == sorted(recorded, reverse=True)


def test_the_last_page_has_no_next_even_if_it_is_full(records: Records) -> None:
    for _ in range(4):
        records.record(answer(cell()), BUNDLE)
    assert records.page(lines=4).next is None
    assert records.page(lines=3).next is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("given", "index"),
    [
        ({}, "ix_predictions_at_id"),
        ({"status": "check"}, "ix_predictions_status_at_id"),
        ({"label": "basophil"}, "ix_predictions_label_at_id"),
        ({"status": "check", "label": "basophil"}, "ix_predictions_status_label_at_id"),
        ({"model": "drawn/1"}, "ix_predictions_model_id_at_id"),
        ({"user": uuid.uuid4()}, "ix_predictions_user_id_at_id"),
    ],
)
def test_a_page_is_read_off_an_index_in_order(records: Records, given: dict[str, Any], index: str) -> None:
    """However many predictions there are: nothing is sorted, and nothing read that is not shown. That PostgreSQL does
    so, too, `make bench` shows: with few rows it would rather sort them."""
    records.record(answer(cell()), BUNDLE)
    asked = []

    def note(*what: Any) -> None:
        asked.append(what[2:4])

    event.listen(records.engine, "before_cursor_execute", note)
    records.page(Filters(since=datetime(2020, 1, 1, tzinfo=UTC), **given))
    event.remove(records.engine, "before_cursor_execute", note)
    statement, values = asked[-1]
    with records.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    [step] = [row.detail for row in plan]  # one that sorts has a second
    assert step.startswith(f"SEARCH predictions USING INDEX {index} (")


def test_each_filter_and_all_together_find_what_they_name(records: Records) -> None:
    user = a_user(records)
    made = {}
    for label, status, bundle, by in itertools.product(
        ("neutrophil", "basophil"), ("confident", "check"), (BUNDLE, OTHER), (user, None)
    ):
        made[label, status, f"drawn/{bundle.version}", by] = records.record(answer(cell(label, status)), bundle, by)
    for label, status, model, by in itertools.product(
        ("neutrophil", None), ("check", None), ("drawn/2", None), (user, None)
    ):
        given = (label, status, model, by)
        expected = {
            prediction
            for key, prediction in made.items()
            if all(want in (None, has) for want, has in zip(given, key, strict=True))
        }
        filters = Filters(label=label, status=status, model=model, user=by)
        assert {line.id for line in records.lines(filters)} == expected


def test_a_model_that_never_answered_has_no_history(records: Records) -> None:
    records.record(answer(cell()), BUNDLE)
    assert records.page(Filters(model="drawn/9")).lines == ()
    assert records.statistics(model="drawn/9") == []


def test_time_is_filtered_from_since_to_before_until(records: Records) -> None:
    for n in range(3):
        records.record(answer(cell(), picture=str(n)), BUNDLE)
    newest, middle, _ = records.page().lines
    assert [line.at for line in records.lines(Filters(since=middle.at, until=newest.at))] == [middle.at]


def test_statistics_count_each_day_and_model(records: Records) -> None:
    old = records.record(answer(cell("basophil")), BUNDLE)
    for given, bundle in (
        (answer(cell("neutrophil")), BUNDLE),
        (answer(cell("neutrophil", "check")), BUNDLE),
        (answer(cell(status="unfamiliar")), BUNDLE),
        (answer(), BUNDLE),
        (answer(cell("basophil")), OTHER),
    ):
        records.record(given, bundle)
    today = records.entry(old).at.date()
    yesterday = today - timedelta(days=1)
    with records.engine.begin() as connection:
        connection.execute(update(Prediction).values(day=yesterday).where(Prediction.id == old))
    counted = {(each.day, each.model.version): each for each in records.statistics()}
    assert list(counted) == [(today, "2"), (today, "1"), (yesterday, "1")]
    assert counted[today, "1"].statuses == {"confident": 1, "check": 1, "unfamiliar": 1, "no_cells": 1}
    assert counted[today, "1"].labels == {"neutrophil": 2}
    assert counted[today, "1"].pictures == 4
    assert counted[yesterday, "1"].labels == {"basophil": 1}
    assert [each.day for each in records.statistics(until=today)] == [yesterday]
    assert {each.model.version for each in records.statistics(since=today, model="drawn/2")} == {"2"}


def test_what_is_deleted_is_gone(records: Records) -> None:
    prediction, other = (records.record(answer(cell()), BUNDLE) for _ in range(2))
    records.delete(prediction)
    for attempt in (records.entry, records.delete):
        with pytest.raises(errors.PredictionUnknown):
            attempt(prediction)
    assert [line.id for line in records.lines()] == [other]


def test_a_new_sqlite_file_is_made_where_only_its_owner_may_look(settings: Settings) -> None:
    Records.open(settings).close()
    assert settings.records.stat().st_mode & 0o077 == 0


def test_a_deleted_prediction_leaves_no_trace_in_the_sqlite_file(settings: Settings) -> None:
    records = Records.open(settings)
    prediction = records.record(answer(cell(), picture="to be erased"), BUNDLE)
    digest = records.entry(prediction).answer.image.sha256.encode()
    records.delete(prediction)
    records.close()  # the last connection writes the log back into the file
    left = b"".join(file.read_bytes() for file in settings.records.iterdir() if file.is_file())
    assert digest not in left
    assert prediction.hex.encode() in left  # in the audit


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:secret@host/name",
        "sqlite://",
        "sqlite:///:memory:",
        "secret",
        "postgres//secret@",
        "http://x/secret",
    ],
)
def test_a_url_that_names_no_database_is_refused_without_repeating_it(settings: Settings, url: str) -> None:
    with pytest.raises(errors.SettingRefused, match="HEMATOVISION_DATABASE_URL") as refused:
        Records.open(replace(settings, database_url=url))
    assert "secret" not in str(refused.value)


def test_the_url_may_stand_in_a_file(settings: Settings, tmp_path: Path) -> None:
    secret = tmp_path / "database_url"
    secret.write_text(f"sqlite:///{tmp_path / 'elsewhere.db'}\n")
    Records.open(replace(settings, database_url_file=secret)).close()
    assert (tmp_path / "elsewhere.db").is_file()
    with pytest.raises(errors.SettingRefused, match="HEMATOVISION_DATABASE_URL_FILE"):
        Records.open(replace(settings, database_url_file=tmp_path / "nowhere"))


def test_a_file_that_is_no_database_is_named_as_away(settings: Settings) -> None:
    settings.records.mkdir()
    (settings.records / "hematovision.db").write_bytes(b"no database at all, but long enough to have a header" * 100)
    with pytest.raises(errors.RecordsUnavailable):
        Records.open(settings)
