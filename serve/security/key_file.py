"""The file that holds the keys: one small JSON document that every worker reads again when it changes.

It is replaced in one step (a reader sees the old file or the new one), belongs to its owner alone (mode
0600), and keeps its owner when an administrator changes it. The service only ever reads it, so a read-only
mount will do.
"""

import fcntl
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

from serve.security.caller import Role
from serve.security.keys import Key, KeyRing, KeysError

FORMAT = 1

_Mark = tuple[int, int, int]


class KeyFile:
    """The keys at ``path``. No file means no key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mark: _Mark | None = None
        self._ring = KeyRing()

    def read(self) -> KeyRing:
        """The keys as they stand now; the file is read only if it changed since the last call.

        Raises:
            KeysError: the file cannot be read, is damaged, or is open to everybody on the machine.
        """
        mark = self._look()
        if mark != self._mark:
            self._ring = KeyRing() if mark is None else self._load()
            self._mark = mark
        return self._ring

    def create(self, name: str, role: Role, *, today: date) -> str:
        """Adds a key and gives its text, which is kept nowhere.

        Raises:
            KeysError: the name will not do, or the file cannot be read.
            OSError: the file cannot be changed.
        """
        with self._alone():
            ring, text = self.read().with_new(name, role, today=today)
            self._write(ring)
        return text

    def revoke(self, id: str, *, today: date) -> None:
        """Ends a key.

        Raises:
            KeysError: there is no such key in force, or the file cannot be read.
            OSError: the file cannot be changed.
        """
        with self._alone():
            self._write(self.read().without(id, today=today))

    def _look(self) -> _Mark | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreadable(error) from None
        if found.st_mode & stat.S_IRWXO:
            raise KeysError(f"{self.path}: everybody on this machine may use it. Run: chmod 600 {self.path}")
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _load(self) -> KeyRing:
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise self._unreadable(error) from None
        try:
            return _parse(json.loads(content))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise KeysError(
                f"{self.path}: is no keys file of format {FORMAT}. Put back a copy, or remove it and make "
                "new keys."
            ) from None

    def _unreadable(self, error: OSError) -> KeysError:
        reason = os.strerror(error.errno or 0).lower()
        return KeysError(f"{self.path}: {reason}. Let it belong to the user that the service runs as.")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps two commands from each writing over the other's key."""
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
            os.fsync(folder)
        finally:
            os.close(folder)

    def _write(self, ring: KeyRing) -> None:
        part = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                self._keep_owner(file.fileno())
                json.dump(_document(ring), file, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)

    def _keep_owner(self, descriptor: int) -> None:
        with suppress(FileNotFoundError, PermissionError):  # only root may give a file away
            found = self.path.stat()
            os.fchown(descriptor, found.st_uid, found.st_gid)


def _parse(document: dict[str, Any]) -> KeyRing:
    if document["format"] != FORMAT:
        raise ValueError
    # A short secret could be guessed, and whoever has it signs sessions of their own.
    session_secret = _hexadecimal(document["session_secret"])
    return KeyRing(tuple(_key(entry) for entry in document["keys"]), session_secret)


def _key(entry: dict[str, Any]) -> Key:
    revoked = entry["revoked"]
    return Key(
        id=str(entry["id"]),
        name=str(entry["name"]),
        role=Role(entry["role"]),
        secret_sha256=_hexadecimal(entry["secret_sha256"]),
        created=date.fromisoformat(entry["created"]),
        revoked=None if revoked is None else date.fromisoformat(revoked),
    )


def _hexadecimal(value: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", value):
        raise ValueError
    return value


def _document(ring: KeyRing) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "session_secret": ring.session_secret,
        "keys": [
            {
                "id": key.id,
                "name": key.name,
                "role": str(key.role),
                "secret_sha256": key.secret_sha256,
                "created": key.created.isoformat(),
                "revoked": key.revoked and key.revoked.isoformat(),
            }
            for key in ring.keys
        ],
    }
