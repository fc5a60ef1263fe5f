"""Keys: made, written down without their secret, recognised.

    cc_1f0c3d6a_<64 hexadecimal digits>     what its holder has; shown once, when it is made
       id       secret, 256 random bits

Only the SHA-256 of a secret is kept. A slow hash (scrypt, argon2) makes guessing a person's password dear; a
secret of 256 random bits cannot be guessed at any price, so a fast hash loses nothing and a request costs
microseconds.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

from classifier.errors import ComplaintContextError
from serve.security.caller import Caller, Role

MAX_NAME_CHARS = 80

_TEXT = re.compile(r"cc_([0-9a-f]{8})_([0-9a-f]{64})", re.ASCII)
_NO_HASH = "0" * 64


class KeysError(ComplaintContextError):
    """The keys cannot be read or changed."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret.

    Attributes:
        id: 8 hexadecimal digits, no secret.
        name: who holds it; several keys may share a name while one replaces the other.
        secret_sha256: 64 hexadecimal digits.
        revoked: the day from which it no longer counts, or None.
    """

    id: str
    name: str
    role: Role
    secret_sha256: str
    created: date
    revoked: date | None = None

    @property
    def caller(self) -> Caller:
        """Whoever shows this key."""
        return Caller(name=self.name, role=self.role, key_id=self.id)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys there are, revoked ones too, and the secret that signs the console's sessions."""

    keys: tuple[Key, ...] = ()
    session_secret: str = ""

    @property
    def in_force(self) -> tuple[Key, ...]:
        """The keys that are not revoked."""
        return tuple(key for key in self.keys if key.revoked is None)

    def recognise(self, text: str) -> Key | None:
        """The key in force whose full ``text`` this is. Takes as long for a wrong secret as for the right."""
        match = _TEXT.fullmatch(text)
        id, secret = match.groups() if match else ("", "")
        key = self.by_id(id)
        same = hmac.compare_digest(hash_secret(secret), key.secret_sha256 if key else _NO_HASH)
        return key if same else None

    def by_id(self, id: str) -> Key | None:
        """The key in force with this id."""
        return next((key for key in self.in_force if key.id == id), None)

    def with_new(self, name: str, role: Role, *, today: date) -> tuple["KeyRing", str]:
        """This ring with one key more, and the text that its holder gets.

        Raises:
            KeysError: the name is empty, too long or holds something that does not print.
        """
        if not name.strip() or len(name) > MAX_NAME_CHARS or not name.isprintable():
            fact = f"name: is not 1 to {MAX_NAME_CHARS} printable characters"
            raise KeysError(f"{fact}. Say who holds the key.")
        id, secret = self._new_id(), secrets.token_hex(32)
        key = Key(id=id, name=name, role=role, secret_sha256=hash_secret(secret), created=today)
        session_secret = self.session_secret or secrets.token_hex(32)
        return KeyRing((*self.keys, key), session_secret), f"cc_{id}_{secret}"

    def without(self, id: str, *, today: date) -> "KeyRing":
        """This ring with the key ``id`` revoked.

        Raises:
            KeysError: there is no such key in force.
        """
        if self.by_id(id) is None:
            raise KeysError(
                f"{id}: no key in force has this id. See the ids with: complaint-context keys list"
            )
        keys = tuple(replace(key, revoked=today) if key.id == id else key for key in self.keys)
        return replace(self, keys=keys)

    def _new_id(self) -> str:
        taken = {key.id for key in self.keys}
        while (id := secrets.token_hex(4)) in taken:
            pass
        return id


def hash_secret(secret: str) -> str:
    """The SHA-256 of a key's secret, in hexadecimal digits."""
    return sha256(secret.encode()).hexdigest()
