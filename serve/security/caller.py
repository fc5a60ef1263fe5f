"""Who calls, and what they may do. Free of the web framework, so that commands can use it too."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a key is for; each role includes the ones before it.

    Example: ``Role.ADMIN.includes(Role.MODERATE)`` is true.
    """

    CLASSIFY = "classify"
    MODERATE = "moderate"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """True if whoever holds this role may do all that ``other`` allows."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: ``name`` goes into a case's events; ``key_id`` is None where no key is needed."""

    name: str
    role: Role
    key_id: str | None


ANYONE = Caller(name="anyone on this machine", role=Role.ADMIN, key_id=None)
"""Every caller, as long as there is no key and the service listens on loopback."""
