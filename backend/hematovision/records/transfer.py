"""Export and import: everything as JSON lines, from one engine to another.

The first line names the format, each further one a row, the last one how many rows there were in each table, so that
a file that was cut off is seen. Rows come in an order in which each may refer to those before it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, TextIO
from uuid import UUID

from sqlalchemy import Column, Connection, Engine, Table, func, insert, select
from sqlalchemy.exc import OperationalError, StatementError

from hematovision import errors
from hematovision.progress import Progress
from hematovision.records import audit, schema
from hematovision.records.database import to_write, unavailable_told
from hematovision.records.tables import Base, Instant

FORMAT = "hematovision-records"

_ROWS_AT_ONCE = 1000
# By type of column, what makes its value of what JSON says.
_FROM_JSON: dict[type, Callable[[str], Any]] = {
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


class _Line(NamedTuple):
    number: int  # from 1
    table: str | None  # whose row it holds
    content: dict[str, Any]
    bytes: int


def export(engine: Engine, target: Path, progress: Progress | None = None) -> Counter[str]:
    """Write every row to `target`, all of one moment. Returns how many of each table. Raises `RecordsRefused` if that
    file is there."""
    if target.exists():
        raise errors.RecordsRefused(f"{target} is there already. Name a new file.")
    partial = target.with_name(target.name + ".partial")
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")  # SQLite sees one moment in any case
    try:
        with unavailable_told(), engine.connect() as connection, partial.open("w", encoding="utf-8") as file:
            total = sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table in _tables())
            file.write(_written({"format": FORMAT, "step": schema.KNOWN}))
            counted: Counter[str] = Counter()
            for table, row in _rows(connection):
                file.write(_written({"table": table, "row": row}))
                counted[table] += 1
                if progress and counted.total() % _ROWS_AT_ONCE == 0:
                    progress("exporting rows", counted.total(), total)
            file.write(_written({"end": counted}))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return counted


def import_rows(engine: Engine, source: Path, progress: Progress | None = None) -> Counter[str]:
    """Read every row of an export into an empty database, all or none. Returns how many of each table.

    Raises `RecordsRefused` for a file that is not whole or not ours, and for a database with rows in it; `ChainBroken`
    if its audit is not as it was written.
    """
    bytes_in_all, counted = source.stat().st_size, Counter[str]()
    with unavailable_told(), to_write(engine).begin() as connection, source.open(encoding="utf-8") as file:
        if any(connection.execute(select(table).limit(1)).first() for table in _tables()):
            raise errors.RecordsRefused("There are records in this database already. Import into a new one.")
        _refuse_unless_ours(_parsed(file.readline(), 1))
        end, bytes_read = None, 0
        for (table, _), lines in groupby(_lines(file), key=lambda line: (line.table, line.number // _ROWS_AT_ONCE)):
            some = list(lines)
            if table is None:  # the end, and nothing else
                end = some[0].content.get("end") if len(some) == 1 else None
                continue
            _insert(connection, table, some)
            counted[table] += len(some)
            bytes_read += sum(line.bytes for line in some)
            if progress:
                progress("importing bytes", bytes_read, bytes_in_all)
        if end != counted:
            raise errors.RecordsRefused(f"{source} does not end as an export does: it was cut off, or changed.")
        audit.verify(connection)
    return counted


def _tables() -> list[Table]:
    """In an order in which each refers to those before it alone."""
    return Base.metadata.sorted_tables


def _rows(connection: Connection) -> Iterator[tuple[str, dict[str, Any]]]:
    for table in _tables():
        ordered = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_ROWS_AT_ONCE)
        with connection.execute(ordered) as found:
            for row in found.mappings():
                yield table.name, {name: _to_json(value) for name, value in row.items()}


def _to_json(value: Any) -> Any:
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _written(content: dict[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n"


def _lines(file: TextIO) -> Iterator[_Line]:
    """Those that follow the first."""
    for number, text in enumerate(file, 2):
        content = _parsed(text, number)
        yield _Line(number, content.get("table"), content, len(text.encode()))


def _parsed(line: str, number: int) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        if isinstance(content := json.loads(line), dict):
            return content
    raise errors.RecordsRefused(f"Line {number} of the export cannot be read. Nothing was imported.")


def _refuse_unless_ours(head: dict[str, Any]) -> None:
    if head.get("format") != FORMAT:
        raise errors.RecordsRefused("This file is no export of records.")
    if head.get("step") != schema.KNOWN:
        raise errors.RecordsRefused(
            f"The export was made at step {head.get('step')} and this version of HematoVision knows {schema.KNOWN}. "
            "Export again with the same version on both sides."
        )


def _insert(connection: Connection, name: str, some: list[_Line]) -> None:
    try:
        table = Base.metadata.tables[name]
        kinds = {column.name: _FROM_JSON.get(_kind(column)) for column in table.columns}
        rows = []
        for row in (line.content["row"] for line in some):
            rows.append({name: read(row[name]) if read and row[name] else row[name] for name, read in kinds.items()})
        connection.execute(insert(table), rows)
    except (KeyError, TypeError, ValueError, StatementError) as error:
        if isinstance(error, OperationalError):  # the database's fault, not the file's
            raise
        raise errors.RecordsRefused(
            f"A row in lines {some[0].number} to {some[-1].number} of the export does not fit. Nothing was imported."
        ) from error


def _kind(column: Column[Any]) -> type:
    return datetime if isinstance(column.type, Instant) else column.type.python_type
