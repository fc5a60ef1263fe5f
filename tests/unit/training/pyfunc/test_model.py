"""The MLflow model of the tiny bundle, saved and loaded as MLflow does it."""

import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from classifier.assess import ComplaintClassifier
from classifier.errors import BundleError
from classifier.story import Story
from training.pyfunc.save import save_pyfunc

STORY = "Kind 😀 staff.\r\n I lodged a complaint."
POLICY = Path(__file__).parents[2] / "classifier" / "policy" / "small_policy.toml"


@pytest.fixture(scope="module")
def folder(tiny_bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mlflow") / "model"
    save_pyfunc(tiny_bundle, folder)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return mlflow.pyfunc.load_model(str(folder))


def test_each_row_gets_its_assessment_in_order(model, classifier):
    rows = [{"id": f"s-{n}", "title": "Ward 7" * (n % 2), "text": f"{STORY} {n}"} for n in range(5)]
    assert model.predict(pd.DataFrame(rows)) == [classifier.assess(Story(**row)).to_dict() for row in rows]


def test_answers_may_be_json_in_strings(model, classifier):
    (answer,) = model.predict(pd.DataFrame([{"id": "s-1", "text": STORY}]), params={"json": True})
    assert json.loads(answer) == classifier.assess(Story(id="s-1", text=STORY)).to_dict()


def test_confirmed_author_goes_ahead_and_the_other_rows_keep_their_places(model, classifier):
    rows = [{"id": str(n), "text": STORY, "author_confirmed": n in (0, 3) or None} for n in range(5)]
    found = model.predict(pd.DataFrame(rows))
    assert [answer["id"] for answer in found] == ["0", "1", "2", "3", "4"]
    assert [answer["action"] for answer in found] == ["continue", "pause", "pause", "continue", "pause"]
    assert found[0] == classifier.assess(Story(id="0", text=STORY), author_confirmed=True).to_dict()


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, ""])
def test_title_may_be_missing_in_a_row(model, missing):
    rows = pd.DataFrame({"id": ["1", "2"], "title": ["Ward 7", missing], "text": [STORY, STORY]})
    assert [answer["labels"] for answer in model.predict(rows)] == [["ongoing"], ["ongoing"]]


def test_row_that_is_no_story_gets_its_error_and_harms_no_other(model):
    rows = pd.DataFrame(
        {
            "id": ["1", "2", None, "4", "5"],
            "title": ["Ward 7", None, None, 7, None],
            "text": [STORY, " ", STORY, STORY, STORY],
            "author_confirmed": [None, None, None, None, "false"],
        }
    )
    first, *others = model.predict(rows)
    assert first["labels"] == ["ongoing"]
    assert others == [
        {"id": "2", "error": "text: the story is empty. Send the author's words in text (or title)."},
        {"id": None, "error": "id: is missing, not text. Send a string."},
        {"id": "4", "error": "title: is int, not text. Send a string."},
        {"id": "5", "error": "author_confirmed: is not a boolean. Send true or false."},
    ]


def test_rows_without_text_are_refused_by_the_signature(model):
    with pytest.raises(mlflow.MlflowException, match="Model is missing inputs"):
        model.predict(pd.DataFrame([{"id": "1"}]))


def test_folder_holds_bundle_and_classifier_and_nothing_pickled(folder):
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {
        "artifacts/bundle/bundle.json",
        "code/classifier/assess.py",
        "complaint_context_model.py",
    } <= files
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".pyc"))]
    pinned = (folder / "requirements.txt").read_text().splitlines()
    assert [line.split("==")[0] for line in pinned] == [
        *("ftfy", "mlflow", "numpy", "onnxruntime", "pandas", "pyarrow", "spacy"),
        *("threadpoolctl", "tokenizers"),
    ]


def test_signature_of_answers_has_the_keys_of_an_assessment_in_their_order(model, classifier):
    keys = list(classifier.assess(Story(id="1", text=STORY)).to_dict())
    assert model.metadata.get_output_schema().input_names() == keys


def test_model_may_follow_another_sites_policy_and_read_without_the_gate(tiny_bundle, tmp_path):
    save_pyfunc(tiny_bundle, tmp_path / "model", policy=POLICY)
    model = mlflow.pyfunc.load_model(str(tmp_path / "model"), model_config={"gate": False})
    (answer,) = model.predict(pd.DataFrame([{"id": "1", "text": STORY}]))
    expected = ComplaintClassifier.load(tiny_bundle, policy=POLICY, gate=False)
    assert answer == expected.assess(Story(id="1", text=STORY)).to_dict()
    assert answer["policy"] == "small/1"


def test_folder_that_is_no_bundle_is_not_saved(tmp_path):
    with pytest.raises(BundleError, match=r"bundle\.json: No such file or directory"):
        save_pyfunc(tmp_path, tmp_path / "model")
    assert not (tmp_path / "model").exists()
