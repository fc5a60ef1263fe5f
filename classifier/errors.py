"""Every error that the classifier raises on purpose.

    ComplaintContextError
    ├── StoryError      a story cannot be read (no text, not text, broken characters)
    ├── RowError        a row of a file is no story
    ├── BundleError     a model bundle is damaged, foreign or incomplete
    ├── PolicyError     a policy file breaks a rule of its format
    └── WorkerError     workers that score a backlog cannot start, or end again and again

Messages read *place: fact. What to do.* They never hold the text of a live story.
"""


class ComplaintContextError(Exception):
    """Root of the tree: a fault that can be said in one line."""


class StoryError(ComplaintContextError):
    """A story cannot be read."""


class RowError(ComplaintContextError):
    """A row of an input file cannot become a story."""


class BundleError(ComplaintContextError):
    """A model bundle cannot be trusted or understood."""


class PolicyError(ComplaintContextError):
    """A policy file breaks a rule of its format."""


class WorkerError(ComplaintContextError):
    """Workers that score a backlog cannot start, or end again and again."""
