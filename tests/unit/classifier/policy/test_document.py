import dataclasses
import json
from pathlib import Path

import pytest

from classifier.assessment import Link, Nation
from classifier.labels import Label
from classifier.policy import load_policy

SMALL = load_policy(Path(__file__).with_name("small_policy.toml"))


def test_without_a_path_the_policy_that_ships_is_read():
    assert load_policy().version == "care-opinion-uk/2"


def test_path_may_be_text():
    assert load_policy(str(Path(__file__).with_name("small_policy.toml"))) == SMALL


def test_policy_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SMALL.version = "other/2"


def test_lines_of_a_text_are_folded_and_paragraphs_kept(tmp_path):
    path = tmp_path / "site.toml"
    text = Path(__file__).with_name("small_policy.toml").read_text()
    path.write_text(text.replace('"Thank you."', '"""\nThank\n  you.\n\n\nBye.\n"""'))
    assert load_policy(path).messages.advise.closing == "Thank you.\n\nBye."


def test_message_for_one_label_reads_from_greeting_to_answer():
    assert SMALL.message([Label.PLANNED], nation=Nation.WALES) == (
        "Hello. Your story waits.\n\nYou plan to complain.\n\nPlease think:\n\n"
        "- Think about it.\n- Wait a while.\n\nReply yes to go ahead."
    )


def test_message_for_several_labels_is_one_message_with_each_point_once():
    labels = [Label.OMBUDSMAN, Label.ONGOING, Label.PLANNED]
    assert SMALL.message(labels, nation=Nation.WALES) == (
        "Hello. Your story waits.\n\nYou plan to complain. You have complained. You go higher.\n\n"
        "Please think:\n\n- Think about it.\n- Wait a while.\n- Write later.\n\n"
        "Ask here:\n\n- Help: https://example.org/help\n- Welsh Body (Wales): https://example.org/wales\n\n"
        "Reply yes to go ahead."
    )


def test_message_that_only_advises_asks_nothing():
    assert SMALL.message([Label.COMPLETED], nation=Nation.UNKNOWN) == (
        "Hello. Your story goes on.\n\nYour complaint is over.\n\nGood to know:\n\n"
        "- Think about it.\n\nThank you."
    )


def test_message_about_a_completed_complaint_asks_when_another_rule_pauses():
    message = SMALL.message([Label.COMPLETED, Label.PLANNED], nation=Nation.UNKNOWN)
    assert message.startswith("Hello. Your story waits.")
    assert message.endswith("Reply yes to go ahead.")


def test_message_in_england_carries_the_line_of_the_note():
    assert SMALL.message([Label.OMBUDSMAN], nation=Nation.ENGLAND).endswith(
        "Ask here:\n\n- English Body (England): https://example.org/england\n"
        "- For social care: Second Body, https://example.org/second\n\nReply yes to go ahead."
    )


def test_nation_without_an_ombudsman_in_the_file_gets_them_all():
    assert SMALL.links_for(SMALL.rules_for([Label.OMBUDSMAN]), nation=Nation.SCOTLAND) == (
        Link(title="English Body (England)", url="https://example.org/england"),
        Link(title="Welsh Body (Wales)", url="https://example.org/wales"),
    )


def test_dict_has_the_keys_of_the_file_and_goes_through_json():
    plain = SMALL.to_dict()
    assert list(plain) == [
        "version",
        "title",
        "source",
        "purpose",
        "messages",
        "confirmed",
        "rules",
        "points",
        "ombudsmen",
        "differences",
        "notes",
    ]
    assert json.loads(json.dumps(plain)) == plain


def test_rule_in_the_dict_is_plain_and_carries_its_message():
    assert SMALL.to_dict()["rules"][2] == {
        "id": "over",
        "label": "completed",
        "when_clear": "advise",
        "when_possible": "continue",
        "basis": "stated",
        "section": "Two",
        "moderator_clear": "Go on.",
        "moderator_possible": "Go on, and look.",
        "told": "Your complaint is over.",
        "consider": ["think"],
        "names_ombudsmen": False,
        "links": [],
        "message": (
            "Hello. Your story goes on.\n\nYour complaint is over.\n\nGood to know:\n\n"
            "- Think about it.\n\nThank you."
        ),
    }


def test_text_that_looks_like_a_header_stays_text():
    assert SMALL.rule_for(Label.ONGOING).moderator_clear == (
        '[[rules]] id = "a line inside a text is no header and no key"'
    )
