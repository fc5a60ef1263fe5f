"""What the service writes on stderr while it runs: a line a fault, for people or for machines.

    text    faults only, message alone
    json    one JSON object a line: faults, and every request once it is answered

No line holds a word of a story, an address as it was sent, or a value from an error: messages come from our
own code and from uvicorn, which name places and kinds; whatever another library says is left out, since its
messages may quote what it was working on.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from serve.shield import LEFT_OUT, place_of
from serve.trace import current_trace
from serve.watch import Answered

LogFormat = Literal["text", "json"]

_OURS = ("serve", "classifier", "uvicorn")
_FIELDS = "complaint_context_fields"

logger = logging.getLogger(__name__)
_access = logging.getLogger("serve.access")


def configure(log_format: LogFormat, *, count: Callable[[str], None] = lambda level: None) -> None:
    """Sends every log record of this process to stderr in ``log_format``.

    Uvicorn has to be given ``log_config=None``, or it takes its own records elsewhere.

    Args:
        count: told the level of each record that tells of a fault; by default nobody is.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if log_format == "json" else _Text())
    root = logging.getLogger()
    root.handlers[:] = [handler, _Counting(count)]
    root.setLevel(logging.WARNING)
    _access.setLevel(logging.INFO if log_format == "json" else logging.WARNING)
    logging.captureWarnings(True)
    threading.excepthook = _log_thread


def log_answered(request: Answered) -> None:
    """The line of one request."""
    fields = {
        "method": request.method,
        "route": request.route,
        "status": request.status,
        "duration_ms": round(request.duration_s * 1000, 1),
        "caller": request.caller,
        "problems": list(request.problems),
    }
    _access.info("request", extra={_FIELDS: fields})


class _Counting(logging.Handler):
    def __init__(self, count: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._count = count

    def emit(self, record: logging.LogRecord) -> None:
        self._count(record.levelname)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _message(record)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC)
        known = current_trace()
        line: dict[str, Any] = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            "request_id": known.request_id if known else None,
            "traceparent": known.traceparent if known else None,
        }
        return json.dumps(line | getattr(record, _FIELDS, {}), ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    """In one line: what our own code says, and of an error its type and place."""
    said = record.getMessage() if record.name.split(".")[0] in _OURS else f"{record.name}: {LEFT_OUT}"
    if record.exc_info and record.exc_info[1] is not None:
        said = f"{said} {place_of(record.exc_info[1])}"
    return " ".join(said.split("\n"))


def _log_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None:
        logger.error("A thread failed. %s", place_of(failed.exc_value))
