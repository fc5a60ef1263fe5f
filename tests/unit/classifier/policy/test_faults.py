"""Every fault in a policy file is named with its line and with what to do."""

from pathlib import Path

import pytest

from classifier.errors import PolicyError
from classifier.policy import load_policy

SMALL = Path(__file__).with_name("small_policy.toml")


def line_number(line: str, *, nth: int = 1) -> int:
    """The number of the nth line of the small policy that reads exactly so."""
    numbers = [number for number, text in enumerate(SMALL.read_text().splitlines(), start=1) if text == line]
    return numbers[nth - 1]


def refusal(tmp_path: Path, lines: list[str]) -> str:
    """What loading these lines is refused with, after the name of the file."""
    path = tmp_path / "site.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    place, message = str(caught.value)[: len(str(path))], str(caught.value)[len(str(path)) :]
    assert place == str(path)
    return message


def refusal_with(tmp_path: Path, number: int, *replacement: str) -> str:
    """What the small policy is refused with when one line is replaced (or dropped)."""
    lines = SMALL.read_text().splitlines()
    lines[number - 1 : number] = replacement
    return refusal(tmp_path, lines)


def test_small_policy_loads_as_it_is():
    assert load_policy(SMALL).version == "small/1"


def test_missing_key_at_the_top_is_named(tmp_path):
    assert refusal_with(tmp_path, 1) == ':1: "version" is missing from the file. Add it.'


def test_missing_key_of_a_table_is_named_with_the_line_of_its_header(tmp_path):
    told = line_number('told = "You have complained."')
    header = line_number("[[rules]]", nth=2)
    assert refusal_with(tmp_path, told) == f':{header}: "told" is missing from "rules[1]". Add it.'


def test_missing_table_is_named(tmp_path):
    lines = SMALL.read_text().splitlines()[: line_number("[[differences]]") - 1]
    assert refusal(tmp_path, lines) == ':1: "differences" is missing from the file. Add it.'


def test_unknown_key_is_named_with_its_line_and_the_keys_there_are(tmp_path):
    number = line_number('told = "You have complained."')
    message = refusal_with(tmp_path, number, 'tolled = "You have complained."')
    assert message.startswith(
        f':{number}: "tolled" is no key of "rules[1]". Keys are: id, label, when_clear, '
    )


def test_unknown_key_at_the_top_is_named(tmp_path):
    message = refusal_with(tmp_path, 2, 'title = "A small site"', "colour = 1")
    assert message.startswith(':3: "colour" is no key of the file. Keys are: version, title, ')


def test_unknown_label_is_named_with_the_labels_there_are(tmp_path):
    number = line_number('label = "ongoing"')
    assert refusal_with(tmp_path, number, 'label = "open"') == (
        f':{number}: "open" is no label. Use one of: planned, ongoing, completed, ombudsman.'
    )


@pytest.mark.parametrize("key", ["when_clear", "when_possible"])
def test_unknown_action_is_named_with_the_actions_there_are(tmp_path, key):
    value = {"when_clear": "advise", "when_possible": "continue"}[key]
    number = line_number(f'{key} = "{value}"')
    assert refusal_with(tmp_path, number, f'{key} = "delete"') == (
        f':{number}: "delete" is no action. Use one of: pause, review, advise, continue.'
    )


def test_unknown_basis_is_named_with_the_two_there_are(tmp_path):
    number = line_number('basis = "reading"')
    assert refusal_with(tmp_path, number, 'basis = "guess"') == (
        f':{number}: "guess" is no basis. Use one of: stated, reading.'
    )


def test_nation_we_do_not_know_is_named(tmp_path):
    number = line_number('nation = "wales"')
    assert refusal_with(tmp_path, number, 'nation = "france"') == (
        f':{number}: "france" is no nation. Use one of: england, scotland, wales, northern_ireland, unknown.'
    )


@pytest.mark.parametrize(("table", "old", "nth"), [("ombudsmen", "wales", 1), ("notes", "england", 2)])
def test_unknown_is_no_nation_for_an_ombudsman_or_a_note(tmp_path, table, old, nth):
    number = line_number(f'nation = "{old}"', nth=nth)
    assert refusal_with(tmp_path, number, 'nation = "unknown"') == (
        f':{number}: "unknown" is no nation that [[{table}]] can name. '
        "Use one of: england, scotland, wales, northern_ireland."
    )


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        ('id = "over"', 'id = "plan"', 'id "plan" stands in [[rules]] twice'),
        ('label = "ongoing"', 'label = "planned"', 'label "planned" stands in [[rules]] twice'),
        ('id = "later"', 'id = "think"', 'id "think" stands in [[points]] twice'),
        ('nation = "wales"', 'nation = "england"', 'nation "england" stands in [[ombudsmen]] twice'),
    ],
)
def test_a_thing_that_stands_twice_is_named_at_its_second_place(tmp_path, old, new, fact):
    number = line_number(old)
    assert refusal_with(tmp_path, number, new) == f":{number}: {fact}. Keep one of the two."


def test_label_without_a_rule_is_named(tmp_path):
    lines = SMALL.read_text().splitlines()
    start, end = line_number('id = "over"') - 1, line_number('id = "higher"') - 1
    del lines[start - 1 : end - 1]
    first = line_number("[[rules]]")
    assert refusal(tmp_path, lines) == (
        f':{first}: no rule has the label "completed". Add a [[rules]] table for it.'
    )


def test_point_that_is_not_there_is_named(tmp_path):
    number = line_number('consider = ["think", "later"]')
    assert refusal_with(tmp_path, number, 'consider = ["think", "latter"]') == (
        f':{number}: "latter" is the id of no [[points]] table. Add the point or mend the id.'
    )


def test_note_on_a_rule_that_is_not_there_is_named(tmp_path):
    number = line_number('rule = "higher"')
    assert refusal_with(tmp_path, number, 'rule = "lower"') == (
        f':{number}: "lower" is the id of no [[rules]] table. Mend the id.'
    )


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        ('title = "A small site"', "title = 3", '"title" is a number, not text'),
        ('title = "A small site"', 'title = " "', '"title" is empty, not text'),
        ('title = "A small site"', "title = true", '"title" is true or false, not text'),
        ('title = "A small site"', "title = 2020-01-01", '"title" is a date or time, not text'),
        ('label = "planned"', "label = []", '"rules[0].label" is empty, not text'),
        ('lead = "Good to know:"', "lead = {}", '"messages.advise.lead" is a table, not text'),
        ('consider = ["wait"]', 'consider = ["wait", 1]', '"rules[3].consider[1]" is a number, not text'),
        (
            "names_ombudsmen = true",
            'names_ombudsmen = "yes"',
            '"rules[3].names_ombudsmen" is text, not true or false',
        ),
        ('consider = ["wait"]', "consider = []", '"rules[3].consider" is empty, not a list of one or more'),
        (
            'consider = ["wait"]',
            'consider = "wait"',
            '"rules[3].consider" is text, not a list of one or more',
        ),
    ],
)
def test_value_of_the_wrong_type_is_named(tmp_path, old, new, fact):
    number = line_number(old)
    assert refusal_with(tmp_path, number, new).startswith(f":{number}: {fact}. Write ")


def test_text_where_a_table_belongs_is_named(tmp_path):
    lines = SMALL.read_text().splitlines()
    start, end = line_number("[confirmed]"), line_number("[[rules]]")
    del lines[start - 1 : end - 1]
    lines.insert(1, 'confirmed = "yes"')
    assert refusal(tmp_path, lines) == ':2: "confirmed" is text, not a table. Write it as [confirmed].'


def test_single_table_where_a_list_of_tables_belongs_is_named(tmp_path):
    number = line_number("[[differences]]")
    assert refusal_with(tmp_path, number, "[differences]") == (
        f':{number}: "differences" is a table, not a list of one or more. Write [[differences]] tables.'
    )


def test_fault_inside_an_inline_table_is_named_with_the_line_of_its_key(tmp_path):
    number = line_number('links = [{ title = "Help", url = "https://example.org/help" }]')
    assert refusal_with(tmp_path, number, 'links = [{ title = "Help" }]') == (
        f':{number}: "url" is missing from "rules[1].links[0]". Add it.'
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('url = "https://example.org/wales"', 'url = "javascript:alert(1)"'),
        (
            'links = [{ title = "Help", url = "https://example.org/help" }]',
            'links = [{ title = "Help", url = "javascript:alert(1)" }]',
        ),
        (
            'links = [{ title = "Second Body", url = "https://example.org/second" }]',
            'links = [{ title = "Second Body", url = "javascript:alert(1)" }]',
        ),
    ],
)
def test_link_that_is_no_web_address_is_refused(tmp_path, old, new):
    number = line_number(old)
    assert refusal_with(tmp_path, number, new) == (
        f':{number}: "javascript:alert(1)" is no web address. Begin it with https://.'
    )


def test_bad_toml_is_named_with_its_line(tmp_path):
    message = refusal_with(tmp_path, 3, "source = Made up")
    assert message == ":3: the file is not TOML: Invalid value. Mend the line or the one before it."


def test_text_left_open_is_named_with_the_last_line(tmp_path):
    lines = ['version = "small/1"', 'title = """', "never closed"]
    assert refusal(tmp_path, lines).startswith(":3: the file is not TOML: ")


def test_empty_file_is_refused(tmp_path):
    assert refusal(tmp_path, []) == ':1: "version" is missing from the file. Add it.'


def test_file_that_is_not_utf8_is_named_with_the_line(tmp_path):
    path = tmp_path / "site.toml"
    path.write_bytes(b'version = "small/1"\ntitle = "caf\xe9"\n')
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert str(caught.value) == f"{path}:2: the file is not UTF-8. Save it as UTF-8."


def test_file_that_is_not_there_is_refused(tmp_path):
    path = tmp_path / "none.toml"
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert (
        str(caught.value)
        == f"{path}: cannot be read (No such file or directory). Give the path of a policy file."
    )


def test_windows_line_ends_and_byte_order_mark_are_read(tmp_path):
    path = tmp_path / "site.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.read_bytes().replace(b"\n", b"\r\n"))
    assert load_policy(path) == load_policy(SMALL)


def test_faults_keep_their_lines_with_windows_line_ends(tmp_path):
    path = tmp_path / "site.toml"
    number = line_number('label = "ombudsman"')
    path.write_bytes(SMALL.read_bytes().replace(b'"ombudsman"', b'"other"').replace(b"\n", b"\r\n"))
    with pytest.raises(PolicyError, match=f'site.toml:{number}: "other" is no label'):
        load_policy(path)
