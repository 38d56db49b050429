"""Whether what is darkest in a cell has the colour of a stained nucleus.

In a smear stained by Romanowsky's method (Wright, May-Gruenwald-Giemsa, Leishman) the dyes' complex with DNA takes up
most light at 550 nm, which is green (Friedrich et al., Histochemistry 1990;93:247): nuclei are purple, here bluer,
there redder, and so are the granules of platelets. Neither grey things nor green, yellow, orange or brown ones are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hematovision.background import WHITE


def purple(frame: NDArray[np.uint8]) -> float:
    """The standard picture (size, size, 3) of a cell -> how much more of the green light than of the blue its darkest
    tenth takes up, as a share of what that takes up in all three colours: -1..1, 0 of grey and of what takes up none.
    """
    seen = frame[::2, ::2].reshape(-1, 3).astype(np.float32)
    level = seen.mean(axis=1)
    dark = seen[level <= np.percentile(level, 10)]
    red, green, blue = np.log(WHITE / dark.clip(1, WHITE)).mean(axis=0).tolist()
    taken = red + green + blue
    return (green - blue) / taken if taken > 0 else 0.0
