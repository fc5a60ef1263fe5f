"""Keyword rules as a moderation team might write them in an afternoon; nothing is learnt.

A rule counts where its words do not touch a phrase that only sounds like a complaint ("no complaints",
"complained of chest pain"). A complaint said to be made is ongoing unless other words say that it ended.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Self

from classifier.labels import Label
from training.baselines.baseline import whole_text
from training.stories import LabelledStory

_GAP = r"[^.!?\n]{0,60}"
"""Within one sentence, a dozen words or so."""

_MY = r"(?:my|our|his|her|their|the|this|that|mum.?s|dad.?s)"
_A_COMPLAINT = rf"(?:(?:an?|another|{_MY}) )?(?:\w+ ){{0,2}}complaint"
_MAKE = r"(?:make|put in|put|lodge|raise|submit|file|send in|send|write|register)"
_MAKING = r"(?:making|putting in|putting|lodging|raising|submitting|filing|sending in|sending|writing)"
_MADE = r"(?:made|put in|put|lodged|raised|submitted|filed|sent in|sent|wrote|written|registered|done)"
_NOT = r"(?:not|never|(?:ai|is|was|do|does|did|have|has|had|wo|would)n\W?t)"
_INTEND = r"(?:going|intend|intending|plan|planning|want|like|decided|about|hope|hoping|ready|mean|need)"
_SILENCE = rf"(?:waiting|awaiting|no reply|no response|no answer|nothing|{_NOT} heard)"
_SORRY = r"(?:apology|apologies|apologised|apologized|sorry|refund)"
_ENDED = r"(?:upheld|closed|resolved|rejected|dismissed|settled|withdrawn|concluded|finished|dealt with)"
_LONG_AGO = r"(?:last year|years? ago|in 20\d\d)"

PLANNED = (
    rf"\b{_INTEND} to {_MAKE} {_A_COMPLAINT}",
    rf"\b{_INTEND} to (?:\w+ly )?complain\b",
    rf"\b(?:will|.ll) (?:\w+ )?(?:be {_MAKING}|{_MAKE}) {_A_COMPLAINT}",
    r"\b(?:will|.ll) (?:\w+ )?(?:be complaining|complain)\b",
    rf"\b(?:am|.m|are|.re|is) {_MAKING} {_A_COMPLAINT}",
    rf"\b(?:thinking (?:about|of)|considering) (?:{_MAKING} {_A_COMPLAINT}|complaining)",
    r"\b(?:drafting|writing|preparing|typing(?: up)?|working on) (?:an?|my|our) (?:\w+ )?letter of complaint",
    rf"\b(?:drafting|preparing|typing up|working on|putting together) {_A_COMPLAINT}",
    rf"\b(?:how|who|where) (?:do|can|would|should|to) {_GAP}(?:{_MAKE} {_A_COMPLAINT}|complain\b)",
    r"\b(?:tempted|minded|in two minds) (?:to|about) complain",
    r"\b(?:asked for|downloaded|got|filling in) (?:an?|the|their) complaints? (?:form|address)",
    rf"\bcomplaint (?:letter )?(?:will be|is) (?:going|ready|on its way){_GAP}\b",
    r"\b(?:will|.ll|going to) (?:be )?(?:taking|take) (?:this|it|things) (?:further|up formally)",
)

RUNNING = (
    rf"\bcomplaint\b{_GAP}\b{_SILENCE}",
    rf"\b{_SILENCE}{_GAP}\bcomplaint\b",
    r"\bcomplaint (?:is|has been|was) (?:\w+ ){0,2}(?:investigated|looked into|acknowledged|logged|with)",
    r"\bcomplaint (?:is )?(?:still )?(?:ongoing|under investigation|in progress|under way|open)\b",
    r"\b(?:ongoing|open|outstanding|current) complaint\b",
    rf"\b(?:acknowledged|acknowledgement|acknowledging|investigating|looking into){_GAP}\bcomplaint\b",
    r"\bstage (?:2|two)\b",
    r"\bcomplaint (?:reference|number|ref)\b",
    r"\binvestigating officer\b",
    rf"\b(?:meeting|meet){_GAP}\b(?:to discuss|about) {_MY} complaint\b",
    rf"\b(?:reopen|re-open|review|look again at){_GAP}\bcomplaint\b",
    r"\bcomplaint(?:.s)? (?:went|has gone|is|still)? ?in\b",
)

MADE = (
    rf"\b{_MADE} {_A_COMPLAINT}\b",
    r"\bcomplained (?:formally|officially|in writing|(?:to|through|via) pals)\b",
    r"\bcomplained to the (?:\w+ )?(?:complaints|chief exec|practice manager|trust|hospital|board|council)",
    rf"\b(?:wrote|written|emailed|letter) {_GAP}to complain\b",
    rf"\b{_MY} (?:\w+ )?complaint (?:to|against|with|about)\b",
    rf"\b(?:have|.ve|has) (?:\w+ly )?complained\b{_GAP}\b(?:{_SILENCE}|weeks|months)",
)

COMPLETED = (
    rf"\bcomplaint\b{_GAP}\b{_ENDED}",
    rf"\b(?:{_ENDED}|withdrew|dropped) {_GAP}\bcomplaint\b",
    r"\b(?:partly|partially|fully|not) upheld\b",
    r"\bfinal (?:response|reply|letter|decision|answer)\b",
    rf"\boutcome of{_GAP}\bcomplaint\b",
    rf"\b(?:replied|responded|response|reply|answer(?:ed)?|wrote back){_GAP}\bto {_MY} (?:\w+ )?complaint",
    rf"\bcomplain(?:ed|t)\b{_GAP}\b(?:{_SORRY}|{_LONG_AGO})",
    rf"\bcomplain(?:ed|t)\b{_GAP}\b(?:a|full|their|the) (?:reply|response|explanation|outcome)",
    r"\b(?:written apology|letter of apology|apologised in writing)\b",
    rf"\binvestigation\b{_GAP}\b(?:found|concluded|finished|ended)",
    rf"\bombudsman\b{_GAP}\b(?:found|decided|ruled|upheld|concluded|agreed with)",
    rf"\b(?:too late|out of time|time limit|12 months){_GAP}\bcomplaint\b",
)

OMBUDSMAN = (
    r"\bombuds(?:man|men|woman|person)\b",
    r"\b(?:ombudman|ombusman|omsbudman)\b",
    r"\bphso\b",
    r"\bspso\b",
    r"\bpsow\b",
    r"\bnipso\b",
    r"\blgs?co\b",
    r"\bparliamentary (?:and|&) health service\b",
)

NOT_A_COMPLAINT = (
    rf"\b(?:no|any|zero|without|{_NOT} an?|never had an?) (?:\w+ )?complaints?\b",
    r"\b(?:can ?not|can.?t|could ?n.?t|must ?n.?t) (?:really |possibly )?complain",
    r"\bnothing (?:at all )?to complain",
    r"\b(?:presenting|chief|main) complaint\b",
    r"\bcomplain(?:ed|ing|s)? of\b",
    rf"\b{_NOT} (?:\w+ )?(?:wanted|{_INTEND}) to (?:{_MAKE} {_A_COMPLAINT}|complain\b)",
    rf"\b(?:decided against|not to|instead of|rather than) {_GAP}complain\w*",
    rf"\b(?:was|were) (?:all )?(?:{_INTEND}|tempted) to (?:{_MAKE} {_A_COMPLAINT}|complain\b)",
    r"\b(?:complaints?|complained) (?:about|against) (?:me|us)\b",
    rf"\b(?:you|anyone|people|patients) (?:can|could|may|wish to|want to) {_GAP}complain\w*",
    r"\b(?:parking|energy|financial|rail|housing|pensions?|legal|motor|probation|prisons?) ombudsman",
)


@dataclass(frozen=True, slots=True)
class Keywords:
    """A label holds when one of its patterns is found."""

    name: str = "keywords"

    def fit(self, train: Sequence[LabelledStory], dev: Sequence[LabelledStory]) -> Self:
        """Learns nothing."""
        return self

    def predict(self, stories: Sequence[LabelledStory]) -> list[frozenset[Label]]:
        """The labels whose patterns are found in title or text."""
        return [_labels(whole_text(labelled.story)) for labelled in stories]


def _labels(text: str) -> frozenset[Label]:
    outside = [match.span() for match in _any_of(NOT_A_COMPLAINT).finditer(text)]
    held = {
        Label.PLANNED: _counts(PLANNED, text, outside),
        Label.COMPLETED: _counts(COMPLETED, text, outside),
        Label.OMBUDSMAN: _counts(OMBUDSMAN, text, outside),
    }
    made_and_open = _counts(MADE, text, outside) and not held[Label.COMPLETED]
    held[Label.ONGOING] = made_and_open or _counts(RUNNING, text, outside)
    return frozenset(label for label, yes in held.items() if yes)


def _counts(patterns: tuple[str, ...], text: str, outside: list[tuple[int, int]]) -> bool:
    """Whether a pattern is found that overlaps none of the half-open ranges ``outside``."""
    return any(
        all(match.end() <= start or end <= match.start() for start, end in outside)
        for match in _any_of(patterns).finditer(text)
    )


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)
