"""The same picture again is answered from memory: marked, recorded, and for a fraction of the work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from house import lacking, port_nobody_listens_on
from pictures import drawn_cell, encoded
from running import Running, running

PICTURES = [encoded(drawn_cell(seed, width=360, height=360), "JPEG") for seed in range(25)]
OF_THIS_REQUEST = ("milliseconds", "cached", "id")


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    if not Path("/proc/self/stat").is_file():
        lacking("no /proc, in which a test sees what a process has worked")
    with running(port_nobody_listens_on(), tmp_path_factory.mktemp("remembering")) as service:
        yield service


def ask(service: Running, picture: bytes, **query: str) -> dict[str, Any]:
    response = requests.post(f"{service.url}/classify", files={"image": picture}, params=query, timeout=30)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def worked(service: Running) -> int:
    """What the workers have worked so far, in ticks of the processor's clock."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in service.workers()]
    return sum(int(each[11]) + int(each[12]) for each in stats)


def test_it_is_the_same_answer_marked_and_recorded_and_costs_less_than_a_third(serving: Running) -> None:
    ask(serving, encoded(drawn_cell(100), "JPEG"))  # whatever is made once
    begun = worked(serving)
    first = [ask(serving, picture) for picture in PICTURES]
    between = worked(serving)
    again = [ask(serving, picture) for picture in PICTURES]
    ended = worked(serving)
    for one, other in zip(first, again, strict=True):
        assert (one["cached"], other["cached"]) == (False, True)
        same = one.keys() - set(OF_THIS_REQUEST)
        assert {name: one[name] for name in same} == {name: other[name] for name in same}
        assert other["recorded"] and other["id"] != one["id"]
        times = other["milliseconds"]
        assert (times["decode"], times["locate"], times["classify"]) == (0, 0, 0)
        assert 0 < times["total"] < one["milliseconds"]["total"]
        assert requests.get(f"{serving.url}/history/{other['id']}", timeout=10).status_code == 200
    assert 3 * (ended - between) < between - begun


def test_what_was_asked_for_is_part_of_it(serving: Running) -> None:
    picture = encoded(drawn_cell(200), "JPEG")
    ask(serving, picture)
    assert not ask(serving, picture, boxes="all")["cached"]
    assert ask(serving, picture, boxes="all")["cached"]
    assert not ask(serving, picture + b"\0")["cached"]


def test_no_more_is_remembered_than_may_be(tmp_path: Path, free_port: int) -> None:
    with running(free_port, tmp_path, cache="6") as service:
        for picture in PICTURES[:8]:  # each weighs two at least, if a cell is found in it
            ask(service, picture)
        assert not ask(service, PICTURES[0])["cached"]
