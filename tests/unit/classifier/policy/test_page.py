from pathlib import Path

from classifier.policy import load_policy, render_policy

SMALL = render_policy(load_policy(Path(__file__).with_name("small_policy.toml")))
PAGE = render_policy(load_policy())


def test_page_opens_with_what_the_policy_is():
    assert SMALL.startswith(
        "# A small site\n\nVersion small/1\n\nTo be broken in every way.\n\n"
        "Made up for the tests.\n\n## Rules\n"
    )


def test_page_has_its_sections_in_order():
    assert [line for line in PAGE.splitlines() if line.startswith("## ")] == [
        "## Rules",
        "## Messages to authors",
        "## Ombudsmen",
        "## Public feedback and a formal complaint",
        "## What the policy says",
    ]


def test_rule_on_the_page_says_what_is_stated_and_what_is_read():
    assert (
        "### higher\n\n"
        "- Label: ombudsman\n"
        "- When it is clear: pause (our reading of the policy: Two)\n"
        "- When it is only possible: review (our reading of the policy)\n\n"
        "When it is clear: Pause it.\n\n"
        "When it is only possible: Look at it.\n"
    ) in SMALL


def test_confirmation_stands_among_the_rules():
    assert "### said-yes\n\n- Basis: stated by the policy: One\n\nThe author said yes.\n" in SMALL


def test_messages_on_the_page_are_quoted_in_full():
    assert (
        "### over\n\n> Hello. Your story goes on.\n>\n> Your complaint is over.\n>\n> Good to know:\n"
        in SMALL
    )


def test_ombudsmen_on_the_page_come_with_our_note():
    assert (
        "## Ombudsmen\n\n- England: English Body, https://example.org/england\n"
        "- Wales: Welsh Body, https://example.org/wales\n\n"
        "England has two. (our reading of the policy: Two)\n"
    ) in SMALL


def test_differences_on_the_page_are_a_table():
    assert (
        "| | Public feedback | Formal complaint |\n| --- | --- | --- |\n| Form | Loose | Strict |\n" in SMALL
    )


def test_points_on_the_page_stand_under_their_sections():
    assert SMALL.endswith("### One\n\n- Think about it.\n- Wait a while.\n\n### Two\n\n- Write later.\n")


def test_points_that_are_our_reading_are_marked(tmp_path):
    path = tmp_path / "site.toml"
    text = Path(__file__).with_name("small_policy.toml").read_text()
    path.write_text(text.replace('"Write later."', '"Write later."\nbasis = "reading"'))
    assert render_policy(load_policy(path)).endswith("- Write later. (our reading of the policy)\n")


def test_page_of_the_shipped_policy_holds_every_text_of_the_file():
    policy = load_policy()
    texts = [point.text for point in policy.points] + [rule.moderator_clear for rule in policy.rules]
    texts += [row.complaint for row in policy.differences] + [body.url for body in policy.ombudsmen]
    assert [text for text in texts if text not in PAGE] == []
