"""Slices of labelled stories: what is told, how long, by whom, from which file. Each definition once.

All rest on what the record says (labels, nation, tags, words); none on what a model makes of the story.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from classifier.assessment import Nation
from classifier.labels import LABELS
from training.stories import LabelledStory

WORD_BANDS = ((0, 20), (20, 50), (50, 100), (100, 200), (200, 400), (400, 10**6))
"""Lengths of texts in words, half-open; the last one has no end."""

ORDINARY_TAGS = frozenset(
    {"ordinary", "praise", "thanks", "criticism", "survey", "suggestion", "feedback_form"}
)
"""Tags of what most posts at a live site are."""


class Voice(StrEnum):
    """Who speaks."""

    PATIENT = "patient"
    RELATIVE = "relative"
    CARER = "carer"
    STAFF = "staff"


_VOICE_TAGS = {
    Voice.RELATIVE: frozenset({"relative", "parent", "kinship", "bereaved"}),
    Voice.CARER: frozenset({"carer", "young_carer", "third_person_carer", "friend", "staff_on_behalf"}),
    Voice.STAFF: frozenset({"staff", "staff_author", "author_is_staff", "author_worked_in_complaints"}),
}
"""The first that fits wins: a nurse who writes of her father speaks as a relative. ``advocacy`` and
``third_party`` are no voices: somebody helps or is spoken of, the patient or relative still speaks."""

_CHARACTERS = {
    "T01": "hospital",
    "T02": "mental health, prison, social work",
    "T03": "GP, dentist, community",
    "T04": "care homes and home care",
    **dict.fromkeys(("T05", "T25"), "contrast pairs"),
    "T06": "eleven patterns of account",
    "T07": "long and plain",
    **dict.fromkeys(("T08", "T20", "T23"), "short comments and survey answers"),
    "T09": "ombudsman, several complaints, late stages",
    **dict.fromkeys(("T10", "T40", "T44", "T48", "T49"), "representative mixture"),
    **dict.fromkeys(("T11", "T35", "T54"), "planned and its neighbours"),
    **dict.fromkeys(("T12", "T34", "T50"), "ongoing against completed"),
    **dict.fromkeys(("T13", "T15", "T16", "T17", "T22"), "mostly no complaint, misleading words"),
    **dict.fromkeys(("T14", "T21", "T24"), "flat plain mixtures"),
    **dict.fromkeys(("T18", "T19", "T27"), "plain explicit statements"),
    **dict.fromkeys(("T26", "T41"), "rough typing, second language, all nations"),
    "T28": "ongoing against completed, in pairs",
    "T29": "planned against dropped, denied, said on the spot",
    **dict.fromkeys(("T30", "T37", "T52", "T57"), "whose complaint and about what"),
    **dict.fromkeys(("T31", "T36"), "the ombudsman at every stage"),
    "T32": "misleading words, half-sentence complaints",
    "T33": "short, misspelt, implicit, pasted letters",
    "T38": "other routes, alone and beside a complaint",
    "T39": "long, with a complaint in passing or none",
    "T42": "implicit, letters, and what looks like them",
    "T43": "other investigations, complaints against the author",
    **dict.fromkeys(("T45", "T51"), "several complaints and processes"),
    "T46": "very short and misspelt",
    **dict.fromkeys(("T47", "T56"), "completed, plainly and obliquely"),
    **dict.fromkeys(("T53", "T58"), "no complaint, told like one, and the true counterparts"),
    "T55": "prison, social care, dental, ambulance; third persons",
    "T59": "stages told obliquely and in passing",
}
"""What each file was written for, as the data sheet says (data/README.md)."""


def voice(labelled: LabelledStory) -> Voice:
    """Who speaks, by the story's tags; the patient where no tag says otherwise."""
    tags = set(labelled.phenomena)
    return next((voice for voice, known in _VOICE_TAGS.items() if tags & known), Voice.PATIENT)


def word_band(labelled: LabelledStory) -> str:
    """The band its text's length falls into, such as ``20 to 49``."""
    words = len(labelled.story.text.split())
    return next(band_name(low, high) for low, high in WORD_BANDS if low <= words < high)


def band_name(low: int, high: int) -> str:
    """A band in words.

    >>> band_name(20, 50)
    '20 to 49'
    """
    return f"{low} or more" if high == WORD_BANDS[-1][1] else f"{low} to {high - 1}"


def phenomena(labelled: LabelledStory) -> tuple[str, ...]:
    """Its tags that name a phenomenon, each once; ``pair:…`` and ``pattern:…`` only number stories."""
    return tuple(dict.fromkeys(t for t in labelled.phenomena if not t.startswith(("pair", "pattern"))))


def character(labelled: LabelledStory) -> str:
    """What the story's file was written for; the file's own name where nothing is said of it."""
    return _CHARACTERS.get(labelled.source, labelled.source)


def ordinary(labelled: LabelledStory) -> bool:
    """Whether it is a post as most are: no label, and tagged as praise, criticism, a survey answer..."""
    return not labelled.labels and not ORDINARY_TAGS.isdisjoint(labelled.phenomena)


def plain_explicit(labelled: LabelledStory) -> bool:
    """Whether it has a label and says so in plain words: tagged ``plain`` and not ``implicit``."""
    tags = labelled.phenomena
    return bool(labelled.labels) and "plain" in tags and "implicit" not in tags


def kind(labelled: LabelledStory) -> str:
    """Ordinary, plain explicit, or neither."""
    if ordinary(labelled):
        return "ordinary"
    return "plain explicit" if plain_explicit(labelled) else "neither"


def _labels(labelled: LabelledStory) -> tuple[str, ...]:
    return tuple(map(str, labelled.labels)) or ("none",)


DIMENSIONS: Mapping[str, Callable[[LabelledStory], tuple[str, ...]]] = {
    "label": _labels,
    "kind": lambda labelled: (kind(labelled),),
    "words": lambda labelled: (word_band(labelled),),
    "nation": lambda labelled: (str(labelled.nation),),
    "voice": lambda labelled: (str(voice(labelled)),),
    "file": lambda labelled: (character(labelled),),
    "phenomenon": phenomena,
}
"""Each way of slicing, and the slices that a story belongs to."""

ORDERS: Mapping[str, tuple[str, ...]] = {
    "label": (*LABELS, "none"),
    "words": tuple(band_name(*band) for band in WORD_BANDS),
    "nation": tuple(Nation),
    "voice": tuple(Voice),
}
"""The natural order of the slices of a dimension, where it has one."""
