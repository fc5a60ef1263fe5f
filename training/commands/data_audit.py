"""`data audit`: what may be wrong with labelled stories."""

from pathlib import Path
from typing import Annotated

import typer

from classifier.assessment import to_json
from training.commands.options import STORIES, StoriesOption
from training.stories import read_stories


def audit_stories(
    stories: StoriesOption = STORIES,
    cases: Annotated[
        Path | None, typer.Option("--cases", help="A behavioural suite (cases.jsonl), to find leaks with it.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", help="Doubt labels by this bundle, on dev stories only (it learnt the rest)."
        ),
    ] = None,
    with_test: Annotated[bool, typer.Option("--with-test", help="Doubt the frozen test set too.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Lines shown of each kind.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with everything.")] = False,
) -> None:
    """Find near-duplicates, leaks between splits, and labels that stand out.

    Labels are doubted by confident learning (cleanlab): a TF-IDF model is fitted five times, each time
    without the stories that it then judges, or a bundle judges the dev stories. What it lists are stories
    to read again, not faults: models are wrong too. Exit code 1 where a leak is found.

    Example: complaint-context data audit --cases tests/behavioural/cases.jsonl --limit 20
    """
    # scikit-learn and cleanlab are slow to import, and only this command needs them.
    from classifier.assess import ComplaintClassifier
    from training.audit.opinions import by_bundle, out_of_fold
    from training.audit.report import audit, learnt_from, render_audit, unseen
    from training.audit.twins import read_cases
    from training.baselines.tfidf import TfidfLogisticRegression
    from training.progress import on_stderr
    from training.settings import TrainingSettings

    found = read_stories(stories)
    classifier = ComplaintClassifier.load(model, gate=False) if model else None
    result = audit(
        found,
        cases=read_cases(cases) if cases else (),
        doubted=(unseen if classifier else learnt_from)(found, with_test=with_test),
        opinion=lambda doubted: (
            by_bundle(doubted, classifier=classifier, track=on_stderr)
            if classifier
            else out_of_fold(
                doubted, model=lambda: TfidfLogisticRegression(TrainingSettings()), track=on_stderr
            )
        ),
    )
    print(to_json(result.to_dict()) if as_json else render_audit(result, limit=limit))
    if result.leaks:
        raise typer.Exit(1)
