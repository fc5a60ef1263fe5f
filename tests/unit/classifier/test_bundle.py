import json
import shutil
from hashlib import sha256

import numpy as np
import pytest

from classifier import LABELS, BundleError, Label, Story, load_bundle
from classifier.bundle import Calibration, Thresholds, draft_floor, probabilities
from classifier.windows import WindowSize, read_windows

AGAIN = "Fetch the bundle again, or export it anew."


@pytest.fixture
def folder(tiny_bundle, tmp_path):
    """A copy of the tiny bundle, to be broken."""
    return shutil.copytree(tiny_bundle, tmp_path / "copy")


@pytest.fixture
def refusal(folder):
    """Loads the copy with its manifest changed; returns the message after the manifest's path."""

    def refuse(change=lambda manifest: None):
        file = folder / "bundle.json"
        manifest = json.loads(file.read_text(encoding="utf-8"))
        change(manifest)
        file.write_text(json.dumps(manifest), encoding="utf-8")
        with pytest.raises(BundleError) as caught:
            load_bundle(folder)
        return str(caught.value).removeprefix(f"{file}: ")

    return refuse


def put(*path, value):
    """A change that sets one value deep in a manifest."""

    def change(manifest):
        for key in path[:-1]:
            manifest = manifest[key]
        manifest[path[-1]] = value

    return change


def drop(*path):
    def change(manifest):
        for key in path[:-1]:
            manifest = manifest[key]
        del manifest[path[-1]]

    return change


def test_sound_bundle_is_loaded_with_all_its_parts(bundle, tiny_bundle):
    assert bundle.name == "tiny/7"
    assert bundle.thresholds[Label.ONGOING] == Thresholds(review=0.3, clear=0.8)
    assert bundle.calibration[Label.OMBUDSMAN] == Calibration(slope=1.0, intercept=-6.0)
    assert bundle.window == WindowSize(tokens=64, overlap=16)
    assert list(bundle.thresholds) == list(bundle.calibration) == list(LABELS)
    assert bundle.manifest == json.loads((tiny_bundle / "bundle.json").read_text(encoding="utf-8"))


def test_truncation_and_padding_of_the_tokenizer_are_switched_off(bundle):
    encoding = bundle.tokenizer.encode(
        "one two three four five six seven eight nine ten", add_special_tokens=False
    )
    assert len(encoding.ids) == 10
    assert len(bundle.tokenizer.encode("one").ids) == 1


def test_same_bundle_loads_with_more_threads(tiny_bundle):
    bundle = load_bundle(tiny_bundle, threads=2)
    story = read_windows(Story(id="s", text="lodged"), tokenizer=bundle.tokenizer, size=bundle.window)
    assert bundle.encoder.sentence_logits(story).tolist() == [[0, 96, 0, 0]]


def test_keys_that_a_later_version_may_add_are_passed_over(folder):
    file = folder / "bundle.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**manifest, "figures": {"macro_f1": 0.9}}), encoding="utf-8")
    assert load_bundle(folder).manifest["figures"] == {"macro_f1": 0.9}


@pytest.mark.parametrize(
    ("logit", "probability"),
    [(6.0, 0.5), (0.0, 0.002473), (8.0, 0.880797), (96.0, 1.0), (1e9, 1.0), (-1e9, 0.0), (-np.inf, 0.0)],
)
def test_probability_is_calibrated_and_has_six_places(bundle, logit, probability):
    found = bundle.probabilities(np.full((2, 4), logit, dtype=np.float32))
    assert found.dtype == np.float64
    assert found.tolist() == [[probability] * 4] * 2


def test_each_label_has_its_own_calibration(folder):
    file = folder / "bundle.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    slopes = {"planned": 1.0, "ongoing": 2.0, "completed": 0.5, "ombudsman": 1.0}
    for label, slope in slopes.items():
        manifest["calibration"][label] = {"slope": slope, "intercept": 0.0}
    manifest["calibration"]["ombudsman"]["intercept"] = 1.0
    file.write_text(json.dumps(manifest), encoding="utf-8")
    found = load_bundle(folder).probabilities(np.ones(4, dtype=np.float32))
    assert found.tolist() == [0.731059, 0.880797, 0.622459, 0.880797]


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(BundleError) as caught:
        load_bundle(tmp_path / "none")
    file = tmp_path / "none" / "bundle.json"
    assert str(caught.value) == f"{file}: No such file or directory. Name the folder of a model bundle."


def test_file_in_place_of_a_folder_is_refused(folder):
    with pytest.raises(BundleError, match=r"Not a directory. Name the folder of a model bundle.$"):
        load_bundle(folder / "encoder.onnx")


@pytest.mark.parametrize("content", [b"", b"{", b"[1,", b"\xff\xfe{}", b'{"format": "caf\xe9"}'])
def test_manifest_that_is_no_json_is_refused(folder, content):
    (folder / "bundle.json").write_bytes(content)
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    assert str(caught.value) == f"{folder / 'bundle.json'}: not JSON in UTF-8. {AGAIN}"


@pytest.mark.parametrize("content", ["{}", "[]", "7", "null", '"format"'])
def test_manifest_without_a_format_is_refused(folder, content):
    (folder / "bundle.json").write_text(content, encoding="utf-8")
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    message = f"{folder / 'bundle.json'}: no format number, so not a bundle's manifest. {AGAIN}"
    assert str(caught.value) == message


@pytest.mark.parametrize("number", [0, 4, "1", None, [1]])
def test_foreign_format_is_refused(refusal, number):
    message = f"format {number}, this version reads 1, 2, 3. Update complaint-context."
    assert refusal(put("format", value=number)) == message


@pytest.mark.parametrize(
    "labels",
    [
        ["ongoing", "planned", "completed", "ombudsman"],
        ["planned", "ongoing", "completed"],
        ["planned", "ongoing", "completed", "ombudsman", "other"],
        None,
    ],
)
def test_foreign_label_order_is_refused(refusal, labels):
    ours = "['planned', 'ongoing', 'completed', 'ombudsman']"
    message = f"labels are {labels}, not {ours}. Export the bundle anew."
    assert refusal(put("labels", value=labels)) == message


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (drop("thresholds"), "KeyError at 'thresholds'"),
        (drop("thresholds", "ongoing"), "KeyError at 'ongoing'"),
        (drop("thresholds", "ongoing", "clear"), "TypeError at "),
        (put("thresholds", "ongoing", "other", value=1), "TypeError at "),
        (put("thresholds", "ongoing", "review", value="0.3"), "TypeError at "),
        (put("thresholds", "ongoing", "review", value=None), "TypeError at "),
        (put("thresholds", "ongoing", "review", value=float("nan")), "ValueError at ongoing"),
        (put("thresholds", "ongoing", "clear", value=float("nan")), "ValueError at ongoing"),
        (put("thresholds", "ongoing", "review", value=0), "ValueError at ongoing"),
        (put("thresholds", "ongoing", "review", value=-0.1), "ValueError at ongoing"),
        (put("thresholds", "ongoing", "review", value=0.81), "ValueError at ongoing"),
        (put("thresholds", "ongoing", "clear", value=1.01), "ValueError at ongoing"),
        (put("thresholds", value=[]), "TypeError at "),
        (drop("calibration", "planned"), "KeyError at 'planned'"),
        (drop("calibration", "planned", "slope"), "TypeError at "),
        (put("calibration", "planned", "slope", value=0), "ValueError at planned"),
        (put("calibration", "planned", "slope", value=-1.0), "ValueError at planned"),
        (put("calibration", "planned", "slope", value=float("nan")), "ValueError at planned"),
        (put("calibration", "planned", "slope", value=float("inf")), "ValueError at planned"),
        (put("calibration", "planned", "slope", value=10**400), "OverflowError at "),
        (put("calibration", "planned", "intercept", value=float("nan")), "ValueError at planned"),
        (put("calibration", "planned", "intercept", value=float("-inf")), "ValueError at planned"),
        (put("window", "tokens", value=1024), "ValueError at WindowSize(tokens=1024, overlap=16): "),
        (put("window", "overlap", value=32), "ValueError at WindowSize(tokens=64, overlap=32): "),
        (put("window", "stride", value=1), "TypeError at "),
        (drop("window"), "KeyError at 'window'"),
        (drop("name"), "KeyError at 'name'"),
        (drop("version"), "KeyError at 'version'"),
        (drop("files"), "KeyError at 'files'"),
        (drop("files", "encoder.onnx"), "KeyError at 'encoder.onnx'"),
        (drop("files", "tokenizer.json", "sha256"), "KeyError at 'sha256'"),
        (put("files", "tokenizer.json", value=None), "TypeError at "),
        (put("draft", value={}), "KeyError at 'margin'"),
        (put("draft", value=None), "TypeError at "),
        (put("draft", value={"margin": "0.5"}), "TypeError at "),
        (put("draft", value={"margin": -0.1}), "ValueError at draft"),
        (put("draft", value={"margin": float("nan")}), "ValueError at draft"),
        (put("draft", value={"margin": float("inf")}), "ValueError at draft"),
        (put("draft", value={"margin": 10**400}), "OverflowError at "),
    ],
)
def test_manifest_with_a_wrong_or_missing_number_is_refused(refusal, change, fact):
    message = refusal(change)
    assert message.startswith(fact)
    assert message.endswith(f". {AGAIN}")


@pytest.mark.parametrize(("review", "clear"), [(0.8, 0.8), (1.0, 1.0), (1e-9, 1)])
def test_thresholds_at_the_edge_are_taken(folder, review, clear):
    file = folder / "bundle.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    manifest["thresholds"]["ongoing"] = {"review": review, "clear": clear}
    file.write_text(json.dumps(manifest), encoding="utf-8")
    assert load_bundle(folder).thresholds[Label.ONGOING] == Thresholds(review=review, clear=clear)


@pytest.mark.parametrize("name", ["encoder.onnx", "tokenizer.json"])
def test_missing_part_is_refused(folder, refusal, name):
    (folder / name).unlink()
    assert refusal() == f"{folder / name}: No such file or directory. {AGAIN}"


@pytest.mark.parametrize("name", ["encoder.onnx", "tokenizer.json"])
@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b + b"\n", lambda b: b"", lambda b: b[:9] + b"?" + b[10:]]
)
def test_damaged_part_is_refused(folder, refusal, name, damage):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(damage(content))
    assert refusal() == f"{folder / name}: does not match its checksum in bundle.json. {AGAIN}"


def replace(folder, name, content):
    """Another part under its own right checksum."""
    (folder / name).write_bytes(content)
    return put("files", name, "sha256", value=sha256(content).hexdigest())


@pytest.mark.parametrize("content", [b"{}", b"\xff", b"[]", b'{"version": "1.0"}'])
def test_tokenizer_that_cannot_be_read_is_refused(folder, refusal, content):
    change = replace(folder, "tokenizer.json", content)
    assert refusal(change) == f"tokenizer.json: cannot be read. {AGAIN}"


# --- drafts


@pytest.fixture
def drafting(folder, make_graph):
    """Gives the copy an encoder whose drafts have ``logit`` for every word; gives its sentences' logits."""

    def sentence_logits(text, *, logit, margin=1.0):
        manifest = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        size = load_bundle(folder).tokenizer.get_vocab_size()
        good, draft = (np.full((size, 4), value) for value in (9.0, logit))
        replace(folder, "encoder.onnx", make_graph(good, draft=draft))(manifest)
        manifest |= {"format": 3, "draft": {"margin": margin}}
        (folder / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")
        bundle = load_bundle(folder)
        story = read_windows(Story(id="1", text=text), tokenizer=bundle.tokenizer, size=bundle.window)
        return bundle.encoder.sentence_logits(story)

    return sentence_logits


@pytest.mark.parametrize(("logit", "stands"), [(3.90, True), (3.91, False)])
def test_a_draft_stands_where_it_is_a_margin_below_every_threshold(drafting, logit, stands):
    lowest = np.log(0.25 / 0.75) + 6  # of ombudsman's threshold for review: 4.901
    assert (logit < lowest - 1.0) == stands
    assert drafting("I waited.", logit=logit).max() == pytest.approx(logit if stands else 9.0)


def test_a_margin_for_an_encoder_without_drafts_is_refused(refusal):
    message = refusal(lambda manifest: manifest.update(format=3, draft={"margin": 1.0}))
    assert message.startswith("encoder.onnx: makes no drafts")


@pytest.mark.parametrize("review", [1e-9, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("cue", [-1.5, 0.0, 2.0])
def test_nothing_below_the_floor_reaches_review_with_a_cue_or_without(review, cue):
    curves = {label: Calibration(slope=0.7, intercept=-2.0, cue=cue) for label in LABELS}
    thresholds = {label: Thresholds(review=review, clear=1.0) for label in LABELS}
    floor = draft_floor(thresholds=thresholds, calibration=curves, margin=0.0)
    just_below = np.nextafter(floor, np.float32(-np.inf))[np.newaxis]
    for held in (True, False):
        stated = probabilities(just_below, calibration=curves, cue=np.array([held]))
        assert (np.round(stated, 6) < review).all() or review == 1e-9  # which six places cannot tell from 0


def test_the_floor_is_no_lower_than_it_has_to_be():
    curves = {label: Calibration(slope=0.5, intercept=-2.0, cue=1.0) for label in LABELS}
    thresholds = {label: Thresholds(review=0.5, clear=0.9) for label in LABELS}
    floor = draft_floor(thresholds=thresholds, calibration=curves, margin=0.25)
    np.testing.assert_allclose(floor, (0 + 2.0 - 1.0) / 0.5 - 0.25, atol=1e-4)


def test_encoder_that_cannot_be_read_is_refused(folder, refusal):
    message = refusal(replace(folder, "encoder.onnx", b"no graph"))
    assert message.startswith("encoder.onnx: ONNX Runtime cannot read it (")
