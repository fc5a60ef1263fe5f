"""The encoder on ONNX Runtime: a window in, a logit for each token and label out.

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


class Encoder:
    """An ONNX token-classification encoder with one output for each label."""

    def __init__(self, model: bytes, *, threads: int = 1) -> None:
        """Loads a serialised ONNX graph; ``threads`` is how many cores one window may use.

        Raises:
            BundleError: ONNX Runtime cannot read the graph.
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

    def token_logits(self, window: Window) -> NDArray[np.float32]:
        """Logits of one window, float32, shape (tokens, 4)."""
        ids = window.token_ids[np.newaxis]
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return self._session.run(["logits"], feed)[0][0]

    def sentence_logits(self, story: ReadableStory) -> NDArray[np.float32]:
        """Mean token logit of each sentence, float32, shape (sentences, 4).

        A sentence cut into pieces gets its largest piece; one without word pieces gets -inf.
        """
        logits = np.full((len(story.sentences), len(LABELS)), -np.inf, dtype=np.float32)
        for window in story.windows:
            tokens = self.token_logits(window)
            for piece in window.pieces:
                mean = tokens[piece.start : piece.end].mean(axis=0)
                logits[piece.sentence] = np.maximum(logits[piece.sentence], mean)
        return logits
