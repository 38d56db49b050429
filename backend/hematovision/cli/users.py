"""Commands that look after users: add, list, quota, disable, reset."""

from __future__ import annotations

import csv
from pathlib import Path

import click

from hematovision.cli.records import FILE, opened_records
from hematovision.errors import AccountRefused
from hematovision.records.values import ROLES, NewAccount
from hematovision.settings import MOST_OF_QUOTA


@click.group()
def users() -> None:
    """Look after the users of a service with HEMATOVISION_LOGIN=on, while it runs. No password is an argument: others
    on this machine would see it."""


@users.command()
@click.argument("name", required=False)
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--draw", is_flag=True, help="Draw a password and print it, instead of asking for one.")
@click.option("--from", "file", type=FILE, help="CSV with the columns name,role,password; an empty password is drawn.")
def add(name: str | None, role: str, draw: bool, file: Path | None) -> None:
    """Add the user NAME, or everybody in a CSV file: all of them or none."""
    if bool(name) == bool(file):
        raise click.UsageError("Give NAME, or --from a file.")
    people = _people(file) if file else [_Person(str(name), role, None if draw else _asked())]
    with opened_records() as ours:
        added = ours.users.add([NewAccount(each.name, each.role, each.password) for each in people])
    for account, person in zip(added, people, strict=True):
        click.echo(f"added: {account.name}, {account.role}{person.told}")


@users.command("list")
def list_() -> None:
    """Everybody, by name."""
    with opened_records() as ours:
        for each in ours.users.all():
            state = f", disabled {each.disabled_at:%Y-%m-%d}" if each.disabled_at else ""
            quota = "" if each.quota is None else f", {_told(each.quota)}"
            click.echo(f"{each.id}  {each.name}, {each.role}{quota}{state}")


@users.command()
@click.argument("name")
@click.argument("requests", required=False, type=click.IntRange(0, MOST_OF_QUOTA))
def quota(name: str, requests: int | None) -> None:
    """Let each token of the user NAME make so many REQUESTS an hour; 0: without end. Left out: as HEMATOVISION_QUOTA
    says, as for everybody else."""
    with opened_records() as ours:
        ours.users.change_quota(ours.users.named(name).id, requests)
    click.echo(f"{name}: {_told(requests)}")


@users.command()
@click.argument("name")
def disable(name: str) -> None:
    """Let the user NAME in no longer: their sessions and tokens end at once. What they recorded stays."""
    with opened_records() as ours:
        ours.users.disable(ours.users.named(name).id)
    click.echo(f"disabled: {name}")


@users.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="Give another role, and leave the password as it is.")
@click.option("--draw", is_flag=True, help="Draw a password and print it, instead of asking for one.")
def reset(name: str, role: str | None, draw: bool) -> None:
    """Give the user NAME another password; lets in again who was disabled. Sessions and tokens made before end."""
    if role and draw:
        raise click.UsageError("Give --role, or a password; not both at once.")
    with opened_records() as ours:
        user = ours.users.named(name).id
        if role:
            ours.users.change_role(user, role)
            click.echo(f"{name} is {role}")
            return
        person = _Person(name, "", None if draw else _asked())
        ours.users.reset(user, person.password)
    click.echo(f"reset: {name}{person.told}")


def _told(quota: int | None) -> str:
    if quota is None:
        return "as many requests as HEMATOVISION_QUOTA says"
    return f"{quota:,} requests an hour for each token" if quota else "requests without end"


class _Person:
    """Somebody on the command line; a password that is not given is drawn, and told."""

    def __init__(self, name: str, role: str, password: str | None) -> None:
        from hematovision.records.passwords import drawn

        self.name, self.role, self.password = name, role, password or drawn()
        self.told = "" if password else f", password {self.password}"


def _people(file: Path) -> list[_Person]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    if not rows or not {"name", "role"} <= set(rows[0]):
        raise AccountRefused(f"{file} needs the columns name,role and a line for each user. Nobody was added.")
    return [_Person(row["name"] or "", row["role"] or "", row.get("password")) for row in rows]


def _asked() -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
