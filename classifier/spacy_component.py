"""A door for spaCy: ``nlp.add_pipe("complaint_context")``; spaCy finds it through an entry point.

    doc._.complaint           the assessment with the keys that it has in JSON; None for a blank document
    doc._.complaint_labels    its labels, [] for a blank document
    doc._.complaint_action    its action, None for a blank document
    doc.spans[SPANS]          the evidence in the text, in whole tokens, labelled; for displaCy
    doc._.story_id            may be set before the pipeline runs: the id that the assessment gets
    doc._.story_title         may be set before the pipeline runs: the story's title, read with the text

Does: read ``doc.text`` and nothing else, whatever pipes came before.
Does not: change a document's text, tokens, sentences or entities. Evidence in a title has no span, as the
document does not hold it; it stands in the assessment.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.util import minibatch

from classifier.assess import ComplaintClassifier
from classifier.assessment import Assessment
from classifier.bundle import RELEASED
from classifier.story import Story

NAME = SPANS = "complaint_context"
ID = "story"
"""The id of a story that was given none, as on the command line."""


class ComplaintContext:
    """The pipe. Pickled, as for another process, it is its settings; there it loads the model anew."""

    def __init__(self, *, model: str | None, policy: str | None, gate: bool, workers: int) -> None:
        self._settings = {"model": model, "policy": policy, "gate": gate, "workers": workers}
        self._classifier = ComplaintClassifier.load(
            Path(model) if model else RELEASED, policy=Path(policy) if policy else None, gate=gate
        )
        self._workers = workers

    def __reduce__(self) -> tuple[Callable[[], "ComplaintContext"], tuple[()]]:
        """How pickle makes it again."""
        return partial(type(self), **self._settings), ()

    def __call__(self, doc: Doc) -> Doc:
        """``doc`` with its assessment.

        Raises:
            StoryError: ``story_id`` or ``story_title`` is no text.
        """
        if story := _story(doc):
            _write(self._classifier.assess(story), doc)
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """The documents of ``stream`` in order, each with the assessment that it would have got alone.

        Raises:
            StoryError: as when called on the document.
        """
        for docs in minibatch(stream, batch_size):
            stories = {place: story for place, doc in enumerate(docs) if (story := _story(doc))}
            assessments = self._classifier.assess_many(stories.values(), workers=self._workers)
            for place, assessment in zip(stories, assessments, strict=True):
                _write(assessment, docs[place])
            yield from docs


@Language.factory(
    NAME,
    assigns=["doc._.complaint", "doc.spans"],
    default_config={"model": None, "policy": None, "gate": True, "workers": 2},
)
def make_complaint_context(
    nlp: Language, name: str, model: str | None, policy: str | None, gate: bool, workers: int
) -> ComplaintContext:
    """The pipe that a pipeline's config describes; a saved pipeline holds these names, not the model.

    Args:
        model: folder of a bundle; None is the released one.
        policy: another site's policy file; None is Care Opinion's.
        gate: False has the encoder read every story whole.
        workers: so many stories of a batch are read at the same time.

    Raises:
        BundleError, PolicyError: one of them cannot be trusted or understood.
    """
    _add_extensions()
    return ComplaintContext(model=model, policy=policy, gate=gate, workers=workers)


def _add_extensions() -> None:
    """Adds those that are not there yet: a programme may have a ``story_id`` of its own, which serves."""
    attributes: dict[str, dict[str, Any]] = {
        "complaint": {"default": None},
        "complaint_labels": {"getter": _labels},
        "complaint_action": {"getter": _action},
        "story_id": {"default": ID},
        "story_title": {"default": ""},
    }
    for name, how in attributes.items():
        if not Doc.has_extension(name):
            Doc.set_extension(name, **how)


def _labels(doc: Doc) -> list[str]:
    return doc._.complaint["labels"] if doc._.complaint else []


def _action(doc: Doc) -> str | None:
    return doc._.complaint["action"] if doc._.complaint else None


def _story(doc: Doc) -> Story | None:
    title = doc._.story_title
    if not doc.text.strip() and not (isinstance(title, str) and title.strip()):
        return None
    return Story(id=doc._.story_id, title=title, text=doc.text)


def _write(assessment: Assessment, doc: Doc) -> None:
    doc._.complaint = assessment.to_dict()  # what spaCy can write to disk and hand to another process
    doc.spans[SPANS] = SpanGroup(doc, name=SPANS, spans=list(_spans(assessment, doc)))


def _spans(assessment: Assessment, doc: Doc) -> Iterator[Span]:
    for quote in assessment.evidence:
        if quote.field == "text":
            yield doc.char_span(quote.start, quote.end, label=str(quote.label), alignment_mode="expand")
