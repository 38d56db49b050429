"""The example pictures are fetched once, and only what was pinned is kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_httpserver import HTTPServer

from hematovision.cli import main
from hematovision.errors import ExamplesUnavailable
from hematovision.examples import EXAMPLES, SOURCE, Example, fetch, present
from pictures import drawn_cell, encoded

DRAWN = {f"cell-{seed}.jpg": encoded(drawn_cell(seed), "JPEG") for seed in range(3)}
PINNED = [Example(name, "neutrophil", hashlib.sha256(data).hexdigest()) for name, data in DRAWN.items()]


@pytest.fixture
def source(httpserver: HTTPServer) -> str:
    """The address of a server that has the drawn pictures, each to be fetched once."""
    for name, data in DRAWN.items():
        httpserver.expect_oneshot_request(f"/pictures/{name}").respond_with_data(data, content_type="image/jpeg")
    return httpserver.url_for("/pictures")


def test_what_is_pinned_is_fetched_and_kept(source: str, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    paths = fetch(tmp_path / "new" / "folder", source, lambda *step: steps.append(step), PINNED)
    assert {path.name: path.read_bytes() for path in paths} == DRAWN
    assert [(done, total) for _, done, total in steps] == [(1, 3), (2, 3), (3, 3)]


def test_what_is_here_is_not_fetched_again(source: str, tmp_path: Path, httpserver: HTTPServer) -> None:
    first = fetch(tmp_path, source, wanted=PINNED)
    assert fetch(tmp_path, source + "/", wanted=PINNED) == first
    assert len(httpserver.log) == len(PINNED)


def test_what_was_spoiled_here_is_fetched_anew(source: str, tmp_path: Path) -> None:
    (tmp_path / PINNED[1].name).write_bytes(b"spoiled")
    fetch(tmp_path, source, wanted=PINNED)
    assert (tmp_path / PINNED[1].name).read_bytes() == DRAWN[PINNED[1].name]


def test_another_picture_than_the_pinned_one_is_refused_and_not_kept(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/cell-0.jpg").respond_with_data(DRAWN["cell-1.jpg"])
    with pytest.raises(ExamplesUnavailable, match=r"cell-0.jpg is not the picture that was pinned"):
        fetch(tmp_path, httpserver.url_for("/"), wanted=PINNED)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [404, 500])
def test_a_server_that_does_not_have_it_is_told_as_one_sentence(
    httpserver: HTTPServer, tmp_path: Path, status: int
) -> None:
    httpserver.expect_request("/cell-0.jpg").respond_with_data("no", status=status)
    with pytest.raises(ExamplesUnavailable, match="could not be fetched"):
        fetch(tmp_path, httpserver.url_for("/"), wanted=PINNED)
    assert list(tmp_path.iterdir()) == []


def test_no_server_at_all_is_told_as_one_sentence(tmp_path: Path, free_port: int) -> None:
    with pytest.raises(ExamplesUnavailable, match="could not be fetched"):
        fetch(tmp_path, f"http://127.0.0.1:{free_port}/", wanted=PINNED)


def test_pictures_fetched_before_a_failure_are_kept(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/cell-0.jpg").respond_with_data(DRAWN["cell-0.jpg"])
    with pytest.raises(ExamplesUnavailable):
        fetch(tmp_path, httpserver.url_for("/"), wanted=PINNED)
    assert [path.name for path in tmp_path.iterdir()] == ["cell-0.jpg"]


def test_the_command_fails_with_one_sentence(
    runner: CliRunner, httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEMATOVISION_EXAMPLES", str(tmp_path))
    httpserver.expect_request(f"/{EXAMPLES[0].name}").respond_with_data(DRAWN["cell-0.jpg"])
    result = runner.invoke(main, ["examples", "--source", httpserver.url_for("/")])
    assert result.exit_code == 1
    assert f"Error: {EXAMPLES[0].name} is not the picture" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_source_is_pinned_to_a_commit() -> None:
    assert SOURCE.startswith("https://")
    assert "/d272fb14cdff6e473fafeeeba32aba5f560e9e43/" in SOURCE


def test_ten_are_pinned_and_between_them_they_show_every_white_cell_of_the_set() -> None:
    assert len({example.name for example in EXAMPLES}) == len({example.sha256 for example in EXAMPLES}) == 10
    assert {example.shows for example in EXAMPLES} == {"basophil", "eosinophil", "lymphocyte", "monocyte", "neutrophil"}


def test_the_pins_are_those_of_the_pictures_on_record(data: Path) -> None:
    fields = data / "bccd" / "fields"
    for example in EXAMPLES:
        assert hashlib.sha256((fields / example.name).read_bytes()).hexdigest() == example.sha256


def test_the_command_fetches_the_ten_from_another_address(
    runner: CliRunner, data: Path, httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for example in EXAMPLES:
        picture = (data / "bccd" / "fields" / example.name).read_bytes()
        httpserver.expect_oneshot_request(f"/copy/{example.name}").respond_with_data(picture)
    monkeypatch.setenv("HEMATOVISION_EXAMPLES", str(tmp_path))
    result = runner.invoke(main, ["examples", "--source", httpserver.url_for("/copy")])
    assert result.exit_code == 0
    assert "10 pictures" in result.stdout and "MIT" in result.stdout
    assert present(tmp_path) == list(EXAMPLES)
