"""Bytes of a photograph -> upright RGB, whatever the file was; and the one function that resizes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from hematovision import errors
from hematovision.images import decode, resize
from hematovision.inference import InferenceService
from hematovision.settings import Limits
from pictures import SAVED_AS, drawn_cell, encoded, pixels

CELL = drawn_cell()
RGB = pixels(CELL)
GREY = CELL.convert("L")
LOSSLESS = [format for format in SAVED_AS if format != "JPEG"]


def in_16_bits(image: Image.Image) -> np.ndarray:
    """Grey levels in the upper byte, and in the lower one something else."""
    levels = np.asarray(image, np.uint16)
    return (levels << 8) | (255 - levels)


@pytest.mark.parametrize("format", LOSSLESS)
def test_lossless_formats_give_their_very_pixels(format: str) -> None:
    picture = decode(encoded(CELL, format))
    assert np.array_equal(picture.rgb, RGB)
    assert (picture.width, picture.height) == CELL.size
    assert (picture.rgb.dtype, picture.rgb.shape) == (np.uint8, (96, 120, 3))


def test_jpeg_gives_its_pixels_nearly() -> None:
    assert np.abs(decode(encoded(CELL, "JPEG")).rgb.astype(int) - RGB).mean() < 2


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits"])
def test_tiff_may_be_compressed(compression: str) -> None:
    assert np.array_equal(decode(encoded(CELL, "TIFF", compression=compression)).rgb, RGB)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "BMP", "TIFF", "JPEG"])
def test_grey_becomes_three_equal_channels(format: str) -> None:
    rgb = decode(encoded(GREY, format)).rgb
    assert rgb.shape == (96, 120, 3)
    assert np.array_equal(rgb[..., 0], rgb[..., 1]) and np.array_equal(rgb[..., 1], rgb[..., 2])
    assert np.abs(rgb[..., 0].astype(int) - np.asarray(GREY)).mean() < 2


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_grey_of_16_bits_is_scaled_not_clipped(format: str) -> None:
    data = encoded(Image.fromarray(in_16_bits(GREY)), format)
    assert np.array_equal(decode(data).rgb[..., 0], np.asarray(GREY))


def test_grey_tiff_of_16_bits_may_be_big_endian() -> None:
    big = Image.frombytes("I;16B", GREY.size, in_16_bits(GREY).astype(">u2").tobytes())
    assert np.array_equal(decode(encoded(big, "TIFF")).rgb[..., 0], np.asarray(GREY))


def test_alpha_is_laid_over_white() -> None:
    see_through = CELL.convert("RGBA")
    see_through.putalpha(Image.linear_gradient("L").resize(CELL.size))
    share = np.asarray(see_through)[..., 3:] / 255
    for format in ("PNG", "WEBP", "TIFF"):
        options = {"exact": True} if format == "WEBP" else {}
        rgb = decode(encoded(see_through, format, **options)).rgb
        assert np.abs(rgb - (RGB * share + 255 * (1 - share))).max() <= 1


def test_grey_with_alpha_is_laid_over_white() -> None:
    see_through = Image.merge("LA", (GREY, Image.new("L", GREY.size, 0)))
    assert (decode(encoded(see_through)).rgb == 255).all()


def test_a_palette_with_alpha_is_laid_over_white() -> None:
    palette = CELL.quantize(8)
    alpha = bytes([0, 255, 255, 255, 128, 255, 255, 255])
    rgb = decode(encoded(palette, "PNG", transparency=alpha)).rgb
    index = np.asarray(palette)
    colours = np.array(palette.getpalette("RGB")).reshape(-1, 3)
    assert (rgb[index == 0] == 255).all()
    assert (rgb[index == 1] == colours[1]).all()
    assert np.abs(rgb[index == 4] - (colours[4] * 128 / 255 + 255 * 127 / 255)).max() <= 1


@pytest.mark.parametrize(("format", "options"), [("PNG", {}), ("BMP", {}), ("TIFF", {"compression": "raw"})])
def test_a_palette_is_its_colours(format: str, options: dict[str, str]) -> None:
    palette = CELL.quantize(32)
    assert np.array_equal(decode(encoded(palette, format, **options)).rgb, pixels(palette))


def test_one_transparent_colour_becomes_white() -> None:
    flat = Image.new("RGB", (40, 40), (10, 20, 30))
    assert (decode(encoded(flat, "PNG", transparency=(10, 20, 30))).rgb == 255).all()


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_has_the_colours_of_rgb(format: str) -> None:
    rgb = decode(encoded(CELL.convert("CMYK"), format)).rgb
    assert np.abs(rgb.astype(int) - RGB).mean() < 3


def test_black_and_white_is_0_and_255() -> None:
    assert set(np.unique(decode(encoded(CELL.convert("1"))).rgb)) == {0, 255}


# What a camera does to the upright picture before it notes the orientation.
LYING = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def as_held(orientation: int, format: str, picture: Image.Image = CELL) -> bytes:
    """The file of a camera held so that EXIF orientation brings the picture upright."""
    turn = LYING[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture.transpose(turn) if turn is not None else picture, format, exif=exif)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", LYING)
def test_however_the_camera_was_held_the_pixels_are_the_same(orientation: int, format: str) -> None:
    picture = decode(as_held(orientation, format))
    assert (picture.width, picture.height) == CELL.size
    assert np.array_equal(picture.rgb, RGB)


@pytest.mark.parametrize("orientation", LYING)
def test_however_the_camera_was_held_the_answer_is_the_same(orientation: int, service: InferenceService) -> None:
    upright, held = service.classify(as_held(1, "PNG")), service.classify(as_held(orientation, "PNG"))
    assert held.probabilities == upright.probabilities
    assert held.cells == upright.cells


@pytest.mark.parametrize("orientation", LYING)
def test_a_large_jpeg_is_decoded_smaller_and_reports_its_full_upright_size(orientation: int) -> None:
    large = drawn_cell(width=1_300, height=900)
    picture = decode(as_held(orientation, "JPEG", large), at_least=200)
    assert (picture.width, picture.height) == (1_300, 900)
    height, width = picture.rgb.shape[:2]
    assert width < 1_300 and min(height, width) >= 200
    assert width / height == pytest.approx(1_300 / 900, rel=0.01)
    reference = np.asarray(large.resize((width, height), Image.Resampling.BOX))
    assert np.abs(picture.rgb.astype(int) - reference).mean() < 2


def test_a_small_jpeg_is_decoded_whole() -> None:
    picture = decode(encoded(CELL, "JPEG"), at_least=96)
    assert picture.rgb.shape == (96, 120, 3)


def test_of_a_phones_jpeg_with_a_second_picture_the_first_is_read() -> None:
    depth = Image.new("RGB", (60, 48), "black")
    data = encoded(CELL, "MPO", save_all=True, append_images=[depth])
    with Image.open(io.BytesIO(data)) as phone:
        assert (phone.format, phone.n_frames) == ("MPO", 2)
    assert np.abs(decode(data).rgb.astype(int) - RGB).mean() < 5


def test_a_picture_of_one_frame_in_a_format_that_can_hold_several_is_read() -> None:
    for format in ("PNG", "WEBP", "TIFF"):
        data = encoded(CELL, format, save_all=True, append_images=[])
        assert np.array_equal(decode(data).rgb, RGB)


@pytest.mark.parametrize("side", [32, 33])
def test_the_smallest_side_is_32(side: int) -> None:
    assert decode(encoded(CELL.resize((side, 200)))).width == side
    with pytest.raises(errors.PictureTooSmall, match="32"):
        decode(encoded(CELL.resize((31, 200))))


def test_limits_are_inclusive() -> None:
    data = encoded(CELL)
    assert decode(data, Limits(max_bytes=len(data), max_pixels=120 * 96)).width == 120
    with pytest.raises(errors.PictureTooLarge, match=f"{len(data) - 1:,}"):
        decode(data, Limits(max_bytes=len(data) - 1))
    with pytest.raises(errors.PictureTooManyPixels, match=f"{120 * 96 - 1:,}"):
        decode(data, Limits(max_pixels=120 * 96 - 1))


def test_no_bytes_are_refused() -> None:
    with pytest.raises(errors.PictureEmpty):
        decode(b"")


def test_32_bits_a_channel_are_refused() -> None:
    for mode in ("I", "F"):
        with pytest.raises(errors.PictureFormatRefused, match="32 bits"):
            decode(encoded(Image.new(mode, (40, 40)), "TIFF"))


def test_what_has_its_size_is_left_alone() -> None:
    assert np.array_equal(resize(RGB, 120, 96), RGB)


def test_pictures_are_resized_antialiased_bilinear_as_pillow_has_it() -> None:
    reference = CELL.resize((64, 40), Image.Resampling.BILINEAR)
    assert np.array_equal(resize(RGB, 64, 40), np.asarray(reference))


def test_a_part_is_resized_as_pillow_does_it_in_the_whole() -> None:
    box = (10.25, 20.5, 100.75, 90.0)
    reference = CELL.resize((64, 40), Image.Resampling.BILINEAR, box=box)
    assert np.abs(resize(RGB, 64, 40, box).astype(int) - np.asarray(reference)).max() <= 1
