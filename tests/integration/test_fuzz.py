"""Real files, spoiled by chance, to `decode` and to the whole running service: none is a failure, nothing stays.

A short round here, always the same; `make fuzz` goes on with others for as many seconds as `FUZZ` says.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from hematovision.api.history_schemas import RecordedAnswerSchema
from hematovision.api.schemas import ProblemSchema
from hematovision.errors import PictureRefused
from hematovision.images import decode
from load import resident
from running import running
from spoiling import FILES, spoiled

FUZZ = int(os.environ.get("FUZZ", "0"))  # seconds
DECODED, SENT = (400, 100) if FUZZ else (200, 40)  # files in a round
GROWTH = 1.25  # of memory, once a first round has filled what is kept
ANY = spoiled(list(chain.from_iterable(FILES.values())))
UNEXPLAINED = [Phase.generate, Phase.shrink]  # a failure is not looked at line by line: that takes minutes
ROUND = settings(deadline=None, database=None, phases=UNEXPLAINED, suppress_health_check=list(HealthCheck))


def decode_round(number: int, seen: Counter[str]) -> None:
    """Each is a picture or a `PictureRefused`, at either scale."""

    @seed(number)
    @settings(ROUND, max_examples=DECODED)
    @given(data=ANY, at_least=st.sampled_from([None, 32]))
    def check(data: bytes, at_least: int | None) -> None:
        try:
            picture = decode(data, at_least=at_least)
        except PictureRefused:
            seen["refused"] += 1
        else:
            assert picture.rgb.ndim == 3 and min(picture.width, picture.height) >= 32
            seen["decoded"] += 1

    check()


def send_round(number: int, url: str, seen: Counter[int]) -> None:
    """Each is an answer or a problem of the sender's, in the shape that is published, as form or as raw body."""

    @seed(number)
    @settings(ROUND, max_examples=SENT)
    @given(data=ANY, by_form=st.booleans())
    def check(data: bytes, by_form: bool) -> None:
        if by_form:
            response = requests.post(f"{url}/classify", files={"image": ("cell", data)}, timeout=60)
        else:
            response = requests.post(f"{url}/classify", data=data, headers={"Content-Type": "image/png"}, timeout=60)
        seen[response.status_code] += 1
        assert response.status_code in (200, 400, 413, 415, 422), response.text
        shape = RecordedAnswerSchema(unknown="raise") if response.ok else ProblemSchema()
        assert shape.validate(response.json()) == {}

    check()


@pytest.mark.filterwarnings("ignore:::PIL")  # in production Pillow warns of odd metadata and goes on
def test_no_spoiled_file_is_a_failure_and_nothing_stays(tmp_path: Path, free_port: int) -> None:
    decoded: Counter[str] = Counter()
    sent: Counter[int] = Counter()
    begun, number = time.monotonic(), 0
    with running(free_port, tmp_path, log_level="warning") as service:
        files, memory = service.files_in_scratch(), 0
        while number < 1 or time.monotonic() - begun < FUZZ:
            decode_round(number, decoded)
            send_round(number, service.url, sent)
            number += 1
            if number == 5:
                memory = resident(service.workers())
        assert service.files_in_scratch() == files
        assert len(decoded) == 2 and 422 in sent  # some are spoiled and some are not, or nothing was shown
        told = f"decoded or not {dict(decoded)}, answered {dict(sorted(sent.items()))}"
        if memory:
            grown = resident(service.workers()) / memory
            told += f", memory {grown:.2f} times that after five rounds"
            assert grown < GROWTH
        sys.stdout.write(f"{number} rounds in {time.monotonic() - begun:.0f} s: {told}\n")
