import pytest

from classifier.assessment import Signal
from classifier.phrases import expand, read_words
from classifier.signals import _read_table, find_signals, signal_kinds
from classifier.story import Story

LISTS = ("any_case", "as_written", "never")


def found(text):
    return [(signal.kind, signal.text) for signal in find_signals(Story(id="s", text=text))]


def kinds(text):
    return {kind for kind, _ in found(text)}


SHOWN = {
    "pals": [
        "I went to PALS",
        "the Patient Advice and Liaison Service rang",
        "i rang pals they said write in",
        "the pals team",
        "PATIENT ADVICE & LIAISON",
        "ask at the pals office",
    ],
    "regulator": [
        "I told the CQC",
        "the Care Quality Commission",
        "care inspectorate came",
        "HIW know",
        "RQIA inspected",
        "Healthcare Inspectorate Wales",
        "the Mental Welfare Commission",
    ],
    "healthwatch": ["a man at Healthwatch said"],
    "professional_body": [
        "referred to the GMC",
        "nmc hearing",
        "General Dental Council",
        "the HCPC",
        "GPhC",
        "Social Work England",
        "her fitness to practise",
    ],
    "legal": [
        "a solicitor has it",
        "a negligence claim",
        "I will sue",
        "we are going to SUE",
        "suing the trust",
        "the tribunal",
        "a letter before action",
        "taken to court",
        "no-win-no-fee",
        "clinical negligence team",
    ],
    "mp": [
        "wrote to my MP",
        "i told my mp",
        "our MSP helped",
        "an MLA asked",
        "my local councillor",
        "Senedd member",
        "the local AM",
        "our MPs know",
    ],
    "police": ["the police came", "a POLICE OFFICER", "PSNI have it"],
    "advocacy": [
        "POhWER helped",
        "an advocate from SEAP",
        "Llais are helping",
        "VoiceAbility",
        "my IMHA",
        "the Patient and Client Council",
        "an independent advocate",
        "the Community Health Council",
        "the Patient Advice and Support Service",
    ],
    "safeguarding": ["a safeguarding referral", "SAFEGUARDING TEAM", "adult protection"],
    "press": [
        "I'll go to the press",
        "the local paper ran it",
        "gone to the papers",
        "a journalist rang",
        "told the Daily Mail",
    ],
    "inquest": ["the inquest is in May", "the coroner\u2019s officer", "the procurator fiscal"],
    "data_request": [
        "a subject access request",
        "asked for my records",
        "a SAR went in",
        "FOI",
        "copies of his hospital notes",
    ],
    "ombudsman": [
        "the Ombudsman",
        "PHSO",
        "the spso",
        "NIPSO",
        "LGSCO",
        "Public Services Ombudsman for Wales",
        "the Parliamentary & Health Service Ombudsman",
        "the ombusman",
        "Health Service Ombudsman's letter",
    ],
    "other_ombudsman": [
        "the Energy Ombudsman",
        "FINANCIAL OMBUDSMAN SERVICE",
        "housing ombudsman",
        "the Rail Ombudsman",
        "the Legal Ombudsman",
        "the Prisons and Probation Ombudsman",
        "the PPO",
    ],
    "complaint_idiom": [
        "no complaints",
        "No Complaints",
        "NO COMPLAINTS",
        "can't complain",
        "can\u2019t complain",
        "can&#39;t complain",
        "cant complain",
        "nothing to complain about",
        "not complaining",
        "I'm not one to complain",
    ],
    "denied_complaint": [
        "I don't want to complain",
        "I don&rsquo;t want to make a complaint",
        "decided not to complain",
        "I am not making a complaint",
        "DONT WANT TO COMPLAIN",
        "this is not a complaint",
        "we never complained",
    ],
    "symptom_complaint": [
        "the presenting complaint",
        "complained of chest pain",
        "complaining of feeling sick",
        "complained of a stiff neck",
        "PRESENTING COMPLAINT: foot",
        "a stomach complaint",
    ],
    "complaint_word": [
        "I complained",
        "a formal complaint",
        "my stage 2 response",
        "COMPLAINTS",
        "no complaints procedure",
        "offical compliant about it",
        "moved to stage two",
        "a formal<br>complaint",
        "my com&shy;plaint",
    ],
    "other_language": [
        "Roedd y nyrsys ar y ward yn garedig iawn wrth fy mam.",
        "护士对我母亲非常好，但是我们等了五个小时才见到医生。",
    ],
    "encoding_fault": ["I donâ€™t know", "I don\x92t know", "a caf\ufffd", "it cost Â£5"],
}

NOT_SHOWN = {
    "pals": ["my pals came", "MY PALS CAME", "old pals from school", "he pals around"],
    "regulator": ["good quality care", "his hip"],
    "healthwatch": ["watch your health"],
    "professional_body": ["the general council", "medical student"],
    "legal": [
        "a nurse called Sue",
        "Sue was lovely",
        "thanks to Sue",
        "the tennis court",
        "into a food court",
        "is it legal to park",
        "issue",
    ],
    "mp": ["at 9 AM", "I AM CROSS", "my MS nurse", "an mp3", "MS since 1998", "counsellor"],
    "police": ["a policy", "a police check"],
    "advocacy": [
        "I advocate for him",
        "I had to be his own advocate",
        "a great advocate for patients",
        "could not pass water",
        "COULDNT PASS WATER",
    ],
    "safeguarding": ["safe", "guarding"],
    "press": [
        "press the button",
        "press 1 for this",
        "reading his newspaper",
        "social media",
        "on paper",
        "a daily record of meals",
    ],
    "inquest": ["a request", "corner"],
    "data_request": ["a request for water", "he played records", "the nurse wrote notes"],
    "ombudsman": ["the Energy Ombudsman", "the Legal Ombudsman's reply", "prisons ombudsman"],
    "other_ombudsman": ["the Health Service Ombudsman", "the Ombudsman", "Parliamentary Ombudsman"],
    "complaint_idiom": [
        "no complaints procedure was given",
        "I complained",
        "no. Complaint went in",
        "I can't wait. Complain now",
    ],
    "denied_complaint": ["I want to complain", "I don't want to wait, my complaint is in", "no complaints"],
    "symptom_complaint": ["complained about the wait", "our joint complaint", "complained of the rudeness"],
    "complaint_word": [
        "no complaints",
        "can\u2019t complain",
        "presenting complaint",
        "don't want to complain",
        "stage 2 cancer",
        "a pressure sore at stage 2",
    ],
    "other_language": [
        "Diolch yn fawr to all at Ysbyty Gwynedd",
        "ma maw wis greetin an naebody telt us owt",
    ],
    "encoding_fault": ["I don\u2019t know", "Zoë had a café au lait for £5 😀"],
}


def pairs(table):
    return [(kind, text) for kind, texts in table.items() for text in texts]


@pytest.mark.parametrize(("kind", "text"), pairs(SHOWN))
def test_signal_is_shown(kind, text):
    assert kind in kinds(text)


@pytest.mark.parametrize(("kind", "text"), pairs(NOT_SHOWN))
def test_signal_is_not_shown(kind, text):
    assert kind not in kinds(text)


def test_every_kind_has_cases_both_ways():
    assert set(signal_kinds()) == set(SHOWN) == set(NOT_SHOWN)


def test_no_phrase_is_filed_under_two_kinds_of_a_group():
    seen = {}
    for kind, entry in _read_table().items():
        for phrase in {p.lower() for key in LISTS for line in entry.get(key, ()) for p in expand(line)}:
            other = seen.setdefault((entry.get("group", kind), phrase), kind)
            assert other == kind, f"{phrase!r} is in {other} and in {kind}"


def test_no_wording_is_empty():
    for entry in _read_table().values():
        for key in LISTS:
            assert all(read_words(p).forms for line in entry.get(key, ()) for p in expand(line))


def test_title_comes_first_then_start_then_kind():
    story = Story(id="s", title="Told the CQC, then PALS", text="PALS rang. The GMC and my MP know.")
    assert [(s.field, s.kind, s.text) for s in find_signals(story)] == [
        ("title", "regulator", "CQC"),
        ("title", "pals", "PALS"),
        ("text", "pals", "PALS rang"),
        ("text", "professional_body", "GMC"),
        ("text", "mp", "my MP"),
    ]


def test_offsets_are_code_points_of_the_text_as_sent():
    text = "😀😀 Mam e\u0301te\u0301 can&#39;t complain 👍🏽 about PALS"
    assert find_signals(Story(id="s", text=text)) == (
        Signal(kind="complaint_idiom", text="can&#39;t complain", field="text", start=13, end=31),
        Signal(kind="pals", text="PALS", field="text", start=41, end=45),
    )
    assert text[13:31] == "can&#39;t complain"
    assert text[41:45] == "PALS"


def test_whole_stretches_stand_beside_the_phrases_in_them():
    text = "Fe wnes i gwyno wrth PALS ond doedd neb yn gwrando. They donâ€™t ring."
    assert found(text) == [
        ("other_language", "Fe wnes i gwyno wrth PALS ond doedd neb yn gwrando."),
        ("pals", "PALS"),
        ("encoding_fault", "donâ€™t"),
    ]


def test_tags_are_no_words():
    assert kinds('<p>Kind nurses</p><a href="https://cqc.org.uk/pals" title="MP">there</a>') == set()


def test_the_longest_phrase_of_a_kind_takes_the_words():
    assert found("the Parliamentary and Health Service Ombudsman") == [
        ("ombudsman", "Parliamentary and Health Service Ombudsman")
    ]


def test_an_idiom_takes_only_its_own_words():
    assert found("No complaints about the ward, but a formal complaint about parking") == [
        ("complaint_idiom", "No complaints"),
        ("complaint_word", "formal complaint"),
    ]


def test_kinds_of_different_groups_may_share_words():
    assert found("I complained to PALS") == [("complaint_word", "complained"), ("pals", "complained to PALS")]


def test_a_story_without_signals_has_none():
    assert find_signals(Story(id="s", text="The nurses were kind and the tea was hot.")) == ()
