"""How long work tells how far it is, and the bar that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]  # (what is being done, steps done, steps in all)


@contextmanager
def bar() -> Iterator[Progress]:
    """A bar with the time left, on standard error, so that what a command prints can be piped."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task("starting", total=None)

        def advance(what: str, done: int, total: int) -> None:
            shown.update(task, description=what, completed=done, total=total)

        yield advance
