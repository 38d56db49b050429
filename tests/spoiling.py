"""Real files of each format, and Hypothesis spoiling them."""

from __future__ import annotations

from hypothesis import strategies as st

from pictures import SAVED_AS, drawn_cell, encoded

CELL = drawn_cell(width=48, height=40)
FILES = {format: [encoded(CELL, format)] for format in SAVED_AS}
FILES["JPEG"] += [encoded(CELL, "JPEG", progressive=True, comment="drawn"), encoded(CELL.convert("CMYK"), "JPEG")]
FILES["PNG"] += [encoded(CELL.quantize(16), "PNG"), encoded(CELL.convert("LA"), "PNG")]
FILES["WEBP"] += [encoded(CELL, "WEBP", lossless=False), encoded(CELL.convert("RGBA"), "WEBP")]
FILES["BMP"] += [encoded(CELL.quantize(16), "BMP"), encoded(CELL.convert("1"), "BMP")]
FILES["TIFF"] += [encoded(CELL, "TIFF", compression=how) for how in ("raw", "jpeg", "tiff_deflate", "packbits")]


@st.composite
def spoiled(draw: st.DrawFn, files: list[bytes]) -> bytes:
    """One of the files with a few bytes changed, cut out or put in; mostly near its beginning, where headers are."""
    data = bytearray(draw(st.sampled_from(files)))
    for _ in range(draw(st.integers(1, 6))):
        if not data:
            break
        end = draw(st.sampled_from([min(64, len(data)), len(data)]))
        at = draw(st.integers(0, end - 1))
        match draw(st.sampled_from(["flip", "set", "cut", "put", "end"])):
            case "flip":
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "set":
                data[at] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
            case "cut":
                del data[at : at + draw(st.integers(1, 40))]
            case "put":
                data[at:at] = draw(st.binary(min_size=1, max_size=40))
            case "end":
                del data[at:]
    return bytes(data)
