"""The base encoder fine-tuned the usual way: one reading of a story's beginning, four outputs."""

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from transformers import AutoModelForSequenceClassification, PreTrainedModel, Trainer, TrainingArguments
from transformers.trainer_callback import ProgressCallback
from transformers.trainer_utils import get_last_checkpoint

from training.baselines.batches import first_word_pieces, pad, read_by_length
from training.baselines.scored import ScoredBaseline, held
from training.settings import TrainingSettings, base_folder
from training.splits import fingerprint
from training.stories import LabelledStory
from training.train import new_model

WORD_PIECES = 128
"""Where the default base's own tokenizer file cuts a text, special tokens included."""

_MOST_EPOCHS = 3  # the stock trainer's own default
_USUAL_ATTENTION_DROPOUT = 0.1
_USUAL_LEARNING_RATE = 5e-5
_STORIES_PER_BATCH = 16


class SequenceClassification(ScoredBaseline):
    """The stock classifier of the base encoder, trained with the stock trainer and its usual settings.

    Stopped half-way, it goes on from its last checkpoint: each set of stories and settings has its own
    folder under ``folder``, so a changed run never takes up another's.
    """

    name = "sequence-classification"

    def __init__(self, settings: TrainingSettings, *, folder: Path) -> None:
        super().__init__()
        self._settings = replace(
            settings,
            epochs=min(_MOST_EPOCHS, settings.epochs),
            learning_rate=_USUAL_LEARNING_RATE,
            stories_per_batch=_STORIES_PER_BATCH,
            attention_dropout=_USUAL_ATTENTION_DROPOUT,
        )
        self._folder = folder

    def learn(self, train: Sequence[LabelledStory]) -> None:
        """Fine-tunes all weights on ``train``, saving a checkpoint each epoch."""
        folder = self._folder / _run_name(train, self._settings)
        folder.mkdir(parents=True, exist_ok=True)
        model = _new_classifier(self._settings)
        trainer = Trainer(
            model=model,
            args=_arguments(self._settings, folder),
            train_dataset=_rows(train, self._settings),
            data_collator=_collate,
        )
        trainer.remove_callback(ProgressCallback)
        trainer.add_callback(_QuietBar)
        trainer.train(resume_from_checkpoint=get_last_checkpoint(str(folder)))
        self._model = trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False).eval()

    def scores(self, stories: Sequence[LabelledStory]) -> NDArray[np.float64]:
        """Logits, shape (stories, 4)."""
        rows = first_word_pieces(stories, settings=self._settings, limit=WORD_PIECES)

        def read(inputs: dict[str, torch.Tensor]) -> torch.Tensor:
            return self._model(**inputs).logits

        return read_by_length(rows, read=read, device=self._model.device).astype(np.float64)


class _QuietBar(ProgressCallback):
    """The progress bar alone: the stock one also prints figures to standard output, which is for answers."""

    def on_log(self, *_: Any, **__: Any) -> None:
        """Prints nothing."""


def _new_classifier(settings: TrainingSettings) -> PreTrainedModel:
    """The base encoder under a fresh head; of the same shape as the model it is compared with."""
    config = new_model(settings).config
    config.problem_type = "multi_label_classification"
    torch.manual_seed(settings.seed)
    if settings.layers:
        return AutoModelForSequenceClassification.from_config(config)
    return AutoModelForSequenceClassification.from_pretrained(base_folder(settings.base), config=config)


def _rows(stories: Sequence[LabelledStory], settings: TrainingSettings) -> Dataset:
    rows = first_word_pieces(stories, settings=settings, limit=WORD_PIECES)
    labels = held(stories).astype(np.float32).tolist()
    return Dataset.from_dict({"input_ids": rows, "labels": labels, "length": [len(row) for row in rows]})


def _collate(batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    labels = torch.tensor([row["labels"] for row in batch], dtype=torch.float32)
    return {**pad([row["input_ids"] for row in batch]), "labels": labels}


def _arguments(settings: TrainingSettings, folder: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.stories_per_batch,
        learning_rate=settings.learning_rate,
        train_sampling_strategy="group_by_length",
        length_column_name="length",
        remove_unused_columns=False,
        save_strategy="epoch",
        save_total_limit=1,
        logging_strategy="no",
        report_to="none",
        use_cpu=not torch.cuda.is_available(),
        bf16=settings.bfloat16,
        seed=settings.seed,
        dataloader_pin_memory=False,
    )


def _run_name(stories: Sequence[LabelledStory], settings: TrainingSettings) -> str:
    """The same stories and settings always give the same name, others another."""
    told = json.dumps([settings.to_dict(), fingerprint(tuple(stories))], sort_keys=True)
    return f"sequences-{sha256(told.encode()).hexdigest()[:12]}"
