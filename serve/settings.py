"""What the service needs to know about its machine. Nothing here changes a decision."""

import ipaddress
import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from classifier.errors import ComplaintContextError


class SettingsError(ComplaintContextError):
    """A setting of the service is out of its range."""


class Settings(BaseSettings):
    """Read from ``COMPLAINT_CONTEXT_HOST`` and so on; the model and the policy never come from there.

    Attributes:
        host: address to listen on; beyond loopback (``localhost``, 127.0.0.0/8, ``::1``) only with keys.
        port: 0 takes a free one.
        workers: processes that share the port, each with its own model.
        threads: stories that each process reads at the same time; by default all of them together take no
            more cores than there are.
        max_body_bytes: longest request body.
        max_stories: most stories in one request, 1..64.
        queue_stories: most stories that wait, live and bulk ones each.
        queue_chars: most characters that wait, live and bulk ones each.
        batch_window_ms: how long a story waits for others to share its batch, while a thread reads.
        batch_tokens: about so many tokens make a batch full.
        timeout_s: a request that took longer is answered with 504.
        max_story_chars: longest title and text of one story together; a longer one gets its own error.
        keys_file: where `complaint-context keys` keeps the keys.
        require_keys: let nobody in without a key, on loopback neither, and do not start while there is none.
        requests_per_minute: most requests with one key; each worker counts its own.
        session_hours: how long a moderator stays signed in.
        allowed_hosts: names, separated by commas, that the service answers to besides loopback ones; beyond
            loopback none given means any.
        database_url: where the cases are: ``sqlite:///FILE`` or ``postgresql://USER@HOST/NAME``.
        keep_text_days: days for which a closed case keeps its story's text; 0 drops it at once.
        keep_verdict_text: keep the text that a moderator's verdict is about even longer, for training; never
            that of a withdrawn story.
        shadow: folder of a challenger's bundle that reads along; its answers are only counted.
        log_format: ``text`` tells of faults only; ``json`` has an object a line, and one for each request.
        metrics_port: several workers have /metrics each on the first free port from here on, on loopback.
        drift_stories: the rates in /metrics of labels, actions, signals and lengths are over so many stories.
    """

    model_config = SettingsConfigDict(env_prefix="COMPLAINT_CONTEXT_", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    threads: int = Field(default_factory=lambda data: _fair_threads(data["workers"]), ge=1, le=256)
    max_body_bytes: int = Field(default=8_000_000, ge=1)
    max_stories: int = Field(default=64, ge=1, le=64)
    queue_stories: int = Field(default=512, ge=64)
    queue_chars: int = Field(default=32_000_000, ge=1)
    batch_window_ms: float = Field(default=2, ge=0, le=1000)
    batch_tokens: int = Field(default=4096, ge=1)
    timeout_s: float = Field(default=60, gt=0)
    max_story_chars: int = Field(default=500_000, ge=1)
    keys_file: Path = Path("complaint-context.keys.json")
    require_keys: bool = False
    requests_per_minute: int = Field(default=6000, ge=1)
    session_hours: int = Field(default=12, ge=1, le=168)
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    database_url: str = "sqlite:///complaint-context.db"
    keep_text_days: int = Field(default=0, ge=0, le=36_500)
    keep_verdict_text: bool = False
    shadow: Path | None = None
    log_format: Literal["text", "json"] = "text"
    metrics_port: int | None = Field(default=None, ge=1, le=65471)
    drift_stories: int = Field(default=2000, ge=1)

    @field_validator("host")
    @classmethod
    def _is_an_address(cls, host: str) -> str:
        # That there are keys where other machines can come is checked by serve.security.guard.
        if not (is_loopback(host) or _is_address(host)):
            raise ValueError(f"{host!r} is no address. Listen on 127.0.0.1, or on 0.0.0.0 with keys")
        return host

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _separate(cls, names: Any) -> Any:
        if not isinstance(names, str):
            return names
        return tuple(name.strip().lower() for name in names.split(",") if name.strip())


def read_settings(**chosen: Any) -> Settings:
    """Settings from the environment; what is ``chosen`` and not None comes first.

    Raises:
        SettingsError: one line that names the first wrong setting.
    """
    try:
        return Settings(**{name: value for name, value in chosen.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}.") from None


def _fair_threads(workers: int) -> int:
    """Each worker's share of the cores, at least one. More than four would mostly wait for Python's lock."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(4, max(1, cores // workers))


@lru_cache(maxsize=64)  # asked of the name that each request came to
def is_loopback(host: str) -> bool:
    """True if ``host`` is a name of this machine that no other machine can come by."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
