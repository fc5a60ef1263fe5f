"""A registry of one's own: an empty SQLite store in the test's folder, where artefacts stay, too."""

import shutil
from pathlib import Path

import mlflow
import pytest


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store with its tables and nothing in it; making one takes seconds, copying it none."""
    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{file}").search_registered_models()
    return file


@pytest.fixture
def registry_uri(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a fresh copy of the empty store; the test runs in its folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(empty_store, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"
