"""The recorder of a service: it records, or says at once that it cannot, whatever the database does."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from answers import BUNDLE, answer, cell
from databases import Cluster, postgresql
from hematovision import errors
from hematovision.records.database import opened
from hematovision.records.recorder import PATIENCE, Recorder
from hematovision.records.schema import STEPS, migrate
from hematovision.records.store import Records
from hematovision.records.values import Keeping
from hematovision.settings import Settings
from house import LogLines, port_nobody_listens_on
from patient import patient
from running import PATIENCE as WAITED_FOR

GLANCE = 0.05  # seconds


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + WAITED_FOR
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def make_tables(settings: Settings) -> None:
    with opened(settings) as engine:
        migrate(engine)


@pytest.fixture
def recorder(recording: Settings) -> Iterator[Recorder]:
    opened = patient(recording)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A PostgreSQL that a test may stop, and starts again."""
    with postgresql() as running:
        yield running


def test_the_first_answer_after_the_start_is_recorded_already(recording: Settings) -> None:
    recorder = patient(recording)
    prediction = recorder.record(answer(cell()), BUNDLE)
    assert prediction
    assert recorder.records.entry(prediction).answer == answer(cell())
    assert recorder.state.status == "ok"
    recorder.close()


def test_what_waits_when_it_is_closed_is_still_written(recording: Settings) -> None:
    recorder = patient(recording)
    made: list[uuid.UUID | None] = []
    threads = [threading.Thread(target=lambda: made.append(recorder.record(answer(cell()), BUNDLE))) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_for(lambda: bool(made))
    recorder.close()
    for thread in threads:
        thread.join()
    records = Records.open(recording)
    assert {line.id for line in records.lines()} == set(made) - {None}
    records.close()


def test_switched_off_it_opens_no_database(settings: Settings) -> None:
    recorder = Recorder(replace(settings, recording="off"))
    assert recorder.record(answer(cell()), BUNDLE) is None
    assert recorder.state.status == "off"
    for attempt in (
        lambda: recorder.records,
        lambda: recorder.record(answer(), BUNDLE, keeping=Keeping(uuid.uuid4(), b"")),
    ):
        with pytest.raises(errors.RecordsOff, match="HEMATOVISION_RECORDING"):
            attempt()
    recorder.close()
    assert not settings.records.exists()


def test_work_that_is_unknown_is_the_senders_to_hear(recorder: Recorder) -> None:
    with pytest.raises(errors.WorkUnknown):
        recorder.record(answer(cell()), BUNDLE, keeping=Keeping(uuid.uuid4(), b"png"))
    assert recorder.record(answer(cell()), BUNDLE)


def test_a_write_that_fails_for_its_own_sake_loses_no_other(recorder: Recorder, log_lines: LogLines) -> None:
    impossible = answer(cell(), status=None)
    assert recorder.record(impossible, BUNDLE) is None
    assert recorder.record(answer(cell()), BUNDLE)
    [line] = [line for line in log_lines() if line["event"] == "prediction not recorded"]
    assert "IntegrityError" in line["reason"]
    assert impossible.image.sha256 not in str(line)


def test_a_model_whose_row_is_gone_is_written_down_again(recorder: Recorder) -> None:
    assert recorder.record(answer(cell()), BUNDLE)
    with recorder.records.engine.begin() as connection:
        connection.execute(text("DELETE FROM predictions"))
        connection.execute(text("DELETE FROM models"))
    assert recorder.record(answer(cell()), BUNDLE)


def test_pictures_are_swept_by_the_service_itself(recording: Settings) -> None:
    records = Records.open(recording)
    prediction = records.record(answer(cell()), BUNDLE, keeping=Keeping(records.open_work("a study", 1), b"png"))
    with records.engine.begin() as connection:
        connection.execute(text("UPDATE kept_pictures SET until = (SELECT min(at) FROM predictions)"))
    assert (records.pictures / f"{prediction}.png").is_file()
    recorder = patient(recording)
    wait_for(lambda: not list(records.pictures.iterdir()))
    recorder.close()
    assert records.verify().entries == 2
    records.close()


def test_without_a_database_it_says_so_and_sees_when_there_is_one(
    own_cluster: Cluster, settings: Settings, log_lines: LogLines
) -> None:
    given = replace(settings, database_url=own_cluster.new_database())
    own_cluster.stop()
    recorder = patient(given)
    assert recorder.record(answer(cell()), BUNDLE) is None
    with pytest.raises(errors.RecordsUnavailable):
        _ = recorder.records
    assert recorder.state.status == "away"
    own_cluster.start()
    wait_for(lambda: "records migrate" in str(recorder.state.reason))  # it is there, and empty
    assert recorder.record(answer(cell()), BUNDLE) is None
    make_tables(given)
    wait_for(lambda: recorder.state.status == "ok")
    assert recorder.record(answer(cell()), BUNDLE)
    recorder.close()
    events = [line["event"] for line in log_lines()]
    assert events.count("database away") == 2  # one a reason, not one a look
    assert events.count("prediction not recorded") == 2


def test_a_database_that_goes_and_comes_back_is_used_again(own_cluster: Cluster, settings: Settings) -> None:
    given = replace(settings, database_url=own_cluster.new_database())
    make_tables(given)
    recorder = patient(given)
    before = recorder.record(answer(cell()), BUNDLE)
    own_cluster.stop()
    wait_for(lambda: recorder.state.status == "away")
    assert recorder.record(answer(cell()), BUNDLE) is None
    own_cluster.start()
    wait_for(lambda: recorder.state.status == "ok")
    after = recorder.record(answer(cell()), BUNDLE)
    assert {line.id for line in recorder.records.lines()} == {before, after}
    recorder.close()


def test_a_database_that_hangs_holds_one_request_for_so_long_and_the_next_not_at_all(
    own_cluster: Cluster, settings: Settings
) -> None:
    """Every process of the server is stopped as by a debugger: it takes what is sent and says nothing."""
    given = replace(settings, database_url=own_cluster.new_database())
    make_tables(given)
    recorder = Recorder(given, GLANCE)
    assert recorder.record(answer(cell()), BUNDLE)
    with recorder.records.engine.connect() as connection:
        hung = [*connection.scalars(text("SELECT pid FROM pg_stat_activity")), own_cluster.postmaster()]
    for process in hung:
        os.kill(process, signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert recorder.record(answer(cell()), BUNDLE) is None
        first, started = time.monotonic() - started, time.monotonic()
        for _ in range(20):
            assert recorder.record(answer(cell()), BUNDLE) is None
        rest = time.monotonic() - started
        assert first >= PATIENCE
        assert rest < first  # twenty that do not wait take less than the one that did
        assert recorder.state.status == "away"
    finally:
        for process in hung:
            os.kill(process, signal.SIGCONT)
    wait_for(lambda: recorder.state.status == "ok")
    assert recorder.record(answer(cell()), BUNDLE)
    recorder.close()


def test_a_sqlite_file_that_is_moved_away_is_missed(settings: Settings, tmp_path: Path) -> None:
    recorder = patient(settings)
    assert recorder.record(answer(cell()), BUNDLE)
    file = settings.records / "hematovision.db"
    file.rename(tmp_path / "elsewhere.db")
    wait_for(file.exists)  # a new one
    wait_for(lambda: recorder.state.status == "ok")
    prediction = recorder.record(answer(cell()), BUNDLE)
    assert [line.id for line in recorder.records.lines()] == [prediction]
    recorder.close()


def test_a_sqlite_file_locked_by_somebody_else_costs_one_request_its_patience(settings: Settings) -> None:
    recorder = Recorder(settings, GLANCE)
    assert recorder.record(answer(cell()), BUNDLE)
    other = Records.open(settings)
    with other.engine.execution_options(writes=True).begin():
        assert recorder.record(answer(cell()), BUNDLE) is None
    other.close()
    wait_for(lambda: recorder.state.status == "ok")
    assert recorder.record(answer(cell()), BUNDLE)
    recorder.close()


def test_a_folder_in_which_nothing_can_be_made_is_said_with_its_reason(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    recorder = Recorder(replace(settings, records=tmp_path / "file" / "records"), GLANCE)
    assert recorder.record(answer(cell()), BUNDLE) is None
    assert recorder.state.status == "away"
    recorder.close()


def test_an_older_schema_is_no_reason_to_stop_and_said_once(
    recording: Settings, records: Records, log_lines: LogLines
) -> None:
    migrate(records.engine, STEPS[0])
    recorder = patient(recording)
    for _ in range(3):
        assert recorder.record(answer(cell()), BUNDLE) is None
    assert "hematovision records migrate" in str(recorder.state.reason)
    recorder.close()
    assert [line["event"] for line in log_lines()] == ["database away"] + ["prediction not recorded"] * 3


def test_what_is_logged_of_a_failure_names_no_value_of_it(
    recording: Settings, log_lines: LogLines, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = patient(recording)
    given = answer(cell(), picture="a person's")
    assert recorder.record(given, BUNDLE)
    with recorder.records.engine.begin() as connection:
        connection.execute(text("ALTER TABLE predictions RENAME TO elsewhere"))
    with caplog.at_level(logging.DEBUG):
        assert recorder.record(given, BUNDLE) is None
    recorder.close()
    assert given.image.sha256 not in str(log_lines()) + caplog.text
    assert "prediction not recorded" in str(log_lines())


def test_nobody_listens_at_the_port(settings: Settings) -> None:
    url = f"postgresql://nobody:secret@127.0.0.1:{port_nobody_listens_on()}/none"
    recorder = Recorder(replace(settings, database_url=url), GLANCE)
    assert recorder.record(answer(cell()), BUNDLE) is None
    assert "secret" not in str(recorder.state)
    recorder.close()
