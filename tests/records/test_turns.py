"""Whose turn a batch is, on both engines: one process has it, a dead one's goes to another, and nothing stays of what
was cancelled or is over."""

from __future__ import annotations

import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hematovision import errors
from hematovision.records.batches import MOST_UNFINISHED, STALE
from hematovision.records.store import Records
from hematovision.records.values import BatchProgress

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HALF = BatchProgress(5, 1, 10, 2.5)
ONE, OTHER = uuid.uuid4(), uuid.uuid4()


def sent(records: Records) -> uuid.UUID:
    """A new batch with its folder."""
    batch = records.batches.accept(uuid.uuid4()).id
    records.batches.folder_of(batch).mkdir(parents=True)
    return batch


def folders(records: Records) -> set[str]:
    return {each.name for each in records.batches.folder.glob("*")}


def test_each_is_taken_once_the_first_one_first(records: Records) -> None:
    made = [sent(records) for _ in range(3)]
    with ThreadPoolExecutor(2) as pool:
        taken = [each for each in pool.map(lambda _: records.batches.take(uuid.uuid4(), NOW), range(12)) if each]
    assert sorted(each.id for each in taken) == sorted(made)
    assert records.batches.take(ONE, NOW) is None
    made = [sent(records) for _ in range(3)]
    assert [taken.id for _ in made if (taken := records.batches.take(ONE, NOW))] == made


def test_what_its_process_tells_can_be_seen_until_the_end(records: Records) -> None:
    batch = sent(records)
    assert (records.batches.one(batch).state, records.batches.one(batch).seconds_left) == ("waiting", None)
    assert records.batches.take(ONE, NOW)
    assert records.batches.tell(batch, ONE, HALF, NOW)
    facts = records.batches.one(batch)
    assert (facts.state, facts.progress, facts.seconds_left, facts.until) == ("running", HALF, 2, None)
    assert records.batches.end(batch, ONE, BatchProgress(10, 1, 10), NOW)
    facts = records.batches.one(batch)
    assert (facts.state, facts.problem, facts.until, facts.seconds_left) == ("done", None, NOW, None)
    assert not records.batches.tell(batch, ONE, HALF, NOW)


def test_a_dead_ones_batch_goes_to_another_and_its_words_count_no_more(records: Records) -> None:
    batch = sent(records)
    first = records.batches.take(ONE, NOW)
    assert first and first.tries == 0
    records.batches.tell(batch, ONE, HALF, NOW + STALE)
    assert records.batches.take(OTHER, NOW + 2 * STALE) is None  # that is not older than allowed yet
    second = records.batches.take(OTHER, NOW + 3 * STALE)
    assert second and (second.id, second.tries) == (batch, 1)
    assert not records.batches.tell(batch, ONE, BatchProgress(), NOW + 3 * STALE)
    assert not records.batches.end(batch, ONE, BatchProgress(), NOW)
    records.batches.put_back(batch, ONE)
    assert records.batches.one(batch).state == "running"
    assert records.batches.one(batch).progress == HALF


def test_one_that_is_put_back_says_why_and_has_lost_no_try(records: Records) -> None:
    batch = sent(records)
    records.batches.take(ONE, NOW)
    records.batches.put_back(batch, ONE, errors.StorageFull("The disk is full."))
    facts = records.batches.one(batch)
    assert (facts.state, facts.problem) == ("waiting", {"code": "storage_full", "detail": "The disk is full."})
    again = records.batches.take(OTHER, NOW)
    assert again and (again.id, again.tries) == (batch, 0)
    assert records.batches.one(batch).problem is None


def test_one_that_is_cancelled_is_gone_and_its_process_hears_of_it(records: Records) -> None:
    batch, other = sent(records), sent(records)
    records.batches.take(ONE, NOW)
    records.batches.forget(batch)
    assert not records.batches.tell(batch, ONE, HALF, NOW)
    assert folders(records) == {str(other)}
    for asked in (records.batches.one, records.batches.forget):
        with pytest.raises(errors.BatchUnknown):
            asked(batch)
    assert records.verify().entries == 1


def test_results_go_when_their_days_are_over_and_what_nobody_knows_with_them(records: Records, tmp_path: Path) -> None:
    over, kept, waiting = (sent(records) for _ in range(3))
    for batch, until in ((over, NOW), (kept, NOW + timedelta(days=1))):
        records.batches.take(ONE, NOW)
        records.batches.end(batch, ONE, HALF, until)
    arriving, left_over = (records.batches.folder / name for name in ("arriving", "left over"))
    arriving.mkdir()
    left_over.mkdir()
    os.utime(left_over, (0, time.time() - 3 * 3600))
    assert records.sweep(NOW) == 2
    assert folders(records) == {str(kept), str(waiting), "arriving"}
    assert {each.id for each in records.batches.all()} == {kept, waiting}
    assert records.sweep(NOW) == 0


def test_nobody_has_more_than_so_many_wait(records: Records) -> None:
    for _ in range(MOST_UNFINISHED):
        records.batches.refuse_if_full(None)
        sent(records)
    with pytest.raises(errors.QueueFull):
        records.batches.refuse_if_full(None)
    records.batches.refuse_if_full(uuid.uuid4())
