"""What a run leaves in MLflow: settings, curves, figures, plots, the bundle. No story's words."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
from matplotlib.figure import Figure
from mlflow.entities import RunStatus
from transformers import TrainerCallback

EXPERIMENT = "complaint-context"


class Tracking:
    """One MLflow run, open while training goes on."""

    def settings(self, settings: Mapping[str, Any]) -> None:
        """Logs parameters; nested ones get dotted names."""
        mlflow.log_params(dict(_flat(settings)))

    def curves(self) -> TrainerCallback:
        """A trainer callback that logs every number the trainer reports, by step."""
        return _Curves()

    def figures(self, figures: Mapping[str, Any]) -> None:
        """Logs every number of a nested report as a metric with a dotted name."""
        numbers = {name: value for name, value in _flat(figures) if isinstance(value, int | float)}
        mlflow.log_metrics({name: float(value) for name, value in numbers.items()})

    def plots(self, plots: Mapping[str, Figure]) -> None:
        """Logs plots as PNG files under plots/."""
        for name, plot in plots.items():
            mlflow.log_figure(plot, f"plots/{name}.png")

    def bundle(self, folder: Path) -> None:
        """Keeps the bundle's files with the run."""
        mlflow.log_artifacts(str(folder), "bundle")

    @contextmanager
    def child(self, name: str) -> Iterator["Tracking"]:
        """A run within this one; while it is open, everything is logged to it."""
        with _run(name, nested=True) as tracking:
            yield tracking


@contextmanager
def open_tracking(uri: str, *, name: str | None = None) -> Iterator[Tracking]:
    """A run in the store at ``uri``: a SQLite file such as ``sqlite:///mlflow.db``, or a tracking server."""
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment(EXPERIMENT)
    with _run(name, nested=False) as tracking:
        yield tracking


@contextmanager
def _run(name: str | None, *, nested: bool) -> Iterator[Tracking]:
    """A run that is marked failed if anything goes wrong in it."""
    mlflow.start_run(run_name=name, nested=nested)
    try:
        yield Tracking()
    except BaseException:
        mlflow.end_run(RunStatus.to_string(RunStatus.FAILED))
        raise
    mlflow.end_run()


class _Curves(TrainerCallback):
    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        numbers = {name: float(value) for name, value in logs.items() if isinstance(value, int | float)}
        mlflow.log_metrics(numbers, step=state.global_step)


def _flat(values: Mapping[str, Any], *, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, prefix=f"{prefix}{key}.")
        elif not isinstance(value, list | tuple):
            yield prefix + key, value
