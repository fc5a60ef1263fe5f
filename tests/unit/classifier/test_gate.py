"""A gate made by hand: "wax" scores 8 where "seal" stands beside it; nothing else does."""

import io
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from classifier import BundleError, ComplaintClassifier, Story, load_bundle
from classifier.assess import sift
from classifier.gate import Gate, GateNumbers
from classifier.pieces import cut_pieces

WORDS = ("[UNK]", "wax", "seal", "complaint")
REACH = 3


@pytest.fixture(scope="module")
def tokenizer():
    words = Tokenizer(WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    return words


@pytest.fixture(scope="module")
def numbers():
    embeddings = np.zeros((len(WORDS), 2), dtype=np.int8)
    embeddings[1] = (1, 0)
    embeddings[2] = (0, 1)
    filters = np.zeros((REACH, 2, 1), dtype=np.int8)
    filters[1, 0], filters[0, 1], filters[2, 1] = 2, 1, 1  # wax here, seal on either side
    return GateNumbers(
        embeddings=embeddings,
        filters=filters,
        biases=np.array([-2], dtype=np.int32),
        weights=np.array([10], dtype=np.int16),
        bias=np.array(-2, dtype=np.int64),
        unit=np.array(1.0),
        threshold=np.array(8.0),
    )


def passes(text, tokenizer, numbers, *, title=""):
    (passed,) = Gate(numbers).passes(cut_pieces([Story(id="s", title=title, text=text)], tokenizer=tokenizer))
    return passed


def test_a_story_with_a_piece_from_the_threshold_on_passes(tokenizer, numbers):
    assert passes("the seal wax was red", tokenizer, numbers)


@pytest.mark.parametrize("text", ["wax and a seal", "seal", "wax", "nothing of the kind"])
def test_others_do_not(tokenizer, numbers, text):
    assert not passes(text, tokenizer, numbers)


def test_no_piece_reaches_from_the_title_into_the_text(tokenizer, numbers):
    assert not passes("wax", tokenizer, numbers, title="seal")
    assert passes("red", tokenizer, numbers, title="seal wax")


@pytest.mark.parametrize("text", ["Our complaint now", "it is in a letter"])
def test_a_story_with_a_cue_passes_too(tokenizer, numbers, text):
    assert passes(text, tokenizer, numbers)


def test_each_story_is_looked_at_by_itself(tokenizer, numbers):
    texts = ["seal", "our complaint", "seal wax", "wax", "a letter", "wax"]
    pieces = cut_pieces([Story(id=text, text=text) for text in texts], tokenizer=tokenizer)
    assert Gate(numbers).passes(pieces) == [False, True, True, False, True, False]


@settings(max_examples=30, deadline=None)
@given(fields=st.lists(st.lists(st.integers(0, 499), max_size=40), max_size=20))
def test_scores_do_not_depend_on_neighbours(fields):
    gate = Gate(random_numbers())
    together = gate.scores(fields)
    for field, scores in zip(fields, together, strict=True):
        assert np.array_equal(gate.scores([field])[0], scores)
        assert len(scores) == len(field)


def test_scores_of_a_long_text_are_those_of_its_parts():
    gate = Gate(random_numbers())
    ids = np.random.default_rng(3).integers(0, 500, 20_000).tolist()
    whole = gate.scores([ids])[0]
    middle = gate.scores([ids[4000:9000]])[0]
    assert np.array_equal(whole[4010:8990], middle[10:-10])


@settings(max_examples=30, deadline=None)
@given(field=st.lists(st.integers(0, 499), max_size=40))
def test_scores_are_those_of_the_formula_for_pieces_met_before_too(field):
    numbers = random_numbers()
    laid = np.pad(numbers.embeddings[field].astype(np.int64), ((3, 3), (0, 0)))
    sums = [
        np.einsum("rw,rwf->f", laid[n : n + 7], numbers.filters) + numbers.biases for n in range(len(field))
    ]
    expected = [numbers.unit * (float(np.maximum(one, 0) @ numbers.weights) + numbers.bias) for one in sums]
    gate = Gate(numbers)
    assert gate.scores([field])[0].tolist() == expected
    assert gate.scores([field])[0].tolist() == expected


def test_threads_that_meet_pieces_at_once_come_to_the_same_scores():
    fields = np.random.default_rng(4).integers(0, 500, (64, 30)).tolist()
    expected = [scores.tolist() for scores in Gate(random_numbers()).scores(fields)]
    gate = Gate(random_numbers())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda field: gate.scores([field])[0].tolist(), fields))
    assert found == expected


def test_a_story_scores_its_most_telling_piece_and_one_without_pieces_lowest(tokenizer, numbers):
    stories = [Story(id="1", text="&nbsp;"), Story(id="2", title="red", text="a seal wax seal")]
    pieces = cut_pieces(stories, tokenizer=tokenizer)
    assert Gate(numbers).story_scores(pieces) == [-np.inf, 18.0]
    assert Gate(numbers).story_scores([]) == []


def random_numbers():
    dice = np.random.default_rng(1)
    return GateNumbers(
        embeddings=dice.integers(-127, 128, (500, 96), dtype=np.int8),
        filters=dice.integers(-127, 128, (7, 96, 32), dtype=np.int8),
        biases=dice.integers(-9999, 9999, 32, dtype=np.int32),
        weights=dice.integers(-32767, 32767, 32, dtype=np.int16),
        bias=np.array(12345, dtype=np.int64),
        unit=np.array(1e-9),
        threshold=np.array(0.5),
    )


def test_numbers_survive_their_archive(numbers):
    read = GateNumbers.from_bytes(numbers.to_bytes())
    for name in GateNumbers.__slots__:
        assert np.array_equal(getattr(read, name), getattr(numbers, name))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"biases": np.zeros(1, dtype=np.float64)}, "biases is not int32"),
        ({"weights": np.zeros(2, dtype=np.int16)}, "shapes do not fit each other"),
        ({"filters": np.zeros((4, 2, 1), dtype=np.int8)}, "reach is even"),
        ({"biases": np.full(1, 2**24, dtype=np.int32)}, "numbers too large"),
        ({"threshold": np.array(np.nan)}, "numbers too large"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(numbers, change, fault):
    with pytest.raises(BundleError, match=rf"^gate\.npz: ValueError .{fault}"):
        GateNumbers.from_bytes(replace(numbers, **change).to_bytes())


def test_an_archive_with_a_pickled_object_is_refused(numbers):
    archive = io.BytesIO()
    np.savez(archive, embeddings=np.array([{}], dtype=object))
    with pytest.raises(BundleError, match=r"^gate\.npz: ValueError"):
        GateNumbers.from_bytes(archive.getvalue())


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_archive_is_refused(content):
    with pytest.raises(BundleError, match=r"^gate\.npz: .* Fetch the bundle again, or export it anew\.$"):
        GateNumbers.from_bytes(content)


@pytest.fixture
def gated(tiny_bundle, make_gate, tmp_path):
    """The tiny bundle with a gate that lights "upheld" and nothing else beside the cues."""
    folder = shutil.copytree(tiny_bundle, tmp_path / "gated")
    tokenizer = load_bundle(folder).tokenizer
    telling = [tokenizer.token_to_id("upheld")]
    gate = make_gate(tokenizer.get_vocab_size(), telling=telling).to_bytes()
    (folder / "gate.npz").write_bytes(gate)
    manifest = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    manifest["format"] = 2
    manifest["files"]["gate.npz"] = {"sha256": sha256(gate).hexdigest()}
    (folder / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


FAR = "Kind words. " * 40
"""More than a window of the tiny bundle."""


def test_a_story_that_is_held_back_is_not_read(gated):
    story = Story(id="s", text="They shall see to it. Kind staff.")
    shut, wide = (ComplaintClassifier.load(gated, gate=gate) for gate in (True, False))
    assert wide.assess(story).labels == ("planned",)
    assert sift([story], bundle=shut.bundle)[0].held_back
    answer = shut.assess(story)
    assert (answer.labels, answer.action, answer.evidence) == ((), "continue", ())
    assert set(answer.scores.values()) == {0.0}


def test_signals_and_nation_of_an_unread_story_are_found_all_the_same(gated):
    answer = ComplaintClassifier.load(gated).assess(Story(id="s", text="My MP in Glasgow was kind."))
    assert [signal.kind for signal in answer.signals] == ["mp"]


def test_a_story_that_passes_is_read_whole(gated):
    shut, wide = (ComplaintClassifier.load(gated, gate=gate) for gate in (True, False))
    story = Story(id="s", text=f"It was upheld. {FAR} They shall. {FAR} It was upheld.")
    assert shut.assess(story) == wide.assess(story)
    assert shut.assess(story).labels == ("planned", "completed")


def test_many_are_assessed_as_each_alone(gated):
    classifier = ComplaintClassifier.load(gated)
    texts = ["Kind.", "It was upheld.", f"{FAR} It was upheld.", "They shall.", "A complaint."]
    stories = [Story(id=str(n), title=texts[-n % 5], text=texts[n % 5]) for n in range(600)]
    assert list(classifier.assess_many(stories)) == [classifier.assess(story) for story in stories]


def test_a_damaged_gate_is_refused(gated):
    (gated / "gate.npz").write_bytes(b"half")
    with pytest.raises(BundleError, match=r"gate\.npz: does not match its checksum"):
        load_bundle(gated)


def test_a_listed_gate_that_is_missing_is_refused(gated):
    (gated / "gate.npz").unlink()
    with pytest.raises(BundleError, match=r"gate\.npz: No such file"):
        load_bundle(gated)


def test_a_gate_for_another_tokenizer_is_refused(gated, numbers):
    small = numbers.to_bytes()
    (gated / "gate.npz").write_bytes(small)
    manifest = json.loads((gated / "bundle.json").read_text(encoding="utf-8"))
    manifest["files"]["gate.npz"] = {"sha256": sha256(small).hexdigest()}
    (gated / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(BundleError, match=r"knows fewer word pieces than tokenizer\.json"):
        load_bundle(gated)
