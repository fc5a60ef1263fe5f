"""spaCy, imported when the first story is read: it is slow to import, and not every command reads one."""

from functools import lru_cache
from threading import Lock
from types import SimpleNamespace

_importing = Lock()


@lru_cache(maxsize=1)
def spacy_parts() -> SimpleNamespace:
    """The classes of spaCy that are used here, by name.

    One thread at a time: spaCy's modules import each other in a ring, over which two threads that enter it at
    different places stumble.
    """
    with _importing:
        from spacy.attrs import LOWER
        from spacy.lang.en import English
        from spacy.lang.en.stop_words import STOP_WORDS
        from spacy.matcher import PhraseMatcher
        from spacy.tokens import Doc
        from spacy.vocab import Vocab
    return SimpleNamespace(
        LOWER=LOWER, English=English, STOP_WORDS=STOP_WORDS, PhraseMatcher=PhraseMatcher, Doc=Doc, Vocab=Vocab
    )
