"""A bundle is opened only when every byte and every fact of it is as released; else a sentence names what is not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hematovision.bundle import RECORD, SELF_TEST, Bundle, current_path, open_bundle, seal
from hematovision.errors import BundleRefused, ModelUnavailable
from hematovision.inference import InferenceService
from hematovision.runtime import LiteRT, open_runtime

Json = dict[str, Any]

RELEASED = [
    "model.keras", "model.tflite", "metrics.json", "MODEL_CARD.md", "selftest/expected.json", "selftest/drawn-0.png",
]  # fmt: skip


@pytest.fixture
def copy(models: Path, tmp_path: Path) -> Path:
    """A models folder of one's own, with the bundle in use; `copy / name` is the bundle."""
    current = current_path(models)
    folder = tmp_path / "models" / current.relative_to(models)
    shutil.copytree(current, folder)
    (tmp_path / "models" / "CURRENT").write_text(f"{current.relative_to(models).as_posix()}\n")
    return folder


def load(path: Path) -> Json:
    content: Json = json.loads(path.read_text(encoding="utf-8"))
    return content


def change(path: Path, how: Callable[[Json], None]) -> None:
    """Edit a JSON file in place."""
    content = load(path)
    how(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def reseal(folder: Path) -> None:
    """Write the SHA-256s anew, as somebody would who edits a bundle by hand."""
    record = load(folder / RECORD)
    seal(folder, {name: value for name, value in record.items() if name not in ("files", "format")})


def expect_refusal(folder: Path, *named: str, by: type[ModelUnavailable] = BundleRefused) -> None:
    """The bundle is refused, and the sentence names what is wrong with it and what to do."""
    with pytest.raises(by) as refusal:
        InferenceService.open(folder.parents[1])
    told = str(refusal.value)
    assert all(name in told for name in named), told
    assert told.endswith(".")


def test_an_untouched_copy_is_opened_with_its_facts(copy: Path, record: Json) -> None:
    bundle = open_bundle(copy)
    assert (bundle.name, bundle.version, list(bundle.labels)) == (record["name"], record["version"], record["labels"])
    assert bundle.size == record["input"]["size"]
    assert bundle.temperature == record["calibration"]["temperature"]
    assert bundle.confident_from == record["calibration"]["confident_from"]
    assert bundle.metrics["labels"] == record["labels"]


def test_the_list_of_files_is_that_of_the_folder(copy: Path, record: Json) -> None:
    there = {each.relative_to(copy).as_posix() for each in copy.rglob("*") if each.is_file()}
    assert there - {RECORD} == set(record["files"])
    assert set(RELEASED) <= there


@pytest.mark.parametrize("name", RELEASED)
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0], ids=["first byte", "middle", "last byte"])
def test_one_wrong_byte_is_refused_with_its_file(copy: Path, name: str, where: float) -> None:
    data = bytearray((copy / name).read_bytes())
    data[round(where * (len(data) - 1))] ^= 1
    (copy / name).write_bytes(data)
    expect_refusal(copy, name, "SHA-256")


@pytest.mark.parametrize("name", [*RELEASED, RECORD])
def test_a_missing_file_is_refused_by_name(copy: Path, name: str) -> None:
    (copy / name).unlink()
    expect_refusal(copy, name, "missing")


@pytest.mark.parametrize("name", RELEASED[:-1])
def test_a_record_that_does_not_list_a_file_is_refused(copy: Path, name: str) -> None:
    change(copy / RECORD, lambda record: record["files"].pop(name))
    expect_refusal(copy, name, "does not list")


@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_another_format_version_is_refused_and_told(copy: Path, version: Any) -> None:
    change(copy / RECORD, lambda record: record.update(format=version))
    expect_refusal(copy, "format version", repr(version))


def test_a_record_without_a_format_version_is_refused(copy: Path) -> None:
    change(copy / RECORD, lambda record: record.pop("format"))
    expect_refusal(copy, "format version")


@pytest.mark.parametrize("name", ["metrics.json", SELF_TEST])
@pytest.mark.parametrize("how", [list.reverse, list.pop, lambda labels: labels.append("blast")])
def test_labels_that_are_not_those_of_the_record_are_refused(
    copy: Path, name: str, how: Callable[[list[str]], Any]
) -> None:
    change(copy / name, lambda content: how(content["labels"]) and None)
    reseal(copy)
    expect_refusal(copy, name, "labels")


def test_labels_in_another_order_everywhere_are_caught_by_the_self_test(copy: Path) -> None:
    def turn(content: Json) -> None:
        content["labels"] = content["labels"][::-1]
        for name, values in content.get("pictures", {}).items():
            content["pictures"][name] = values[::-1]

    for name in ("metrics.json", SELF_TEST, RECORD):
        change(copy / name, turn)
    reseal(copy)
    expect_refusal(copy, "self-test")


def test_a_label_taken_out_everywhere_is_refused(copy: Path) -> None:
    def shorten(content: Json) -> None:
        content["labels"].pop()
        for values in content.get("pictures", {}).values():
            values.pop()

    for name in ("metrics.json", SELF_TEST, RECORD):
        change(copy / name, shorten)
    reseal(copy)
    expect_refusal(copy, "self-test")


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/hostname", "selftest/../../secret.txt"])
def test_a_file_outside_the_bundle_is_refused(copy: Path, name: str) -> None:
    (copy.parent / "secret.txt").write_text("x")
    change(copy / RECORD, lambda record: record["files"].update({name: "0" * 64}))
    expect_refusal(copy, "outside the bundle")


@pytest.mark.parametrize("field", ["labels", "input", "calibration", "files", "name", "version"])
def test_a_record_that_lacks_a_field_is_refused_by_its_name(copy: Path, field: str) -> None:
    change(copy / RECORD, lambda record: record.pop(field))
    expect_refusal(copy, RECORD, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [("labels", 8), ("files", []), ("files", "all"), ("input", 160), ("calibration", {"temperature": "warm"})],
)
def test_a_record_that_garbles_a_field_is_refused(copy: Path, field: str, value: Any) -> None:
    change(copy / RECORD, lambda record: record.update({field: value}))
    expect_refusal(copy, RECORD)


def test_a_framing_that_is_not_known_here_is_refused(copy: Path) -> None:
    change(copy / RECORD, lambda record: record["input"].update(framing="nucleus-scaled"))
    expect_refusal(copy, "framing", "nucleus-scaled")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", '{"format": 1'])
def test_a_record_that_is_no_object_is_refused(copy: Path, text: str) -> None:
    (copy / RECORD).write_text(text)
    expect_refusal(copy, RECORD)


def test_a_record_that_is_no_text_is_refused(copy: Path) -> None:
    (copy / RECORD).write_bytes(b"\xff\xfe\x00")
    expect_refusal(copy, RECORD, "cannot be read")


def set_first(value: float | None) -> Callable[[Json], None]:
    """Change the first recorded probability of the first picture."""

    def change(content: Json) -> None:
        content["pictures"]["drawn-0.png"][0] = value

    return change


SELF_TESTS: dict[str, Callable[[Json], None]] = {
    "another probability": set_first(0.5),
    "not a number": set_first(float("nan")),
    "infinite": set_first(float("inf")),
    "null": set_first(None),
    "no pictures": lambda content: content["pictures"].clear(),
    "no list of pictures": lambda content: content.pop("pictures"),
    "a list of pictures": lambda content: content.update(pictures=[]),
    "too few probabilities": lambda content: content["pictures"]["drawn-0.png"].pop(),
    "one probability for all": lambda content: content["pictures"].update({"drawn-0.png": 0.1}),
    "a picture that is not there": lambda content: content["pictures"].update({"drawn-9.png": [0.125] * 8}),
    "a picture outside the bundle": lambda content: content["pictures"].update({"../../x.png": [0.125] * 8}),
    "a picture that is none": lambda content: content["pictures"].update({"expected.json": [0.125] * 8}),
}


@pytest.mark.parametrize("spoil", SELF_TESTS.values(), ids=SELF_TESTS)
def test_a_self_test_that_does_not_come_out_as_recorded_is_refused(copy: Path, spoil: Callable[[Json], None]) -> None:
    change(copy / SELF_TEST, spoil)
    reseal(copy)
    expect_refusal(copy, "self-test")


def test_a_temperature_that_was_not_released_is_caught_by_the_self_test(copy: Path) -> None:
    change(copy / RECORD, lambda record: record["calibration"].update(temperature=3.0))
    expect_refusal(copy, "self-test")


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_no_model_has_is_refused(copy: Path, value: float) -> None:
    change(copy / RECORD, lambda record: record["calibration"].update(temperature=value))
    expect_refusal(copy, RECORD, "temperature")


@pytest.mark.parametrize("data", [b"", b"TFL3", bytes(5_000)], ids=["empty", "magic only", "zeros"])
def test_a_network_that_cannot_be_run_is_refused(copy: Path, data: bytes) -> None:
    (copy / "model.tflite").write_bytes(data)
    reseal(copy)
    expect_refusal(copy, "model.tflite")


@pytest.mark.parametrize(
    "line",
    [
        "../models",
        "../../etc",
        "wbc-mobilenetv2/../..",
        "/etc",
        "",
        "a",
        "a/b/c",
        "a\nb",
        "C:\\x",
        "A/1",
        "a/..",
        "a/b..c",
    ],
)
def test_a_pointer_that_is_no_name_and_version_is_refused(copy: Path, line: str) -> None:
    (copy.parents[1] / "CURRENT").write_text(line)
    expect_refusal(copy, "CURRENT must hold one line")


def test_a_pointer_that_is_no_text_is_refused(copy: Path) -> None:
    (copy.parents[1] / "CURRENT").write_bytes(b"\xff\xfe\x00\x80")
    expect_refusal(copy, "CURRENT must hold one line")


def test_a_pointer_to_nothing_is_told(copy: Path) -> None:
    (copy.parents[1] / "CURRENT").write_text("wbc-mobilenetv2/0.0.0")
    expect_refusal(copy, "wbc-mobilenetv2/0.0.0", "no such folder", by=ModelUnavailable)


def test_no_pointer_is_told(copy: Path) -> None:
    (copy.parents[1] / "CURRENT").unlink()
    expect_refusal(copy, "no file CURRENT", "HEMATOVISION_MODELS", by=ModelUnavailable)


def test_space_around_the_pointers_line_does_not_matter(copy: Path) -> None:
    pointer = copy.parents[1] / "CURRENT"
    pointer.write_text(f"  {pointer.read_text().strip()}\r\n\n")
    assert current_path(copy.parents[1]) == copy


def test_sealing_lists_every_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "selftest").mkdir()
    for name in ("a.txt", "selftest/b.txt"):
        (tmp_path / name).write_text("abc")
    seal(tmp_path, {"name": "x"})
    seal(tmp_path, {"name": "x"})
    record = load(tmp_path / RECORD)
    # SHA-256 of "abc", from FIPS 180-2.
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert record == {"format": 1, "name": "x", "files": {"a.txt": digest, "selftest/b.txt": digest}}


def test_a_service_is_not_made_of_a_bundle_whose_self_test_fails(copy: Path) -> None:
    bundle = open_bundle(copy)
    hotter = Bundle(**{**vars(bundle), "temperature": bundle.temperature * 2})
    with pytest.raises(BundleRefused, match="self-test"):
        InferenceService(hotter, open_runtime("litert", copy))


def test_the_runtime_refuses_a_network_without_the_named_outputs(tmp_path: Path, copy: Path) -> None:
    renamed = (copy / "model.tflite").read_bytes().replace(b"features", b"feetures")
    assert b"feetures" in renamed
    (tmp_path / "other.tflite").write_bytes(renamed)
    with pytest.raises(BundleRefused, match="logits or features"):
        LiteRT(tmp_path / "other.tflite")
