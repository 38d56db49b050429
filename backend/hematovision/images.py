"""Bytes of one photograph -> upright RGB, or a refusal that says what to send instead.

The one place that decodes and the one function that resizes: libraries differ by up to 37 of 255 levels when they
resize, and that flips predictions, so training and serving both call `resize`.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from hematovision import errors
from hematovision.settings import Limits

RGB = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp", "image/bmp", "image/tiff")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})  # when reading a folder
MIN_SIDE = 32

# A second file hidden in the first: a ZIP is found by its end record, a PDF within its first kilobyte, a page or a
# script by its tag. Nothing received is ever served again, so this is a second lock, not the only one.
_HIDDEN = (b"pk\x05\x06\0\0\0\0", b"<?php", b"<script", b"<!doctype", b"<html")
_HIDDEN_WITHIN = 66_000  # of either end: a ZIP's end record lies before a comment of up to 65,535

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # how one begins; what tells its size may stand at its very end

warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
# Pillow warns of odd metadata, in plain text between the lines of the log; metadata is dropped here.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


@dataclass(frozen=True)
class Picture:
    """One decoded photograph: `rgb` is (H, W, 3) uint8, upright; `width` and `height` are of the upright original,
    which `rgb` may be smaller than (see `decode`)."""

    rgb: RGB
    width: int
    height: int


def decode(data: bytes, limits: Limits | None = None, at_least: int | None = None) -> Picture:
    """Decode the bytes of one JPEG, PNG, WebP, BMP or TIFF to upright RGB.

    8 or 16 bit, grey, palette, RGB or CMYK; alpha is laid over white; EXIF orientation is applied and all other
    metadata dropped. `at_least` lets a large JPEG be decoded at 1/2, 1/4 or 1/8 scale, never below that many pixels
    a side. Of a JPEG that carries a second picture (a phone's gain or depth map) the first one is read.

    Raises a `PictureRefused` for everything else; nothing is written anywhere.
    """
    limits = limits or Limits()
    if not data:
        raise errors.PictureEmpty("The file has no bytes. Save the picture again and send that copy.")
    if len(data) > limits.max_bytes:
        raise errors.PictureTooLarge(
            f"The picture has {len(data):,} bytes and at most {limits.max_bytes:,} are accepted. "
            "Save it as JPEG or crop it."
        )
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return _read(image, data, limits, at_least)
    except errors.PictureRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(limits) from None
    except UnidentifiedImageError as error:
        if data.startswith(_TIFF):
            raise _broken() from error
        raise errors.PictureFormatRefused(
            "This is not a JPEG, PNG, WebP, BMP or TIFF picture. Save the photograph as JPEG or PNG and send that."
        ) from None
    except MemoryError:
        raise
    except Exception as error:
        # Pillow's decoders raise a dozen kinds of exception on hostile bytes; each means the same to the sender.
        raise _broken() from error


def pixels_alone(data: bytes, limits: Limits | None = None) -> bytes:
    """The bytes of one picture -> a PNG of its upright pixels at their full size, and of nothing else that the file
    held. Raises a `PictureRefused` as `decode` does."""
    file = io.BytesIO()
    Image.fromarray(decode(data, limits).rgb).save(file, "PNG", compress_level=1)  # lossless; half a size for speed
    return file.getvalue()


def resize(rgb: RGB, width: int, height: int, box: tuple[float, float, float, float] | None = None) -> RGB:
    """(H, W, 3) uint8 -> (height, width, 3) uint8, antialiased bilinear; of `box` alone, if given: x0, y0, x1, y1 in
    pixels, fractions allowed, within the picture."""
    if box is None:
        if rgb.shape[:2] == (height, width):
            return rgb
        return np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BILINEAR))
    left, top = int(box[0]), int(box[1])
    part = np.ascontiguousarray(rgb[top : -int(-box[3] // 1), left : -int(-box[2] // 1)])
    within = (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
    return np.asarray(Image.fromarray(part).resize((width, height), Image.Resampling.BILINEAR, box=within))


def _read(image: Image.Image, data: bytes, limits: Limits, at_least: int | None) -> Picture:
    width, height = image.size
    if width * height > limits.max_pixels:
        raise _too_many_pixels(limits)
    if min(width, height) < MIN_SIDE:
        raise errors.PictureTooSmall(
            f"The picture is {width} x {height} pixels and the smallest side must be {MIN_SIDE}. "
            "Send the original photograph, not a thumbnail."
        )
    if _hides_a_second_file(data):
        raise errors.PictureFormatRefused(
            "The file is a picture and something else at once. Save the picture again and send that copy."
        )
    _refuse_several_frames(image)
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    reduced = bool(at_least and image.draft(None, (at_least, at_least)))
    upright = _to_rgb(ImageOps.exif_transpose(image))
    if not reduced:
        width, height = upright.size
    elif orientation in (5, 6, 7, 8):
        width, height = height, width
    return Picture(np.asarray(upright), width, height)


def _hides_a_second_file(data: bytes) -> bool:
    ends = data if len(data) <= 2 * _HIDDEN_WITHIN else data[:_HIDDEN_WITHIN] + data[-_HIDDEN_WITHIN:]
    ends = ends.lower()
    return b"%pdf-" in ends[:1024] or any(mark in ends for mark in _HIDDEN)


def _refuse_several_frames(image: Image.Image) -> None:
    if image.format == "MPO":  # a phone's JPEG: the first picture is the photograph
        return
    if image.format == "TIFF":
        # Counting the frames of a TIFF walks them all, a million in a hostile file; asking for the second does not.
        try:
            image.seek(1)
        except EOFError:
            image.seek(0)
            return
        several = True
    else:
        several = getattr(image, "n_frames", 1) > 1
    if several:
        raise errors.PictureFramesRefused(
            "The file holds several pictures and one is accepted. Export the one you mean and send that."
        )


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):  # Pillow's own conversion clips at 255 instead of scaling
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        raise errors.PictureFormatRefused(
            "The picture has 32 bits a channel and 8 or 16 are accepted. Export it with 8 bits."
        )
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB")
    return image.convert("RGB")


def _too_many_pixels(limits: Limits) -> errors.PictureTooManyPixels:
    return errors.PictureTooManyPixels(
        f"The picture has more than {limits.max_pixels:,} pixels. Crop it or scale it down and send that."
    )


def _broken() -> errors.PictureBroken:
    return errors.PictureBroken(
        "The picture could not be decoded to its end. Open it in a viewer, save it again and send that copy."
    )
