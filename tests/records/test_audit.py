"""The chain of the audit: what it says, who may write it, and that whatever is done to it is found."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, select, text, update
from sqlalchemy.exc import DBAPIError

from answers import BUNDLE, answer, cell
from hematovision import errors
from hematovision.records import audit
from hematovision.records.audit import Change
from hematovision.records.database import to_write
from hematovision.records.store import Records
from hematovision.records.tables import Audit, AuditDetail
from hematovision.settings import Settings
from house import REPOSITORY

TRIGGERS = {
    "sqlite": ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"],
    "postgresql": ["ALTER TABLE audit DISABLE TRIGGER USER"],
}
APPENDS = """
import sys
from hematovision.records import audit
from hematovision.records.database import to_write
from hematovision.records.store import Records
from hematovision.settings import Settings

records = Records.open(Settings.from_env())
for number in range(int(sys.argv[1])):
    with to_write(records.engine).begin() as connection:
        audit.append(connection, audit.Change("test.changed", old=number, new=number + 1))
"""


def append(records: Records, *changes: Change) -> None:
    for change in changes:
        with to_write(records.engine).begin() as connection:
            audit.append(connection, change)


@pytest.fixture
def five(records: Records) -> Records:
    """Records with five changes in the audit."""
    append(records, *(Change("test.changed", uuid.uuid4(), old={"n": n}, new=[n, "ü"], reason="why") for n in range(5)))
    return records


def forced(records: Records, change: Callable[[Connection], object]) -> None:
    """Do it as one who owns the database: without the triggers, and without a look at foreign keys."""
    name = records.engine.dialect.name
    with records.engine.connect() as connection:
        if name == "sqlite":
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN")
        for statement in TRIGGERS[name]:
            connection.execute(text(statement))
        if name == "postgresql":
            connection.execute(text("ALTER TABLE audit_details DROP CONSTRAINT fk_audit_details_number"))
        change(connection)
        connection.commit()
        connection.invalidate()


def test_an_empty_chain_holds(records: Records) -> None:
    assert records.verify() == audit.Verified(0, audit.FIRST)


def test_each_entry_names_the_one_before_it(five: Records) -> None:
    with five.engine.connect() as connection:
        rows = connection.execute(select(Audit.number, Audit.previous, Audit.sha256).order_by(Audit.number)).all()
    assert [row.number for row in rows] == [1, 2, 3, 4, 5]
    assert [row.previous for row in rows] == [audit.FIRST, *(row.sha256 for row in rows[:-1])]
    assert five.verify() == audit.Verified(5, rows[-1].sha256)


def test_the_chain_holds_no_value_and_no_reason(records: Records) -> None:
    append(records, Change("test.changed", old="Muster", new={"name": "Muster"}, reason="Muster asked"))
    with records.engine.connect() as connection:
        chain = connection.execute(text("SELECT * FROM audit")).one()
        beside = connection.execute(select(AuditDetail.old, AuditDetail.new, AuditDetail.reason)).one()
    assert "Muster" not in str(chain)
    assert tuple(beside) == ("Muster", {"name": "Muster"}, "Muster asked")


def test_equal_values_do_not_look_equal_in_the_chain(records: Records) -> None:
    append(records, *[Change("test.changed", old="no", new="no", reason="no")] * 2)
    with records.engine.connect() as connection:
        [first, second] = connection.execute(select(Audit.old_sha256, Audit.reason_sha256))
    assert not set(first) & set(second)


def test_what_lies_beside_the_chain_may_be_erased(five: Records) -> None:
    held = five.verify()
    with five.engine.begin() as connection:
        connection.execute(delete(AuditDetail).where(AuditDetail.number > 2))
        connection.execute(update(AuditDetail).values(old=None, reason=None).where(AuditDetail.number == 2))
    assert five.verify() == held


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET action = 'nothing.happened'",
        "UPDATE audit SET number = number + 10",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE number = 5",
    ],
)
def test_the_database_itself_refuses_to_change_it(five: Records, statement: str) -> None:
    with five.engine.begin() as connection:
        connection.execute(delete(AuditDetail))  # no foreign key shall be what refuses
    held = five.verify()
    with pytest.raises(DBAPIError, match="the audit is append-only"), five.engine.begin() as connection:
        connection.execute(text(statement))
    assert five.verify() == held


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("taken", ["number", "sha256"])
def test_nor_may_an_entry_be_replaced(five: Records, taken: str) -> None:
    """PostgreSQL's way to replace is an UPDATE."""
    columns = ["number", "at", "user_id", "action", "subject_id", "old_sha256", "new_sha256", "reason_sha256",
               "model_sha256", "previous", "sha256"]  # fmt: skip
    other = {"number": "number + 9", "sha256": "'9'"}
    other.pop(taken)
    values = ["'replaced'" if column == "action" else other.get(column, column) for column in columns]
    replacing = f"INSERT OR REPLACE INTO audit SELECT {', '.join(values)} FROM audit WHERE number = 5"  # noqa: S608
    held = five.verify()
    with pytest.raises(DBAPIError, match="the audit is append-only"), five.engine.begin() as connection:
        connection.execute(delete(AuditDetail))
        connection.execute(text(replacing))
    assert five.verify() == held


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nor_may_the_table_be_emptied(five: Records) -> None:
    """SQLite has no TRUNCATE."""
    with pytest.raises(DBAPIError, match="the audit is append-only"), five.engine.begin() as connection:
        connection.execute(text("TRUNCATE audit CASCADE"))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("action", "'nothing.happened'"),
        ("at", "'2001-01-01 00:00:00.000000+00'"),
        ("user_id", "'00000000000000000000000000000001'"),
        ("subject_id", "NULL"),
        ("old_sha256", "new_sha256"),
        ("new_sha256", "NULL"),
        ("reason_sha256", "old_sha256"),
        ("model_sha256", "'m'"),
        ("previous", "sha256"),
        ("sha256", "'0'"),
    ],
)
@pytest.mark.parametrize("number", [1, 3, 5])
def test_verify_names_the_entry_that_was_changed(five: Records, column: str, value: str, number: int) -> None:
    if five.engine.dialect.name == "sqlite":
        value = value.replace("+00'", "'")
    forced(
        five,
        lambda open: open.execute(text(f"UPDATE audit SET {column} = {value} WHERE number = {number}")),  # noqa: S608
    )
    with pytest.raises(errors.ChainBroken, match=rf"Entry {number} of the audit.* was changed"):
        five.verify()


@pytest.mark.parametrize("number", [1, 3])
def test_verify_names_the_entry_that_was_taken_out(five: Records, number: int) -> None:
    forced(five, lambda open: open.execute(text(f"DELETE FROM audit WHERE number = {number}")))  # noqa: S608
    with pytest.raises(errors.ChainBroken, match=f"Entry {number} of the audit is missing"):
        five.verify()


def test_an_entry_changed_with_a_hash_to_match_breaks_the_next_link(five: Records) -> None:
    def change(connection: Connection) -> None:
        row = connection.execute(select(*Audit.__table__.columns).where(Audit.number == 3)).mappings().one()
        changed = {**row, "action": "nothing.happened"}
        sealed = audit._sealed(changed)
        connection.execute(update(Audit).where(Audit.number == 3).values(action=changed["action"], sha256=sealed))

    forced(five, change)
    with pytest.raises(errors.ChainBroken, match="Entry 4 of the audit, or the link to the one before it"):
        five.verify()


@pytest.mark.parametrize("name", ["old", "new", "reason"])
def test_verify_names_what_was_changed_beside_the_chain(five: Records, name: str) -> None:
    with five.engine.begin() as connection:
        connection.execute(update(AuditDetail).where(AuditDetail.number == 2).values({name: "other"}))
    with pytest.raises(errors.ChainBroken, match=rf"beside entry 2 of the audit \({name}\) was changed"):
        five.verify()


def test_entries_cut_off_at_the_end_are_seen_by_who_noted_the_last_one(five: Records) -> None:
    noted = five.verify().last
    forced(five, lambda open: open.execute(text("DELETE FROM audit WHERE number = 5")))
    assert five.verify().last != noted


def test_to_delete_a_prediction_is_an_entry_that_holds_nothing_of_it(records: Records) -> None:
    prediction = records.record(answer(cell("basophil")), BUNDLE)
    records.delete(prediction, reason="sent by mistake")
    with records.engine.connect() as connection:
        entry = connection.execute(select(*Audit.__table__.columns)).mappings().one()
        beside = connection.execute(select(AuditDetail.old, AuditDetail.new, AuditDetail.reason)).one()
    assert (entry["action"], entry["subject_id"], entry["user_id"]) == ("prediction.deleted", prediction, None)
    assert entry["model_sha256"] == BUNDLE.sha256
    assert re.fullmatch("[0-9a-f]{64}", entry["old_sha256"])
    assert tuple(beside) == (None, None, "sent by mistake")
    assert records.verify().entries == 1


def test_two_who_delete_one_prediction_write_one_entry(records: Records) -> None:
    def attempt(prediction: uuid.UUID) -> bool:
        try:
            records.delete(prediction)
        except errors.PredictionUnknown:
            return False
        return True

    predictions = [records.record(answer(cell()), BUNDLE) for _ in range(10)]
    with ThreadPoolExecutor(4) as pool:
        deleted = list(pool.map(attempt, itertools.chain.from_iterable(zip(predictions, predictions, strict=True))))
    assert sum(deleted) == records.verify().entries == len(predictions)


def test_a_change_that_fails_leaves_no_entry(records: Records) -> None:
    with pytest.raises(RuntimeError), to_write(records.engine).begin() as connection:
        audit.append(connection, Change("test.changed"))
        raise RuntimeError
    assert records.verify().entries == 0


def test_several_processes_write_one_chain(records: Records, recording: Settings, tmp_path: Path) -> None:
    environment = {
        "PATH": "",
        "PYTHONPATH": str(REPOSITORY / "backend"),
        "HEMATOVISION_RECORDS": str(recording.records),
        "HEMATOVISION_DATABASE_URL": recording.database_url,
    }
    writers = [subprocess.Popen([sys.executable, "-c", APPENDS, "25"], env=environment) for _ in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    assert records.verify().entries == 100


def test_a_value_that_json_cannot_say_is_refused(records: Records) -> None:
    for value in (float("nan"), {1, 2}, object()):
        with pytest.raises((TypeError, ValueError)):
            append(records, Change("test.changed", new=value))
    assert json.dumps(records.verify().entries) == "0"
