"""Files that are no acceptable picture, each written byte by byte or by the program that makes such files."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass

from PIL import Image

from pictures import drawn_cell, encoded

CELL = drawn_cell()
JPEG = encoded(CELL, "JPEG")
PNG = encoded(CELL, "PNG")
LARGE_JPEG = encoded(drawn_cell(width=1_600, height=1_600), "JPEG", quality=100, subsampling=0)
SIDE = 65_536


@dataclass(frozen=True)
class BadPicture:
    """A file, the name and media type it is sent under, and the refusal it must get."""

    what: str
    data: bytes
    status: int
    code: str
    name: str = "cell.jpg"
    media_type: str = "image/jpeg"

    def __str__(self) -> str:
        return self.what.replace(" ", "-")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int) -> bytes:
    """A whole PNG that claims this size and holds next to nothing."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", zlib.compress(bytes(100))) + _chunk(b"IEND", b"")


def jpeg_header(side: int) -> bytes:
    frame = struct.pack(">BHHB", 8, side, side, 3) + bytes((1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1))
    scan = bytes((3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0))
    segments = b"".join(
        b"\xff" + marker + struct.pack(">H", len(body) + 2) + body
        for marker, body in ((b"\xc0", frame), (b"\xda", scan))
    )
    return b"\xff\xd8" + segments + bytes(40) + b"\xff\xd9"


def bmp_header(side: int) -> bytes:
    information = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 64, 0, 0, 54) + information + bytes(64)


def tiff_header(side: int) -> bytes:
    entries = [(256, side), (257, side), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, side), (279, 64)]
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + table + bytes(4 + 64)


def gif(frames: int) -> bytes:
    """A GIF of 64 x 64 whose frames are one pixel each."""
    frame = b"\x21\xf9\x04\0\x01\0\0\0" + b"\x2c\0\0\0\0\x01\0\x01\0\0" + b"\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HHBBB", 64, 64, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + frame * frames + b"\x3b"


def with_comment(jpeg: bytes, comment: bytes) -> bytes:
    """The same JPEG with a comment segment right at its beginning."""
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + jpeg[2:]


def with_text(png: bytes, text: bytes) -> bytes:
    """The same PNG with a text chunk after its header."""
    return png[:33] + _chunk(b"tEXt", b"Comment\0" + text) + png[33:]


def archive(comment: bytes = b"") -> bytes:
    """A ZIP that is a Java archive too."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("META-INF/MANIFEST.MF", "Main-Class: Evil\n")
        packed.comment = comment
    return file.getvalue()


def photoshop() -> bytes:
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 64, 64, 8, 3)
    return header + struct.pack(">IIIH", 0, 0, 0, 0) + bytes(3 * 64 * 64)


def fits() -> bytes:
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    2"]
    cards += ["NAXIS1  =                   64", "NAXIS2  =                   64", "END"]
    return "".join(card.ljust(80) for card in cards).ljust(2880).encode() + bytes(2880 * 2)


def animation(format: str) -> bytes:
    others = [drawn_cell(seed) for seed in (1, 2)]
    return encoded(CELL, format, save_all=True, append_images=others)


def deep(side: int = 64) -> bytes:
    return encoded(Image.new("F", (side, side), 0.5), "TIFF")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle cx="32" cy="32" r="20"/></svg>'
HEIC = struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(200)
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
HTML = b"<html><body><script>alert(1)</script></body></html>"
PHP = b"<?php system($_GET['c']); ?>"

_BROKEN, _FORMAT, _FRAMES = (422, "picture_broken"), (415, "picture_format_refused"), (422, "picture_several_frames")
_PIXELS, _SMALL, _EMPTY = (422, "picture_too_many_pixels"), (422, "picture_too_small"), (400, "picture_empty")

BAD_PICTURES = [
    BadPicture("empty file", b"", *_EMPTY),
    BadPicture("text named jpg", b"These are not the pixels you are looking for.\n" * 40, *_FORMAT),
    BadPicture("one byte", b"\xff", *_FORMAT),
    BadPicture("zeros", bytes(10_000), *_FORMAT),
    *(BadPicture(f"JPEG cut at {cut} %", JPEG[: len(JPEG) * cut // 100], *_BROKEN) for cut in (35, 50, 75, 95)),
    BadPicture("JPEG cut in its header", JPEG[:60], *_BROKEN),
    BadPicture("JPEG cut after its magic", JPEG[:3], *_FORMAT),
    *(BadPicture(f"PNG cut at {cut} %", PNG[: len(PNG) * cut // 100], *_BROKEN) for cut in (25, 50, 75, 95)),
    BadPicture("PNG cut after its magic", PNG[:8], *_FORMAT),
    *(
        BadPicture(f"{format} cut in half", half[: len(half) // 2], *_BROKEN)
        for format in ("WEBP", "BMP", "TIFF")
        for half in [encoded(CELL, format)]
    ),
    *(  # their directory stands at their end
        BadPicture(f"{how} TIFF cut at {cut} %", whole[: len(whole) * cut // 100], *_BROKEN)
        for how in ("jpeg", "tiff_lzw", "packbits")
        for whole in [encoded(drawn_cell(width=600, height=600), "TIFF", compression=how)]
        for cut in (50, 97)
    ),
    BadPicture("PNG with a wrong checksum", PNG[:-20] + bytes([PNG[-20] ^ 1]) + PNG[-19:], *_BROKEN),
    BadPicture("PNG of 64k x 64k", png_header(SIDE, SIDE), *_PIXELS),
    BadPicture("PNG of 2 billion x 2 billion", png_header(2**31 - 1, 2**31 - 1), *_PIXELS),
    BadPicture("JPEG of 64k x 64k", jpeg_header(SIDE - 1), *_PIXELS),
    BadPicture("BMP of 64k x 64k", bmp_header(SIDE), *_PIXELS),
    BadPicture("TIFF of 64k x 64k", tiff_header(SIDE), *_PIXELS),
    BadPicture("PNG between our limit and Pillows", png_header(9_000, 9_000), *_PIXELS),
    BadPicture("PNG just above Pillows warning", png_header(9_500, 9_500), *_PIXELS),
    BadPicture("PNG of no width", png_header(0, 64), *_FORMAT),
    BadPicture("GIF", gif(1), *_FORMAT, name="cell.gif", media_type="image/gif"),
    BadPicture("GIF of 10000 frames", gif(10_000), *_FORMAT),
    BadPicture("TIFF of several frames", animation("TIFF"), *_FRAMES),
    BadPicture("animated PNG", animation("PNG"), *_FRAMES),
    BadPicture("animated WebP", animation("WEBP"), *_FRAMES),
    BadPicture("JPEG with a ZIP behind it", JPEG + archive(), *_FORMAT),
    BadPicture("large JPEG with a ZIP and its longest comment", LARGE_JPEG + archive(b"x" * 65_535), *_FORMAT),
    BadPicture("PNG that is a Java archive", PNG + archive(), *_FORMAT),
    BadPicture("GIF that is a Java archive", gif(1) + archive(), *_FORMAT),
    BadPicture("JPEG with a PDF in its comment", with_comment(JPEG, PDF), *_FORMAT),
    BadPicture("PDF with a JPEG behind it", PDF + JPEG, *_FORMAT),
    BadPicture("JPEG with a page in its comment", with_comment(JPEG, HTML), *_FORMAT),
    BadPicture("JPEG with a page behind it", JPEG + HTML, *_FORMAT),
    BadPicture("PNG with PHP in its text", with_text(PNG, PHP), *_FORMAT),
    BadPicture("SVG", SVG, *_FORMAT, name="cell.svg", media_type="image/svg+xml"),
    BadPicture("EPS", encoded(CELL, "EPS"), *_FORMAT),
    BadPicture("PSD", photoshop(), *_FORMAT),
    BadPicture("FITS", fits(), *_FORMAT),
    BadPicture("PDF", PDF, *_FORMAT),
    BadPicture("PPM", encoded(CELL, "PPM"), *_FORMAT),
    BadPicture("ICO", encoded(CELL, "ICO"), *_FORMAT),
    BadPicture("HEIC of a phone", HEIC, *_FORMAT),
    BadPicture("TIFF of 32 bits", deep(), *_FORMAT),
    BadPicture("31 pixels wide", encoded(CELL.resize((31, 64))), *_SMALL),
    BadPicture("31 pixels high", encoded(CELL.resize((64, 31))), *_SMALL),
    BadPicture("1 pixel", encoded(CELL.resize((1, 1))), *_SMALL),
]
