"""The encoder on ONNX Runtime: a window in, a logit for each token and label out.

A graph may be readable in two ways: as a draft, which takes half the time and is a little off, and for good.
Then every window is read as a draft first, and for good only where the draft leaves open whether there is
anything to find; so what is found, and in which words, is always read for good.

One window a run, never padded. A batch would share int8 scales and padding between stories, and a story's
scores would then depend on its neighbours; so the same words give the same bytes, alone or in a crowd.
Speed across stories comes from running windows side by side: a session may be called from many threads.
"""

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from classifier.errors import BundleError
from classifier.labels import LABELS
from classifier.windows import ReadableStory, Window

DRAFT = "draft"
"""Input of a graph that can be read in two ways: whether as a draft (bool, no dimensions)."""


class Encoder:
    """An ONNX token-classification encoder with one output for each label."""

    def __init__(self, model: bytes, *, floor: NDArray[np.float32] | None = None, threads: int = 1) -> None:
        """Loads a serialised ONNX graph.

        Args:
            floor: a logit for each label, shape (4,): a draft whose sentences all lie below stands. None
                reads every window for good.
            threads: how many cores one window may use.

        Raises:
            BundleError: ONNX Runtime cannot read the graph, or ``floor`` is for drafts it cannot make.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime has no common base class for its own errors
            raise BundleError(
                f"encoder.onnx: ONNX Runtime cannot read it ({type(error).__name__}). Fetch the bundle again."
            ) from None
        self._drafts = DRAFT in {taken.name for taken in self._session.get_inputs()}
        self._floor = floor
        if floor is not None and not self._drafts:
            raise BundleError(
                "encoder.onnx: makes no drafts, though bundle.json says so. Fetch the bundle again."
            )

    def token_logits(self, window: Window, *, draft: bool = False) -> NDArray[np.float32]:
        """Logits of one window, float32, shape (tokens, 4); ``draft`` only of a graph that has drafts."""
        ids = window.token_ids[np.newaxis]
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        if self._drafts:
            feed[DRAFT] = np.array(draft)
        return self._session.run(["logits"], feed)[0][0]

    def piece_logits(self, window: Window, *, draft: bool = False) -> NDArray[np.float32]:
        """Mean token logit of each piece of a window, float32, shape (pieces, 4)."""
        tokens = self.token_logits(window, draft=draft)
        means = np.empty((len(window.pieces), len(LABELS)), dtype=np.float32)
        for row, piece in enumerate(window.pieces):
            means[row] = tokens[piece.start : piece.end].mean(axis=0)
        return means

    def sentence_logits(self, story: ReadableStory) -> NDArray[np.float32]:
        """Mean token logit of each sentence, float32, shape (sentences, 4).

        A sentence cut into pieces gets its largest piece; one without word pieces gets -inf.
        """
        logits = np.full((len(story.sentences), len(LABELS)), -np.inf, dtype=np.float32)
        for window in story.windows:
            for piece, mean in zip(window.pieces, self._read(window), strict=True):
                logits[piece.sentence] = np.maximum(logits[piece.sentence], mean)
        return logits

    def _read(self, window: Window) -> NDArray[np.float32]:
        if self._floor is not None:
            drafted = self.piece_logits(window, draft=True)
            if (drafted < self._floor).all():
                return drafted
        return self.piece_logits(window)
