"""How many requests an hour a token may make: who says so, and that all who count agree; on both engines."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, text

from hematovision import errors
from hematovision.records.store import Records
from hematovision.records.tables import Audit
from hematovision.settings import Settings
from people import Clock, add


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 3, 1, 12, 59, 30, tzinfo=UTC))  # half a minute before the next hour


def asked(records: Records, secret: str, clock: Clock, times: int) -> int:
    """How many of so many requests were let in."""
    let_in = 0
    for _ in range(times):
        try:
            assert records.tokens.account(secret, clock())
            let_in += 1
        except errors.QuotaSpent as spent:
            assert spent.seconds == 60 * (60 - clock().minute) - clock().second
    return let_in


def test_each_token_of_a_user_has_its_hour(records: Records, clock: Clock) -> None:
    anna, bert = add(records, "anna"), add(records, "bert")
    records.users.change_quota(anna.id, 3)
    (_, night), (_, day), (_, of_bert) = (
        records.tokens.make(*each, 9, clock()) for each in ((anna.id, "night"), (anna.id, "day"), (bert.id, "night"))
    )
    assert asked(records, night, clock, 5) == 3
    assert asked(records, day, clock, 2) == 2
    assert asked(records, of_bert, clock, 5) == 5
    told = {each.name: (each.quota, each.asked) for each in records.tokens.of(anna.id, clock())}
    assert told == {"night": (3, 3), "day": (3, 2)}
    clock.go_on(seconds=29)
    assert asked(records, night, clock, 1) == 0
    clock.go_on(seconds=1)
    assert [each.asked for each in records.tokens.of(anna.id, clock())] == [0, 0]
    assert asked(records, night, clock, 5) == 3
    clock.go_on(hours=-2)  # the clock is set back
    assert asked(records, night, clock, 5) == 3


def test_another_quota_holds_from_the_next_request(records: Records, clock: Clock) -> None:
    anna, boss = add(records, "anna"), add(records, "boss", "admin")
    _, secret = records.tokens.make(anna.id, "night", 9, clock())
    for quota, let_in in ((2, 2), (5, 3), (4, 0), (0, 9), (1, 0), (None, 9)):
        assert records.users.change_quota(anna.id, quota, boss.id).quota == quota
        assert asked(records, secret, clock, 9) == let_in
    records.users.change_quota(anna.id, None, boss.id)  # as it is
    with records.engine.connect() as connection:
        actions = [row.action for row in connection.execute(Audit.__table__.select())]
    assert actions.count("user.quota_changed") == 6
    records.verify()
    with pytest.raises(errors.UserUnknown):
        records.users.change_quota(boss.id.__class__(int=0), 1)


def test_the_services_own_is_for_whoever_has_none(recording: Settings, clock: Clock) -> None:
    ours = Records.open(replace(recording, quota=2))
    anna, bert = add(ours, "anna"), add(ours, "bert")
    ours.users.change_quota(bert.id, 0)
    for user, let_in in ((anna, 2), (bert, 5)):
        made, secret = ours.tokens.make(user.id, "night", 9, clock())
        assert made.quota == (2 if user == anna else 0)
        assert asked(ours, secret, clock, 5) == let_in
    ours.close()


def test_many_at_once_in_several_workers_are_as_many_as_may(recording: Settings, clock: Clock) -> None:
    workers = [Records.open(replace(recording, quota=25)) for _ in range(3)]
    anna = add(workers[0], "anna")
    _, secret = workers[0].tokens.make(anna.id, "night", 9, clock())
    with ThreadPoolExecutor(9) as pool:
        let_in = sum(pool.map(lambda at: asked(workers[at % 3], secret, clock, 1), range(60)))
    assert let_in == 25
    assert workers[1].tokens.of(anna.id, clock())[0].asked == 25
    for worker in workers:
        worker.close()


def test_to_count_waits_for_no_disk_and_nothing_else_is_less_lasting(records: Records, clock: Clock) -> None:
    anna = add(records, "anna")
    records.users.change_quota(anna.id, 100)
    _, secret = records.tokens.make(anna.id, "night", 9, clock())
    not_on_disk = text("SELECT pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn()")
    waits = []

    @event.listens_for(records.engine, "after_cursor_execute")
    def look(connection, cursor, statement, *_) -> None:  # type: ignore[no-untyped-def]
        if statement.startswith("UPDATE") and records.engine.dialect.name == "sqlite":
            waits.append(cursor.connection.execute("PRAGMA synchronous").fetchone()[0] == 2)

    def waited(write: Callable[[], object]) -> bool:
        write()
        if records.engine.dialect.name == "sqlite":
            return waits.pop()
        with records.engine.connect() as connection:
            return connection.scalar(not_on_disk) == 0

    # PostgreSQL writes down what nobody waited for soon after, and now and then something of its own.
    assert not all(waited(lambda: records.tokens.account(secret, clock())) for _ in range(20))
    assert any(waited(lambda now=now: records.users.change_quota(anna.id, now)) for now in range(4))


def test_what_is_spent_or_not_counted_writes_nothing(records: Records, clock: Clock) -> None:
    anna, bert = add(records, "anna"), add(records, "bert")
    records.users.change_quota(anna.id, 1)
    secrets = [records.tokens.make(user.id, "night", 9, clock())[1] for user in (anna, bert)]
    for secret in secrets:
        asked(records, secret, clock, 1)
    written = []

    @event.listens_for(records.engine, "before_cursor_execute")
    def look(connection, cursor, statement, *_) -> None:  # type: ignore[no-untyped-def]
        written.append(statement.startswith("UPDATE"))

    for secret in secrets:
        asked(records, secret, clock, 9)
    assert len(written) >= 18 and not any(written)
