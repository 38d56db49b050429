"""Users, their logins and tokens: who gets in, until when, and what the audit says of it; on both engines."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from hematovision import errors
from hematovision.records import logins, passwords
from hematovision.records.store import Records
from hematovision.records.tables import Audit, AuditDetail
from hematovision.records.values import NewAccount
from hematovision.settings import Settings
from people import PASSWORD, Clock, add

IDLE = timedelta(minutes=30)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def audited(records: Records) -> list[tuple[str, Any]]:
    """Action and new value of each entry, in order; the chain holds."""
    records.verify()
    with records.engine.connect() as connection:
        joined = select(Audit.action, AuditDetail.new).join(AuditDetail, AuditDetail.number == Audit.number)
        return [(row.action, row.new) for row in connection.execute(joined.order_by(Audit.number))]


def actions(records: Records) -> list[str]:
    return [action for action, _ in audited(records)]


def whole_database(records: Records) -> str:
    with records.engine.connect() as connection:
        tables = ("users", "sessions", "tokens", "login_tries", "audit", "audit_details")
        return str([list(connection.execute(text(f"SELECT * FROM {table}"))) for table in tables])  # noqa: S608


def enters(records: Records, clock: Clock, name: str = "anna", password: str = PASSWORD) -> bool:
    try:
        records.logins.log_in(name, password, clock())
    except errors.LoginRefused:
        return False
    return True


def test_a_user_is_told_again_without_the_password(records: Records, clock: Clock) -> None:
    anna = add(records, "anna", "reviewer")
    assert records.users.all() == [anna] == [records.users.named("anna")]
    assert (anna.role, anna.disabled_at) == ("reviewer", None)
    assert enters(records, clock)
    assert PASSWORD not in whole_database(records)
    assert "$argon2id$" in whole_database(records)


@pytest.mark.parametrize("same", ["Anna", " anna ", "ＡＮＮＡ"])  # noqa: RUF001
def test_a_name_is_one_however_it_is_written(records: Records, clock: Clock, same: str) -> None:
    add(records, "anna")
    assert records.users.named(same).name == "anna"
    assert enters(records, clock, same)
    with pytest.raises(errors.NameTaken):
        add(records, same)


@pytest.mark.parametrize(
    "wrong",
    [("", "viewer", PASSWORD), ("a b", "viewer", PASSWORD), ("a\n", "boss", PASSWORD), ("x" * 81, "viewer", PASSWORD),
     ("a", "", PASSWORD), ("a", "viewer", "eleven char"), ("a", "viewer", "x" * 201)],
)  # fmt: skip
def test_of_several_all_are_added_or_none(records: Records, wrong: tuple[str, str, str]) -> None:
    good = NewAccount("anna", "viewer", PASSWORD)
    with pytest.raises(errors.AccountRefused):
        records.users.add([good, NewAccount(*wrong)])
    with pytest.raises(errors.NameTaken):
        records.users.add([good, good])
    assert records.users.all() == []
    assert audited(records) == []


def test_each_change_stands_in_the_audit_and_no_password_does(records: Records, clock: Clock) -> None:
    admin, anna = add(records, "boss", "admin"), add(records, "anna")
    records.users.change_role(anna.id, "reviewer", admin.id)
    records.users.change_role(anna.id, "reviewer", admin.id)  # is one already
    made, secret = records.tokens.make(anna.id, "night", 1, clock())
    records.tokens.revoke(anna.id, made.id, clock())
    records.tokens.revoke(anna.id, made.id, clock())
    records.users.disable(anna.id, admin.id)
    records.users.disable(anna.id, admin.id)
    records.users.reset(anna.id, "another " + PASSWORD, admin.id)
    assert actions(records) == [
        "user.added", "user.added", "user.role_changed", "token.made", "token.revoked", "user.disabled", "user.reset",
    ]  # fmt: skip
    assert audited(records)[1] == ("user.added", {"name": "anna", "role": "viewer"})
    assert PASSWORD not in whole_database(records)
    assert secret not in whole_database(records)


def test_a_wrong_name_takes_what_a_wrong_password_takes(
    records: Records, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(records, "anna")
    add(records, "boss", "admin")
    records.users.disable(add(records, "gone").id)
    passwords.matches(None, "warm")
    compared: list[str] = []
    verify = passwords._HASHER.verify

    class Counted:
        def verify(self, stored: str, password: str) -> bool:
            compared.append(stored)
            return verify(stored, password)

    monkeypatch.setattr(passwords, "_HASHER", Counted())
    told = set()
    for name in ("anna", "gone", "nobody"):
        with pytest.raises(errors.LoginRefused) as refused:
            records.logins.log_in(name, "wrong " + PASSWORD, clock())
        told.add(str(refused.value))
    assert len(compared) == 3  # of the same cost: the parameters stand in what is compared with
    assert {stored.rsplit("$", 2)[0] for stored in compared} == {compared[0].rsplit("$", 2)[0]}
    assert len(told) == 1


def test_a_disabled_user_is_out_at_once_and_stays_out(records: Records, clock: Clock) -> None:
    add(records, "boss", "admin")
    anna = add(records, "anna")
    _, session = records.logins.log_in("anna", PASSWORD, clock())
    _, token = records.tokens.make(anna.id, "night", 1, clock())
    assert records.logins.account(session, clock(), IDLE) == anna == records.tokens.account(token, clock())
    records.users.disable(anna.id)
    assert records.logins.account(session, clock(), IDLE) is None
    assert records.tokens.account(token, clock()) is None
    assert not enters(records, clock)
    records.users.reset(anna.id, "another " + PASSWORD)
    assert enters(records, clock, password="another " + PASSWORD)
    assert records.logins.account(session, clock(), IDLE) is None  # what was before does not come back
    assert records.tokens.account(token, clock()) is None


def test_the_last_admin_stays_one(records: Records) -> None:
    boss, other = add(records, "boss", "admin"), add(records, "other", "admin")
    records.users.disable(other.id)
    attempts: list[Callable[[], object]] = [
        lambda: records.users.disable(boss.id), lambda: records.users.change_role(boss.id, "viewer"),
    ]  # fmt: skip
    for attempt in attempts:
        with pytest.raises(errors.LastAdmin):
            attempt()
    assert records.users.named("boss") == boss
    assert actions(records) == ["user.added", "user.added", "user.disabled"]


def test_two_admins_who_disable_each_other_at_once_leave_one(records: Records) -> None:
    both = [add(records, name, "admin").id for name in ("one", "two")]

    def disabled(user: Any) -> bool:
        try:
            records.users.disable(user)
        except errors.LastAdmin:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(disabled, both)) == [False, True]


def test_a_session_lasts_while_it_is_used(records: Records, clock: Clock) -> None:
    anna = add(records, "anna")
    _, secret = records.logins.log_in("anna", PASSWORD, clock())
    for _ in range(5):
        clock.go_on(minutes=29)
        assert records.logins.account(secret, clock(), IDLE) == anna
    clock.go_on(minutes=30)
    assert records.logins.account(secret, clock(), IDLE) is None


def test_no_session_lasts_longer_than_a_shift(records: Records, clock: Clock) -> None:
    anna = add(records, "anna")
    _, secret = records.logins.log_in("anna", PASSWORD, clock())
    end = clock() + logins.LONGEST
    while clock() < end:
        assert records.logins.account(secret, clock(), IDLE) == anna
        clock.go_on(minutes=20)
    assert records.logins.account(secret, clock(), IDLE) is None


def test_a_clock_that_is_set_back_lengthens_no_session_and_no_lock(records: Records, clock: Clock) -> None:
    add(records, "anna")
    _, secret = records.logins.log_in("anna", PASSWORD, clock())
    lock(records, clock)
    clock.go_on(hours=-1)
    assert records.logins.account(secret, clock(), IDLE) is None
    assert enters(records, clock)


def test_a_session_found_over_does_not_live_again_when_the_clock_comes_back(records: Records, clock: Clock) -> None:
    add(records, "anna")
    for hours in (-1, 1):
        _, secret = records.logins.log_in("anna", PASSWORD, clock())
        clock.go_on(hours=hours)
        assert records.logins.account(secret, clock(), IDLE) is None
        clock.go_on(hours=-hours)
        assert records.logins.account(secret, clock(), IDLE) is None


def test_a_session_is_a_secret_that_cannot_be_guessed(records: Records, clock: Clock) -> None:
    add(records, "anna")
    secrets = {records.logins.log_in("anna", PASSWORD, clock())[1] for _ in range(20)}
    assert len(secrets) == 20
    for secret in secrets:
        drawn = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
        assert len(drawn) >= 16
        assert len(set(drawn)) > 8


def test_to_log_out_ends_one_session(records: Records, clock: Clock) -> None:
    anna = add(records, "anna")
    (_, first), (_, second) = (records.logins.log_in("anna", PASSWORD, clock()) for _ in range(2))
    assert first != second
    records.logins.log_out(first)
    assert records.logins.account(first, clock(), IDLE) is None
    assert records.logins.account(second, clock(), IDLE) == anna


def test_a_changed_password_ends_the_other_sessions(records: Records, clock: Clock) -> None:
    anna = add(records, "anna")
    (_, here), (_, there) = (records.logins.log_in("anna", PASSWORD, clock()) for _ in range(2))
    with pytest.raises(errors.LoginRefused):
        records.logins.change_password(anna, "wrong", "another " + PASSWORD, here, clock())
    with pytest.raises(errors.AccountRefused):
        records.logins.change_password(anna, PASSWORD, "short", here, clock())
    assert records.logins.account(there, clock(), IDLE) == anna
    records.logins.change_password(anna, PASSWORD, "another " + PASSWORD, here, clock())
    assert records.logins.account(here, clock(), IDLE) == anna
    assert records.logins.account(there, clock(), IDLE) is None
    assert not enters(records, clock)
    assert actions(records)[-1] == "user.password_changed"


@pytest.mark.parametrize("attempt", ["log in", "change the password"])
def test_a_reset_in_between_wins(records: Records, clock: Clock, monkeypatch: pytest.MonkeyPatch, attempt: str) -> None:
    """The old password was compared, and was right, before an admin took it away."""
    anna = add(records, "anna")
    _, session = records.logins.log_in("anna", PASSWORD, clock())
    matches = passwords.matches

    def overtaken(stored: str | None, password: str) -> bool:
        found = matches(stored, password)
        records.users.reset(anna.id, "of the admin " + PASSWORD)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(passwords, "matches", overtaken)
        with pytest.raises(errors.LoginRefused):
            if attempt == "log in":
                records.logins.log_in("anna", PASSWORD, clock())
            else:
                records.logins.change_password(anna, PASSWORD, "of the thief " + PASSWORD, session, clock())
    assert records.logins.account(session, clock(), IDLE) is None
    assert enters(records, clock, password="of the admin " + PASSWORD)


def lock(records: Records, clock: Clock, name: str = "anna") -> None:
    for _ in range(logins.TRIES):
        assert not enters(records, clock, name, "wrong " + PASSWORD)


@pytest.mark.parametrize("name", ["anna", "nobody"])
def test_after_so_many_tries_even_the_right_password_waits(records: Records, clock: Clock, name: str) -> None:
    add(records, "anna")
    add(records, "bert")
    lock(records, clock, name)
    for waited in (0, 100, 199):
        clock.go_on(seconds=waited)
        with pytest.raises(errors.LoginThrottled) as throttled:
            records.logins.log_in(name, PASSWORD, clock())
    assert throttled.value.seconds == 1
    assert enters(records, clock, "bert")
    with records.engine.connect() as connection:
        told = connection.execute(text("SELECT subject_id FROM audit WHERE action = 'login.throttled'")).all()
    assert len(told) == 1  # once, however often one tries on
    assert (told[0].subject_id is not None) == (name == "anna")
    assert "nobody" not in whole_database(records)
    clock.go_on(seconds=1)
    assert enters(records, clock, name) == (name == "anna")


def test_who_gets_in_has_all_tries_again(records: Records, clock: Clock) -> None:
    add(records, "anna")
    for _ in range(3):
        for _ in range(logins.TRIES - 1):
            assert not enters(records, clock, password="wrong " + PASSWORD)
        assert enters(records, clock)


def test_many_tries_at_once_are_no_more(records: Records, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    add(records, "anna")
    records.logins.key  # noqa: B018
    compared: list[str] = []
    monkeypatch.setattr(passwords, "matches", lambda stored, password: bool(compared.append(password)))

    def attempt(number: int) -> None:
        with pytest.raises((errors.LoginRefused, errors.LoginThrottled)):
            records.logins.log_in("anna", str(number), clock())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(attempt, range(4 * logins.TRIES)))
    assert len(compared) == logins.TRIES


def test_every_worker_signs_with_the_same_key(recording: Settings) -> None:
    workers = [Records.open(recording) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        keys = set(pool.map(lambda worker: worker.logins.key, workers))
    assert len(keys) == 1
    assert len(keys.pop()) == 32
    for worker in workers:
        worker.close()


def test_a_token_is_told_once_and_expires(records: Records, clock: Clock) -> None:
    anna = add(records, "anna")
    made, secret = records.tokens.make(anna.id, "night run", 2, clock())
    assert records.tokens.of(anna.id, clock()) == [made]
    assert made.expires_at - clock() == timedelta(days=2)
    assert secret not in whole_database(records)
    clock.go_on(days=1)
    assert records.tokens.account(secret, clock()) == anna
    assert records.tokens.of(anna.id, clock())[0].used_at == clock()
    assert records.tokens.account(secret + "x", clock()) is None
    clock.go_on(days=1)
    assert records.tokens.account(secret, clock()) is None


def test_a_revoked_token_is_over_at_once(records: Records, clock: Clock) -> None:
    anna, bert = add(records, "anna"), add(records, "bert")
    made, secret = records.tokens.make(anna.id, "night run", 2, clock())
    with pytest.raises(errors.NameTaken):
        records.tokens.make(anna.id, "night run", 2, clock())
    records.tokens.make(bert.id, "night run", 2, clock())
    with pytest.raises(errors.TokenUnknown):
        records.tokens.revoke(bert.id, made.id, clock())
    assert records.tokens.account(secret, clock()) == anna
    records.tokens.revoke(anna.id, made.id, clock())
    assert records.tokens.account(secret, clock()) is None


def test_what_one_chose_is_told_again(records: Records) -> None:
    anna, bert = add(records, "anna"), add(records, "bert")
    assert records.preferences.of(anna.id) == {}
    for chosen in ({"wanted": 200}, {"theme": "dark", "hot_keys": {"monocyte": "m"}}):
        records.preferences.choose(anna.id, chosen)
        assert records.preferences.of(anna.id) == chosen
    assert records.preferences.of(bert.id) == {}
