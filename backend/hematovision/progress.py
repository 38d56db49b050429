"""How long work tells how far it is, and the bar that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]  # (what is being done, steps done, steps in all)


@contextmanager
def bar(rate: str = "") -> Iterator[Progress]:
    """A bar with the time left, on standard error, so that what a command prints can be piped; with `rate`, also how
    many of these are done a second."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    if rate:
        columns.append(TextColumn("{task.fields[rate]}"))
    with Bar(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task("starting", total=None, rate="")

        def advance(what: str, done: int, total: int) -> None:
            shown.update(task, description=what, completed=done, total=total)
            speed = shown.tasks[task].speed
            shown.update(task, rate=f"{speed:,.1f} {rate}/s" if speed else "")

        yield advance
