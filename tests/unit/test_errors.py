"""The tree of errors is as its docstring draws it, and each has a code and a status of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from hematovision import errors
from hematovision.errors import HematoVisionError


def descendants(kind: type[HematoVisionError]) -> Iterator[type[HematoVisionError]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


KINDS = list(descendants(HematoVisionError))
# "    │   ├── PictureEmpty            400  picture_empty": depth by indentation, then name, status and code.
DRAWN = re.findall(r"^    ((?:[│├└ ][─ ]{2} )+)(\w+) +(\d{3})  (\w+)", str(errors.__doc__), re.MULTILINE)


def test_the_drawn_tree_holds_every_kind_once() -> None:
    assert sorted(name for _, name, _, _ in DRAWN) == sorted(kind.__name__ for kind in KINDS)


@pytest.mark.parametrize(("branch", "name", "status", "code"), DRAWN, ids=[name for _, name, _, _ in DRAWN])
def test_each_is_as_drawn(branch: str, name: str, status: str, code: str) -> None:
    kind = getattr(errors, name)
    assert (kind.status, kind.code) == (int(status), code)
    assert len(branch) == 4 * (len(kind.__mro__) - len(HematoVisionError.__mro__))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_has_a_stable_code_a_status_and_a_heading(kind: type[HematoVisionError]) -> None:
    assert kind.code == re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower() or kind.code in CODES_THAT_SAY_MORE
    assert 400 <= HTTPStatus(kind.status) < 600
    assert kind.title and not kind.title.endswith(".")


CODES_THAT_SAY_MORE = {"picture_several_frames"}


def test_no_code_is_used_twice() -> None:
    codes = [kind.code for kind in (HematoVisionError, *KINDS)]
    assert len(set(codes)) == len(codes)


def test_no_heading_is_used_twice() -> None:
    titles = [kind.title for kind in (HematoVisionError, *KINDS)]
    assert len(set(titles)) == len(titles)
