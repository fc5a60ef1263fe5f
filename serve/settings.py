"""What the service needs to know about its machine. Nothing here changes a decision."""

import ipaddress
from typing import Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from classifier.errors import ComplaintContextError


class SettingsError(ComplaintContextError):
    """A setting of the service is out of its range."""


class Settings(BaseSettings):
    """Read from ``COMPLAINT_CONTEXT_HOST`` and so on; the model and the policy never come from there.

    Attributes:
        host: loopback address to listen on (``localhost``, 127.0.0.0/8 or ``::1``).
        port: 0 takes a free one.
        threads: stories read at the same time.
        max_body_bytes: longest request body.
        max_stories: most stories in one request, 1..64.
    """

    model_config = SettingsConfigDict(env_prefix="COMPLAINT_CONTEXT_", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    threads: int = Field(default=2, ge=1, le=256)
    max_body_bytes: int = Field(default=8_000_000, ge=1)
    max_stories: int = Field(default=64, ge=1, le=64)

    @field_validator("host")
    @classmethod
    def _on_this_machine(cls, host: str) -> str:
        # Beyond loopback anyone could read stories in; that waits until requests carry keys.
        if not _is_loopback(host):
            raise ValueError(
                f"{host!r} can be reached from other machines or is no address. Listen on 127.0.0.1"
            )
        return host


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


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
