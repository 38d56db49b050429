"""Archives that would harm: no trick of theirs gets through, and the honest pictures beside it are read."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from hematovision import errors
from hematovision.batch import archives
from hematovision.batch.sources import Item, Source
from hematovision.settings import Limits

LIMITS = Limits(max_bytes=5000)
TRICKS = ("../out.png", "/etc/out.png", "a/../../out.png", "..\\out.png", "C:/out.png")


def read(file: Path) -> dict[str, Item]:
    return {item.name: item for item in Source(str(file), LIMITS)(lambda name: False)}


def code(item: Item) -> str | None:
    return item.refused and item.refused.code


def zipped(file: Path, **members: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
    for name, data in members.items():
        archive.writestr(f"{name}.png", data)
    return archive


def added(archive: tarfile.TarFile, name: str, data: bytes = b"", **facts: object) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for fact, value in facts.items():
        setattr(member, fact, value)
    archive.addfile(member, io.BytesIO(data))


@pytest.fixture(params=["zip", "tar", "tar.gz"])
def tricky(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Each trick, a link, something too large, two of one name, and what is no picture."""
    file = tmp_path / f"tricky.{request.param}"
    if request.param == "zip":
        with zipped(file, good=b"good", large=bytes(5001)) as archive:
            for name in TRICKS:
                archive.writestr(name, b"bad")
            link = zipfile.ZipInfo("link.png")
            link.external_attr = 0o120777 << 16
            archive.writestr(link, "/etc/passwd")
            archive.writestr("notes.txt", b"not a picture")
            archive.writestr("__MACOSX/._good.png", b"not one either")
            with pytest.warns(UserWarning, match="Duplicate"):
                archive.writestr("good.png", b"other")
        return file
    with tarfile.open(file, "w:gz" if request.param == "tar.gz" else "w") as archive:
        added(archive, "good.png", b"good")
        added(archive, "large.png", bytes(5001))
        for name in TRICKS:
            added(archive, name, b"bad")
        added(archive, "link.png", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        added(archive, "notes.txt", b"not a picture")
        added(archive, "._good.png", b"not one either")
        added(archive, "good.png", b"other")
    return file


def test_tricks_are_failures_and_the_rest_is_read(tricky: Path) -> None:
    items = read(tricky)
    refused = {name: code(item) for name, item in items.items() if item.refused}
    assert refused == dict.fromkeys((*TRICKS, "link.png"), "member_refused") | {"large.png": "picture_too_large"}
    assert {name: item.data for name, item in items.items() if not item.refused} == {
        "good.png": b"good",
        "good.png#2": b"other",
    }


def test_a_damaged_or_locked_member_is_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "damaged.zip"
    zipped(file, first=b"first" * 100, second=b"second").close()
    data = bytearray(file.read_bytes())
    data[45] ^= 0xFF  # within the first one's data
    data[data.rindex(b"PK\x01\x02") + 8] |= 1  # the second one says that it is encrypted
    file.write_bytes(data)
    assert {name: code(item) for name, item in read(file).items()} == dict.fromkeys(
        ("first.png", "second.png"), "picture_unread"
    )


def test_a_zip_that_unpacks_to_far_more_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "NEVER_A_BOMB", 100_000)
    zipped(tmp_path / "bomb.zip", bomb=bytes(2_000_000)).close()
    with pytest.raises(errors.SourceRefused, match="200 times"):
        read(tmp_path / "bomb.zip")


@pytest.mark.parametrize("name", ["bomb.png", "bomb.txt"])
def test_a_tar_that_unpacks_to_far_more_is_left_where_that_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(archives, "NEVER_A_BOMB", 100_000)
    with tarfile.open(tmp_path / "bomb.tgz", "w:gz") as archive:
        added(archive, name, bytes(20_000_000))
        added(archive, "after.png", b"after")
    with pytest.raises(errors.SourceRefused, match="200 times"):
        read(tmp_path / "bomb.tgz")


def test_a_name_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 2 * archives.LONGEST_HEADER
    (tmp_path / "long.tar").write_bytes(header.tobuf() + bytes(4 * archives.LONGEST_HEADER))
    with pytest.raises(errors.SourceRefused, match="million letters"):
        read(tmp_path / "long.tar")


@pytest.mark.parametrize(
    "data",
    [b"", b"no archive at all" * 100, b"PK\x03\x04 cut off", gzip.compress(b"hello" * 999)],
    ids=["empty", "text", "zip cut off", "gzip of text"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(errors.SourceRefused, match="must be a zip or a tar"):
        read(tmp_path / "file")


@pytest.mark.parametrize("length", [3000, 1024, 1300])  # within the second one, before its header, within that
def test_an_archive_that_is_cut_off_gives_what_it_holds_first(tmp_path: Path, length: int) -> None:
    with tarfile.open(tmp_path / "cut.tar", "w") as archive:
        added(archive, "first.png", b"first")
        added(archive, "second.png", bytes(4000))
    cut = tmp_path / "cut.tar"
    cut.write_bytes(cut.read_bytes()[:length])
    items = Source(str(cut), LIMITS)(lambda name: False)
    assert next(items).name == "first.png"
    with pytest.raises(errors.SourceRefused, match="cannot be read to its end"):
        list(items)


def test_what_is_there_already_is_not_read_again(tmp_path: Path) -> None:
    zipped(tmp_path / "three.zip", a=b"a", b=b"b", c=b"c").close()
    source = Source(str(tmp_path / "three.zip"), LIMITS)
    assert [item.name for item in source(lambda name: name == "b.png")] == ["a.png", "c.png"]
    assert source.total == 3


def test_a_file_that_cannot_be_read_is_a_failure_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    (item,) = read(tmp_path).values()
    with pytest.raises(errors.PictureUnread, match="could not be read"):
        item.read(LIMITS)
