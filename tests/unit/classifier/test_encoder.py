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


@pytest.mark.parametrize("content", [b"", b"no graph at all", b"\x00" * 100])
def test_bytes_that_are_no_graph_are_refused(content):
    with pytest.raises(BundleError) as caught:
        Encoder(content)
    assert str(caught.value).startswith("encoder.onnx: ONNX Runtime cannot read it (")
    assert str(caught.value).endswith("). Fetch the bundle again.")
