"""Every step, up and down, on both engines, with records in the tables; and what is refused until it was taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from answers import BUNDLE, answer, cell
from hematovision import errors
from hematovision.records.database import opened
from hematovision.records.schema import KNOWN, STEPS, migrate, step_of
from hematovision.records.store import Records
from hematovision.records.tables import Base
from hematovision.settings import Settings
from house import PACKAGE


@pytest.fixture
def engine(settings: Settings, database_url: str) -> Iterator[Engine]:
    """An empty database."""
    with opened(replace(settings, database_url=database_url)) as engine:
        yield engine


def rows(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All that is in every table."""
    with engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {name}"))), key=str)  # noqa: S608
            for name in inspect(connection).get_table_names()
            if name != "alembic_version"
        }


def test_the_steps_are_those_of_the_folder() -> None:
    config = Config()
    config.set_main_option("script_location", str(PACKAGE / "records" / "migrations"))
    script = ScriptDirectory.from_config(config)
    assert tuple(step.revision for step in reversed(list(script.walk_revisions()))) == STEPS
    assert script.get_current_head() == KNOWN


def test_the_steps_make_the_tables_that_the_code_knows(engine: Engine) -> None:
    assert migrate(engine) is None
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert step_of(connection) == KNOWN


def test_several_databases_are_brought_up_at_once_by_one_process(settings: Settings, tmp_path: Path) -> None:
    """As by services beside each other: what one does never lands in the database of another."""
    own = [replace(settings, database_url=f"sqlite:///{tmp_path / str(k)}.db") for k in range(12)]
    with ExitStack() as stack, ThreadPoolExecutor(len(own)) as threads:
        engines = [stack.enter_context(opened(each)) for each in own]
        assert list(threads.map(migrate, engines)) == [None] * len(own)
        for engine in engines:
            with engine.connect() as connection:
                assert step_of(connection) == KNOWN
                assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_to_be_where_one_is_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    assert migrate(engine) == KNOWN


def test_every_step_down_and_up_keeps_what_lies_in_the_tables_that_stay(engine: Engine, settings: Settings) -> None:
    migrate(engine)
    records = Records(engine, settings.records)
    kept = records.record(answer(cell(), cell("neutrophil")), BUNDLE)
    records.delete(records.record(answer(cell()), BUNDLE))
    records.open_work("a study", 3)
    full = rows(engine)
    assert full["predictions"] and full["audit"] and full["works"]
    for step in (*reversed(STEPS[:-1]), *STEPS[1:]):
        migrate(engine, step)
        here = rows(engine)
        with engine.connect() as connection:
            assert step_of(connection) == step
        assert here["predictions"] == full["predictions"]
    assert set(here) == set(full)
    assert records.entry(kept).answer == answer(cell(), cell("neutrophil"))
    records.delete(kept)
    assert records.verify().entries == 1  # a new chain: the old one was dropped with its step


def test_down_to_nothing_leaves_nothing_and_up_again_works(engine: Engine, settings: Settings) -> None:
    migrate(engine)
    records = Records(engine, settings.records)
    records.delete(records.record(answer(cell()), BUNDLE))
    migrate(engine, "base")
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
        assert step_of(connection) is None
    migrate(engine)
    records.record(answer(cell()), BUNDLE)


def test_a_step_that_fails_is_not_made_at_all(engine: Engine) -> None:
    migrate(engine, STEPS[0])
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE audit_details (number INTEGER)"))  # in the way of the second step
    before = rows(engine)
    with pytest.raises(errors.RecordsUnavailable):
        migrate(engine)
    assert rows(engine) == before
    with engine.connect() as connection:
        assert step_of(connection) == STEPS[0]


@pytest.mark.parametrize("step", STEPS[:-1])
def test_an_older_schema_is_refused_with_the_command_that_mends_it(
    engine: Engine, settings: Settings, database_url: str, step: str
) -> None:
    migrate(engine, step)
    given = replace(settings, database_url=database_url)
    with pytest.raises(errors.SchemaRefused, match="`hematovision records migrate`") as refused:
        Records.open(given)
    assert re.search(rf"at step {step} .* needs {KNOWN}", str(refused.value))
    migrate(engine)
    Records.open(given).close()


def test_a_later_schema_is_refused_and_no_command_of_ours_touches_it(
    engine: Engine, settings: Settings, database_url: str
) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (lambda: Records.open(replace(settings, database_url=database_url)), lambda: migrate(engine)):
        with pytest.raises(errors.SchemaRefused, match="a later version of HematoVision"):
            attempt()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_empty_postgresql_is_refused_with_the_command_that_fills_it(settings: Settings, database_url: str) -> None:
    with pytest.raises(errors.SchemaRefused, match=r"at step none .*`hematovision records migrate`"):
        Records.open(replace(settings, database_url=database_url))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_tables_of_somebody_else_are_left_alone_in_a_sqlite_file(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (number INTEGER)"))
    with pytest.raises(errors.SchemaRefused):
        Records.open(settings)
    assert rows(engine) == {"theirs": []}


def test_several_may_open_a_new_sqlite_file_at_once(settings: Settings) -> None:
    with ThreadPoolExecutor(6) as pool:
        for records in pool.map(lambda _: Records.open(settings), range(6)):
            records.record(answer(cell()), BUNDLE)
            records.close()


def test_several_may_migrate_at_once(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        came_from = list(pool.map(lambda _: migrate(engine), range(4)))
    assert sorted(came_from, key=str) == [KNOWN] * 3 + [None]
