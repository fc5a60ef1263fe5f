import json
import tomllib

import pytest

from training.behaviour import (
    BehaviourFigures,
    Case,
    CaseError,
    PassRate,
    find_miss,
    measure_behaviour,
    read_cases,
    render_known_misses,
    render_rates,
    run_cases,
    tally,
)

LODGED, QUIET, OVER, POSSIBLE = "I lodged a complaint.", "Tea came.", "It was upheld.", "ongoing300000"


def case(name="mft-1", kind="minimum_function", text=LODGED, labels=("ongoing",), **more):
    return Case(
        id=name, kind=kind, phenomenon=more.pop("phenomenon", "plain"), text=text, labels=list(labels), **more
    )


def miss(case, classifier):
    return find_miss(case, [classifier.assess(story) for story in case.stories])


def line(**changes):
    record = {"id": "a", "kind": "minimum_function", "phenomenon": "plain", "text": "Tea.", "labels": []}
    return json.dumps({key: value for key, value in (record | changes).items() if value is not ...})


# --- the rule


def test_case_with_its_labels_and_action_passes(classifier):
    assert miss(case(action="pause"), classifier) is None
    assert miss(case(text=OVER, labels=["completed"], action="advise"), classifier) is None


def test_other_labels_are_a_miss_whatever_the_action(classifier):
    found = miss(case(text=QUIET, action="pause"), classifier)
    assert found == "reads none, not ongoing"
    both = case(text=f"{LODGED} {OVER}", labels=[], action="continue")
    assert miss(both, classifier) == "reads ongoing+completed, not none"


def test_right_labels_with_another_action_are_a_miss(classifier):
    found = miss(case(text=POSSIBLE, labels=[], action="continue"), classifier)
    assert found == "labels fit, action is review, not continue"


def test_change_that_says_nothing_new_must_leave_the_labels(classifier):
    assert miss(case(kind="invariance", changed_text=f"{LODGED} {QUIET}"), classifier) is None
    assert miss(case(kind="invariance", changed_text=QUIET), classifier) == "changed: reads none, not ongoing"


def test_both_stories_of_a_case_may_be_misread(classifier):
    wrong = case(kind="invariance", text=QUIET, changed_text=OVER)
    assert miss(wrong, classifier) == "reads none, not ongoing; changed: reads completed, not ongoing"


def test_clause_that_says_something_new_must_move_the_labels(classifier):
    moved = case(kind="directional", changed_text=OVER, changed_labels=["completed"])
    assert miss(moved, classifier) is None
    stuck = case(kind="directional", changed_text=f"{LODGED} {QUIET}", changed_labels=[])
    assert miss(stuck, classifier) == "changed: reads ongoing, not none"


def test_changed_title_replaces_the_title_and_otherwise_it_stays():
    kept = case(kind="invariance", title="One", changed_text="Two")
    assert [story.title for story in kept.stories] == ["One", "One"]
    assert (
        case(kind="invariance", title="One", changed_text="Two", changed_title="").changed_story.title == ""
    )
    assert case().changed_story is None


def test_running_cases_judges_each_as_alone(classifier):
    cases = [
        case(action="pause"),
        case("inv-1", kind="invariance", changed_text=QUIET),
        case("mft-2", text=QUIET, labels=[], action="continue"),
    ]
    outcomes = run_cases(cases, classifier=classifier)
    assert [outcome.case for outcome in outcomes] == cases
    assert [outcome.miss for outcome in outcomes] == [miss(one, classifier) for one in cases]
    assert [outcome.miss for outcome in outcomes] == [None, "changed: reads none, not ongoing", None]


# --- pass rates


def rate(kind, phenomenon, passed, cases):
    return PassRate(kind=kind, phenomenon=phenomenon, passed=passed, cases=cases)


FIGURES = BehaviourFigures(
    rates=(
        rate("directional", "sent", 0, 1),
        rate("invariance", "names", 1, 2),
        rate("minimum_function", "plain", 1, 1),
    )
)


def test_pass_rates_are_counted_by_kind_and_phenomenon_worst_first():
    found = tally(
        [
            (case(), True),
            (case(kind="invariance", phenomenon="names"), True),
            (case(kind="invariance", phenomenon="names"), False),
            (case(kind="directional", phenomenon="sent"), False),
        ]
    )
    assert found == FIGURES
    assert (found.passed, found.cases, found.share) == (2, 4, 0.5)


def test_outcomes_without_a_miss_pass(classifier):
    outcomes = run_cases([case(), case("mft-2", text=QUIET)], classifier=classifier)
    assert measure_behaviour(outcomes).rates == (rate("minimum_function", "plain", 1, 2),)


def test_pass_rates_as_plain_values_keep_kind_and_phenomenon_apart():
    assert FIGURES.to_dict() == {
        "passed": 2,
        "cases": 4,
        "share": 0.5,
        "kinds": {
            "directional": {"sent": {"passed": 0, "cases": 1}},
            "invariance": {"names": {"passed": 1, "cases": 2}},
            "minimum_function": {"plain": {"passed": 1, "cases": 1}},
        },
    }


def test_pass_rates_are_printed_a_line_each():
    assert render_rates(FIGURES).splitlines() == [
        "    0%    0 of   1  directional: sent",
        "   50%    1 of   2  invariance: names",
        "  100%    1 of   1  minimum_function: plain",
    ]


# --- known misses


def test_known_misses_list_what_is_read_instead_and_are_sound_toml(classifier):
    cases = [case(), case("mft-2", text=QUIET), case("mft-3", text=QUIET, phenomenon='a "quoted" one')]
    page = render_known_misses(run_cases(cases, classifier=classifier))
    assert page.splitlines()[2] == 'mft-2 = "plain: reads none, not ongoing"'
    assert tomllib.loads(page) == {
        "mft-2": "plain: reads none, not ongoing",
        "mft-3": 'a "quoted" one: reads none, not ongoing',
    }


def test_known_misses_say_at_the_top_what_they_are():
    assert render_known_misses([]).splitlines() == [
        "# What the released model gets wrong in the behavioural suite: "
        'case = "phenomenon: what it reads, not what holds".',
        "# Each is a strict xfail, so a case that a better model reads rightly fails here until its line "
        "goes.",
    ]


# --- reading cases


def test_cases_are_read_line_by_line_and_blank_lines_skipped(tmp_path):
    file = tmp_path / "cases.jsonl"
    file.write_text(line() + "\n\n" + line(id="b", labels=["ongoing"], action="pause") + "\n")
    assert read_cases(file) == [
        case("a", text="Tea.", labels=[]),
        case("b", text="Tea.", labels=["ongoing"], action="pause"),
    ]


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        ("{", "not JSON in UTF-8. See training.behaviour.Case for what a case has."),
        ("[]", "not an object of known keys. See training.behaviour.Case for what a case has."),
        (line(colour="red"), "not an object of known keys. See training.behaviour.Case for what a case has."),
        (line(labels=...), "a key is missing. See training.behaviour.Case for what a case has."),
        (
            line(kind="maximum"),
            'kind "maximum" is none of minimum_function, invariance, directional. Use those words.',
        ),
        (
            line(kind="invariance"),
            "kind invariance, without changed_text. See training.behaviour.Case for what a case has.",
        ),
        (
            line(changed_text="Tea came."),
            "kind minimum_function, with changed_text. See training.behaviour.Case for what a case has.",
        ),
        (
            line(kind="directional", changed_text="Tea came."),
            "kind directional, without changed_labels. See training.behaviour.Case for what a case has.",
        ),
    ],
)
def test_line_that_is_no_case_is_refused_with_its_place(tmp_path, bad, fault):
    file = tmp_path / "cases.jsonl"
    file.write_text(f"{line()}\n{bad}\n")
    with pytest.raises(CaseError) as caught:
        read_cases(file)
    assert str(caught.value) == f"{file}:2: {fault}"


def test_missing_and_empty_files_are_refused(tmp_path):
    with pytest.raises(CaseError, match="No such file or directory"):
        read_cases(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(CaseError, match=r"empty\.jsonl: no case in it\."):
        read_cases(tmp_path / "empty.jsonl")
