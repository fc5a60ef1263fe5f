"""Runs `complaint-context` with a reader that fails on stories that say "poison" and quotes them."""

import importlib

from classifier.cli import main

assess = importlib.import_module("classifier.assess")  # the package has a function of that name, too
_find_nation = assess.find_nation


def _poisoned(story):
    if "poison" in story.text:
        raise RuntimeError(f"{story.title} {story.text}")
    return _find_nation(story)


if __name__ == "__main__":
    assess.find_nation = _poisoned
    main()
