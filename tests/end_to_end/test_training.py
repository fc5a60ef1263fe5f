"""The commands `train`, `learning-curve`, `evaluate` and `data` as data scientists run them; tiny encoder."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import mlflow
import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from safetensors.numpy import load_file
from transformers import TrainerCallback

from classifier.assess import ComplaintClassifier
from classifier.labels import LABELS
from classifier.story import Story
from training.evaluate import settled, unsettled
from training.quantise import ways
from training.settings import SettingsError, read_settings
from training.splits import fingerprint, split
from training.stories import read_stories
from training.train import train_encoder

COMMAND = Path(sys.executable).with_name("complaint-context")
STORIES = Path(__file__).resolve().parents[2] / "data" / "stories"
PATIENCE_S = 300
SETTINGS = "layers = 1\nhidden = 32\nepochs = 2\nstories_per_batch = 4\n"
CASE = {
    "id": "m1",
    "kind": "minimum_function",
    "phenomenon": "plain",
    "text": "Tea came.",
    "labels": [],
    "action": "continue",
}
STEPS = 16  # 30 stories in batches of 4, twice
CANARY = "heliotrope walrus"  # ends every story, and may be written nowhere

# MLflow's own queries use what SQLAlchemy is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


def complaint_context(*arguments, folder):
    """The finished command, run in ``folder``."""
    return subprocess.run(
        [str(COMMAND), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=folder,
        env=os.environ | {"COLUMNS": "140"},
    )


def pick():
    """Lines of 30 stories to train on, 12 for dev, 20 to test, each with the canary at its end."""
    files = [STORIES / "T01.jsonl", STORIES / "T10.jsonl"]
    parts = split(read_stories(*files))
    test = settled(parts.test)[::12][:17] + unsettled(parts.test)[:3]
    chosen = {labelled.id for labelled in (*parts.train[:30], *parts.dev[:12], *test)}
    lines = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [json.dumps(line | {"text": f"{line['text']} {CANARY}"}) for line in lines if line["id"] in chosen]


def train(run, *options):
    return complaint_context(
        *("train", run.bundle, "--work", run.work, "--stories", run.stories),
        *("--no-baselines", "--tracking-uri", run.store, *options),
        folder=run.folder,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished training run: where everything is, and what the command said."""
    folder = tmp_path_factory.mktemp("training")
    run = SimpleNamespace(
        folder=folder,
        stories=folder / "stories",
        settings=folder / "settings.toml",
        work=folder / "work",
        bundle=folder / "bundle",
        store=f"sqlite:///{folder / 'mlflow.db'}",
    )
    run.stories.mkdir()
    (run.stories / "some.jsonl").write_text("\n".join(pick()) + "\n", encoding="utf-8")
    run.settings.write_text(SETTINGS, encoding="utf-8")
    run.cases = folder / "cases.jsonl"
    run.cases.write_text(json.dumps(CASE) + "\n", encoding="utf-8")
    run.done = train(run, "--settings", run.settings, "--version", 3, "--behaviour", run.cases)
    assert run.done.returncode == 0, run.done.stderr
    return run


@pytest.fixture(scope="module")
def splits(run):
    return split(read_stories(run.stories))


@pytest.fixture(scope="module")
def manifest(run):
    return json.loads((run.bundle / "bundle.json").read_text(encoding="utf-8"))


# --- the bundle


def test_training_leaves_a_complete_bundle_that_assesses_stories(run):
    assert sorted(path.name for path in run.bundle.iterdir()) == [
        "README.md",
        "bundle.json",
        "encoder.onnx",
        "gate.npz",
        "tokenizer.json",
    ]
    classifier = ComplaintClassifier.load(run.bundle)
    assessment = classifier.assess(Story(id="a", text="I put in a complaint. They have not replied."))
    assert assessment.model == "complaint-context/3"
    assert all(0 <= score <= 1 for score in assessment.scores.values())


def test_bundle_says_what_it_was_trained_on_and_how(run, splits, manifest):
    assert (len(splits.train), len(splits.dev), len(splits.test)) == (30, 12, 20)
    assert manifest["data"] == {
        "fingerprint": fingerprint(splits.train),
        "train": 30,
        "dev": 12,
        "test": 20,
        "left_out": 0,
    }
    assert manifest["settings"] == read_settings(run.settings).to_dict()


def test_bundle_carries_the_figures_of_the_run(manifest):
    figures = manifest["figures"]
    assert (figures["test"]["stories"], figures["test_borderline"]["stories"]) == (17, 3)
    assert (figures["baselines"], figures["comments"]) == ({}, None)
    assert list(figures["columns"]) == ["test", "ordinary", "plain_explicit"]
    assert figures["columns"]["test"]["stories"] == 17
    assert list(figures["nations"]) == ["ours", "test"]
    assert 0 <= figures["int8_agreement"] <= 1
    assert [price["recall_floor"] for price in figures["prices"]] == [0.85, 0.90, 0.93, 0.95, 0.97]
    assert list(figures["dev_calibration_error"]) == list(LABELS)
    behaviour = figures["behaviour"]
    assert (behaviour["cases"], behaviour["passed"]) == (1, round(behaviour["share"]))
    assert behaviour["kinds"]["minimum_function"]["plain"]["cases"] == 1


def test_model_card_is_written_with_the_figures_and_shown(run, manifest):
    card = (run.bundle / "README.md").read_text(encoding="utf-8")
    assert card.startswith("# complaint-context 3\n")
    assert "30 stories to train, 12 to calibrate and choose thresholds, 20 frozen ones to test" in card
    assert f"| pause recall | {manifest['figures']['test']['pause']['recall']:.3f} |" in card
    assert re.search(r"\| minimum function \| plain \| [01] \| 1 \| (0|100)% \|", card)
    assert "complaint-context 3" in run.done.stdout
    assert "Thresholds and their price" in run.done.stdout


# --- what MLflow keeps


@pytest.fixture(scope="module")
def tracked(run):
    client = mlflow.MlflowClient(run.store)
    (experiment,) = client.search_experiments(filter_string="name = 'complaint-context'")
    runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
    return runs[0], client


def test_mlflow_run_is_finished_and_has_settings_and_figures(tracked, manifest):
    found, _ = tracked
    assert found.info.status == "FINISHED"
    assert found.data.params["layers"] == "1"
    assert found.data.params["window.tokens"] == "256"
    assert found.data.metrics["test.macro_f1"] == manifest["figures"]["test"]["macro_f1"]
    assert (
        found.data.metrics["test.labels.ongoing.recall"]
        == (manifest["figures"]["test"]["labels"]["ongoing"]["recall"])
    )


def test_mlflow_run_has_the_training_curve(tracked):
    found, client = tracked
    assert [point.step for point in client.get_metric_history(found.info.run_id, "loss")] == [10]
    assert found.data.metrics["epoch"] == 2.0
    ranked = client.get_metric_history(found.info.run_id, "dev_average_precision")
    assert [point.step for point in ranked] == [STEPS // 2, STEPS]
    assert all(0 <= point.value <= 1 for point in ranked)


def test_mlflow_run_keeps_plots_and_bundle(tracked):
    found, client = tracked
    names = {
        folder: {Path(file.path).name for file in client.list_artifacts(found.info.run_id, folder)}
        for folder in ("plots", "bundle")
    }
    assert names == {
        "plots": {
            "training.png",
            "precision_recall.png",
            "calibration.png",
            "confusion.png",
            "phenomena.png",
        },
        "bundle": {"README.md", "bundle.json", "encoder.onnx", "gate.npz", "tokenizer.json"},
    }


def test_nothing_that_a_story_says_is_in_mlflow_or_in_the_bundle(run, tracked):
    found, _ = tracked
    kept = [path for path in run.folder.rglob("*") if path.is_file() and run.stories not in path.parents]
    assert {run.folder / "mlflow.db", run.bundle / "bundle.json"} <= set(kept)
    assert any(found.info.run_id in path.parts and path.name == "confusion.png" for path in kept)
    assert [path for path in kept if CANARY.encode() in path.read_bytes().lower()] == []


# --- interrupted runs


class Interrupt(TrainerCallback):
    """Stops a run in the middle of its second epoch, as a closed terminal would."""

    def on_step_begin(self, args, state, control, **_):
        if state.global_step == STEPS - 5:
            raise KeyboardInterrupt


class Steps(TrainerCallback):
    """Notes each step that is really taken."""

    def __init__(self):
        self.taken = []

    def on_step_end(self, args, state, control, **_):
        self.taken.append(state.global_step)


def checkpoints(folder):
    return sorted(path.name for path in folder.glob("checkpoint-*"))


def test_interrupted_run_resumes_and_ends_with_the_weights_of_an_uninterrupted_one(run, splits, tmp_path):
    settings = read_settings(run.settings)
    with pytest.raises(KeyboardInterrupt):
        train_encoder(splits.train, splits.dev, settings=settings, folder=tmp_path, callbacks=(Interrupt(),))
    assert checkpoints(tmp_path) == ["checkpoint-8"]
    steps = Steps()
    resumed = train_encoder(splits.train, splits.dev, settings=settings, folder=tmp_path, callbacks=(steps,))
    assert steps.taken == list(range(9, STEPS + 1))
    straight = load_file(run.work / "seed-1" / "checkpoints" / f"checkpoint-{STEPS}" / "model.safetensors")
    found = {name: weight.numpy() for name, weight in resumed.model.state_dict().items()}
    assert set(straight) <= set(found)
    for name, weight in straight.items():
        np.testing.assert_allclose(found[name], weight, atol=1e-6, err_msg=name)
    curve = [entry["epoch"] for entry in resumed.log if "dev_average_precision" in entry]
    assert curve == [1.0, 2.0]


def test_finished_run_is_not_trained_again(run, splits):
    folder, steps = run.work / "seed-1" / "checkpoints", Steps()
    again = train_encoder(
        splits.train, splits.dev, settings=read_settings(run.settings), folder=folder, callbacks=(steps,)
    )
    assert steps.taken == []
    assert again.log[-1]["epoch"] == 2.0


def test_other_stories_on_the_same_folder_are_refused(run, splits):
    folder = run.work / "seed-1" / "checkpoints"
    with pytest.raises(SettingsError) as caught:
        train_encoder(splits.train[1:], splits.dev, settings=read_settings(run.settings), folder=folder)
    assert str(caught.value) == (
        f"{folder}: holds a run with other settings or stories. Name another folder, or delete this one."
    )


@pytest.fixture
def other_settings(tmp_path):
    file = tmp_path / "other.toml"
    file.write_text(SETTINGS.replace("epochs = 2", "epochs = 3"), encoding="utf-8")
    return file


def test_other_settings_on_the_same_folder_are_refused_in_one_line(run, other_settings):
    done = train(run, "--settings", other_settings)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    folder = run.work / "seed-1" / "checkpoints"
    assert done.stderr.splitlines()[-1] == (
        f"complaint-context: {folder}: holds a run with other settings or stories. "
        "Name another folder, or delete this one."
    )


def test_refused_run_leaves_no_trace_in_mlflow(run, other_settings, tmp_path):
    before = runs_in(run.store)
    assert train(run, "--settings", other_settings).returncode == 1
    assert train(run, "--settings", run.settings, "--behaviour", tmp_path / "none.jsonl").returncode == 1
    assert runs_in(run.store) == before


def runs_in(store):
    client = mlflow.MlflowClient(store)
    (experiment,) = client.search_experiments(filter_string="name = 'complaint-context'")
    return [found.info.run_id for found in client.search_runs([experiment.experiment_id])]


# --- a smaller encoder, taught by a trained one


@pytest.fixture(scope="module")
def taught(run, tmp_path_factory):
    """A training that starts from the run's last checkpoint, learns from it, and rounds as int8 does."""
    folder = tmp_path_factory.mktemp("taught")
    checkpoint = run.work / "seed-1" / "checkpoints" / f"checkpoint-{STEPS}"
    settings = folder / "settings.toml"
    settings.write_text(
        f'start = "{checkpoint}"\nstart_layers = 1\nteacher = "{checkpoint}"\nint8 = true\nepochs = 1\n',
        encoding="utf-8",
    )
    done = complaint_context(
        *("train", folder / "bundle", "--work", folder / "work", "--stories", run.stories, "--no-gate"),
        *("--no-baselines", "--settings", settings, "--tracking-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        folder=folder,
    )
    assert done.returncode == 0, done.stderr
    return SimpleNamespace(
        bundle=folder / "bundle",
        manifest=json.loads((folder / "bundle" / "bundle.json").read_text(encoding="utf-8")),
    )


def test_a_taught_encoder_is_measured_and_its_card_says_where_it_comes_from(taught):
    assert ComplaintClassifier.load(taught.bundle).assess(Story(id="s", text="Kind staff.")).model
    assert taught.manifest["settings"]["int8"] is True
    assert taught.manifest["figures"]["test"]["stories"]
    assert "**Distilled**" in (taught.bundle / "README.md").read_text(encoding="utf-8")


def test_drafts_of_a_taught_encoder_are_measured_and_used(taught):
    assert taught.manifest["draft"] == {"margin": taught.manifest["figures"]["drafts"]["margin"]}
    assert 0 <= taught.manifest["figures"]["drafts"]["windows_saved"] <= 1
    draft, good = ways(onnx.load(str(taught.bundle / "encoder.onnx")).graph)
    assert ["MatMulInteger" in {node.op_type for node in nodes} for nodes in (draft, good)] == [True, False]
    assert "**Drafts**" in (taught.bundle / "README.md").read_text(encoding="utf-8")


# --- several seeds


@pytest.fixture(scope="module")
def seeded(run):
    """The same training from two seeds, one of which is trained already."""
    folder = run.folder / "seeded"
    store = f"sqlite:///{run.folder / 'seeded.db'}"
    done = complaint_context(
        *("train", folder, "--work", run.work, "--stories", run.stories, "--settings", run.settings),
        *("--seeds", "1,2", "--no-baselines", "--tracking-uri", store),
        folder=run.folder,
    )
    assert done.returncode == 0, done.stderr
    return SimpleNamespace(folder=folder, store=store, done=done)


def test_every_seed_and_the_mean_of_their_weights_are_measured_and_the_best_on_dev_released(seeded):
    manifest = json.loads((seeded.folder / "bundle.json").read_text(encoding="utf-8"))
    figures = manifest["figures"]
    assert [entry["name"] for entry in figures["seeds"]] == ["seed 1", "seed 2", "mean of weights"]
    best = max(figures["seeds"], key=lambda entry: entry["dev_average_precision"])
    assert figures["released"] == best["name"]
    assert figures["gate"]["test_ungated"]["macro_f1"] == best["macro_f1"]
    assert "From seed to seed" in seeded.done.stdout


def test_bundle_of_the_mean_holds_the_mean_of_both_seeds(seeded, run):
    halves = [
        load_file(run.work / f"seed-{seed}" / "checkpoints" / f"checkpoint-{STEPS}" / "model.safetensors")
        for seed in (1, 2)
    ]
    folder = run.work / "mean-of-weights" / "export"
    found = {
        item.name: numpy_helper.to_array(item)
        for item in onnx.load(folder / "encoder.fp32.onnx").graph.initializer
    }
    name = "bert.embeddings.word_embeddings.weight"
    np.testing.assert_allclose(found[name], (halves[0][name] + halves[1][name]) / 2, atol=1e-6)
    assert (halves[0][name] != halves[1][name]).any()


def test_each_seed_is_a_run_of_its_own_within_the_whole(seeded):
    assert len(runs_in(seeded.store)) == 3


# --- the learning curve


@pytest.fixture(scope="module")
def curve(run):
    """What `learning-curve` says of half and of all stories, and where it puts its answers."""
    store = f"sqlite:///{run.folder / 'curve.db'}"

    def learn(*options):
        return complaint_context(
            *("learning-curve", run.folder / "out" / "curve", "--stories", run.stories, "--shares", "0.5,1"),
            *("--settings", run.settings, "--work", run.folder / "curve", "--tracking-uri", store, *options),
            folder=run.folder,
        )

    done = learn()
    assert done.returncode == 0, done.stderr
    return SimpleNamespace(learn=learn, done=done, store=store, out=run.folder / "out")


def test_learning_curve_measures_every_share_and_draws_it(curve):
    found = json.loads((curve.out / "curve.json").read_text(encoding="utf-8"))
    assert [(point["share"], point["stories"]) for point in found["points"]] == [(0.5, 15), (1.0, 30)]
    for point in found["points"]:
        assert set(point) == {"share", "stories", "macro_f1", "f1", "average_precision"}
        assert 0 <= point["macro_f1"] <= 1
    assert (curve.out / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert curve.done.stdout.splitlines()[-2:] == [
        str(curve.out / "curve.json"),
        str(curve.out / "curve.png"),
    ]


def test_learning_curve_is_one_run_with_a_child_for_each_share(curve):
    client = mlflow.MlflowClient(curve.store)
    (experiment,) = client.search_experiments(filter_string="name = 'complaint-context'")
    runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
    assert [found.info.run_name for found in runs] == ["learning curve", "share 0.5", "share 1"]
    assert {found.info.status for found in runs} == {"FINISHED"}
    assert [found.data.tags.get("mlflow.parentRunId") for found in runs] == [
        None,
        runs[0].info.run_id,
        runs[0].info.run_id,
    ]
    points = json.loads((curve.out / "curve.json").read_text(encoding="utf-8"))["points"]
    assert [found.data.metrics["macro_f1"] for found in runs[1:]] == [p["macro_f1"] for p in points]
    plots = [file.path for file in client.list_artifacts(runs[0].info.run_id, "plots")]
    assert plots == ["plots/learning_curve.png"]


def test_finished_shares_are_not_trained_again(curve, run):
    weights = sorted((run.folder / "curve").rglob("model.safetensors"))
    before = [(path, path.stat().st_mtime_ns) for path in weights]
    first = (curve.out / "curve.json").read_text(encoding="utf-8")
    assert curve.learn().returncode == 0
    assert [(path, path.stat().st_mtime_ns) for path in weights] == before
    assert (curve.out / "curve.json").read_text(encoding="utf-8") == first


def test_wrong_shares_are_refused_in_one_line(curve):
    done = curve.learn("--shares", "1,0.5")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        'complaint-context: shares: "1,0.5" are not growing numbers up to 1. Write them like 0.25,0.5,1.'
    )


# --- measuring a bundle


def test_evaluate_prints_tables(run, manifest):
    done = complaint_context("evaluate", "--model", run.bundle, "--stories", run.stories, folder=run.folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "complaint-context/3 on test, 17 settled stories" in done.stdout
    assert "Borderline stories (3)" in done.stdout
    figures = manifest["figures"]["test"]
    for name, value in (
        ("macro-F1 over the four labels", figures["macro_f1"]),
        ("pause recall", figures["pause"]["recall"]),
        ("ombudsman", figures["labels"]["ombudsman"]["precision"]),
        ("pause decision", figures["pause"]["precision"]),
    ):
        assert re.search(rf"{re.escape(name)} +{value:.3f}", done.stdout)


def test_evaluate_as_json_gives_the_figures_of_the_bundle(run, manifest, tmp_path):
    comments = tmp_path / "comments.jsonl"
    comments.write_text('{"id": "c1", "text": "Tea came.", "labels": []}\n', encoding="utf-8")
    done = complaint_context(
        *("evaluate", "--model", run.bundle, "--stories", run.stories, "--json", "--comments", comments),
        folder=run.folder,
    )
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert set(answer) == {"settled", "borderline", "columns", "nations", "comments"}
    assert answer["settled"] == manifest["figures"]["test"]
    assert answer["borderline"] == manifest["figures"]["test_borderline"]
    assert (answer["comments"]["comments"], answer["comments"]["labelled"]) == (1, 0)
    assert list(answer["columns"]) == ["test", "ordinary", "plain_explicit", "comments"]
    assert {name: answer["columns"][name] for name in manifest["figures"]["columns"]} == (
        manifest["figures"]["columns"]
    )
    assert answer["columns"]["comments"]["unlabelled"] == 1
    assert answer["nations"] == manifest["figures"]["nations"]


# --- looking at errors


def errors(run, *options):
    return complaint_context(
        *("evaluate", "--errors", "--model", run.bundle, "--stories", run.stories, *options),
        folder=run.folder,
    )


def test_errors_look_at_dev_and_tell_the_missed_stories(run, splits):
    done = errors(run, "--limit", 1)
    assert (done.returncode, done.stderr) == (0, "")
    stories = len(settled(splits.dev))
    assert f"Errors of complaint-context/3 on dev, {stories} settled stories" in done.stdout
    for heading in ("The worst slices", "All slices", "Missed stories"):
        assert heading in done.stdout
    assert len(re.findall(r"readers: .*; model: .*; action: ", done.stdout)) == 1
    assert "of them are not shown; ask for more with --limit." in done.stdout


def test_errors_as_json_hold_every_slice_and_say_how_many_stories_are_left_out(run, splits):
    done = errors(run, "--json", "--limit", 2)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert (answer["model"], answer["split"]) == ("complaint-context/3", "dev")
    assert answer["whole"]["stories"] == len(settled(splits.dev))
    assert len(answer["missed"]) == 2
    everything = json.loads(errors(run, "--json", "--limit", 1000).stdout)
    assert answer["not_shown"] == len(everything["missed"]) - 2
    assert everything["not_shown"] == 0
    wrong = round(answer["whole"]["stories"] * (1 - answer["whole"]["exact"]["value"]))
    assert len(everything["missed"]) == wrong


def test_errors_on_the_test_set_come_with_a_warning(run):
    done = errors(run, "--split", "test", "--limit", 0)
    assert done.returncode == 0
    warning = "Warning: these are errors on the frozen test stories. They are for reporting, never for ideas"
    assert done.stderr.startswith(warning)
    assert len(done.stderr.splitlines()) == 1
    assert warning in " ".join(done.stdout.split())
    assert "readers quote" not in done.stdout


def test_errors_with_comments_are_refused(run, tmp_path):
    done = errors(run, "--comments", tmp_path / "comments.jsonl")
    assert done.returncode == 2
    assert "leave --comments out" in done.stderr


# --- checking stories


def test_data_check_says_every_fault_as_file_and_line(run, tmp_path):
    lines = (run.stories / "some.jsonl").read_text(encoding="utf-8").splitlines()[:3]
    faulty = json.loads(lines[1]) | {"nation": "mercia"}
    file = tmp_path / "faulty.jsonl"
    file.write_text("\n".join([lines[0], json.dumps(faulty), lines[2], lines[0], "{"]), encoding="utf-8")
    done = complaint_context("data", "check", file, folder=tmp_path)
    name = json.loads(lines[0])["id"]
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f'{file}:2: nation: "mercia" is none of england, scotland, wales, northern_ireland, unknown. '
        "Use those words.",
        f'{file}:4: id "{name}" stands at {file}:1 too. Give it another.',
        f"{file}:5: column 2: Expecting property name enclosed in double quotes. "
        "Each line must be one JSON object.",
    ]
    assert done.stderr == "2 sound stories, 3 faults\n"


def test_data_check_is_content_with_sound_stories(run):
    done = complaint_context("data", "check", run.stories, folder=run.folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "62 sound stories, 0 faults\n")
