import mlflow
import pytest
from matplotlib.figure import Figure
from mlflow.entities import RunStatus
from transformers import TrainerControl, TrainerState

from training.settings import TrainingSettings
from training.tracking import EXPERIMENT, open_tracking

# MLflow's own queries use what SQLAlchemy is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of its own; artifacts, too, stay in its folder."""
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield uri
    mlflow.set_tracking_uri(None)


@pytest.fixture(scope="module")
def tracked(store, tmp_path_factory):
    """Everything that a training run logs, logged once; gives the finished run and its client."""
    bundle = tmp_path_factory.mktemp("bundle")
    (bundle / "bundle.json").write_text("{}")
    with open_tracking(store) as tracking:
        tracking.settings(TrainingSettings(epochs=3).to_dict())
        curves = tracking.curves()
        for step, loss in ((10, 0.9), (20, 0.4)):
            state = TrainerState(global_step=step)
            curves.on_log(None, state, TrainerControl(), logs={"loss": loss, "epoch": step / 20, "note": "x"})
        tracking.figures(
            {
                "test": {
                    "macro_f1": 0.875,
                    "macro_f1_interval": (0.8, 0.9),
                    "stories": 181,
                    "evidence": None,
                },
                "prices": [{"recall": 1.0}],
            }
        )
        tracking.plots({"training": Figure(figsize=(1, 1))})
        tracking.bundle(bundle)
        run_id = mlflow.active_run().info.run_id
    client = mlflow.MlflowClient(store)
    return client.get_run(run_id), client


def test_settings_are_parameters_with_dotted_names(tracked):
    run, _ = tracked
    assert run.data.params["epochs"] == "3"
    assert run.data.params["window.tokens"] == "256"
    assert len(run.data.params) == len(TrainingSettings().to_dict()) + 1


def test_curves_keep_every_number_by_step(tracked):
    run, client = tracked
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(10, 0.9), (20, 0.4)]
    assert "note" not in run.data.metrics


def test_figures_are_metrics_with_dotted_names_and_only_numbers(tracked):
    run, _ = tracked
    found = {name: value for name, value in run.data.metrics.items() if name.startswith(("test", "prices"))}
    assert found == {"test.macro_f1": 0.875, "test.stories": 181.0}


def test_plots_and_bundle_are_kept_with_the_run(tracked):
    run, client = tracked
    kept = [
        file.path for folder in ("plots", "bundle") for file in client.list_artifacts(run.info.run_id, folder)
    ]
    assert kept == ["plots/training.png", "bundle/bundle.json"]


def test_finished_run_is_finished_in_the_one_experiment(tracked):
    run, client = tracked
    assert run.info.status == RunStatus.to_string(RunStatus.FINISHED)
    assert client.get_experiment(run.info.experiment_id).name == EXPERIMENT
    assert mlflow.active_run() is None


def interrupted(store, seen):
    with open_tracking(store):
        seen.append(mlflow.active_run().info.run_id)
        raise KeyboardInterrupt


def test_interrupted_run_is_marked_failed_and_the_error_goes_on(tracked, store):
    _, client = tracked
    seen = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(store, seen)
    assert client.get_run(seen[0]).info.status == RunStatus.to_string(RunStatus.FAILED)
    assert mlflow.active_run() is None


def test_child_run_keeps_its_own_figures_under_its_parent(tracked, store):
    _, client = tracked
    with open_tracking(store, name="whole") as tracking:
        parent = mlflow.active_run().info.run_id
        with tracking.child("half") as child:
            child.figures({"macro_f1": 0.5})
            inner = mlflow.active_run().info.run_id
        tracking.figures({"macro_f1": 0.75})
    whole, half = client.get_run(parent), client.get_run(inner)
    assert (whole.info.run_name, half.info.run_name) == ("whole", "half")
    assert half.data.tags["mlflow.parentRunId"] == parent
    assert (whole.data.metrics["macro_f1"], half.data.metrics["macro_f1"]) == (0.75, 0.5)
    assert {whole.info.status, half.info.status} == {RunStatus.to_string(RunStatus.FINISHED)}


def failing_child(store, seen):
    with open_tracking(store) as tracking:
        seen.append(mlflow.active_run().info.run_id)
        with tracking.child("half"):
            seen.append(mlflow.active_run().info.run_id)
            raise KeyboardInterrupt


def test_failure_of_a_child_run_marks_its_parent_failed_too(tracked, store):
    _, client = tracked
    seen = []
    with pytest.raises(KeyboardInterrupt):
        failing_child(store, seen)
    assert [client.get_run(run).info.status for run in seen] == ["FAILED", "FAILED"]
    assert mlflow.active_run() is None
