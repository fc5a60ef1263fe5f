"""A registered version of the model, and the names that move between versions.

champion     in service, or about to be
challenger   the last one registered, not (yet) promoted
previous     what `rollback` goes back to: the champion before
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mlflow.entities.model_registry import ModelVersion

DIGEST, BUNDLE, PROMOTED, REPLACED = "digest", "bundle", "promoted", "replaced"
FIGURE = "figure."
"""Keys of a version's tags; ``FIGURE`` starts those of its figures."""


class Alias(StrEnum):
    """The names that move between versions."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"
    PREVIOUS = "previous"


MODEL_FOLDER = "model"
"""The folder, among a run's files, of the MLflow model that is registered (``training.pyfunc``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A registered bundle.

    ``path``: where its bundle's files are among those of its run. ``bundle`` is its own name, such as
    ``complaint-context/3``; ``digest`` the SHA-256 of its manifest, which holds the checksums of its other
    files. ``figures``: as the gate last measured them. ``gate``: what the gate said; ``accepted``: why a
    person overruled it. ``promoted``: whether it is or was champion; ``replaced``: the champion before it.
    """

    number: int
    run_id: str
    path: str
    bundle: str
    digest: str
    aliases: tuple[str, ...]
    figures: dict[str, float]
    gate: str | None
    accepted: str | None
    promoted: bool
    replaced: int | None


def read_version(found: ModelVersion, aliases: Mapping[int, list[str]]) -> Version:
    """A version as the registry has it; ``aliases``: those of each number."""
    number, tags = int(found.version), found.tags
    return Version(
        number=number,
        run_id=found.run_id,
        path=f"{MODEL_FOLDER}/artifacts/bundle" if _is_model(found) else "bundle",
        bundle=tags.get(BUNDLE, "?"),
        digest=tags.get(DIGEST, ""),
        aliases=tuple(sorted(aliases.get(number, []))),
        figures={key.removeprefix(FIGURE): float(tags[key]) for key in tags if key.startswith(FIGURE)},
        gate=tags.get("gate"),
        accepted=tags.get("accepted"),
        promoted=PROMOTED in tags,
        replaced=int(tags[REPLACED]) if REPLACED in tags else None,
    )


def _is_model(found: ModelVersion) -> bool:
    """False for what was registered before versions could be served: the bundle's files alone."""
    return (found.source or "").rstrip("/").endswith(f"/{MODEL_FOLDER}")
