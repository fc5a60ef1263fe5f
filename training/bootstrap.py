"""Intervals by bootstrap: stories drawn again with replacement, all draws at once."""

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000


def resample(adds: NDArray[np.generic], *, seed: int = 1) -> NDArray[np.float64]:
    """Sums over as many stories as there are, drawn with replacement, ``RESAMPLES`` times.

    Args:
        adds: what each story adds to each count, shape (stories, ...).
        seed: the same seed and number of stories always draw the same stories.

    Returns:
        The counts of each draw, shape (RESAMPLES, ...).
    """
    stories = len(adds)
    rows = np.random.default_rng(seed).integers(0, stories, size=(RESAMPLES, stories))
    times = np.array([np.bincount(row, minlength=stories) for row in rows], dtype=np.float64)
    return np.tensordot(times, adds.astype(np.float64), axes=1)


def middle(values: NDArray[np.float64]) -> tuple[float, float]:
    """The bounds of the middle 95% of ``values``, shape (draws,)."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
