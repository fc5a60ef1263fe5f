import pytest

from classifier.assessment import Nation
from classifier.nation import _table, find_nation
from classifier.story import Story


def nation(text, title=""):
    return find_nation(Story(id="s", title=title, text=text)).value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I sent it to the PHSO.", "england"),
        ("The Health Service Ombudsman has it.", "england"),
        ("LGSCO are looking at the council's care.", "england"),
        ("Our ICB turned it down.", "england"),
        ("The SPSO wrote back.", "scotland"),
        ("NHS Grampian replied.", "scotland"),
        ("I rang NHS 24.", "scotland"),
        ("My MSP asked the board.", "scotland"),
        ("It went to the Public Services Ombudsman for Wales.", "wales"),
        ("Llais helped me.", "wales"),
        ("They answered under Putting Things Right.", "wales"),
        ("Betsi Cadwaladr lost the letter.", "wales"),
        ("Hywel Dda University Health Board", "wales"),
        ("NIPSO have accepted it.", "northern_ireland"),
        ("The South Eastern Trust replied.", "northern_ireland"),
        ("the western health and social care trust", "northern_ireland"),
        ("The Patient and Client Council helped.", "northern_ireland"),
    ],
)
def test_a_named_body_shows_the_nation(text, expected):
    assert nation(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A&E in Sunderland was full.", "england"),
        ("THE ACUTE WARD IN DERBY", "england"),
        ("the dentist in swindon", "england"),
        ("up here in Fife we wait", "scotland"),
        ("Ninewells was kind", "scotland"),
        ("the ward at Withybush", "wales"),
        ("Ysbyty Gwynedd, ward 4", "wales"),
        ("Altnagelvin on a Monday", "northern_ireland"),
        ("Daisy Hill saved me", "northern_ireland"),
        ("King\u2019s Mill on Friday", "england"),
        ("Queen&#39;s Medical Centre", "england"),
        ("the clinic in Argyll &amp; Bute", "scotland"),
    ],
)
def test_a_hospital_or_a_place_shows_the_nation(text, expected):
    assert nation(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Royal Berkshire in Reading", "england"),
        ("My surgery in Reading lost it.", "england"),
        ("The clinic in Bath is good.", "england"),
        ("An ambulance in Barry", "wales"),
        ("the hospital in Perth", "scotland"),
        ("I was reading in the bath", "unknown"),
        ("Barry in the next bed", "unknown"),
        ("He ate a sandwich and watched rugby", "unknown"),
        ("No big deal, all is wells", "unknown"),
        ("In March we sat in the street", "unknown"),
        ("She knitted him a cardigan", "unknown"),
    ],
)
def test_a_place_that_is_also_a_word_needs_capitals_and_company(text, expected):
    assert nation(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Dr Preston was kind.",
        "The surgery is on York Road.",
        "Yorkshire puddings on Sunday",
        "My sister lives in Perth, Western Australia.",
        "New South Wales is where I trained.",
        "A Glasgow coma scale of 15",
        "PALS told me to ring the CQC.",
        "The health board replied.",
        "I have complained to the Ombudsman.",
        "Lovely staff.",
    ],
)
def test_words_that_show_no_nation_leave_it_unknown(text):
    assert nation(text) == Nation.UNKNOWN


def test_a_named_body_outweighs_a_town_of_another_nation():
    assert nation("I live in Chester but Betsi Cadwaladr treated me.") == "wales"
    assert nation("We moved to Leeds. The SPSO has the papers from before.") == "scotland"


def test_where_the_care_was_outweighs_where_someone_is_from():
    assert nation("I came down from Glasgow to the hospital in Leeds.") == "england"
    assert nation("We drove from Cardiff and the ward in Dundee took her in.") == "scotland"


def test_even_cues_leave_the_nation_unknown():
    assert nation("Cardiff or Leeds, who can say?") == "unknown"


def test_the_longer_name_wins_over_the_shorter_within_it():
    assert nation("Care Inspectorate Wales came.") == "wales"
    assert nation("The Care Inspectorate came.") == "scotland"


def test_bangor_is_welsh_unless_something_says_otherwise():
    assert nation("The ward in Bangor") == "wales"
    assert nation("The ward in Bangor, Co Down") == "northern_ireland"
    assert nation("The South Eastern Trust clinic in Bangor") == "northern_ireland"


def test_the_title_counts_too_and_a_cue_counts_once():
    assert nation("Six months now.", title="Gartnavel") == "scotland"
    assert nation("Leeds, Leeds, Leeds! Then the SPSO.") == "scotland"


def test_two_hints_decide_and_one_does_not():
    assert nation("Diolch yn fawr to everyone.") == "unknown"
    assert nation("Diolch to the health board from Nain.") == "wales"


def test_one_hint_is_too_little_and_any_other_tier_is_enough():
    table = _table()
    assert set(table.weights) == {"body", "hospital", "place", "shared_name", "hint"}
    assert table.weights["hint"] < table.enough <= table.weights["shared_name"]


def test_every_health_board_and_trust_is_known():
    boards = {
        "wales": "Aneurin Bevan|Betsi Cadwaladr|Cardiff and Vale|Cwm Taf Morgannwg|Hywel Dda|"
        "Powys Teaching|Swansea Bay|Velindre|Public Health Wales|Welsh Ambulance",
        "scotland": "NHS Ayrshire and Arran|NHS Borders|NHS Dumfries and Galloway|NHS Fife|NHS Forth Valley|"
        "NHS Grampian|NHS Greater Glasgow and Clyde|NHS Highland|NHS Lanarkshire|NHS Lothian|NHS Orkney|"
        "NHS Shetland|NHS Tayside|NHS Western Isles|NHS 24|Scottish Ambulance Service|Golden Jubilee",
        "northern_ireland": "Belfast Trust|South Eastern HSC Trust|Southern Trust|Northern Trust|"
        "Western Health and Social Care Trust",
    }
    for expected, names in boards.items():
        for name in names.split("|"):
            assert nation(f"{name} wrote to me.") == expected, name
