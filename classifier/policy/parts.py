"""The parts of a policy file, each a frozen dataclass.

They are the file's format too: ``classifier.policy.source`` reads each table into the dataclass here,
takes the fields as the allowed keys, the types as the allowed values, and a default as "may be left out".
Every text is in plain English and in our own words.
"""

from dataclasses import dataclass
from enum import StrEnum

from classifier.assessment import Action, Link, Nation
from classifier.labels import Label


class Basis(StrEnum):
    """Whether the policy says a thing itself or we read it so."""

    STATED = "stated"
    READING = "reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What to do about one label.

    ``when_clear`` holds at or above the bundle's ``clear`` threshold, ``when_possible`` between its
    ``review`` and ``clear`` thresholds. ``basis`` and ``section`` say what ``when_clear`` rests on.
    ``told`` is one sentence to the author on what their story seems to say; ``consider`` names the
    points (by id) that their message lists; ``names_ombudsmen`` adds the ombudsman of the story's nation.
    """

    id: str
    label: Label
    when_clear: Action
    when_possible: Action
    basis: Basis
    section: str
    moderator_clear: str
    moderator_possible: str
    told: str
    consider: tuple[str, ...]
    names_ombudsmen: bool = False
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What a moderator is told once the author has said that they want to go ahead."""

    id: str
    basis: Basis
    section: str
    moderator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The words around the points in a message to an author."""

    opening: str
    lead: str
    closing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """The frame of a message that asks (``pause``), of one that only tells (``advise``), and the
    line that stands over the ombudsmen's addresses."""

    pause: Frame
    advise: Frame
    where_to_ask: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One thing that the policy says, written to the author."""

    id: str
    section: str
    text: str
    basis: Basis = Basis.STATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What one rule needs in one nation only: guidance for the moderator, a line for the author."""

    rule: str
    nation: Nation
    basis: Basis
    section: str
    moderator: str
    author: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ombudsman:
    """The health service ombudsman of one nation."""

    nation: Nation
    country: str
    name: str
    url: str

    @property
    def link(self) -> Link:
        return Link(title=f"{self.name} ({self.country})", url=self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One way in which public feedback and a formal complaint differ."""

    aspect: str
    feedback: str
    complaint: str
