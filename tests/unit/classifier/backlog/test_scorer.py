import json
import pickle
from dataclasses import replace

import pytest

from classifier import BundleError, ComplaintClassifier, PolicyError, Story
from classifier.assessment import to_json
from classifier.backlog.forms import writing
from classifier.backlog.places import Form, Kind
from classifier.backlog.rows import Row
from classifier.backlog.scorer import Recipe, Scorer
from classifier.backlog.shards import Batch
from classifier.bundle import RELEASED
from classifier.policy.document import CARE_OPINION_UK

TEXTS = ("I lodged a complaint 😀.", "It was upheld.", "They were kind.", "ongoing300000")


def answers(scored):
    return [json.loads(line) for line in scored.leaf.splitlines()]


# ---------------------------------------------------------------- facts


def changed(one, other):
    before, after = one.facts(), other.facts()
    return [name for name in before if before[name] != after[name]]


def test_facts_are_what_answers_depend_on(recipe, tiny_bundle):
    facts = recipe.facts()
    assert list(facts) == [
        "model",
        "model_sha256",
        "thresholds",
        "policy",
        "policy_sha256",
        "gate",
        "complaint_context",
        "form",
        "packing",
    ]
    manifest = json.loads((tiny_bundle / "bundle.json").read_text())
    assert (facts["model"], facts["policy"], facts["gate"]) == ("tiny/7", "care-opinion-uk/2", True)
    assert facts["thresholds"] == manifest["thresholds"]
    assert (facts["form"], facts["packing"]) == ("jsonl", None)
    assert len(facts["model_sha256"]) == len(facts["policy_sha256"]) == 64


def test_facts_survive_json(recipe):
    assert json.loads(to_json(recipe.facts())) == recipe.facts()
    assert recipe.facts() == replace(recipe).facts()


def test_place_of_model_and_policy_is_no_fact(recipe, tiny_variant, tmp_path):
    policy = tmp_path / "copy.toml"
    policy.write_bytes(CARE_OPINION_UK.read_bytes())
    moved = tiny_variant(tmp_path / "moved", version=7, figures={})
    (moved / "bundle.json").write_bytes((recipe.model / "bundle.json").read_bytes())
    assert changed(recipe, replace(recipe, model=moved, policy=policy)) == []


@pytest.mark.parametrize(
    ("other", "names"),
    [
        ({"gate": False}, ["gate"]),
        ({"kind": Kind(Form.CSV)}, ["form"]),
        ({"kind": Kind(Form.JSONL, "gzip")}, ["packing"]),
    ],
)
def test_facts_tell_how_stories_are_read_and_answers_written(recipe, other, names):
    assert changed(recipe, replace(recipe, **other)) == names


def test_facts_tell_another_policy(recipe, tmp_path):
    words, policy = CARE_OPINION_UK.read_text(encoding="utf-8"), tmp_path / "policy.toml"
    policy.write_text(words.replace("care-opinion-uk/2", "care-opinion-uk/3"), encoding="utf-8")
    assert changed(recipe, replace(recipe, policy=policy)) == ["policy", "policy_sha256"]


def test_facts_tell_a_policy_that_changed_and_kept_its_version(recipe, tmp_path):
    words, policy = CARE_OPINION_UK.read_text(encoding="utf-8"), tmp_path / "policy.toml"
    policy.write_text(words.replace("Pause it and send", "Pause it, send"), encoding="utf-8")
    assert changed(recipe, replace(recipe, policy=policy)) == ["policy_sha256"]


def test_comment_in_a_policy_is_no_fact(recipe, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text("# A remark.\n" + CARE_OPINION_UK.read_text(encoding="utf-8"), encoding="utf-8")
    assert changed(recipe, replace(recipe, policy=policy)) == []


def test_facts_tell_another_version_of_the_model(recipe, tiny_variant, tmp_path):
    other = tiny_variant(tmp_path / "other", version=8)
    assert changed(recipe, replace(recipe, model=other)) == ["model", "model_sha256"]


def test_facts_tell_other_thresholds(recipe, tiny_variant, tmp_path):
    other = tiny_variant(tmp_path / "other", version=7, clear={"ongoing": 0.85})
    assert changed(recipe, replace(recipe, model=other)) == ["model_sha256", "thresholds"]


def test_facts_of_what_cannot_be_read_are_refused(recipe, tmp_path):
    with pytest.raises(BundleError):
        replace(recipe, model=tmp_path / "none").facts()
    with pytest.raises(PolicyError):
        replace(recipe, policy=tmp_path / "none.toml").facts()


def test_recipe_and_answers_can_be_sent_to_another_process(recipe, scorer, make_batch):
    scored = scorer.score(make_batch(*TEXTS))
    assert pickle.loads(pickle.dumps(recipe)) == recipe
    assert pickle.loads(pickle.dumps(scored)) == scored
    assert len(pickle.dumps(recipe)) < 1000


def test_released_model_and_policy_are_the_default():
    assert Recipe(kind=Kind(Form.JSONL)) == Recipe(
        model=RELEASED, policy=None, gate=True, kind=Kind(Form.JSONL)
    )


# ---------------------------------------------------------------- scoring


def test_every_story_gets_its_assessment_in_order(scorer, classifier, make_batch):
    scored = scorer.score(make_batch(*TEXTS))
    alone = [classifier.assess(Story(id=str(n), text=text)) for n, text in enumerate(TEXTS, start=1)]
    assert answers(scored) == [assessment.to_dict() for assessment in alone]
    assert scored.rejects == ()
    assert (scored.tally.stories, scored.tally.rejected) == (4, 0)
    assert scored.tally.actions == {"pause": 1, "review": 1, "advise": 1, "continue": 1}


@pytest.mark.parametrize("kind", [Kind(Form.CSV, "gzip"), Kind(Form.PARQUET)])
def test_answers_are_written_as_the_recipe_says(recipe, classifier, make_batch, kind):
    scored = Scorer(replace(recipe, kind=kind)).score(make_batch(*TEXTS))
    alone = [classifier.assess(Story(id=str(n), text=text)) for n, text in enumerate(TEXTS, start=1)]
    assert scored.leaf == writing(kind).leaf(alone)


def test_rows_that_are_no_stories_are_rejected_in_order(scorer, make_row):
    rows = (make_row(1, fault="not JSON."), make_row(2), Row("s.jsonl:3", None, fault="no id."), make_row(4))
    scored = scorer.score(Batch(rows))
    assert [answer["id"] for answer in answers(scored)] == ["2", "4"]
    assert scored.rejects == (
        {"place": "s.jsonl:1", "id": "1", "error": "not JSON."},
        {"place": "s.jsonl:3", "id": None, "error": "no id."},
    )
    assert (scored.tally.stories, scored.tally.rejected) == (2, 2)


def test_batch_without_a_story_has_no_answers(scorer, make_row):
    scored = scorer.score(Batch((make_row(1, fault="not JSON."),)))
    assert (scored.leaf, scored.tally.stories, scored.tally.rejected) == (b"", 0, 1)


def test_months_are_counted_for_stories_alone(scorer, make_row):
    rows = (make_row(1, month="2026-01"), make_row(2, fault="not JSON."), make_row(3, month=""))
    assert scorer.score(Batch(rows)).tally.months == {"2026-01": {"continue": 1}, "": {"continue": 1}}
    assert scorer.score(Batch((make_row(1),))).tally.months == {}


@pytest.fixture
def poison(monkeypatch):
    """A story with this word cannot be assessed: whatever is wrong quotes it."""
    whole = ComplaintClassifier.assess

    def assess(self, story, **options):
        if "arsenic" in story.text:
            raise ZeroDivisionError(story.text)
        return whole(self, story, **options)

    def assess_many(self, stories, **options):
        for story in stories:
            yield assess(self, story)

    monkeypatch.setattr(ComplaintClassifier, "assess", assess)
    monkeypatch.setattr(ComplaintClassifier, "assess_many", assess_many)


def test_story_that_cannot_be_assessed_is_rejected_and_the_others_are_unharmed(poison, scorer, make_row):
    rows = (
        make_row(1, TEXTS[0], month="2026-01"),
        make_row(2, "arsenic", month="2026-01"),
        make_row(3, fault="not JSON."),
        make_row(4, TEXTS[1], month="2026-02"),
        make_row(5, "arsenic and lace", month="2026-02"),
    )
    scored = scorer.score(Batch(rows))
    assert [(one["id"], one["action"]) for one in answers(scored)] == [("1", "pause"), ("4", "advise")]
    fault = "text: could not be assessed (ZeroDivisionError). A person has to read this one."
    assert scored.rejects == (
        {"place": "s.jsonl:2", "id": "2", "error": fault},
        {"place": "s.jsonl:3", "id": "3", "error": "not JSON."},
        {"place": "s.jsonl:5", "id": "5", "error": fault},
    )
    assert (scored.tally.stories, scored.tally.rejected) == (2, 3)
    assert {month: counts.total() for month, counts in scored.tally.months.items()} == {
        "2026-01": 2,
        "2026-02": 2,
    }


def test_reject_does_not_hold_the_words_of_the_story(poison, scorer, make_batch):
    assert "arsenic" not in to_json(list(scorer.score(make_batch("arsenic")).rejects))


def test_interrupt_is_no_fault_of_a_story(monkeypatch, scorer, make_batch):
    def stop(self, stories, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(ComplaintClassifier, "assess_many", stop)
    with pytest.raises(KeyboardInterrupt):
        scorer.score(make_batch(*TEXTS))
