"""The policy that ships: every point of Care Opinion's public page is told, in plain English."""

import re

import pytest

from classifier.assessment import Nation
from classifier.labels import LABELS
from classifier.policy import load_policy

POLICY = load_policy()

# Each point of the public page in short, and where our file tells it: a [[points]] id, a rule, or both.
POINTS = [
    ("a place for public feedback on health and social care", "public-feedback"),
    ("no complaint process and no part of one", "no-complaint-process"),
    ("experiences of complaining are published", "complaining-is-welcome"),
    ("things to think about before, during and after a complaint", "any-time"),
    ("planned or ongoing: a story is still welcome, on the care or on the process", "can-share"),
    ("planned or ongoing: staff looking into it will likely know the author", "identifiable"),
    ("planned or ongoing: it may change how handlers and staff feel or respond", "reactions"),
    ("planned or ongoing: two talks with one organisation at once, so perhaps wait", "two-at-once"),
    ("planned or ongoing: then decide what to share, care or process", "choose-later"),
    ("planned or ongoing: to go ahead, tell the moderator; usual moderation", "tell-moderator"),
    ("completed: normally no problem", "no-problem"),
    ("completed: no way to reopen", "no-reopening"),
    ("completed: no way to another outcome", "no-other-outcome"),
    ("unhappy and bound for an ombudsman: check whether a story or a reply delays it", "ask-ombudsman-first"),
    (
        "completed or ombudsman: to go ahead, tell the moderator; usual moderation",
        "tell-moderator-after-check",
    ),
    ("one health service ombudsman in each UK country", "one-ombudsman-a-country"),
    ("stories of complaint are moderated like others, by the same policy and values", "same-moderation"),
    ("clear that planned or ongoing: pause and ask the author to consider", "pause-when-clear"),
    ("author confirms: resume", "resume-when-confirmed"),
    ("mission: share safely and simply, leading to learning and change", "mission"),
    ("experience is clinical, administrative, relational, and of complaining", "many-kinds-of-experience"),
    ("in principle both kinds of story are published", "publish-both"),
    ("wider public benefit", "public-gain"),
    ("research on authors: inform other patients, improve care", "why-people-write"),
    ("authors achieve it, but not for complaints if these were rejected", "aims-are-met"),
    ("complaint handling varies; Complaint Standards Framework", "handling-varies"),
    ("formal channels exist; this adds an informal one", "one-more-channel"),
]

# The public page's table has nine rows.
DIFFERENCES = [
    ("informal and online / formal and on paper", "Form"),
    ("outside / inside the organisation", "Place"),
    ("anonymous or not", "Your name"),
    ("public / private", "Readers"),
    ("a response may not / should always come", "Reply"),
    ("several / one organisation responds", "Who replies"),
    ("statistics not / nationally monitored", "Numbers"),
    ("no power to force / may bring an action plan", "Power"),
    ("learning and improvement / fault and accountability", "Aim"),
]


def test_every_point_of_the_page_is_told_and_nothing_else():
    assert [id for _, id in POINTS] == [point.id for point in POLICY.points]


def test_every_difference_of_the_page_is_told_and_nothing_else():
    assert [aspect for _, aspect in DIFFERENCES] == [row.aspect for row in POLICY.differences]


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("no-complaint-process", "no part in how complaints are dealt with"),
        ("identifiable", "probably be able to tell"),
        ("reactions", "or other staff"),
        ("reactions", "the answer you get"),
        ("two-at-once", "may be best to wait"),
        ("tell-moderator", "tell our moderator"),
        ("no-problem", "should not normally"),
        ("no-reopening", "cannot open your complaint again"),
        ("no-other-outcome", "cannot change what was decided"),
        ("ask-ombudsman-first", "or a reply to it from the service"),
        ("ask-ombudsman-first", "take longer for them to accept your case"),
        ("why-people-write", "NIHR Inquire UK"),
        ("handling-varies", "Complaint Standards Framework"),
    ],
)
def test_point_says_what_it_is_there_for(id, words):
    (text,) = [point.text for point in POLICY.points if point.id == id]
    assert words in text


def test_rules_are_four_in_label_order_with_their_actions_and_basis():
    assert [(r.id, r.label, r.when_clear, r.when_possible, r.basis) for r in POLICY.rules] == [
        ("planned-complaint", "planned", "pause", "review", "stated"),
        ("ongoing-complaint", "ongoing", "pause", "review", "stated"),
        ("completed-complaint", "completed", "advise", "review", "stated"),
        ("ombudsman-bound", "ombudsman", "pause", "review", "reading"),
    ]


def test_ombudsmen_are_one_a_nation_at_the_addresses_of_the_page():
    assert [(body.nation, body.name, body.url) for body in POLICY.ombudsmen] == [
        ("england", "Parliamentary and Health Service Ombudsman", "https://www.ombudsman.org.uk/"),
        ("scotland", "Scottish Public Services Ombudsman", "https://www.spso.org.uk/spso"),
        ("wales", "Public Services Ombudsman for Wales", "https://www.ombudsman.wales/"),
        (
            "northern_ireland",
            "Northern Ireland Public Services Ombudsman",
            "https://nipso.org.uk/nipso/",
        ),
    ]


def test_authors_with_a_complaint_planned_or_ongoing_get_every_consideration():
    wanted = ("can-share", "identifiable", "reactions", "two-at-once", "choose-later")
    assert [rule.consider for rule in POLICY.rules[:2]] == [wanted, wanted]


@pytest.mark.parametrize("label", LABELS)
def test_message_says_that_the_story_is_safe_and_how_to_go_on(label):
    message = POLICY.message([label], nation=Nation.UNKNOWN)
    assert "Your story is safe." in message
    assert "go ahead" in message
    assert "moderator" in message


@pytest.mark.parametrize("label", LABELS)
def test_message_reads_like_plain_english_for_an_eleven_year_old(label):
    # Flesch-Kincaid grade: 6 is the school year of 11-year-olds.
    assert grade(POLICY.message([label], nation=Nation.WALES)) < 6


def test_reading_grade_tells_plain_from_official_english():
    assert grade("We keep your story safe. You can choose.") < 2
    assert (
        grade("Notification regarding investigatory procedures necessitates organisational consideration.")
        > 12
    )


@pytest.mark.parametrize("label", LABELS)
def test_no_sentence_of_a_message_is_longer_than_25_words(label):
    assert max(len(words(part)) for part in sentences(POLICY.message([label], nation=Nation.WALES))) <= 25


def sentences(text):
    plain = re.sub(r"https://\S+", "", text)
    return [part for part in re.split(r"[.?!:]\s+|\n+", plain) if words(part)]


def words(text):
    return re.findall(r"[a-z']+", text.lower())


def syllables(word):
    stem = word[:-1] if word.endswith("e") and not word.endswith("le") else word
    return max(1, len(re.findall(r"[aeiouy]+", stem)))


def grade(text):
    parts = sentences(text)
    all_words = [word for part in parts for word in words(part)]
    per_sentence = len(all_words) / len(parts)
    per_word = sum(syllables(word) for word in all_words) / len(all_words)
    return 0.39 * per_sentence + 11.8 * per_word - 15.59
