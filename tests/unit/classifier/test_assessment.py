import json

from classifier import Action, Assessment, Evidence, Guidance, Label, Link, Nation, Reason, Signal

ASSESSMENT = Assessment(
    id="s-1",
    labels=(Label.ONGOING,),
    scores={Label.PLANNED: 0.01, Label.ONGOING: 0.98, Label.COMPLETED: 0.03, Label.OMBUDSMAN: 0.0},
    action=Action.PAUSE,
    reasons=(Reason(label=Label.ONGOING, rule="ongoing-complaint", clear=True, score=0.98, threshold=0.8),),
    evidence=(
        Evidence(label=Label.ONGOING, text="I lodged it 😀", field="text", start=4, end=17, score=0.98),
    ),
    signals=(Signal(kind="pals", text="PALS", field="title", start=0, end=4),),
    nation=Nation.NORTHERN_IRELAND,
    guidance=(
        Guidance(
            rule="ongoing-complaint",
            audience="moderator",
            basis="stated",
            section="One",
            text="Pause it.",
            links=(Link(title="Help", url="https://example.org"),),
        ),
        Guidance(rule="ongoing-complaint", audience="author", basis="reading", section="Two", text="Hello."),
    ),
    model="tiny/7",
    policy="small/1",
)

PLAIN = {
    "id": "s-1",
    "labels": ["ongoing"],
    "scores": {"planned": 0.01, "ongoing": 0.98, "completed": 0.03, "ombudsman": 0.0},
    "action": "pause",
    "reasons": [
        {"label": "ongoing", "rule": "ongoing-complaint", "clear": True, "score": 0.98, "threshold": 0.8}
    ],
    "evidence": [
        {"label": "ongoing", "text": "I lodged it 😀", "field": "text", "start": 4, "end": 17, "score": 0.98}
    ],
    "signals": [{"kind": "pals", "text": "PALS", "field": "title", "start": 0, "end": 4}],
    "nation": "northern_ireland",
    "guidance": [
        {
            "rule": "ongoing-complaint",
            "audience": "moderator",
            "basis": "stated",
            "section": "One",
            "text": "Pause it.",
            "links": [{"title": "Help", "url": "https://example.org"}],
        },
        {
            "rule": "ongoing-complaint",
            "audience": "author",
            "basis": "reading",
            "section": "Two",
            "text": "Hello.",
            "links": [],
        },
    ],
    "model": "tiny/7",
    "policy": "small/1",
}


def kinds(value):
    if isinstance(value, dict):
        return {dict} | {type(key) for key in value} | kinds(list(value.values()))
    if isinstance(value, list):
        return {list}.union(*(kinds(item) for item in value))
    return {type(value)}


def test_keys_come_in_the_documented_order():
    assert json.dumps(ASSESSMENT.to_dict()) == json.dumps(PLAIN)


def test_plain_assessment_holds_only_what_json_knows():
    assert kinds(ASSESSMENT.to_dict()) == {dict, list, str, float, int, bool}


def test_plain_assessment_is_a_copy():
    plain = ASSESSMENT.to_dict()
    plain["scores"]["ongoing"] = 0.0
    plain["labels"].clear()
    assert ASSESSMENT.to_dict() == PLAIN


def test_actions_are_ordered_from_the_most_severe():
    assert [str(action) for action in Action] == ["pause", "review", "advise", "continue"]
