"""A bundle is opened only when every byte and every fact of it is as released; else a sentence names what is not."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hematovision.bundle import (
    FAMILIAR,
    HEAD,
    READOUTS,
    RECORD,
    SELF_TEST,
    Bundle,
    current_path,
    open_bundle,
    seal,
)
from hematovision.contents import fitted_of
from hematovision.errors import BundleRefused, ModelUnavailable
from hematovision.inference import InferenceService
from hematovision.locator import KINDS, Fitted
from hematovision.peaks import Sought
from hematovision.runtime import LiteRT, Outputs, open_networks

Json = dict[str, Any]

RELEASED = [
    "locator.keras", "locator.tflite", "model.keras", "model.tflite", "metrics.json", "MODEL_CARD.md",
    "head.npz", "familiar.npz", "halfway.npz", "readouts.npz", "selftest/expected.json",
]  # fmt: skip


@pytest.fixture
def copy(models: Path, tmp_path: Path) -> Iterator[Path]:
    """A models folder of one's own, with the bundle in use; `copy / name` is the bundle. Gone after: it is large."""
    current = current_path(models)
    folder = tmp_path / "models" / current.relative_to(models)
    shutil.copytree(current, folder)
    (tmp_path / "models" / "CURRENT").write_text(f"{current.relative_to(models).as_posix()}\n")
    yield folder
    shutil.rmtree(tmp_path / "models")


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
    assert (bundle.size, bundle.context) == (record["input"]["size"], record["input"]["context"])
    assert dict(zip(KINDS, bundle.locator.limits, strict=True)) == record["locator"]["limits"]
    assert dict(zip(KINDS, bundle.locator.sizes, strict=True)) == record["locator"]["sizes"]
    for name in ("least", "aim", "most", "explained_from"):
        assert getattr(bundle.locator, name) == record["locator"][name]
    assert bundle.temperature == record["calibration"]["temperature"]
    assert bundle.confident_from == record["calibration"]["confident_from"]
    assert bundle.metrics["labels"] == record["labels"]
    assert bundle.sha256 == hashlib.sha256((copy / RECORD).read_bytes()).hexdigest()


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


@pytest.mark.parametrize("name", RELEASED)
def test_a_record_that_does_not_list_a_file_is_refused(copy: Path, name: str) -> None:
    change(copy / RECORD, lambda record: record["files"].pop(name))
    expect_refusal(copy, name, "does not list")


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 0, "11", None])
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


def each_cell(content: Json, how: Callable[[Json], None]) -> None:
    """Edit every cell that the self-test records."""
    for cells in content.get("pictures", {}).values():
        for cell in cells:
            how(cell)


def test_labels_in_another_order_everywhere_are_caught_by_the_self_test(copy: Path) -> None:
    def turn(content: Json) -> None:
        content["labels"] = content["labels"][::-1]
        each_cell(content, lambda cell: cell.update(probabilities=cell["probabilities"][::-1]))

    for name in ("metrics.json", SELF_TEST, RECORD):
        change(copy / name, turn)
    reseal(copy)
    expect_refusal(copy, "self-test")


def test_a_label_taken_out_everywhere_is_refused(copy: Path) -> None:
    gone = open_bundle(copy).labels.index("immature_granulocyte")  # of which the self-test's cells have much

    def shorten(content: Json) -> None:
        content["labels"].pop(gone)
        each_cell(content, lambda cell: cell["probabilities"].pop(gone))
        for each in content.get("beside_red_cells", {}).values():
            if isinstance(each, list):
                each.pop(gone)

    def forget(features: np.ndarray, labels: np.ndarray) -> Remembered:
        return features, np.where(labels == gone, 0, labels - (labels > gone))

    for name in ("metrics.json", SELF_TEST, RECORD):
        change(copy / name, shorten)
    change(copy / RECORD, lambda record: record.update(readouts=[]))
    remember(copy, forget)
    lay(copy, lambda kernel, bias: (np.delete(kernel, gone, axis=1), np.delete(bias, gone)))
    expect_refusal(copy, "self-test")


Remembered = tuple[np.ndarray, np.ndarray]


def remember(folder: Path, changed: Callable[[np.ndarray, np.ndarray], Remembered]) -> None:
    """Write other features and labels of remembered cells, and seal the bundle over them."""
    with np.load(folder / FAMILIAR) as kept:
        remembered = dict(kept)
    remembered["features"], remembered["labels"] = changed(remembered["features"], remembered["labels"])
    np.savez(folder / FAMILIAR, **remembered)
    reseal(folder)


def lay(folder: Path, changed: Callable[[np.ndarray, np.ndarray], Remembered]) -> None:
    """Write another last layer, and seal the bundle over it."""
    with np.load(folder / HEAD) as kept:
        kernel, bias = changed(kept["kernel"], kept["bias"])
    np.savez(folder / HEAD, kernel=kernel, bias=bias)
    reseal(folder)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (lambda kernel, bias: (kernel[:, 1:], bias[1:]), "the last layer"),
        (lambda kernel, bias: (kernel, bias[1:]), "the last layer"),
        (lambda kernel, bias: (kernel * np.nan, bias), "the last layer"),
        (lambda kernel, bias: (kernel[0], bias), "the last layer"),
        (lambda kernel, bias: (kernel[:, ::-1], bias[::-1]), "self-test"),
        (lambda kernel, bias: (kernel[1:], bias), "self-test"),
    ],
    ids=["a class less", "a bias less", "no number", "of one dimension", "of other classes", "of fewer channels"],
)
def test_a_last_layer_that_cannot_be_is_refused(
    copy: Path, changed: Callable[[np.ndarray, np.ndarray], Remembered], told: str
) -> None:
    lay(copy, changed)
    expect_refusal(copy, told)


@pytest.mark.parametrize(
    "changed",
    [
        lambda features, labels: (features[:0], labels[:0]),
        lambda features, labels: (features[1:], labels),
        lambda features, labels: (features * np.nan, labels),
        lambda features, labels: (features, labels + 8),
        lambda features, labels: (features[0], labels),
    ],
    ids=["none", "one without a class", "no number", "of no class", "of one dimension"],
)
def test_remembered_cells_that_cannot_be_are_refused(
    copy: Path, changed: Callable[[np.ndarray, np.ndarray], Remembered]
) -> None:
    remember(copy, changed)
    expect_refusal(copy, "what is remembered")


@pytest.mark.parametrize("name", ["band_or_segmented kernel", "band_or_segmented bias"])
@pytest.mark.parametrize("how", [lambda layer: layer[..., 1:], lambda layer: layer * np.nan])
def test_a_readout_that_cannot_be_is_refused(copy: Path, name: str, how: Callable[[np.ndarray], np.ndarray]) -> None:
    with np.load(copy / READOUTS) as kept:
        layers = dict(kept)
    np.savez(copy / READOUTS, **{**layers, name: how(layers[name])})
    reseal(copy)
    expect_refusal(copy, "the layer of band_or_segmented")


@pytest.mark.parametrize("field", ["name", "values", "labels", "leaning"])
def test_a_readout_that_lacks_a_field_is_refused(copy: Path, field: str) -> None:
    change(copy / RECORD, lambda record: record["readouts"][0].pop(field))
    expect_refusal(copy, field)


def test_a_readout_of_a_class_that_there_is_not_is_refused(copy: Path) -> None:
    change(copy / RECORD, lambda record: record["readouts"][0].update(labels=["blast"]))
    expect_refusal(copy, "cell_size's labels")


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/hostname", "selftest/../../secret.txt"])
def test_a_file_outside_the_bundle_is_refused(copy: Path, name: str) -> None:
    (copy.parent / "secret.txt").write_text("x")
    change(copy / RECORD, lambda record: record["files"].update({name: "0" * 64}))
    expect_refusal(copy, "outside the bundle")


@pytest.mark.parametrize(
    "field",
    [
        "labels",
        "input",
        "locator",
        "calibration",
        "located_as_platelet",
        "beside_red_cells",
        "familiarity",
        "readouts",
        "files",
        "name",
        "version",
    ],
)  # fmt: skip
def test_a_record_that_lacks_a_field_is_refused_by_its_name(copy: Path, field: str) -> None:
    change(copy / RECORD, lambda record: record.pop(field))
    expect_refusal(copy, RECORD, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("labels", 8), ("files", []), ("files", "all"), ("input", 160), ("locator", "locator.tflite"),
        ("locator", None), ("calibration", {"temperature": "warm"}),
        ("located_as_platelet", {"platelets": 1, "others": 0.01}), ("located_as_platelet", {"platelets": 0.9}),
        ("beside_red_cells", {"times": [1.5] * 8}), ("beside_red_cells", {"times": [1.5] * 3, "spread": [0.2] * 3}),
        ("beside_red_cells", {"times": [1.5] * 8, "spread": [0.0] * 8}),
        ("familiarity", {"limit": 0.1, "rate": 0.99, "near": 0.1, "near_rate": 0.75, "purple_from": 2}),
        ("familiarity", {"limit": 0.1, "rate": 0.99, "near": 1.1, "near_rate": 0.75, "purple_from": 0}),
    ],
)  # fmt: skip
def test_a_record_that_garbles_a_field_is_refused(copy: Path, field: str, value: Any) -> None:
    change(copy / RECORD, lambda record: record.update({field: value}))
    expect_refusal(copy, RECORD)


@pytest.mark.parametrize("framing", ["whole-picture", "nucleus-scaled", None])
def test_a_framing_that_is_not_known_here_is_refused(copy: Path, framing: str | None) -> None:
    change(copy / RECORD, lambda record: record["input"].update(framing=framing))
    expect_refusal(copy, "framing", repr(framing))


@pytest.mark.parametrize("field", ["limits", "sizes", "least", "aim", "most", "explained_from"])
def test_a_locator_that_lacks_a_field_is_refused_by_its_name(copy: Path, field: str) -> None:
    change(copy / RECORD, lambda record: record["locator"].pop(field))
    expect_refusal(copy, RECORD, field)


def test_a_locator_whose_limit_is_garbled_is_refused(copy: Path) -> None:
    change(copy / RECORD, lambda record: record["locator"]["limits"].update(platelet=1.5))
    expect_refusal(copy, RECORD, "locator")


NO_NUMBER = [None, "warm", [], float("nan"), float("inf")]


def fitted(**other: Any) -> Json:
    """What bundle.json holds of a locator, with something else in it."""
    sizes = {"least": 50, "aim": 80, "most": 90, "explained_from": 0.3}
    return {"limits": dict.fromkeys(KINDS, 0.4), "sizes": dict.fromkeys(KINDS, 0.5), **sizes, **other}


def expect_nothing_fitted(record: Json) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):  # of which opening a bundle makes a refusal
        fitted_of(record)


def test_what_was_fitted_with_a_locator_is_read() -> None:
    assert fitted_of(fitted()) == Fitted((0.4, 0.4, 0.4), (0.5, 0.5, 0.5), 50, 80, 90, 0.3)
    assert fitted_of(fitted(limits=dict(zip(KINDS, (0.1, 0.2, 1), strict=True)))).limits == (0.1, 0.2, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("field", ["limits", "sizes"])
def test_what_was_fitted_for_a_kind_may_not_be_left_out(field: str, kind: str) -> None:
    expect_nothing_fitted(fitted(**{field: {name: 0.5 for name in KINDS if name != kind}}))


@pytest.mark.parametrize("value", [0, -0.1, 1.01, *NO_NUMBER])
def test_a_limit_that_no_locator_has_is_refused(value: Any) -> None:
    expect_nothing_fitted(fitted(limits=dict.fromkeys(KINDS, 0.4) | {"platelet": value}))


@pytest.mark.parametrize("value", [0, -1, *NO_NUMBER])
def test_a_size_that_no_cell_has_is_refused(value: Any) -> None:
    expect_nothing_fitted(fitted(sizes=dict.fromkeys(KINDS, 0.4) | {"red": value}))
    for field in ("least", "aim", "most"):
        expect_nothing_fitted(fitted(**{field: value}))


@pytest.mark.parametrize("sizes", [(150, 85, 50), (50, 150, 85), (85, 50, 150)])
def test_sizes_in_another_order_than_least_aim_most_are_refused(sizes: tuple[float, ...]) -> None:
    expect_nothing_fitted(fitted(**dict(zip(("least", "aim", "most"), sizes, strict=True))))


@pytest.mark.parametrize("value", [-0.1, 1.5, *NO_NUMBER])
def test_a_share_explained_that_is_none_is_refused(value: Any) -> None:
    expect_nothing_fitted(fitted(explained_from=value))


@pytest.mark.parametrize("value", [0, -1.4, *NO_NUMBER])
def test_a_context_that_no_framing_has_is_refused(copy: Path, value: Any) -> None:
    change(copy / RECORD, lambda record: record["input"].update(context=value))
    expect_refusal(copy, RECORD)


@pytest.mark.parametrize("value", [0, -128, 64, 10**9, *NO_NUMBER])
def test_a_size_that_is_not_the_networks_is_refused(copy: Path, value: Any) -> None:
    change(copy / RECORD, lambda record: record["input"].update(size=value))
    expect_refusal(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", '{"format": 1'])
def test_a_record_that_is_no_object_is_refused(copy: Path, text: str) -> None:
    (copy / RECORD).write_text(text)
    expect_refusal(copy, RECORD)


def test_a_record_that_is_no_text_is_refused(copy: Path) -> None:
    (copy / RECORD).write_bytes(b"\xff\xfe\x00")
    expect_refusal(copy, RECORD, "cannot be read")


def test_a_self_test_that_does_not_come_out_as_recorded_is_refused(copy: Path) -> None:
    change(copy / SELF_TEST, lambda content: each_cell(content, lambda cell: cell.update(box=[0, 0, 9, 9])))
    reseal(copy)
    expect_refusal(copy, "self-test")


def test_a_self_test_of_a_picture_that_is_none_is_refused(copy: Path) -> None:
    change(copy / SELF_TEST, lambda content: content["pictures"].update({"none.png": first_cells(content)}))
    (copy / "selftest" / "none.png").write_bytes(b"no picture")
    reseal(copy)
    expect_refusal(copy)


def first_cells(content: Json) -> list[Json]:
    """What is recorded of the first picture."""
    cells: list[Json] = next(iter(content["pictures"].values()))
    return cells


def test_a_limit_of_the_locator_that_was_not_released_is_caught_by_the_self_test(copy: Path) -> None:
    limits = dict.fromkeys(KINDS, 1.0)
    change(copy / RECORD, lambda record: record["locator"].update(limits=limits))
    expect_refusal(copy, "self-test")


def test_a_context_that_was_not_released_is_caught_by_the_self_test(copy: Path) -> None:
    change(copy / RECORD, lambda record: record["input"].update(context=4 * record["input"]["context"]))
    expect_refusal(copy, "self-test")


def test_a_temperature_that_was_not_released_is_caught_by_the_self_test(copy: Path) -> None:
    change(copy / RECORD, lambda record: record["calibration"].update(temperature=3.0))
    expect_refusal(copy, "self-test")


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_no_model_has_is_refused(copy: Path, value: float) -> None:
    change(copy / RECORD, lambda record: record["calibration"].update(temperature=value))
    expect_refusal(copy, RECORD, "temperature")


@pytest.mark.parametrize("name", ["locator.tflite", "model.tflite"])
@pytest.mark.parametrize("data", [b"", b"TFL3", bytes(5_000)], ids=["empty", "magic only", "zeros"])
def test_a_network_that_cannot_be_run_is_refused(copy: Path, name: str, data: bytes) -> None:
    (copy / name).write_bytes(data)
    reseal(copy)
    expect_refusal(copy, name)


def test_networks_in_each_others_place_are_refused(copy: Path) -> None:
    (copy / "locator.tflite").rename(copy / "other")
    (copy / "model.tflite").rename(copy / "locator.tflite")
    (copy / "other").rename(copy / "model.tflite")
    reseal(copy)
    expect_refusal(copy, "locator.tflite", "heat or boxes")


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
    assert record == {"format": 11, "name": "x", "files": {"a.txt": digest, "selftest/b.txt": digest}}


def test_a_service_is_not_made_of_a_bundle_whose_self_test_fails(copy: Path) -> None:
    bundle = open_bundle(copy)
    hotter = Bundle(**{**vars(bundle), "temperature": bundle.temperature * 2})
    with pytest.raises(BundleRefused, match="self-test"):
        InferenceService(hotter, open_networks("litert", copy))


@pytest.mark.parametrize(
    ("name", "answer", "output", "told"),
    [
        ("model.tflite", Outputs, b"features", "logits or features or texture"),
        ("locator.tflite", Sought, b"boxes", "heat or boxes"),
    ],
)
def test_the_runtime_refuses_a_network_without_the_named_outputs(
    tmp_path: Path, copy: Path, name: str, answer: Callable[..., Any], output: bytes, told: str
) -> None:
    renamed = (copy / name).read_bytes().replace(output, output.upper())
    assert output.upper() in renamed
    (tmp_path / name).write_bytes(renamed)
    with pytest.raises(BundleRefused, match=f"{name} lacks an output named {told}"):
        LiteRT(tmp_path / name, answer)
