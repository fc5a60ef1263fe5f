"""A TOML file that is read into frozen dataclasses and can say on which line a fault stands.

The standard library's TOML reader keeps no line numbers, so the source is scanned a second time for
table headers (``[a.b]``, ``[[a]]``) and for keys at the start of a line; the inside of multi-line
strings is passed over. Where a thing has no line of its own (a missing key, a key of an inline table),
the line is that of the nearest thing around it, in the end line 1.
"""

import re
import tomllib
from collections import Counter
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from classifier.errors import PolicyError

T = TypeVar("T")

_HEADER = re.compile(r"\s*(\[{1,2})\s*([\w.-]+)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w.-]+)\s*=")
_LAST_STEP = re.compile(r"(?:\.?[^.\[\]]+|\[\d+\])$")
_SYNTAX_LINE = re.compile(r" \((?:at line (\d+), column \d+|at end of document)\)$")


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed file: ``values`` as TOML gives them, ``lines`` from a path (``rules[2].label``) to its
    line, counted from 1."""

    name: str
    values: dict[str, Any]
    lines: dict[str, int]

    def fault(self, path: str, fact: str, remedy: str) -> PolicyError:
        """The error for what stands at ``path``, as ``file:line: fact. What to do.``"""
        return PolicyError(f"{self.name}:{self._line(path)}: {fact}. {remedy}")

    def _line(self, path: str) -> int:
        while path and path not in self.lines:
            path = _LAST_STEP.sub("", path)
        return self.lines.get(path, 1)


def read_source(path: Path) -> Source:
    """Read and parse a UTF-8 TOML file.

    Raises:
        PolicyError: the file cannot be read, is not UTF-8 or is not TOML.
    """
    text = _read_text(path)
    try:
        return Source(str(path), tomllib.loads(text), _scan(text))
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, text, str(error)) from None


def build(kind: type[T], source: Source, *, values: Any = None, path: str = "") -> T:
    """An instance of the dataclass ``kind`` from the table at ``path`` (the whole file by default).

    Texts are folded: single line breaks become spaces, blank lines part paragraphs.

    Raises:
        PolicyError: a key is missing or unknown, or a value is not of the field's type.
    """
    table = source.values if not path else values
    if not isinstance(table, dict):
        raise source.fault(path, f'"{path}" is {_called(table)}, not a table', f"Write it as [{path}].")
    types = get_type_hints(kind)
    _check_keys(kind, source, table, path)
    return kind(
        **{key: _read(types[key], source, table[key], _join(path, key)) for key in types if key in table}
    )


def _check_keys(kind: type, source: Source, table: dict[str, Any], path: str) -> None:
    known = fields(kind)  # type: ignore[arg-type]
    names = [field.name for field in known]
    for key in table:
        if key not in names:
            raise source.fault(
                _join(path, key), f'"{key}" is no key of {_where(path)}', f"Keys are: {', '.join(names)}."
            )
    for field in known:
        if field.default is MISSING and field.name not in table:
            raise source.fault(path, f'"{field.name}" is missing from {_where(path)}', "Add it.")


def _read(hint: Any, source: Source, value: Any, path: str) -> Any:
    if get_origin(hint) is tuple:
        return _read_list(get_args(hint)[0], source, value, path)
    if is_dataclass(hint):
        return build(hint, source, values=value, path=path)  # type: ignore[arg-type]
    if hint is bool:
        return _read_flag(source, value, path)
    text = _read_words(source, value, path)
    return _read_choice(hint, source, text, path) if issubclass(hint, StrEnum) else text


def _read_list(hint: Any, source: Source, value: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(value, list) or not value:
        form = f"[[{path}]] tables" if is_dataclass(hint) else 'a list: ["one", "two"]'
        raise source.fault(path, f'"{path}" is {_called(value)}, not a list of one or more', f"Write {form}.")
    return tuple(_read(hint, source, item, f"{path}[{n}]") for n, item in enumerate(value))


def _read_flag(source: Source, value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise source.fault(path, f'"{path}" is {_called(value)}, not true or false', "Write true or false.")
    return value


def _read_words(source: Source, value: Any, path: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise source.fault(
            path, f'"{path}" is {_called(value)}, not text', "Write some words in quotation marks."
        )
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", value.strip()))


def _read_choice(kind: type[StrEnum], source: Source, text: str, path: str) -> StrEnum:
    try:
        return kind(text)
    except ValueError:
        remedy = f"Use one of: {', '.join(kind)}."
        raise source.fault(path, f'"{text}" is no {kind.__name__.lower()}', remedy) from None


def _scan(text: str) -> dict[str, int]:
    lines: dict[str, int] = {}
    seen: Counter[str] = Counter()
    table, quotes = "", ""
    for number, line in enumerate(text.split("\n"), start=1):
        if not quotes and (header := _HEADER.match(line)):
            table = _table_path(header, seen)
            lines.setdefault(table, number)
        elif not quotes and (key := _KEY.match(line)):
            lines.setdefault(_join(table, key[1]), number)
        quotes = _open_quotes(line, quotes)
    return lines


def _table_path(header: re.Match[str], seen: Counter[str]) -> str:
    brackets, name = header.groups()
    if brackets == "[":
        return name
    seen[name] += 1
    return f"{name}[{seen[name] - 1}]"


def _open_quotes(line: str, quotes: str) -> str:
    """The mark of the multi-line string that is open after ``line``, or nothing."""
    if not quotes and line.lstrip().startswith("#"):
        return ""
    for mark in (quotes,) if quotes else ('"""', "'''"):
        if line.count(mark) % 2:
            return "" if quotes else mark
    return quotes


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PolicyError(
            f"{path}: cannot be read ({error.strerror}). Give the path of a policy file."
        ) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise PolicyError(f"{path}:{line}: the file is not UTF-8. Save it as UTF-8.") from None


def _syntax_error(path: Path, text: str, message: str) -> PolicyError:
    found = _SYNTAX_LINE.search(message)
    line = (found and found[1]) or max(1, text.count("\n"))
    fact = _SYNTAX_LINE.sub("", message).rstrip(".")
    return PolicyError(f"{path}:{line}: the file is not TOML: {fact}. Mend the line or the one before it.")


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _where(path: str) -> str:
    return f'"{path}"' if path else "the file"


def _called(value: Any) -> str:
    if value in ("", []) or (isinstance(value, str) and not value.strip()):
        return "empty"
    names = {
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")
