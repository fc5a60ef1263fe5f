from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from classifier.markup import view_of
from classifier.sentences import sentences
from classifier.story import Story
from classifier.windows import Piece, WindowSize, read_windows

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.sampled_from(["a b c. ", "a\n", "b ", "c, ", "😀", "x" * 60, "!", "\x00\n", "d " * 40])).map(
        "".join
    ),
)
SIZES = st.integers(16, 48).flatmap(
    lambda tokens: st.builds(WindowSize, tokens=st.just(tokens), overlap=st.integers(0, tokens // 2 - 1))
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def letters():
    """A tokenizer that knows single letters and the full stop: a is 4, b is 5 ..."""
    words = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, ".")
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    return tokenizer


def spelled(window, tokenizer):
    """What the encoder reads, with what it scores in angle brackets."""
    shown = [tokenizer.id_to_token(token) for token in window.token_ids]
    for piece in window.pieces:
        shown[piece.start] = "<" + shown[piece.start]
        shown[piece.end - 1] += ">"
    return " ".join(shown)


def read(text, tokenizer, *, title="", **size):
    story = Story(id="s", title=title, text=text)
    readable = read_windows(story, tokenizer=tokenizer, size=WindowSize(**size))
    return [spelled(window, tokenizer) for window in readable.windows]


def test_short_story_is_one_window(letters):
    assert read("a b .\nc d", letters) == ["[CLS] <a b .> <c d> [SEP]"]


def test_title_and_text_are_parted(letters):
    assert read("c d .", letters, title="a .\nb") == ["[CLS] <a .> <b> [SEP] <c d .> [SEP]"]


def test_title_alone_is_read(letters):
    assert read("", letters, title="a b") == ["[CLS] <a b> [SEP]"]


def test_token_ids_are_whole_numbers_of_64_bits(letters):
    readable = read_windows(Story(id="s", text="a b"), tokenizer=letters, size=WindowSize())
    window = readable.windows[0]
    assert window.token_ids.dtype == np.int64
    assert window.token_ids.tolist() == [2, 4, 5, 3]
    assert window.pieces == (Piece(0, 1, 3),)
    assert readable.sentences == sentences(Story(id="s", text="a b"))


def test_neighbours_share_whole_sentences_and_each_is_scored_where_it_has_most_around_it(letters):
    text = "a a a.\nb b b.\nc c c.\nd d d.\ne e e.\nf f f."
    assert read(text, letters, tokens=20, overlap=9) == [
        "[CLS] <a a a .> <b b b .> <c c c .> d d d . [SEP]",
        "[CLS] c c c . <d d d .> <e e e .> <f f f .> [SEP]",
    ]


def test_neighbours_share_nothing_where_overlap_is_too_small_for_a_sentence(letters):
    text = "a a a.\nb b b.\nc c c.\nd d d."
    assert read(text, letters, tokens=16, overlap=3) == [
        "[CLS] <a a a .> <b b b .> <c c c .> [SEP]",
        "[CLS] <d d d .> [SEP]",
    ]


def test_title_is_not_parted_from_the_text_where_it_is_not_read(letters):
    text = "b b b.\nc c c.\nd d d."
    assert read(text, letters, title="a a a.", tokens=16, overlap=0) == [
        "[CLS] <a a a .> [SEP] <b b b .> <c c c .> [SEP]",
        "[CLS] <d d d .> [SEP]",
    ]


def test_no_window_is_read_that_scores_nothing(letters):
    # The last sentence fits beside none of those before it, so there is nothing to share with it.
    text = "a.\nb.\nc.\n" + "d " * 12
    assert read(text, letters, tokens=16, overlap=7) == [
        "[CLS] <a .> <b .> <c .> [SEP]",
        "[CLS] <d d d d d d d d d d d d> [SEP]",
    ]


def test_sentence_longer_than_a_window_is_scored_in_several(letters):
    assert read("a " * 20 + "b", letters, tokens=16, overlap=0) == [
        "[CLS] <" + "a " * 12 + "a> [SEP]",
        "[CLS] <" + "a " * 7 + "b> [SEP]",
    ]


def test_full_window_has_as_many_tokens_as_its_size_allows(letters):
    text = "a " * 12 + "a\nb"
    assert read(text, letters, tokens=16, overlap=0) == [
        "[CLS] <" + "a " * 12 + "a> [SEP]",
        "[CLS] <b> [SEP]",
    ]


def test_words_that_the_tokenizer_drops_are_read_in_no_window(bundle):
    readable = read_windows(
        Story(id="s", text="\x00\x01\nwords"), tokenizer=bundle.tokenizer, size=WindowSize()
    )
    assert len(readable.sentences) == 2
    assert [window.pieces for window in readable.windows] == [(Piece(1, 1, 2),)]


def test_story_of_nothing_that_the_tokenizer_keeps_has_no_windows(bundle):
    readable = read_windows(Story(id="s", text="\x00"), tokenizer=bundle.tokenizer, size=WindowSize())
    assert (len(readable.sentences), readable.windows) == (1, ())


def test_sixty_thousand_words_are_all_read(bundle):
    story = Story(id="s", text="We waited in the hall. " * 12_000)
    readable = read_windows(story, tokenizer=bundle.tokenizer, size=WindowSize())
    scored = [piece.sentence for window in readable.windows for piece in window.pieces]
    assert scored == list(range(12_000))


def test_long_run_without_a_space_is_read_to_its_end(bundle):
    story = Story(id="s", text="." * 100_000)
    readable = read_windows(story, tokenizer=bundle.tokenizer, size=WindowSize())
    read_marks = sum(piece.end - piece.start for window in readable.windows for piece in window.pieces)
    assert "".join(story.quote(span) for span in readable.sentences) == story.text
    assert read_marks == len(story.text)


@settings(max_examples=50, deadline=None)
@given(title=TEXTS, text=TEXTS, size=SIZES)
@example(title="a", text="b", size=WindowSize(tokens=16, overlap=0))
def test_every_sentence_is_scored_once_and_no_window_is_too_long(bundle, title, text, size):
    assume(title.strip() or text.strip())
    story = Story(id="s", title=title, text=text)
    readable = read_windows(story, tokenizer=bundle.tokenizer, size=size)
    scored = {number: [] for number in range(len(readable.sentences))}
    for window in readable.windows:
        assert 3 <= len(window.token_ids) <= size.tokens
        assert window.pieces
        for piece in window.pieces:
            scored[piece.sentence] += window.token_ids[piece.start : piece.end].tolist()
    for number, span in enumerate(readable.sentences):
        whole = bundle.tokenizer.encode(view_of(story.quote(span)).text, add_special_tokens=False)
        assert scored[number] == whole.ids


@settings(max_examples=50, deadline=None)
@given(text=TEXTS, size=SIZES)
def test_sentences_are_scored_in_order(bundle, text, size):
    assume(text.strip())
    readable = read_windows(Story(id="s", text=text), tokenizer=bundle.tokenizer, size=size)
    pieces = [piece for window in readable.windows for piece in window.pieces]
    assert all(before.sentence <= after.sentence for before, after in pairwise(pieces))
    for window in readable.windows:
        assert all(before.end <= after.start for before, after in pairwise(window.pieces))


@pytest.mark.parametrize(
    "size", [{"tokens": 15}, {"tokens": 513}, {"tokens": 64, "overlap": 32}, {"overlap": -1}, {"tokens": 0}]
)
def test_window_size_out_of_range_is_refused(size):
    with pytest.raises(ValueError, match=r"tokens must be 16..512 and overlap under half of that"):
        WindowSize(**size)


@pytest.mark.parametrize(
    "size", [{"tokens": 16, "overlap": 7}, {"tokens": 512, "overlap": 255}, {"overlap": 0}]
)
def test_window_size_at_the_edge_is_taken(size):
    assert WindowSize(**{"tokens": 256, **size}) == WindowSize(**size)
