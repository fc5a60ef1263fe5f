"""The one console command, `complaint-context`: answers on stdout, all else on stderr.

Each package contributes its commands through the entry points ``complaint_context.commands``; the command
functions here are thin shims over plain functions. Exit codes: 0 done, 1 a fault said in one line, 2 wrong
usage.
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from classifier.assess import ComplaintClassifier
from classifier.assessment import to_json
from classifier.bundle import RELEASED
from classifier.display import print_assessment
from classifier.errors import ComplaintContextError, StoryError
from classifier.options import GateOption, ModelOption, PolicyOption
from classifier.policy.document import load_policy
from classifier.policy.page import render_policy
from classifier.story import Story

_ORDER = (
    *("classify", "score", "rescore", "serve", "keys", "cases", "database", "policy"),
    *(
        "data",
        "suggest",
        "train",
        "gate",
        "evaluate",
        "behaviour",
        "learning-curve",
        "promote",
        "rollback",
        "models",
    ),
)


def main() -> None:
    """Runs the command line; a fault that can be said in one line is said so, with exit code 1."""
    try:
        build_app(sys.argv[1:2])()
    except ComplaintContextError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        _fail(_needs(sys.argv[1], error))  # a part that a command imports only once it runs
    except UnicodeEncodeError:
        _fail("standard output: cannot show these characters. Set PYTHONUTF8=1, or use a UTF-8 terminal.")
    except BrokenPipeError:
        # Whoever read our output has enough; standard output must not be flushed again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        _fail(
            f"{error.filename or 'standard output'}: {error.strerror}. Make room there, or write elsewhere."
        )


def _fail(fault: str) -> NoReturn:
    print(f"complaint-context: {fault}", file=sys.stderr)
    raise SystemExit(1) from None


def build_app(asked: Sequence[str] = ()) -> typer.Typer:
    """The command with every installed subcommand, or only the one ``asked`` for, which starts quicker."""
    app = typer.Typer(
        help="Finds formal complaints in stories about health and social care; says what the policy asks.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    # A callback keeps the subcommand's name on the line even where it is the only one.
    app.callback()(lambda: None)
    found = {point.name: point for point in entry_points(group="complaint_context.commands")}
    wanted = [name for name in asked if name in found] or sorted(found, key=_rank)
    for name in wanted:
        _add(app, name, found[name])
    return app


def _rank(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def classify(
    text: Annotated[str | None, typer.Argument(help="The story's text; - or nothing reads stdin.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Read the text from this file (UTF-8).")] = None,
    title: Annotated[str, typer.Option(help="The story's title.")] = "",
    story_id: Annotated[str, typer.Option("--id", help="The story's id.")] = "story",
    author_confirmed: Annotated[
        bool, typer.Option("--author-confirmed", help="The author has read the guidance and goes ahead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, as the service answers.")] = False,
    brief: Annotated[bool, typer.Option("--brief", help="Leave the guidance out.")] = False,
    model: ModelOption = RELEASED,
    policy: PolicyOption = None,
    gate: GateOption = True,
) -> None:
    """Assess one story.

    Example: complaint-context classify "I have made a formal complaint and am waiting to hear."
    """
    story = Story(id=story_id, title=title, text=_words(text, file))
    classifier = ComplaintClassifier.load(model, policy=policy, gate=gate)
    assessment = classifier.assess(story, author_confirmed=author_confirmed)
    if as_json:
        print(to_json(assessment.to_dict()))
    else:
        print_assessment(assessment, story=story, console=Console(highlight=False), guidance=not brief)


def policy(
    path: Annotated[Path | None, typer.Option("--policy", help="Another site's policy file (TOML).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, as the service answers.")] = False,
) -> None:
    """Print the policy: rules, guidance, messages, ombudsmen.

    Example: complaint-context policy --policy another_site.toml
    """
    document = load_policy(path)
    print(to_json(document.to_dict()) if as_json else render_policy(document))


def _add(app: typer.Typer, name: str, point: EntryPoint) -> None:
    """Adds a command; one whose extra is not installed stays listed and says how to get it."""
    try:
        command = point.load()
    except ModuleNotFoundError as error:
        help_ = f"(not installed: pip install 'complaint-context[{_extra(name)}]')"
        app.command(name, help=help_)(_missing(_needs(name, error)))
        return
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=name)
    else:
        app.command(name)(command)


def _missing(fault: str) -> Callable[[], None]:
    def say() -> None:
        raise ComplaintContextError(fault)

    return say


def _needs(name: str, error: ModuleNotFoundError) -> str:
    return (
        f"{name}: needs {error.name}, which is not installed. "
        f"Run: pip install 'complaint-context[{_extra(name)}]'"
    )


def _extra(name: str) -> str:
    """The extra that brings what a command needs: called like its package, all but one."""
    (point,) = entry_points(group="complaint_context.commands", name=name)
    package = point.value.split(".")[0]
    return "train" if package == "training" else package


def _words(text: str | None, file: Path | None) -> str:
    if text not in (None, "-") and file is not None:
        raise typer.BadParameter("give the text or --file, not both")
    try:
        if file is not None:
            return file.read_bytes().decode("utf-8-sig")  # a byte-order mark is no word of the author's
        return sys.stdin.buffer.read().decode("utf-8") if text in (None, "-") else text
    except OSError as error:
        raise StoryError(f"{file}: {error.strerror}. Name a text file.") from None
    except UnicodeDecodeError as error:
        raise StoryError(f"text: byte {error.start} is not UTF-8. Save the text as UTF-8.") from None
