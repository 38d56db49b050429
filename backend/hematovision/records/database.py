"""Opening the database: a SQLite file or PostgreSQL, told apart by the URL alone."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Update, create_engine, event, func, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import DeclarativeBase

from hematovision import errors
from hematovision.settings import Settings

FILE = "hematovision.db"


def database_url(settings: Settings) -> URL:
    """The URL that is set, itself or by a file, or that of the SQLite file in the folder of records.

    Raises `SettingRefused`.
    """
    given = settings.database_url
    if settings.database_url_file:
        try:
            given = settings.database_url_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise errors.SettingRefused("HEMATOVISION_DATABASE_URL_FILE names a file that cannot be read.") from error
    elif not given:
        return URL.create("sqlite", database=str(settings.records.absolute() / FILE))
    with suppress(ArgumentError, ValueError):
        url = make_url(given)
        if url.drivername in ("postgresql", "postgresql+psycopg"):
            return url.set(drivername="postgresql+psycopg")
        if url.drivername == "sqlite" and url.database and Path(url.database).is_absolute():
            return url
    # The URL may hold a password: it is not repeated.
    raise errors.SettingRefused(
        "HEMATOVISION_DATABASE_URL must be postgresql://user@host/name or sqlite:///file, with the file's whole path."
    )


def open_engine(url: URL, patience: float | None = None) -> Engine:
    """An engine for this URL; nothing is connected yet.

    `patience` bounds, in seconds, how long one waits for a connection or a lock, and to a fifth how long a statement
    may take; None for the command line's long work. No value of a statement stands in the text of its failure.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url, hide_parameters=True, connect_args={"timeout": 60 if patience is None else patience}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    bounds: dict[str, Any] = {"connect_timeout": 10}
    waiting: dict[str, Any] = {}
    if patience is not None:
        milliseconds = int(1000 * patience)
        bounds = {
            "connect_timeout": max(2, int(patience)),  # libpq takes less for 2
            "tcp_user_timeout": milliseconds,
            "options": f"-c lock_timeout={milliseconds} -c statement_timeout={5 * milliseconds}",
        }
        waiting = {"pool_timeout": patience}
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=bounds, **waiting)


@contextmanager
def opened(settings: Settings) -> Iterator[Engine]:
    """The database of these settings, whatever tables are in it, for work that takes its time; closed after."""
    engine = open_engine(database_url(settings))
    try:
        make_folder(engine)
        yield engine
    finally:
        engine.dispose()


def to_write(engine: Engine, lasting: bool = True) -> Engine:
    """The same engine, for transactions that write: SQLite's take the lock at once. One that read first and then
    wrote would be refused without waiting when somebody else had written in between. What is not `lasting` may be
    undone by a power cut."""
    return engine.execution_options(writes=True, lasting=lasting)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection to read with; a database that fails is `RecordsUnavailable`."""
    with unavailable_told(), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes, whole or not at all; a database that fails is `RecordsUnavailable`."""
    with unavailable_told(), to_write(engine).begin() as connection:
        yield connection


def noted(engine: Engine, change: Update, given: Mapping[str, Any]) -> int:
    """Make this one change, and tell how many rows it was of. All see it at once, and it waits for no disk: a power cut
    may undo it. A database that fails is `RecordsUnavailable`."""
    with unavailable_told():
        if engine.dialect.name == "postgresql":
            waits_not = func.set_config("synchronous_commit", "off", True) == "off"  # until this statement is committed
            change, engine = change.where(waits_not), engine.execution_options(isolation_level="AUTOCOMMIT")
        with to_write(engine, lasting=False).begin() as connection:
            return connection.execute(change, given).rowcount


def alone(connection: Connection, table: type[DeclarativeBase]) -> None:
    """Let nobody else write to this table until the transaction ends; others read on. SQLite's writers have waited
    for each other since their transaction began (`to_write`)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))


def sqlite_file(engine: Engine) -> Path | None:
    """The file of a SQLite database; None for PostgreSQL."""
    return Path(str(engine.url.database)) if engine.dialect.name == "sqlite" else None


def make_folder(engine: Engine) -> None:
    """Make the folder of a SQLite file, for its owner's eyes only. Raises `RecordsUnavailable` where none can be."""
    if file := sqlite_file(engine):
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise errors.RecordsUnavailable(
                f"The folder of records cannot be made: {error.strerror}. Name another one: HEMATOVISION_RECORDS."
            ) from error


def file_identity(engine: Engine) -> tuple[int, int] | None:
    """What tells a SQLite file from another one of that name; None where there is no file."""
    file = sqlite_file(engine)
    with suppress(FileNotFoundError):
        return ((found := file.stat()).st_dev, found.st_ino) if file else None
    return None


@contextmanager
def unavailable_told() -> Iterator[None]:
    """Within it, a database that fails is `RecordsUnavailable`; a broken constraint is our own fault and stays one.

    What the database itself said of a connection is a note on the error: for the log and the command line, since it
    may name hosts and users.
    """
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, NoConnectionFree) as error:
        unavailable = errors.RecordsUnavailable(
            "The database does not answer; pictures are answered and not recorded. Look after it, then try again."
        )
        if isinstance(error, OperationalError):
            unavailable.add_note(str(error.orig).strip())
        raise unavailable from error


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says so
    _switch_to_wal(connection)
    for pragma in (
        "foreign_keys = ON",
        "secure_delete = ON",  # what was erased is overwritten
    ):
        connection.execute(f"PRAGMA {pragma}")


def _switch_to_wal(connection: Any) -> None:
    """So that who reads never waits for who writes. For this one statement SQLite itself does not wait, when another
    process opens a new file at the same moment; it is over in milliseconds."""
    for _ in range(100):
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
            return
        time.sleep(0.02)
    connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("writes"):
        connection.exec_driver_sql("BEGIN")
        return
    # FULL: what was acknowledged survives a power cut
    connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if options.get('lasting', True) else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
