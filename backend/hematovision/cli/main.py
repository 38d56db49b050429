"""The command `hematovision` itself, and what its commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hematovision import INTENDED_USE, __version__
from hematovision.errors import HematoVisionError

PICTURES = click.Path(exists=True, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


class Commands(click.Group):
    """A failure with a name is one sentence and exit status 1, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HematoVisionError as error:
            raise click.ClickException("\n".join((str(error), *getattr(error, "__notes__", ())))) from error


@click.group(cls=Commands, epilog=INTENDED_USE)
@click.version_option(__version__, prog_name="hematovision")
def main() -> None:
    """Which cells are in a photograph of a blood smear, how sure, and where it does not know.

    Every setting is an environment variable HEMATOVISION_*; README.md lists them.
    """


class WithDefault(click.Group):
    """A group that takes what is no command of its own for the arguments of its default command:
    `evaluate FOLDER` beside `evaluate locator`."""

    def __init__(self, *args: Any, default: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default's name before arguments that name no command."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [self.default, *args]
        return super().parse_args(ctx, args)
