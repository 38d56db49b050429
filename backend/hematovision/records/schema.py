"""Which tables a database holds, and the way from there to those that this version knows."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, Engine, inspect, text

from hematovision import errors
from hematovision.records.database import make_folder, sqlite_file, to_write, unavailable_told

STEPS = ("0001", "0002", "0003", "0004", "0005", "0006")  # of migrations/versions, in order
KNOWN = STEPS[-1]

_LOCK = 7_243_001  # any number, the same in every process: one at a time migrates a PostgreSQL database
_ONE_AT_A_TIME = Lock()  # Alembic's `op` is the process's: a second thread's would work on the first one's connection


def step_of(connection: Connection) -> str | None:
    """The last step that this database has taken; None where it has taken none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    step: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return step


def refuse_unless_known(engine: Engine) -> None:
    """Raises `SchemaRefused`, with what mends it, unless the database holds the tables of this version. A new SQLite
    file without any table is brought up instead."""
    make_folder(engine)
    with unavailable_told():
        with engine.connect() as connection:
            step, tables = step_of(connection), inspect(connection).get_table_names()
        if sqlite_file(engine) and not tables:
            migrate(engine)
            return
    if step == KNOWN:
        return
    if step in (None, *STEPS):
        raise errors.SchemaRefused(
            f"The database is at step {step or 'none'} and this version of HematoVision needs {KNOWN}. Stop the "
            "service, make a backup (`hematovision records backup`), then run `hematovision records migrate`."
        )
    raise errors.SchemaRefused(
        f"The database is at step {step}, which a later version of HematoVision made; this one knows {KNOWN}. Use that "
        "version, or restore an older backup (`hematovision records restore`)."
    )


def migrate(engine: Engine, to: str = KNOWN) -> str | None:
    """Take the database to a step, up or down, in one transaction: all of the way or none. Returns where it was."""
    from alembic import command  # here, since a service whose database is as it should be needs none of it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    with unavailable_told(), to_write(engine).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        before = step_of(connection)
        if before not in (None, *STEPS):
            raise errors.SchemaRefused(
                f"The database is at step {before}, which a later version of HematoVision made. Use that version."
            )
        config.attributes["connection"] = connection
        back = to == "base" or (before or "") > to
        with _ONE_AT_A_TIME:
            (command.downgrade if back else command.upgrade)(config, to)
        return before
