"""Backup and restore: a whole database in one file, by the means that each engine has for it.

Kept pictures are not in it: what must be gone after so many days shall not live on in a backup.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL

from hematovision import errors
from hematovision.progress import Progress
from hematovision.records import audit, schema
from hematovision.records.database import sqlite_file, to_write, unavailable_told

_PAGES_AT_ONCE = 256  # copied before others may write again


def backup(engine: Engine, target: Path, progress: Progress | None = None) -> None:
    """Write the database to `target`, while the service goes on. Raises `RecordsRefused` if that file is there, or if
    PostgreSQL's own program is not."""
    if target.exists():
        raise errors.RecordsRefused(f"{target} is there already. Name a new file.")
    partial = target.with_name(target.name + ".partial")
    try:
        if file := sqlite_file(engine):
            _copy(f"{file.as_uri()}?mode=rw", partial, progress)
        else:
            _run("pg_dump", engine.url, "--format=custom", f"--file={partial}")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def restore(engine: Engine, source: Path, progress: Progress | None = None) -> None:
    """Put the database back as it was in a backup; what was recorded since is gone, which the audit notes.

    Raises `RecordsRefused` for a file that is no backup of this engine's, and changes nothing then.
    """
    before = _last_of_audit(engine)
    if file := sqlite_file(engine):
        _refuse_unless_ours(source)
        engine.dispose()
        _copy(_finished(source), file, progress)
    else:
        if source.read_bytes()[:5] != b"PGDMP":
            raise errors.RecordsRefused(
                f"{source} is no backup of a PostgreSQL database. `records import` moves others."
            )
        engine.dispose()
        _run("pg_restore", engine.url, "--clean", "--if-exists", "--no-owner", "--single-transaction", str(source))
    with unavailable_told(), to_write(engine).begin() as connection:
        if schema.step_of(connection) in schema.STEPS[1:]:  # else there is no audit yet
            audit.append(connection, audit.Change("records.restored", old=before))


def _last_of_audit(engine: Engine) -> str | None:
    """The hash of the last entry before a restore: who has noted it, or finds it here, knows what was cut off."""
    if (file := sqlite_file(engine)) and not file.exists():
        return None
    with unavailable_told(), engine.connect() as connection:
        return audit.last(connection) if schema.step_of(connection) in schema.STEPS[1:] else None


def _copy(source: str, target: Path, progress: Progress | None) -> None:
    """By SQLite's online backup: the state of one moment, whoever writes meanwhile."""

    def report(_: int, remaining: int, total: int) -> None:
        if progress:
            progress("copying pages", total - remaining, total)

    try:
        with closing(sqlite3.connect(source, uri=True, timeout=60)) as taken, closing(sqlite3.connect(target)) as given:
            taken.isolation_level = None
            taken.execute("BEGIN")
            taken.execute("SELECT 1 FROM sqlite_master")  # holds this moment: else each write would begin it anew
            taken.backup(given, pages=_PAGES_AT_ONCE, progress=report)
    except sqlite3.Error as error:
        raise errors.RecordsUnavailable(f"The database could not be copied: {error}. Nothing was changed.") from error


def _refuse_unless_ours(source: Path) -> None:
    try:
        with closing(sqlite3.connect(_finished(source), uri=True)) as opened:
            [step] = opened.execute("SELECT version_num FROM alembic_version").fetchone()
            [sound] = opened.execute("PRAGMA integrity_check").fetchone()
    except (sqlite3.Error, TypeError):
        step, sound = None, ""
    if step not in schema.STEPS or sound != "ok":
        raise errors.RecordsRefused(f"{source} is no whole backup that this version of HematoVision knows.")


def _finished(backup: Path) -> str:
    """The URI of a backup: nobody writes to it, so that nothing has to be written beside it to read it."""
    return f"{backup.absolute().as_uri()}?immutable=1"


def _run(program: str, url: URL, *arguments: str) -> None:
    """One of PostgreSQL's own programs on the database of this URL. It is told the password by its environment:
    arguments are for all to see."""
    if not shutil.which(program):
        raise errors.RecordsRefused(
            f"{program} is not installed here. Install PostgreSQL's client programs (on Debian: apt-get install "
            "postgresql-client), or let the server's own backup do this."
        )
    named = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query).render_as_string()
    secret = {"PGPASSWORD": url.password} if url.password else {}
    command = [program, f"--dbname={named}", *arguments]
    done = subprocess.run(command, env=os.environ | secret, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise errors.RecordsUnavailable(f"{program} failed, and nothing was changed: {done.stderr.strip()[-500:]}")
