"""The model's versions in MLflow's registry, and which of them is champion.

An alias moves; a version's number and its files never change. Whoever acts on an alias resolves it to a
number first and says the number.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import ParamSpec, TypeVar

from mlflow import MlflowClient
from mlflow.entities import RunStatus
from mlflow.exceptions import MlflowException

from classifier.bundle import load_bundle
from classifier.errors import ComplaintContextError
from training.versions import (
    BUNDLE,
    DIGEST,
    FIGURE,
    MODEL_FOLDER,
    PROMOTED,
    REPLACED,
    Alias,
    Version,
    read_version,
)

MODEL = "complaint-context"
EXPERIMENT = "complaint-context-versions"
"""Registrations stand apart from the training runs."""

P = ParamSpec("P")
T = TypeVar("T")


class RegistryError(ComplaintContextError):
    """The registry cannot be reached, or does not hold what is asked for."""


class Registry:
    """The registered model in the store at ``uri``."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._client = self._call(MlflowClient, uri, uri)

    def versions(self) -> list[Version]:
        """Every version, oldest first; none before the first is registered."""
        aliases: dict[int, list[str]] = {}
        for alias, number in self._aliases().items():
            aliases.setdefault(number, []).append(alias)
        found = self._call(self._client.search_model_versions, f"name = '{MODEL}'")
        return sorted((read_version(one, aliases) for one in found), key=lambda version: version.number)

    def find(self, alias: Alias) -> Version | None:
        """The version that an alias points to now."""
        return next((version for version in self.versions() if alias in version.aliases), None)

    def get(self, number: int) -> Version:
        """A version by its number.

        Raises:
            RegistryError: there is none.
        """
        versions = self.versions()
        for version in versions:
            if version.number == number:
                return version
        known = ", ".join(str(version.number) for version in versions) or "none"
        raise RegistryError(f"version {number}: not in {self.uri}. Known: {known}.")

    def register(self, folder: Path) -> Version:
        """Keeps a bundle as a version that MLflow can serve (``training.pyfunc``).

        It is the ``challenger`` unless it has an alias already. The same bundle is not kept twice.

        Raises:
            BundleError: the bundle is damaged.
        """
        bundle = load_bundle(folder)
        digest = _digest(folder)
        version = self._known(digest) or self._create(folder, name=bundle.name, digest=digest)
        if not version.aliases:
            self._set_alias(Alias.CHALLENGER, version.number)
        return self.get(version.number)

    def note_figures(self, number: int, figures: Mapping[str, float]) -> None:
        """Writes onto a version what the gate measured of it; older figures give way."""
        for name, value in figures.items():
            self._tag(number, FIGURE + name, repr(value))

    def note_gate(self, version: Version, *, said: str, page: str) -> None:
        """Writes onto a version what the gate said, and keeps its page beside the bundle's files."""
        self._tag(version.number, "gate", said)
        self._call(self._client.log_text, version.run_id, page, "gate.md")

    def note_accepted(self, number: int, *, reason: str) -> None:
        """Writes onto a version why a person overruled the gate."""
        self._tag(number, "accepted", reason)

    def promote(self, number: int) -> Version:
        """Makes a version champion; the champion until now becomes ``previous``."""
        version, champion = self.get(number), self.find(Alias.CHAMPION)
        if champion and champion.number != number:
            self._tag(number, REPLACED, str(champion.number))
            self._set_alias(Alias.PREVIOUS, champion.number)
        self._tag(number, PROMOTED, "yes")
        self._set_alias(Alias.CHAMPION, number)
        if Alias.CHALLENGER in version.aliases:
            self._delete_alias(Alias.CHALLENGER)
        return self.get(number)

    def earlier(self, number: int | None = None) -> Version:
        """The version to go back to: ``number``, or the previous champion.

        Raises:
            RegistryError: there is none such, or it has never been champion.
        """
        version = self.find(Alias.PREVIOUS) if number is None else self.get(number)
        if version is None:
            raise RegistryError(
                f"{self.uri}: no previous champion to go back to. See `models`, and name one with --to."
            )
        if not version.promoted:
            raise RegistryError(
                f"version {version.number}: has never been champion. Only `promote` can make it one."
            )
        return version

    def roll_back(self, number: int) -> Version:
        """Makes an earlier champion champion again; the one that it had replaced becomes ``previous``."""
        version = self.get(number)
        self._set_alias(Alias.CHAMPION, number)
        if version.replaced in {one.number for one in self.versions()}:
            self._set_alias(Alias.PREVIOUS, version.replaced)
        elif self.find(Alias.PREVIOUS):
            self._delete_alias(Alias.PREVIOUS)
        return self.get(number)

    @contextmanager
    def fetched(self, version: Version) -> Iterator[Path]:
        """A folder with a version's bundle files, while it is needed; checked against the version's digest.

        Raises:
            RegistryError: the store gives other files than were registered.
        """
        with tempfile.TemporaryDirectory(prefix="complaint-context-") as folder:
            got = Path(self._call(self._client.download_artifacts, version.run_id, version.path, folder))
            if _digest(got) != version.digest:
                raise RegistryError(
                    f"version {version.number}: its files in {self.uri} are not those registered. "
                    "Register the bundle anew with `promote`."
                )
            yield got

    def _known(self, digest: str) -> Version | None:
        return next((version for version in self.versions() if version.digest == digest), None)

    def _create(self, folder: Path, *, name: str, digest: str) -> Version:
        from training.pyfunc.save import save_pyfunc  # slow to import, and only a new version needs it

        if self._call(self._client.search_registered_models, f"name = '{MODEL}'") == []:
            self._call(self._client.create_registered_model, MODEL)
        run = self._call(self._client.create_run, self._experiment(), run_name=f"register {name}")
        with tempfile.TemporaryDirectory(prefix="complaint-context-") as staged:
            model = Path(staged) / MODEL_FOLDER
            save_pyfunc(folder, model)
            self._call(self._client.log_artifacts, run.info.run_id, str(model), MODEL_FOLDER)
        self._call(self._client.set_terminated, run.info.run_id, RunStatus.to_string(RunStatus.FINISHED))
        made = self._call(
            self._client.create_model_version,
            MODEL,
            f"{run.info.artifact_uri}/{MODEL_FOLDER}",
            run.info.run_id,
            tags={BUNDLE: name, DIGEST: digest},
        )
        return self.get(int(made.version))

    def _experiment(self) -> str:
        found = self._call(self._client.get_experiment_by_name, EXPERIMENT)
        return found.experiment_id if found else self._call(self._client.create_experiment, EXPERIMENT)

    def _aliases(self) -> dict[str, int]:
        models = self._call(self._client.search_registered_models, f"name = '{MODEL}'")
        if not models:
            return {}
        # A search leaves aliases out in some stores; asking for the one model does not.
        found = self._call(self._client.get_registered_model, MODEL).aliases
        return {alias: int(number) for alias, number in found.items()}

    def _set_alias(self, alias: Alias, number: int) -> None:
        self._call(self._client.set_registered_model_alias, MODEL, str(alias), str(number))

    def _delete_alias(self, alias: Alias) -> None:
        self._call(self._client.delete_registered_model_alias, MODEL, str(alias))

    def _tag(self, number: int, key: str, value: str) -> None:
        self._call(self._client.set_model_version_tag, MODEL, str(number), key, value)

    def _call(self, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """A call to MLflow whose failure is said in one line."""
        try:
            return function(*args, **options)
        except MlflowException as error:
            said = str(error).splitlines()[0][:200]
            raise RegistryError(f"{self.uri}: {said}. Give --tracking-uri a store that works.") from None


def _digest(folder: Path) -> str:
    """SHA-256 of a bundle's manifest; empty without one."""
    file = folder / "bundle.json"
    return sha256(file.read_bytes()).hexdigest() if file.exists() else ""
