from dataclasses import replace

import pytest

from classifier.labels import Label
from training.audit.opinions import out_of_fold
from training.audit.report import Audit, audit, learnt_from, render_audit, unseen
from training.audit.suspicions import Suspicion
from training.audit.twins import Case, Twins
from training.baselines.tfidf import TfidfLogisticRegression
from training.settings import TrainingSettings
from training.splits import split
from training.stories import parse_record

FOUND = Audit(
    stories=4926,
    duplicates=(Twins(ids=("A-1", "B-1"), sides=("train", "train"), same=True, labels_differ=True),),
    leaks=(Twins(ids=("A-2", "mft-1"), sides=("dev", "cases"), same=False, labels_differ=False),),
    doubted=4706,
    opinion="tfidf, out of fold",
    suspicions=(
        Suspicion(
            id="A-3",
            given=(),
            suggested=(Label.ONGOING, Label.OMBUDSMAN),
            score=0.03126,
            quotes=("I put in\n a complaint.", "PHSO has it."),
            borderline=True,
        ),
        Suspicion(
            id="A-4", given=(Label.PLANNED,), suggested=(), score=0.2, quotes=("I will.",), borderline=False
        ),
    ),
)


def by_tfidf(doubted):
    return out_of_fold(doubted, model=lambda: TfidfLogisticRegression(TrainingSettings()))


def never(doubted):
    raise AssertionError("nobody should be asked")


def test_audit_finds_all_that_is_wrong(mislabelled):
    doubled = replace(mislabelled[0], story=replace(mislabelled[0].story, id="U02-0000"))
    stories = [*mislabelled, doubled]
    case = Case("mft-1", mislabelled[1].story.text)
    found = audit(stories, doubted=mislabelled, opinion=by_tfidf, cases=[case])
    assert (found.stories, found.doubted) == (91, 90)
    assert [one.ids for one in found.duplicates] == [("U01-0000", "U02-0000")]
    assert [one.ids for one in found.leaks] == [("U01-0001", "mft-1")]
    assert {one.id for one in found.suspicions[:2]} == {"U01-0030", "U01-0031"}
    assert found.opinion == "tfidf-logistic-regression, out of fold"


@pytest.mark.parametrize("count", [0, 49])
def test_too_few_stories_are_not_doubted(stories, count):
    found = audit(stories, doubted=stories[:count], opinion=never)
    assert (found.opinion, found.doubted, found.suspicions) == (None, count, ())
    assert f"Labels: not doubted, {count} stories are too few (needs 50)" in render_audit(found, limit=5)


def test_just_enough_stories_are_doubted(stories):
    assert audit(stories, doubted=stories[:50], opinion=by_tfidf).opinion is not None


def test_stories_of_four_families_are_not_doubted(records):
    family = [parse_record(one | {"phenomena": [f"pair:{n % 4}"]}) for n, one in enumerate(records)]
    assert audit(family, doubted=family, opinion=never).opinion is None


# --- which stories


def test_frozen_stories_are_doubted_only_when_asked(records):
    stories = [parse_record(records[0]), parse_record(records[1] | {"id": "T10-0001"})]
    assert learnt_from(stories, with_test=False) == stories[:1]
    assert learnt_from(stories, with_test=True) == stories


def test_bundle_is_asked_about_dev_and_when_asked_test(records):
    stories = [parse_record(one) for one in records] + [parse_record(records[0] | {"id": "T10-0001"})]
    stories = stories[1:]  # so that no story is too close to the test story
    dev = {one.id for one in split(stories).dev}
    assert dev
    assert {one.id for one in unseen(stories, with_test=False)} == dev
    assert {one.id for one in unseen(stories, with_test=True)} == dev | {"T10-0001"}


# --- the page


def test_page_says_everything():
    assert render_audit(FOUND, limit=50).splitlines() == [
        "4,926 labelled stories",
        "",
        "Leaks: 1",
        "  A-2 (dev) ~ mft-1 (cases)",
        "",
        "Near-duplicates: 1",
        "  A-1 (train) = B-1 (train)  same words, labels differ",
        "",
        "Labels to look at again: 2 of 4,706 stories (by tfidf, out of fold; "
        "the lower the score, the worse the labels fit)",
        "  0.031  A-3  none -> ongoing+ombudsman  borderline",
        '         "I put in a complaint."',
        '         "PHSO has it."',
        "  0.200  A-4  planned -> none",
        '         "I will."',
    ]


def test_page_shows_no_more_than_the_limit_and_says_so():
    lines = render_audit(FOUND, limit=1).splitlines()
    assert lines[-1] == "  ... and 1 more: raise --limit to see them"
    assert not any("A-4" in line for line in lines)


def test_object_has_plain_values():
    found = FOUND.to_dict()
    assert found["leaks"] == (
        {"ids": ("A-2", "mft-1"), "sides": ("dev", "cases"), "same": False, "labels_differ": False},
    )
    assert found["suspicions"][1]["given"] == ("planned",)
