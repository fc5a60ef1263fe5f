import pytest

from classifier.assessment import Action, Nation
from classifier.labels import Label
from classifier.policy import Finding, decide, draft_message, load_policy

POLICY = load_policy()
P, O, C, B = Label.PLANNED, Label.ONGOING, Label.COMPLETED, Label.OMBUDSMAN  # noqa: E741


def decided(clear=(), possible=(), *, nation=Nation.UNKNOWN, author_confirmed=False):
    findings = tuple(Finding(label=label, clear=True) for label in clear)
    findings += tuple(Finding(label=label, clear=False) for label in possible)
    return decide(findings, policy=POLICY, nation=nation, author_confirmed=author_confirmed)


def told(decision, audience):
    return [item for item in decision.guidance if item.audience == audience]


CLEAR = [
    # clear labels, action, action once the author has confirmed
    ((), "continue", "continue"),
    ((P,), "pause", "continue"),
    ((O,), "pause", "continue"),
    ((C,), "advise", "advise"),
    ((B,), "pause", "continue"),
    ((P, O), "pause", "continue"),
    ((P, C), "pause", "continue"),
    ((P, B), "pause", "continue"),
    ((O, C), "pause", "continue"),
    ((O, B), "pause", "continue"),
    ((C, B), "pause", "continue"),
    ((P, O, C), "pause", "continue"),
    ((P, O, B), "pause", "continue"),
    ((P, C, B), "pause", "continue"),
    ((O, C, B), "pause", "continue"),
    ((P, O, C, B), "pause", "continue"),
]

POSSIBLE = [
    ((P,), "review"),
    ((O,), "review"),
    ((C,), "review"),
    ((B,), "review"),
    ((P, O), "review"),
    ((P, C), "review"),
    ((P, B), "review"),
    ((O, C), "review"),
    ((O, B), "review"),
    ((C, B), "review"),
    ((P, O, C), "review"),
    ((P, O, B), "review"),
    ((P, C, B), "review"),
    ((O, C, B), "review"),
    ((P, O, C, B), "review"),
]

MIXED = [
    # clear, possible, action, whether the author gets a message
    ((P,), (O,), "pause", True),
    ((P,), (C,), "pause", True),
    ((O,), (B,), "pause", True),
    ((B,), (P, O, C), "pause", True),
    ((C,), (P,), "review", False),
    ((C,), (O,), "review", False),
    ((C,), (B,), "review", False),
    ((C,), (P, O, B), "review", False),
    ((C, B), (O,), "pause", True),
]


@pytest.mark.parametrize(("clear", "action", "confirmed"), CLEAR)
def test_clear_labels_lead_to_the_action(clear, action, confirmed):
    assert decided(clear).action == action
    assert decided(clear, author_confirmed=True).action == confirmed


@pytest.mark.parametrize(("possible", "action"), POSSIBLE)
def test_possible_labels_lead_to_the_action_and_to_no_message(possible, action):
    decision = decided(possible=possible)
    assert decision.action == action
    assert told(decision, "author") == []


@pytest.mark.parametrize(("possible", "action"), POSSIBLE)
def test_confirmed_author_of_a_possible_complaint_is_not_held(possible, action):
    assert decided(possible=possible, author_confirmed=True).action == "continue"


@pytest.mark.parametrize(("clear", "possible", "action", "has_message"), MIXED)
def test_clear_and_possible_labels_together(clear, possible, action, has_message):
    decision = decided(clear, possible)
    assert decision.action == action
    assert len(told(decision, "author")) == has_message


def test_actions_are_of_the_shared_type():
    assert isinstance(decided((P,)).action, Action)


def test_every_found_label_names_its_rule_in_label_order():
    decision = decided((B, P), (C, O))
    assert list(decision.rules.items()) == [
        (P, "planned-complaint"),
        (O, "ongoing-complaint"),
        (C, "completed-complaint"),
        (B, "ombudsman-bound"),
    ]


def test_order_of_findings_changes_nothing():
    assert decided((P, O, C, B)) == decided((B, C, O, P))


def test_story_without_findings_has_no_rules_and_no_guidance():
    decision = decided()
    assert (decision.rules, decision.guidance) == ({}, ())
    assert decided(author_confirmed=True).guidance == ()


def test_label_found_twice_is_refused():
    with pytest.raises(ValueError, match="a label stands twice"):
        decided((P,), (P,))


def test_pause_tells_the_moderator_first_and_gives_the_author_one_message():
    decision = decided((O, P))
    assert [(item.audience, item.rule, item.basis) for item in decision.guidance] == [
        ("moderator", "planned-complaint", "stated"),
        ("moderator", "ongoing-complaint", "stated"),
        ("author", "planned-complaint", "stated"),
    ]


def test_message_of_a_pause_is_led_by_the_rule_that_pauses():
    (message,) = told(decided((C, B)), "author")
    assert (message.rule, message.basis) == ("ombudsman-bound", "reading")
    assert "A story here cannot open your complaint again." in message.text
    assert "Yes, go ahead" in message.text


def test_message_speaks_of_clear_labels_only():
    (message,) = told(decided((P,), (B,)), "author")
    assert message.text == POLICY.message([P], nation=Nation.UNKNOWN)
    assert "ombudsman" not in message.text


def test_pausing_for_an_ombudsman_is_called_a_reading():
    assert told(decided((B,)), "moderator")[0].basis == "reading"


def test_advising_on_a_completed_complaint_is_called_stated():
    assert [(item.audience, item.basis) for item in decided((C,)).guidance] == [
        ("moderator", "stated"),
        ("author", "stated"),
    ]


def test_what_is_done_about_a_possible_label_is_called_a_reading():
    guidance = decided(possible=(P, O, C)).guidance
    assert [(item.rule, item.basis) for item in guidance] == [
        ("planned-complaint", "reading"),
        ("ongoing-complaint", "reading"),
        ("completed-complaint", "reading"),
    ]
    assert guidance[0].text == POLICY.rule_for(P).moderator_possible


@pytest.mark.parametrize(("clear", "possible"), [((P,), ()), ((B, C), (O,)), ((), (O,)), ((C,), (P,))])
def test_confirmation_leaves_only_word_of_it(clear, possible):
    decision = decided(clear, possible, author_confirmed=True)
    assert decision.action == "continue"
    assert [(item.audience, item.rule) for item in decision.guidance] == [("moderator", "author-confirmed")]
    assert decision.guidance[0].text.startswith("The author has confirmed")
    assert set(decision.rules) == {*clear, *possible}


def test_confirmation_of_a_story_that_is_only_advised_keeps_the_advice():
    decision = decided((C,), author_confirmed=True)
    assert decision.guidance[0].rule == "author-confirmed"
    assert decision.guidance[1:] == decided((C,)).guidance


URLS = {
    Nation.ENGLAND: ["https://www.ombudsman.org.uk/"],
    Nation.SCOTLAND: ["https://www.spso.org.uk/spso"],
    Nation.WALES: ["https://www.ombudsman.wales/"],
    Nation.NORTHERN_IRELAND: ["https://nipso.org.uk/nipso/"],
    Nation.UNKNOWN: [
        "https://www.ombudsman.org.uk/",
        "https://www.spso.org.uk/spso",
        "https://www.ombudsman.wales/",
        "https://nipso.org.uk/nipso/",
    ],
}
SOCIAL_CARE = "https://www.lgo.org.uk/"


@pytest.mark.parametrize("nation", Nation)
def test_ombudsman_rule_links_to_the_ombudsman_of_the_nation(nation):
    rule = told(decided((B,), nation=nation), "moderator")[0]
    assert [link.url for link in rule.links] == URLS[nation]
    possible = told(decided(possible=(B,), nation=nation), "moderator")[0]
    assert possible.links == rule.links


@pytest.mark.parametrize("nation", Nation)
def test_message_to_the_author_names_each_address_in_its_text_and_links(nation):
    (message,) = told(decided((B,), nation=nation), "author")
    wanted = URLS[nation] + ([SOCIAL_CARE] if nation in ("england", "unknown") else [])
    assert [link.url for link in message.links] == wanted
    every = [*URLS[Nation.UNKNOWN], SOCIAL_CARE]
    assert [url for url in every if url in message.text] == wanted


@pytest.mark.parametrize(
    ("nation", "count"),
    [("england", 1), ("unknown", 1), ("scotland", 0), ("wales", 0), ("northern_ireland", 0)],
)
def test_social_care_ombudsman_is_a_reading_for_england_only(nation, count):
    notes = told(decided((B,), nation=Nation(nation)), "moderator")[1:]
    assert [(item.rule, item.basis, item.links[0].url) for item in notes] == [
        ("ombudsman-bound", "reading", SOCIAL_CARE)
    ] * count


@pytest.mark.parametrize("label", [P, O, C])
def test_other_rules_carry_no_ombudsman(label):
    assert all(item.links == () for item in decided((label,), nation=Nation.SCOTLAND).guidance)


def test_draft_is_the_message_that_a_clear_finding_would_have_brought():
    draft = draft_message((O, B), policy=POLICY, nation=Nation.WALES)
    assert draft == told(decided((O, B), nation=Nation.WALES), "author")[0]
