"""The choice: how many of each kind, nothing twice, spread over what the stories talk about.

One story in ten is drawn blindly, so that blind spots of the model come to light. Of the others two thirds
are those nearest a threshold, a sixth those that the model labels without any cue, a sixth those with a cue
but no label; where one kind has too few, uncertain ones take their place. Within a kind the best few times as
many as needed are spread out: each next one is the one least like those chosen so far.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from classifier.story import Story
from training.baselines.baseline import whole_text
from training.splits import near_duplicates
from training.suggest.views import View, Why

RANDOM_SHARE = 0.1
DISAGREEMENT_SHARE = 1 / 6
"""Of those not drawn blindly, for each of the two kinds of disagreement."""
_LABELLED = ""
"""Stands for any labelled story among ids: no story's id is blank."""
_POOL = 20
"""How many times ``count`` of each kind are looked at at all; near-duplicates beyond are rare enough."""
_SPREAD = 3
"""How many times as many as needed the best are from which the spread-out ones are taken."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A story to label, and what it was picked for."""

    view: View
    why: Why


def choose(views: Sequence[View], *, labelled: Sequence[Story], count: int, seed: int) -> list[Pick]:
    """At most ``count`` picks, none nearly the same as another or as a labelled story.

    Seeded: the same views give the same picks, in the same order.
    """
    ranked = _ranked(views, seed=seed, most=_POOL * count)
    twins = _twins([view.story for kind in ranked.values() for view in kind], labelled=labelled)
    blocked = set(twins[_LABELLED])
    picks: list[Pick] = []
    for why, quota in _quotas(count).items():
        needed = min(quota, count - len(picks))
        wide = needed if why is Why.RANDOM else _SPREAD * needed
        best = _apart(ranked[why], blocked=blocked, twins=twins, count=wide)
        for view in spread(best, count=needed):
            blocked |= {view.story.id, *twins[view.story.id]}
            picks.append(Pick(view, why))
    return sorted(picks, key=lambda pick: list(Why).index(pick.why))


def _quotas(count: int) -> dict[Why, int]:
    """How many of each kind at most, in the order in which they are picked; the last one fills up."""
    random = _round(count * RANDOM_SHARE)
    each = _round((count - random) * DISAGREEMENT_SHARE)
    return {
        Why.RANDOM: random,
        Why.LABEL_WITHOUT_CUE: each,
        Why.CUE_WITHOUT_LABEL: each,
        Why.UNCERTAIN: count,
    }


def _ranked(views: Sequence[View], *, seed: int, most: int) -> dict[Why, list[View]]:
    """At most ``most`` of each kind, those most worth a label first."""
    drawn = np.random.default_rng(seed).permutation(len(views))
    kinds = {
        Why.RANDOM: [views[number] for number in drawn],
        # Without a cue, the surer the model the stranger; with one, the less it lacks the likelier a miss.
        Why.LABEL_WITHOUT_CUE: sorted((v for v in views if not v.cue and v.margin >= 0), key=_most_margin),
        Why.CUE_WITHOUT_LABEL: sorted((v for v in views if v.cue and v.margin < 0), key=_most_margin),
        Why.UNCERTAIN: sorted(views, key=lambda view: view.distance),
    }
    return {why: kind[:most] for why, kind in kinds.items()}


def _most_margin(view: View) -> float:
    return -view.margin


def _twins(stories: Sequence[Story], *, labelled: Sequence[Story]) -> dict[str, set[str]]:
    """The near-duplicates of each story by id; under ``_LABELLED`` those of labelled stories."""
    once = list({story.id: story for story in stories}.values())
    names = [_LABELLED] * len(labelled) + [story.id for story in once]
    twins: dict[str, set[str]] = defaultdict(set)
    for first, second in near_duplicates([whole_text(story) for story in [*labelled, *once]]):
        twins[names[first]].add(names[second])
        twins[names[second]].add(names[first])
    return twins


def _apart(
    ranked: Sequence[View], *, blocked: set[str], twins: dict[str, set[str]], count: int
) -> list[View]:
    """The first ``count`` that are neither blocked nor twins of an earlier one."""
    kept: list[View] = []
    gone = set(blocked)
    for view in ranked:
        if len(kept) < count and view.story.id not in gone:
            kept.append(view)
            gone |= {view.story.id, *twins[view.story.id]}
    return kept


def spread(views: Sequence[View], *, count: int) -> list[View]:
    """``count`` of ``views`` (all, if fewer): the first, then ever the one least like those chosen so far."""
    if len(views) <= count or count == 0:
        return list(views[:count])
    words = _weighed([whole_text(view.story) for view in views])
    chosen, likeness = [0], (words @ words[0].T).toarray().ravel()
    while len(chosen) < count:
        likeness[chosen] = np.inf
        chosen.append(int(np.argmin(likeness)))
        likeness = np.maximum(likeness, (words @ words[chosen[-1]].T).toarray().ravel())
    return [views[number] for number in chosen]


def _weighed(texts: Sequence[str]) -> csr_matrix:
    """TF-IDF rows of length 1, so that their products are cosines; shape (texts, words)."""
    return TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\w+|\S").fit_transform(texts)


def _round(share: float) -> int:
    return int(share + 0.5)
