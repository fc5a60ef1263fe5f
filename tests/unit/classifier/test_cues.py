import re
import tomllib
from importlib.resources import files

import numpy as np
import pytest

from classifier import Span, Story
from classifier.bundle import Calibration, probabilities
from classifier.cues import find_cues, has_cue
from classifier.labels import LABELS


@pytest.mark.parametrize(
    "text",
    [
        "I have made a COMPLAINT.",
        "we complaned twice",
        "making a formal complait to them",
        "It was upheld in May.",
        "It is at stage two.",
        "Our advocate is on to it.",
        "next stop the ombusman",
        "I asked PALS.",
        "I will be taking this further.",
        "They said twenty working days.",
    ],
)
def test_wording_of_a_process_is_a_cue(text):
    assert has_cue(Story(id="1", text=text))


@pytest.mark.parametrize(
    "text",
    [
        "Thank you to every nurse on the ward.",
        "My referral was accepted and I am still waiting to hear about a date.",
        "The result came by letter.",
        "The opals in her ring were lovely.",
        "already said above",
    ],
)
def test_ordinary_wording_is_none(text):
    assert not has_cue(Story(id="1", text=text))


def test_a_cue_in_the_title_counts():
    assert has_cue(Story(id="1", title="Complaint", text="Two years now."))


def test_a_cue_lifts_the_log_odds_by_its_weight():
    calibration = {label: Calibration(slope=1.0, intercept=-2.0, cue=3.0) for label in LABELS}
    logits = np.ones((2, 4), dtype=np.float32)
    without, lifted = probabilities(logits, calibration=calibration, cue=np.array([False, True]))
    assert without == pytest.approx([1 / (1 + np.exp(1))] * 4)
    assert lifted == pytest.approx([1 / (1 + np.exp(-2))] * 4)
    assert probabilities(logits[0], calibration=calibration, cue=np.array([True])) == pytest.approx(lifted)


def test_cues_are_found_where_they_stand_title_first():
    story = Story(id="1", title="Complaint", text="Two letters, then PALS.")
    assert find_cues(story) == (Span("title", 0, 8), Span("text", 4, 11), Span("text", 18, 22))


def test_cues_are_found_through_markup_and_stand_in_the_text_as_sent():
    story = Story(id="1", text="My com&shy;plaint, said<br>PALS.")
    assert find_cues(story) == (Span("text", 3, 16), Span("text", 27, 31))
    assert has_cue(story)


@pytest.mark.parametrize(
    "text", ["I have put it in a letter.", "my cumplaint", "They closed it.", "his consern is with them"]
)
def test_a_wording_that_only_has_a_story_read_is_no_cue_in_the_calibration(text):
    assert find_cues(Story(id="1", text=text))
    assert not has_cue(Story(id="1", text=text))


BEYOND = (
    "formal\u017f letter\u017f",
    "a \u212aeen P\u0130\u017fan",
    "inve\u017ftigated",
    "wr\u0131te",
    "A LETTER\u2019s",
)


@pytest.mark.parametrize("text", BEYOND)
@pytest.mark.parametrize("only_to_read", [False, True])
def test_letters_beyond_ascii_count_as_the_plain_expression_counts_them(text, only_to_read):
    table = tomllib.loads((files("classifier") / "cues.toml").read_text(encoding="utf-8"))
    groups = [group for name, group in table.items() if only_to_read or name != "only_to_read"]
    plain = re.compile(rf"(?<!\w)(?:{'|'.join(wording for group in groups for wording in group)})", re.I)
    assert has_cue(Story(id="1", text=text), only_to_read=only_to_read) == bool(plain.search(text))


def test_every_wording_begins_an_expression_of_its_own():
    table = tomllib.loads((files("classifier") / "cues.toml").read_text(encoding="utf-8"))
    for wording in (wording for group in table.values() for wording in group):
        bare = re.sub(r"\(\?:[^()]*\)", "", wording)
        assert "|" not in bare, f"{wording}: put (?:...) around what | parts"
        assert wording == wording.lower(), f"{wording}: wordings are in lower case"
