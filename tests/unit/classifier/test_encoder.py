from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from classifier.encoder import Encoder
from classifier.errors import BundleError
from classifier.story import Span
from classifier.windows import Piece, ReadableStory, Window

TABLE = np.array([[0, 0, 0, 0], [1, 2, 3, 4], [-5, 0.5, 0, 8], [4, -4, 2, -2]], dtype=np.float32)


@pytest.fixture(scope="module")
def encoder(make_graph):
    return Encoder(make_graph(TABLE))


def window(ids, *pieces):
    return Window(np.array(ids, dtype=np.int64), pieces)


def story(number, *windows):
    return ReadableStory(tuple(Span("text", n, n + 1) for n in range(number)), windows)


def test_every_token_has_four_logits(encoder):
    logits = encoder.token_logits(window([0, 2, 1]))
    assert (logits.shape, logits.dtype) == ((3, 4), np.float32)
    assert logits.tolist() == [[0, 0, 0, 0], [-5, 0.5, 0, 8], [1, 2, 3, 4]]


def test_sentence_scores_the_mean_of_its_tokens(encoder):
    logits = encoder.sentence_logits(story(2, window([0, 1, 2, 3, 0], Piece(0, 1, 3), Piece(1, 3, 4))))
    assert (logits.shape, logits.dtype) == ((2, 4), np.float32)
    assert logits.tolist() == [[-2, 1.25, 1.5, 6], [4, -4, 2, -2]]


def test_sentence_in_pieces_scores_its_largest_piece_for_each_label(encoder):
    readable = story(1, window([1, 0], Piece(0, 0, 1)), window([3, 0], Piece(0, 0, 1)))
    assert encoder.sentence_logits(readable).tolist() == [[4, 2, 3, 4]]


def test_sentence_without_word_pieces_scores_minus_infinity(encoder):
    logits = encoder.sentence_logits(story(2, window([1], Piece(1, 0, 1))))
    assert logits.tolist() == [[-np.inf] * 4, [1, 2, 3, 4]]


def test_context_is_read_and_not_scored(encoder):
    assert encoder.sentence_logits(story(1, window([3, 1, 3], Piece(0, 1, 2)))).tolist() == [[1, 2, 3, 4]]


def test_many_threads_get_what_one_gets(make_graph):
    encoder = Encoder(make_graph(TABLE), threads=2)
    windows = [window([n % 4, (n // 4) % 4, (n // 16) % 4]) for n in range(64)]
    alone = [encoder.token_logits(one).tobytes() for one in windows]
    with ThreadPoolExecutor(8) as pool:
        assert [logits.tobytes() for logits in pool.map(encoder.token_logits, windows)] == alone


DRAFTED = np.array([[0, 0, 0, 0], [1, 1, 1, 1], [-5, 0, 0, 7], [2, 2, 2, 2]], dtype=np.float32)
FLOOR = np.array([2, 2, 2, 7], dtype=np.float32)


@pytest.fixture(scope="module")
def drafting(make_graph):
    return Encoder(make_graph(TABLE, draft=DRAFTED), floor=FLOOR)


def test_a_draft_is_made_where_it_is_asked_for(drafting):
    assert drafting.token_logits(window([1, 3]), draft=True).tolist() == [[1] * 4, [2] * 4]
    assert drafting.token_logits(window([1, 3])).tolist() == [[1, 2, 3, 4], [4, -4, 2, -2]]


def test_a_draft_below_the_floor_stands(drafting):
    assert drafting.sentence_logits(story(1, window([1, 1], Piece(0, 0, 2)))).tolist() == [[1] * 4]


@pytest.mark.parametrize(("token", "expected"), [(3, [4, -4, 2, -2]), (2, [-5, 0.5, 0, 8])])
def test_a_draft_that_reaches_the_floor_for_any_label_is_read_for_good(drafting, token, expected):
    assert drafting.sentence_logits(story(1, window([token], Piece(0, 0, 1)))).tolist() == [expected]


def test_a_window_is_read_for_good_as_a_whole_and_others_keep_their_drafts(drafting):
    one, other = window([1, 3], Piece(0, 0, 1), Piece(1, 1, 2)), window([1], Piece(2, 0, 1))
    found = drafting.sentence_logits(story(3, one, other))
    assert found.tolist() == [[1, 2, 3, 4], [4, -4, 2, -2], [1, 1, 1, 1]]


def test_what_is_only_context_cannot_have_a_draft_read_again(drafting):
    assert drafting.sentence_logits(story(1, window([3, 1], Piece(0, 1, 2)))).tolist() == [[1] * 4]


def test_without_a_floor_all_is_read_for_good(make_graph):
    encoder = Encoder(make_graph(TABLE, draft=DRAFTED))
    assert encoder.sentence_logits(story(1, window([1], Piece(0, 0, 1)))).tolist() == [[1, 2, 3, 4]]


def test_a_floor_for_an_encoder_that_makes_no_drafts_is_refused(make_graph):
    with pytest.raises(BundleError, match=r"^encoder.onnx: makes no drafts, though bundle.json says so\."):
        Encoder(make_graph(TABLE), floor=FLOOR)


@pytest.mark.parametrize("content", [b"", b"no graph at all", b"\x00" * 100])
def test_bytes_that_are_no_graph_are_refused(content):
    with pytest.raises(BundleError) as caught:
        Encoder(content)
    assert str(caught.value).startswith("encoder.onnx: ONNX Runtime cannot read it (")
    assert str(caught.value).endswith("). Fetch the bundle again.")
