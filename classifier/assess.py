"""From a story to an assessment: read, find, decide. The one road that every door takes."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.assessment import Assessment, Reason
from classifier.bundle import RELEASED, Bundle, Thresholds, load_bundle
from classifier.cues import has_cue
from classifier.evidence import pick_evidence
from classifier.labels import LABELS, Label
from classifier.nation import find_nation
from classifier.pieces import StoryPieces, cut_pieces
from classifier.policy.decide import Decision, Finding, decide
from classifier.policy.document import Policy, load_policy
from classifier.signals import find_signals
from classifier.story import Span, Story
from classifier.windows import windows_of

_CHUNK = 256
"""Stories that are sifted together; bounds what is held in memory."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """A story after the gate: its word pieces, and whether the gate holds it back from the encoder."""

    pieces: StoryPieces
    held_back: bool


def sift(stories: Sequence[Story], *, bundle: Bundle) -> list[Sifted]:
    """Cuts stories into word pieces and asks the gate, if there is one; quicker for many than one by one.

    What comes of a story does not depend on the others.
    """
    pieces = cut_pieces(stories, tokenizer=bundle.tokenizer)
    passed = bundle.gate.passes(pieces) if bundle.gate else [True] * len(pieces)
    return [Sifted(one, not passes) for one, passes in zip(pieces, passed, strict=True)]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the encoder made of a story.

    ``sentences``: where each stands; none where the gate held the story back. ``by_sentence``: probabilities
    in 0..1, shape (sentences, 4). ``by_story``: the largest of each column, shape (4,); 0 without sentences.
    """

    sentences: tuple[Span, ...]
    by_sentence: NDArray[np.float64]
    by_story: NDArray[np.float64]


_NOTHING_READ = Reading((), np.zeros((0, len(LABELS))), np.zeros(len(LABELS)))


def read(story: Story, *, bundle: Bundle) -> Reading:
    """Calibrated probabilities of a story and of each of its sentences."""
    return _read(*sift((story,), bundle=bundle), bundle)


def _read(sifted: Sifted, bundle: Bundle) -> Reading:
    if sifted.held_back:
        return _NOTHING_READ
    readable = windows_of(sifted.pieces, tokenizer=bundle.tokenizer, size=bundle.window)
    logits = bundle.encoder.sentence_logits(readable)
    by_sentence = bundle.probabilities(logits, cue=has_cue(sifted.pieces.story))
    return Reading(readable.sentences, by_sentence, by_sentence.max(axis=0, initial=0.0))


def assess(story: Story, *, bundle: Bundle, policy: Policy, author_confirmed: bool = False) -> Assessment:
    """The assessment of one story.

    Args:
        author_confirmed: the author has read the guidance and wishes to go ahead.
    """
    return _assess(*sift((story,), bundle=bundle), bundle, policy, author_confirmed=author_confirmed)


def _assess(sifted: Sifted, bundle: Bundle, policy: Policy, *, author_confirmed: bool = False) -> Assessment:
    story, reading = sifted.pieces.story, _read(sifted, bundle)
    nation = find_nation(story)
    findings = find_labels(reading.by_story, thresholds=bundle.thresholds)
    decision = decide(findings, policy=policy, nation=nation, author_confirmed=author_confirmed)
    return Assessment(
        id=story.id,
        labels=tuple(finding.label for finding in findings if finding.clear),
        scores=dict(zip(LABELS, reading.by_story.tolist(), strict=True)),
        action=decision.action,
        reasons=tuple(_reason(finding, reading, decision, bundle) for finding in findings),
        evidence=pick_evidence(
            story,
            sentences=reading.sentences,
            probabilities=reading.by_sentence,
            floors={finding.label: _reached(finding, bundle) for finding in findings},
        ),
        signals=find_signals(story),
        nation=nation,
        guidance=decision.guidance,
        model=bundle.name,
        policy=policy.version,
    )


def find_labels(
    probabilities: NDArray[np.float64], *, thresholds: dict[Label, Thresholds]
) -> tuple[Finding, ...]:
    """The labels of a story that reach a threshold; ``probabilities`` in 0..1, shape (4,)."""
    found = []
    for label, score in zip(LABELS, probabilities.tolist(), strict=True):
        if score >= thresholds[label].review:
            found.append(Finding(label=label, clear=score >= thresholds[label].clear))
    return tuple(found)


def _reached(finding: Finding, bundle: Bundle) -> float:
    thresholds = bundle.thresholds[finding.label]
    return thresholds.clear if finding.clear else thresholds.review


def _reason(finding: Finding, reading: Reading, decision: Decision, bundle: Bundle) -> Reason:
    return Reason(
        label=finding.label,
        rule=decision.rules[finding.label],
        clear=finding.clear,
        score=float(reading.by_story[LABELS.index(finding.label)]),
        threshold=_reached(finding, bundle),
    )


@dataclass(frozen=True, slots=True)
class ComplaintClassifier:
    """A bundle and a policy, ready to assess stories; safe to share between threads.

    >>> classifier = ComplaintClassifier.load()  # doctest: +SKIP
    >>> classifier.assess(Story(id="1", text="My complaint was upheld.")).labels  # doctest: +SKIP
    (<Label.COMPLETED: 'completed'>,)
    """

    bundle: Bundle
    policy: Policy

    @classmethod
    def load(
        cls, model: Path = RELEASED, *, policy: Path | None = None, threads: int = 1, gate: bool = True
    ) -> "ComplaintClassifier":
        """Loads a bundle folder and a policy file (default: the released model, Care Opinion's policy).

        Args:
            threads: how many cores one window may use.
            gate: False has the encoder read every story whole, whatever the bundle's gate says.

        Raises:
            BundleError, PolicyError: one of them cannot be trusted or understood.
        """
        return cls(load_bundle(model, threads=threads, gate=gate), load_policy(policy))

    def assess(self, story: Story, *, author_confirmed: bool = False) -> Assessment:
        """The assessment of one story."""
        return assess(story, bundle=self.bundle, policy=self.policy, author_confirmed=author_confirmed)

    def assess_many(self, stories: Iterable[Story], *, workers: int = 2) -> Iterator[Assessment]:
        """Assessments in the order of ``stories``, read lazily; ``workers`` stories at a time in the encoder.

        Each equals what ``assess`` gives for that story alone.
        """
        source = iter(stories)
        with ThreadPoolExecutor(workers) as pool:
            while chunk := list(islice(source, _CHUNK)):
                # What the gate holds back takes less time than handing it to a thread would.
                waiting = [
                    pool.submit(self._assess, sifted) if not sifted.held_back else sifted
                    for sifted in sift(chunk, bundle=self.bundle)
                ]
                for entry in waiting:
                    yield self._assess(entry) if isinstance(entry, Sifted) else entry.result()

    def _assess(self, sifted: Sifted) -> Assessment:
        return _assess(sifted, self.bundle, self.policy)
