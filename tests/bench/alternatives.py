"""What else a user might have picked, each as one would use it: how fast, and how good."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import spacy
import torch
from datasets import Dataset
from numpy.typing import NDArray
from spacy.training import Example
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
from transformers.pipelines.pt_utils import KeyDataset

from classifier.assessment import Nation
from classifier.labels import LABELS
from classifier.story import Story
from training.baselines import Baseline, EmbeddingsSvm, Keywords, TfidfLogisticRegression
from training.baselines.baseline import whole_text
from training.baselines.scored import ScoredBaseline
from training.evaluate import judge_labels, measure, settled
from training.settings import BASE_MODEL, TrainingSettings, base_folder
from training.splits import Splits
from training.stories import LabelledStory

_FEW = 400
"""Stories that the slow ones are timed on."""
_EPOCHS = 5
_TEXTCAT_STORIES = 3000
"""On all of them it would train for many minutes."""
_SVM_STORIES = 1500


@dataclass(frozen=True)
class Alternative:
    """Its speed on the backlog, in stories a second, and its macro-F1 on the frozen test set."""

    name: str
    rate: float
    macro_f1: float


def pipeline_reader() -> Callable[[Story], Any]:
    """The stock transformers pipeline, fp32, one story at a time, on all cores."""
    read = _pipeline()
    return lambda story: read(whole_text(story), truncation=True, max_length=256)


def pipeline_rate(stories: Sequence[Story]) -> float:
    """Stories a second; in batches of 8, sorted by length, which is the best it does here."""
    read = _pipeline()
    texts = sorted(map(whole_text, stories), key=len)
    begun = time.perf_counter()
    read(texts, batch_size=8, truncation=True, max_length=256)
    return len(texts) / (time.perf_counter() - begun)


def dataset_pipeline_rate(stories: Sequence[Story], *, batch: int) -> float:
    """Stories a second over a `datasets` table, as the pipeline's own documents show it."""
    read = _pipeline()
    table = Dataset.from_list([{"text": whole_text(story)} for story in stories])
    begun = time.perf_counter()
    found = list(read(KeyDataset(table, "text"), batch_size=batch, truncation=True, max_length=256))
    return len(found) / (time.perf_counter() - begun)


@lru_cache(maxsize=1)
def _pipeline() -> Any:
    torch.manual_seed(0)
    folder = base_folder(BASE_MODEL)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(LABELS)).eval()
    return pipeline(
        "text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(folder), top_k=None
    )


class SpacyTextCategorizer(ScoredBaseline):
    """spaCy's own multi-label text categoriser, with its stock settings, on a part of the stories."""

    name = "spacy-textcat"

    def learn(self, train: Sequence[LabelledStory]) -> None:
        """Five passes over ``train``."""
        nlp = spacy.blank("en")
        categoriser = nlp.add_pipe("textcat_multilabel")
        for label in LABELS:
            categoriser.add_label(str(label))
        examples = [
            Example.from_dict(
                nlp.make_doc(whole_text(one.story)),
                {"cats": {label: float(label in one.labels) for label in LABELS}},
            )
            for one in random.Random(1).sample(train, min(len(train), _TEXTCAT_STORIES))
        ]
        optimiser = nlp.initialize(lambda: examples)
        for _ in range(_EPOCHS):
            for batch in spacy.util.minibatch(random.Random(1).sample(examples, len(examples)), size=64):
                nlp.update(batch, sgd=optimiser)
        self._nlp = nlp

    def scores(self, stories: Sequence[LabelledStory]) -> NDArray[np.float64]:
        """Shape (stories, 4), 0 where it is undecided."""
        found = self._nlp.pipe(whole_text(one.story) for one in stories)
        return np.array([[doc.cats[label] - 0.5 for label in LABELS] for doc in found])


def measure_alternatives(
    live: Sequence[Story], splits: Splits, figures: dict[str, Any]
) -> Iterator[Alternative]:
    """The pipeline first.

    What takes long to train has its quality from the bundle's ``figures``: the pipeline that of
    ``sequence-classification``, the SVM its own, as it is fitted on a part here, which flatters its speed.
    The others are fitted and measured here.
    """
    known = {name: baseline["macro_f1"] for name, baseline in figures["baselines"].items()}
    yield Alternative("transformers pipeline", pipeline_rate(live[:_FEW]), known["sequence-classification"])
    settings = TrainingSettings()
    svm = EmbeddingsSvm(settings).fit(splits.train[:_SVM_STORIES], splits.dev[:_FEW])
    yield Alternative(svm.name, _rate(svm, live[:_FEW]), known[svm.name])
    test = settled(splits.test)
    for way in (TfidfLogisticRegression(settings), SpacyTextCategorizer(), Keywords()):
        way.fit(splits.train, splits.dev)
        figure = measure(judge_labels(test, way.predict(test))).macro_f1
        yield Alternative(way.name, _rate(way, live), figure)


def _rate(way: Baseline, stories: Sequence[Story]) -> float:
    unlabelled = list(map(_unlabelled, stories))
    begun = time.perf_counter()
    way.predict(unlabelled)
    return len(unlabelled) / (time.perf_counter() - begun)


def _unlabelled(story: Story) -> LabelledStory:
    return LabelledStory(
        story=story, labels=(), evidence=(), nation=Nation.UNKNOWN, borderline=False, phenomena=()
    )
