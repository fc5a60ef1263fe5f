import pytest

from classifier.damage import MOST_STRETCHES, damaged_stretches
from classifier.markup import view_of


def damaged(text):
    return [text[start:end] for start, end in damaged_stretches(view_of(text))]


@pytest.mark.parametrize(
    "word", ["don\u2019t", "café", "£5", "\u201cyes\u201d", "tŷ", "😀", "naïve", "\u2026"]
)
def test_mojibake_is_found(word):
    # Where Windows-1252 has no letter for a byte, browsers take the control character.
    harmed = "".join(bytes([one]).decode("cp1252", "ignore") or chr(one) for one in word.encode())
    assert damaged(f"They said {harmed} to us.") == [harmed]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I don\x92t know", ["don\x92t"]),
        ("I don\x19t know", ["don\x19t"]),
        ("a caf\ufffd there", ["caf\ufffd"]),
        ("a caf&#65533; there", ["caf&#65533;"]),
        ("&Acirc;&pound;5 a day", ["&Acirc;&pound;5"]),
        ("didnÃ¢â‚¬â„¢t ring", ["didnÃ¢â‚¬â„¢t"]),
        ("Theyâ€™re late, weâ€™re\ncold", ["Theyâ€™re", "weâ€™re"]),
        ("Itâ€™s whatâ€™s said", ["Itâ€™s whatâ€™s"]),
    ],
)
def test_damaged_words_are_quoted_and_neighbours_together(text, found):
    assert damaged(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "They don\u2019t ring \u2013 \u201creally\u201d \u2026 £5, €4, 38 °C, ½, 2×3, 5\u201310%",
        "Siân, Zoë, Łódź, Dvořák, Türkçe, façade, œuvre, naïve, Llŷn, ¿qué?, «oui»",
        "👩\u200d👧 👍🏽 ☺\ufe0f 🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
        "Я врач «да». 护士很好。 نرس ਨਰਸ ಠ_ಠ ¯\\_(ツ)_/¯",
        "it&#146;s &pound;5 caf&eacute;",
        "tabs\tand\r\nlines",
    ],
)
def test_sound_characters_are_no_damage(text):
    assert damaged(text) == []


def test_damage_all_over_is_said_to_its_end_in_few_stretches():
    text = "Iâ€™m here. " * 500
    found = damaged(text)
    assert len(found) == MOST_STRETCHES == 3
    assert found[:2] == ["Iâ€™m", "Iâ€™m"]
    assert found[2] == text.removeprefix("Iâ€™m here. " * 2).removesuffix(" here. ")


def test_long_run_of_damage_takes_no_more_than_its_length():
    assert damaged("â€™" * 50_000) == ["â€™" * 50_000]
