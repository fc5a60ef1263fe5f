"""Which stories train, which choose thresholds, which test.

The test set is a whole file by another hand, frozen. The rest is split by *family*: contrast partners (tag
``pair:…``) and near-duplicates stay together, so that no story is judged by a model that learnt its twin.
A family's side follows from a hash of its smallest id, so adding stories never moves old ones.
"""

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass

from datasketch import MinHash, MinHashLSH

from training.stories import LabelledStory

TEST_SOURCE = "T10"
DEV_PERCENT = 15
NEAR_DUPLICATE_JACCARD = 0.5
_SHINGLE_WORDS = 4


@dataclass(frozen=True, slots=True)
class Splits:
    """Three disjoint lists; ``left_out`` holds training stories too close to a test story."""

    train: tuple[LabelledStory, ...]
    dev: tuple[LabelledStory, ...]
    test: tuple[LabelledStory, ...]
    left_out: tuple[LabelledStory, ...]


def split(stories: list[LabelledStory]) -> Splits:
    """Train, dev and test, by family; the same stories always give the same splits."""
    train, dev, test, left_out = [], [], [], []
    for family in families(stories):
        if any(labelled.source == TEST_SOURCE for labelled in family):
            test += [labelled for labelled in family if labelled.source == TEST_SOURCE]
            left_out += [labelled for labelled in family if labelled.source != TEST_SOURCE]
        elif _percentile(min(labelled.id for labelled in family)) < DEV_PERCENT:
            dev += family
        else:
            train += family
    return Splits(tuple(train), tuple(dev), tuple(test), tuple(left_out))


def families(stories: list[LabelledStory]) -> list[list[LabelledStory]]:
    """Groups joined by a ``pair:`` tag or near-duplicate words, in order of first appearance."""
    parent = list(range(len(stories)))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for one, other in [*_partners(stories), *near_duplicates([s.story.text for s in stories])]:
        parent[max(root(one), root(other))] = min(root(one), root(other))
    groups: dict[int, list[LabelledStory]] = defaultdict(list)
    for number, labelled in enumerate(stories):
        groups[root(number)].append(labelled)
    return list(groups.values())


def near_duplicates(texts: list[str]) -> list[tuple[int, int]]:
    """Pairs of positions whose texts share about half of their four-word runs or more (MinHash)."""
    index = MinHashLSH(threshold=NEAR_DUPLICATE_JACCARD, num_perm=128)
    pairs = []
    for number, text in enumerate(texts):
        signature = _signature(text)
        pairs += [(int(other), number) for other in index.query(signature)]
        index.insert(str(number), signature)
    return pairs


def fingerprint(stories: tuple[LabelledStory, ...]) -> str:
    """SHA-256 over ids, words and labels: the same stories in any order give the same one."""
    lines = sorted(f"{s.id}\t{s.story.title}\t{s.story.text}\t{','.join(s.labels)}" for s in stories)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def pair_tags(labelled: LabelledStory) -> set[str]:
    """The tags that a story shares with its contrast partners, each with the file it comes from."""
    return {f"{labelled.source}/{tag}" for tag in labelled.phenomena if re.match(r"pair[:\d]", tag)}


def _partners(stories: list[LabelledStory]) -> list[tuple[int, int]]:
    first: dict[str, int] = {}
    return [
        (first.setdefault(tag, number), number)
        for number, labelled in enumerate(stories)
        for tag in sorted(pair_tags(labelled))
    ]


def _signature(text: str) -> MinHash:
    words = re.findall(r"[^\W_]+", text.casefold())
    runs = {" ".join(words[i : i + _SHINGLE_WORDS]) for i in range(max(1, len(words) - _SHINGLE_WORDS + 1))}
    signature = MinHash(num_perm=128)
    signature.update_batch([run.encode() for run in runs])
    return signature


def _percentile(family: str) -> int:
    return int.from_bytes(hashlib.sha256(family.encode()).digest()[:4]) % 100
