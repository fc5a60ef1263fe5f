"""``/sign-in`` and ``/sign-out``: a key is shown once, then a session speaks for it."""

from fastapi import APIRouter, Request, Response

from serve.console.form import TheForm
from serve.console.page import Fault, page, see_other
from serve.problems import KEY_NEEDED, ProblemError
from serve.security import sessions
from serve.security.roles import Role, admit

router = APIRouter(include_in_schema=False)

PATH = "/sign-in"


@router.get(PATH)
async def show_form(request: Request) -> Response:
    """The form; whoever needs none is sent on."""
    next = _own(request.query_params.get("next"))
    return see_other(next) if _is_known(request) else _form(request, next)


@router.post(PATH)
async def sign_in(request: Request, form: TheForm) -> Response:
    """Begins a session and shows the page that was asked for."""
    next = _own(form.get("next"))
    answer = see_other(next)
    try:
        sessions.sign_in(request, answer, key=form.get("key", ""))
    except ProblemError as problem:
        return _form(request, next, problem)
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, _: TheForm) -> Response:
    """Ends the session in this browser."""
    answer = see_other(PATH)
    sessions.sign_out(request, answer)
    return answer


def _form(request: Request, next: str, problem: ProblemError | None = None) -> Response:
    faults = (Fault("key", problem.detail),) if problem else ()
    status = problem.kind.status if problem else 200
    answer = page(request, "sign_in.html", caller=None, status=status, faults=faults, next=next)
    answer.headers.update(problem.headers if problem else {})
    return answer


def _is_known(request: Request) -> bool:
    try:
        admit(request, Role.MODERATE)
    except ProblemError as problem:
        if problem.kind == KEY_NEEDED:
            return False
        raise
    return True


def _own(address: str | None) -> str:
    """``address`` if it is a page of ours, else the queue: no link may lead through here to another site."""
    if address is None or not (address.isascii() and address.isprintable()):
        return "/"
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else "/"
