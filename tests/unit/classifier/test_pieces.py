import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordLevel, WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, Whitespace

from classifier.pieces import cut_pieces
from classifier.story import Story

VOCABULARY = [
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "ward",
    "nurse",
    "##s",
    "the",
    "don",
    "t",
    "e",
    "k",
    "i",
    *"'.,!_#&@-^",
]
TEXTS = st.text(st.sampled_from(string.printable + "\u00e9\u0130\u017f\u212a\u2019\u00ad\x85")) | st.lists(
    st.sampled_from(
        [*VOCABULARY, "NURSES", "don't", "wards,", "x" * 101, " ", "\n", "\x00", "&amp;", "[sep]"]
    )
).map("".join)


def bert(*, lowercase=True):
    """A small tokenizer of the kind that bundles have."""
    vocabulary = {piece: number for number, piece in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.add_special_tokens(["[CLS]", "[SEP]", "[UNK]"])
    return tokenizer


def named():
    """One with a special token that no bracket marks."""
    tokenizer = bert()
    tokenizer.add_special_tokens([AddedToken("<s>")])
    return tokenizer


def by_space():
    tokenizer = Tokenizer(WordLevel({piece: n for n, piece in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    return tokenizer


TOKENIZERS = {
    "bert": bert(),
    "with capitals": bert(lowercase=False),
    "other special tokens": named(),
    "by space": by_space(),
}


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=200, deadline=None)
@given(title=TEXTS, text=TEXTS)
@example(title="", text="The nurses' ward_s [SEP] don't\x00 k\u0130\u212a <s> a^b")
def test_pieces_are_those_that_the_tokenizer_cuts(name, title, text):
    tokenizer = TOKENIZERS[name]
    story = Story(id="s", title=title, text=f"{text}.")
    (pieces,) = cut_pieces([story], tokenizer=tokenizer)
    for field, view in story.views.items():
        whole = tokenizer.encode(view.text, add_special_tokens=False)
        assert pieces.of(field).ids == whole.ids
        assert pieces.of(field).offsets == [view.place(*offset) for offset in whole.offsets]


def test_a_word_of_several_pieces_is_cut():
    (pieces,) = cut_pieces([Story(id="s", text="The Nurses, don't")], tokenizer=TOKENIZERS["bert"])
    assert [VOCABULARY[number] for number in pieces.text.ids] == ["the", "nurse", "##s", ",", "don", "'", "t"]


def test_pieces_stand_in_the_field_as_sent():
    (pieces,) = cut_pieces([Story(id="s", text="the <b>nurses")], tokenizer=TOKENIZERS["bert"])
    assert pieces.text.offsets == [(0, 3), (7, 12), (12, 13)]
