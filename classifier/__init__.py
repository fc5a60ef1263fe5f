"""From an author's words to a decision: all that a moderation system needs.

>>> from classifier import ComplaintClassifier, Story
>>> classifier = ComplaintClassifier.load()
>>> classifier.assess(Story(id="1", text="I have made a formal complaint and am waiting to hear.")).action
<Action.PAUSE: 'pause'>
"""

from classifier.assess import ComplaintClassifier, assess
from classifier.assessment import Action, Assessment, Evidence, Guidance, Link, Nation, Reason, Signal
from classifier.bundle import Bundle, load_bundle
from classifier.errors import (
    BundleError,
    ComplaintContextError,
    PolicyError,
    RowError,
    StoryError,
    WorkerError,
)
from classifier.labels import LABELS, Label
from classifier.story import Span, Story

__all__ = [
    "LABELS",
    "Action",
    "Assessment",
    "Bundle",
    "BundleError",
    "ComplaintClassifier",
    "ComplaintContextError",
    "Evidence",
    "Guidance",
    "Label",
    "Link",
    "Nation",
    "PolicyError",
    "Reason",
    "RowError",
    "Signal",
    "Span",
    "Story",
    "StoryError",
    "WorkerError",
    "assess",
    "load_bundle",
]
