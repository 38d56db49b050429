"""The service is killed under load, again and again: no prediction that it said was recorded is lost.

Five times on each engine; `make torture` does it a hundred times and prints what it saw.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import requests

from hematovision.records.store import Records
from hematovision.settings import Settings
from house import port_nobody_listens_on
from pictures import drawn_cell, encoded
from running import Running, running

KILLS = int(os.environ.get("KILLS", "5"))
CLIENTS, BETWEEN_KILLS = 3, 12  # answers acknowledged at least
CELL = encoded(drawn_cell())


class Load:
    """Clients that send one picture after the other and note what they are told is recorded."""

    def __init__(self, service: Running) -> None:
        self.acknowledged: list[str] = []
        self._url = f"{service.url}/classify"
        self._clients = [threading.Thread(target=self._send) for _ in range(CLIENTS)]
        for client in self._clients:
            client.start()

    def _send(self) -> None:
        with requests.Session() as session:
            while True:
                try:
                    answer = session.post(self._url, files={"image": CELL}, timeout=30).json()
                except requests.RequestException:  # it was killed
                    return
                if answer["recorded"]:
                    self.acknowledged.append(answer["id"])

    def wait(self) -> None:
        """Until each client has seen the end."""
        for client in self._clients:
            client.join()


def kill(service: Running) -> None:
    """All of its processes at once, as the kernel does when memory is out."""
    for process in (service.process.pid, *service.workers()):
        os.kill(process, signal.SIGKILL)


def test_no_acknowledged_prediction_is_lost(recording: Settings, tmp_path: Path) -> None:
    acknowledged: list[str] = []
    given = {"records": str(recording.records), "database_url": recording.database_url}
    for number in range(KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        with running(port_nobody_listens_on(), folder, **given) as service:
            load = Load(service)
            service.wait_for(lambda load=load: len(load.acknowledged) >= BETWEEN_KILLS)
            kill(service)
            load.wait()
        acknowledged += load.acknowledged
    records = Records.open(recording)
    kept = {str(line.id) for line in records.lines() if records.entry(line.id)}  # each can be read whole
    records.close()
    engine = "PostgreSQL" if recording.database_url else "SQLite"
    sys.stdout.write(f"{engine}: killed {KILLS} times, {len(acknowledged)} acknowledged, {len(kept)} kept\n")
    assert len(acknowledged) >= KILLS * BETWEEN_KILLS
    assert not set(acknowledged) - kept
    assert len(kept) <= len(acknowledged) + CLIENTS * KILLS  # no more than were on their way
