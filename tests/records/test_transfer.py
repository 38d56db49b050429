"""Everything goes from one engine to the other and back, to the last digit; a file that is not whole brings nothing."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from answers import BUNDLE, answer, cell
from databases import Cluster
from hematovision import errors
from hematovision.records import transfer
from hematovision.records.database import opened
from hematovision.records.schema import migrate
from hematovision.records.store import Records
from hematovision.records.tables import LoginTries, Preferences, Session, SigningKey, Token, User
from hematovision.records.transfer import export, import_rows
from hematovision.records.values import BatchProgress, Keeping
from hematovision.settings import Settings

MakeEmpty = Callable[[str], Records]


@pytest.fixture
def make_empty(settings: Settings, cluster: Cluster, tmp_path: Path) -> Iterator[MakeEmpty]:
    """`make_empty("postgresql")` is an empty database with its tables made."""
    made: list[Records] = []

    def make(engine: str) -> Records:
        url = cluster.new_database() if engine == "postgresql" else ""
        given = replace(settings, database_url=url, records=tmp_path / uuid.uuid4().hex)
        with opened(given) as empty:
            migrate(empty)
        made.append(Records.open(given))
        return made[-1]

    yield make
    for records in made:
        records.close()


def fill(records: Records) -> None:
    """Every table, and in every column that may be empty, both."""
    now = datetime.now(UTC)
    user, other = uuid.uuid4(), uuid.uuid4()
    secrets = itertools.count()

    def secret() -> str:
        return f"{next(secrets):064x}"

    with records.engine.begin() as connection:
        for id, name, disabled in ((user, "Ärztin \u2028 \\ \"'", None), (other, "b", now)):
            values = {"id": id, "name": name, "role": "admin", "created_at": now, "disabled_at": disabled}
            connection.execute(insert(User).values(values))
        times = {"created_at": now, "expires_at": now + timedelta(days=1)}
        connection.execute(insert(Session).values(user_id=user, secret_sha256=secret(), seen_at=now, **times))
        connection.execute(insert(Token).values(user_id=user, name="one", secret_sha256=secret(), used_at=now, **times))
        connection.execute(insert(Token).values(user_id=user, name="two", secret_sha256=secret(), **times))
        connection.execute(insert(LoginTries).values(name_hmac=secret(), tries=2, since=now))
        connection.execute(insert(SigningKey).values(id=uuid.uuid4(), key=secret()))
        chosen = {"order": ["monocyte"], "theme": None, "wanted": 200, "scale": 0.1 + 0.2}
        connection.execute(insert(Preferences).values(user_id=user, chosen=chosen, changed_at=now))
    for owner in (user, None):
        records.batches.accept(uuid.uuid4(), owner)
    runner, failed = uuid.uuid4(), errors.SourceRefused("No zip.")
    if taken := records.batches.take(runner, now):
        records.batches.end(taken.id, runner, BatchProgress(2, 1, 3, 0.1 + 0.2), now, failed)
    work = records.open_work("a study", 3, by=user)
    records.record(answer(cell("neutrophil", "check", 1 / 3), cell()), BUNDLE, user, Keeping(work, b"png"))
    records.record(answer(), replace(BUNDLE, version="2", sha256="1" * 64))
    for number in range(1100):  # more than are moved at once
        records.record(answer(picture=str(number)), BUNDLE)
    records.delete(records.record(answer(cell()), BUNDLE), by=other, reason="Grund: ü\n")
    records.close_work(work)


@pytest.mark.parametrize(("source", "target"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_what_comes_back_is_what_left(make_empty: MakeEmpty, tmp_path: Path, source: str, target: str) -> None:
    first, second, third = make_empty(source), make_empty(target), make_empty(source)
    fill(first)
    for number, (of, to) in enumerate(((first, second), (second, third))):
        exported = export(of.engine, tmp_path / str(number))
        assert import_rows(to.engine, tmp_path / str(number)) == exported
        assert exported.keys() == transfer.Base.metadata.tables.keys()
    export(third.engine, tmp_path / "2")
    whole = (tmp_path / "0").read_bytes()
    assert (tmp_path / "1").read_bytes() == whole == (tmp_path / "2").read_bytes()
    for moved in (second, third):
        assert list(moved.lines()) == list(first.lines())
        assert moved.entry(next(moved.lines()).id) == first.entry(next(first.lines()).id)
        assert moved.verify() == first.verify()
        moved.record(answer(cell()), BUNDLE)
        moved.delete(next(moved.lines()).id)
        assert moved.verify().entries == first.verify().entries + 1


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, make_empty: MakeEmpty) -> Records:
    return make_empty(request.param)


@pytest.fixture
def lines(make_empty: MakeEmpty, tmp_path: Path) -> list[str]:
    """Those of a good export."""
    records = make_empty("sqlite")
    for _ in range(3):
        records.record(answer(cell()), BUNDLE)
    records.delete(records.record(answer(cell()), BUNDLE))
    export(records.engine, tmp_path / "good")
    return (tmp_path / "good").read_text(encoding="utf-8").splitlines()


def row_of(table: str, lines: list[str]) -> int:
    return next(number for number, line in enumerate(lines) if f'"table":"{table}"' in line)


def cut_off(lines: list[str]) -> list[str]:
    return lines[:-1]


def a_row_less(lines: list[str]) -> list[str]:
    at = row_of("predictions", lines)
    return lines[:at] + lines[at + 1 :]


def a_row_twice(lines: list[str]) -> list[str]:
    at = row_of("predictions", lines)
    return lines[: at + 1] + lines[at:]


def two_exports(lines: list[str]) -> list[str]:
    return lines * 2


def broken_line(lines: list[str]) -> list[str]:
    return [*lines[:2], lines[2][:-9], *lines[3:]]


def no_object(lines: list[str]) -> list[str]:
    return [*lines[:2], "[1]", *lines[3:]]


def unknown_table(lines: list[str]) -> list[str]:
    return [*lines[:2], '{"table":"sqlite_master","row":{}}', *lines[2:]]


def missing_column(lines: list[str]) -> list[str]:
    at = row_of("predictions", lines)
    content = json.loads(lines[at])
    del content["row"]["status"]
    return [*lines[:at], json.dumps(content), *lines[at + 1 :]]


def no_time(lines: list[str]) -> list[str]:
    at = row_of("predictions", lines)
    content = json.loads(lines[at])
    content["row"]["at"] = "yesterday"
    return [*lines[:at], json.dumps(content), *lines[at + 1 :]]


def unknown_model(lines: list[str]) -> list[str]:
    at = row_of("models", lines)
    end = json.loads(lines[-1])
    del end["end"]["models"]
    return [*lines[:at], *lines[at + 1 : -1], json.dumps(end)]


def other_file(lines: list[str]) -> list[str]:
    return ['{"name": "something"}']


def nothing(lines: list[str]) -> list[str]:
    return []


def another_step(lines: list[str]) -> list[str]:
    return [lines[0].replace('"step":"', '"step":"9'), *lines[1:]]


SPOILT = [
    cut_off, a_row_less, a_row_twice, two_exports, broken_line, no_object, unknown_table, missing_column, no_time,
    unknown_model, other_file, nothing, another_step,
]  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
def test_a_file_that_is_not_whole_brings_nothing(
    empty: Records, lines: list[str], tmp_path: Path, spoil: Callable[[list[str]], list[str]]
) -> None:
    spoilt = tmp_path / "spoilt"
    spoilt.write_text("".join(f"{line}\n" for line in spoil(lines)), encoding="utf-8")
    with pytest.raises(errors.RecordsRefused):
        import_rows(empty.engine, spoilt)
    assert empty.page().lines == ()
    assert empty.verify().entries == 0
    import_rows(empty.engine, tmp_path / "good")
    assert len(empty.page().lines) == 3


def test_a_changed_audit_is_not_imported(empty: Records, lines: list[str], tmp_path: Path) -> None:
    (tmp_path / "spoilt").write_text("\n".join(lines).replace("prediction.deleted", "prediction.changed") + "\n")
    with pytest.raises(errors.ChainBroken, match="Entry 1 of the audit"):
        import_rows(empty.engine, tmp_path / "spoilt")
    assert empty.page().lines == ()


def test_records_are_not_mixed_with_others(empty: Records, lines: list[str], tmp_path: Path) -> None:
    kept = empty.record(answer(cell()), BUNDLE)
    with pytest.raises(errors.RecordsRefused, match="Import into a new one"):
        import_rows(empty.engine, tmp_path / "good")
    assert [line.id for line in empty.lines()] == [kept]


def test_a_file_that_is_there_is_not_written_over(empty: Records, tmp_path: Path) -> None:
    (tmp_path / "export").write_text("mine")
    with pytest.raises(errors.RecordsRefused, match="is there already"):
        export(empty.engine, tmp_path / "export")
    assert (tmp_path / "export").read_text() == "mine"
