"""`hematovision users`: who is added gets in, on either engine; and what is refused is a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hematovision import errors
from hematovision.cli import main
from hematovision.records.store import Records
from hematovision.settings import Settings
from people import PASSWORD, Clock

Command = Callable[..., Result]


@pytest.fixture
def records(recording: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Records]:
    """Those on which the commands work."""
    monkeypatch.setenv("HEMATOVISION_RECORDS", str(recording.records))
    monkeypatch.setenv("HEMATOVISION_DATABASE_URL", recording.database_url)
    opened = Records.open(recording)
    yield opened
    opened.close()


@pytest.fixture
def command(runner: CliRunner, records: Records) -> Command:
    return lambda *arguments, **given: runner.invoke(main, ["users", *arguments], **given)


def enters(records: Records, name: str, password: str) -> bool:
    try:
        return bool(records.logins.log_in(name, password, Clock()()))
    except errors.LoginRefused:
        return False


def test_add_asks_for_the_password_twice_and_never_shows_it(command: Command, records: Records) -> None:
    added = command("add", "Anna", "--role", "admin", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert added.exit_code == 0, added.output
    assert "added: anna, admin\n" in added.stdout
    assert PASSWORD not in added.output
    assert enters(records, "anna", PASSWORD)
    differing = command("add", "bert", input=f"{PASSWORD}\nanother one\n")
    assert differing.exit_code == 1
    assert [each.name for each in records.users.all()] == ["anna"]


def test_a_drawn_password_is_told_and_lets_in(command: Command, records: Records) -> None:
    told = command("add", "anna", "--draw").stdout
    [password] = re.findall(r"^added: anna, viewer, password (\S{16})$", told, re.MULTILINE)
    assert enters(records, "anna", password)


def test_a_class_is_added_from_a_csv_whole_or_not_at_all(command: Command, records: Records, tmp_path: Path) -> None:
    file = tmp_path / "class.csv"
    file.write_text(f"name,role,password\nanna,reviewer,{PASSWORD}\nbert,viewer,\n", encoding="utf-8-sig")
    added = command("add", "--from", str(file))
    assert added.exit_code == 0, added.output
    [drawn] = re.findall(r"^added: bert, viewer, password (\S+)$", added.stdout, re.MULTILINE)
    assert "added: anna, reviewer\n" in added.stdout
    assert PASSWORD not in added.output
    assert enters(records, "anna", PASSWORD) and enters(records, "bert", drawn)
    file.write_text("name,role\ncarl,viewer\nanna,viewer\n")
    again = command("add", "--from", str(file))
    assert (again.exit_code, again.stdout) == (1, "")
    assert "There is a user 'anna' already" in again.stderr
    assert [each.name for each in records.users.all()] == ["anna", "bert"]


@pytest.mark.parametrize("text", ["", "name\nanna\n", "name,role\n", "who,role\na,viewer\n", "name,role\nanna,boss\n"])
def test_a_csv_that_is_none_adds_nobody(command: Command, records: Records, tmp_path: Path, text: str) -> None:
    (tmp_path / "class.csv").write_text(text)
    refused = command("add", "--from", str(tmp_path / "class.csv"))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert records.users.all() == []


def test_list_disable_and_reset(command: Command, records: Records) -> None:
    command("add", "boss", "--role", "admin", "--draw")
    command("add", "anna", "--draw")
    anna = records.users.named("anna")
    assert command("disable", "anna").stdout == "disabled: anna\n"
    lines = command("list").stdout.splitlines()
    assert lines[0].startswith(f"{anna.id}  anna, viewer, disabled 20")
    assert lines[1].endswith("  boss, admin")
    reset = command("reset", "anna", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert reset.stdout.endswith("reset: anna\n")
    assert enters(records, "anna", PASSWORD)
    assert command("reset", "anna", "--role", "reviewer").stdout == "anna is reviewer\n"
    assert records.users.named("anna").role == "reviewer"
    assert enters(records, "anna", PASSWORD)


@pytest.mark.parametrize("arguments", [["disable", "boss"], ["reset", "boss", "--role", "viewer"]])
def test_the_last_admin_stays_one(command: Command, records: Records, arguments: list[str]) -> None:
    command("add", "boss", "--role", "admin", "--draw")
    refused = command(*arguments)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "the last admin" in refused.stderr
    assert records.users.named("boss").role == "admin"


def test_a_quota_is_given_and_taken_back(command: Command, records: Records) -> None:
    command("add", "anna", "--draw")
    assert command("quota", "anna", "1500").stdout == "anna: 1,500 requests an hour for each token\n"
    assert command("list").stdout.endswith("anna, viewer, 1,500 requests an hour for each token\n")
    assert command("quota", "anna", "0").stdout == "anna: requests without end\n"
    assert records.users.named("anna").quota == 0
    assert "HEMATOVISION_QUOTA" in command("quota", "anna").stdout
    assert records.users.named("anna").quota is None
    for wrong in ("-1", "many", "1000001"):
        assert command("quota", "anna", "--", wrong).exit_code == 2


@pytest.mark.parametrize("arguments", [["disable", "nobody"], ["reset", "nobody", "--draw"], ["quota", "nobody", "1"]])
def test_a_user_whom_there_is_not_is_a_sentence(command: Command, arguments: list[str]) -> None:
    refused = command(*arguments)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "There is no user of this name" in refused.stderr


@pytest.mark.parametrize(
    "arguments", [["add"], ["add", "a", "--role", "boss"], ["reset", "a", "--role", "viewer", "--draw"]]
)
def test_what_cannot_be_meant_is_refused(command: Command, records: Records, arguments: list[str]) -> None:
    assert command(*arguments).exit_code == 2
    assert records.users.all() == []
