"""The four labels and their one order, which bundles, arrays and tables share."""

from enum import StrEnum


class Label(StrEnum):
    """What a story may say of a formal complaint (the labelling guide defines each)."""

    PLANNED = "planned"
    ONGOING = "ongoing"
    COMPLETED = "completed"
    OMBUDSMAN = "ombudsman"


LABELS: tuple[Label, ...] = tuple(Label)
"""Column order of every score array."""


def in_order(labels: "set[Label] | frozenset[Label] | list[Label] | tuple[Label, ...]") -> tuple[Label, ...]:
    """The given labels in the order of ``LABELS``, each once."""
    return tuple(label for label in LABELS if label in labels)
