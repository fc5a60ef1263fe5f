import json
import os
import stat
import threading
from datetime import date

import pytest

from serve.security.caller import Role
from serve.security.key_file import KeyFile
from serve.security.keys import KeyRing, KeysError

DAY = date(2026, 3, 1)


def test_no_file_means_no_key(key_file):
    assert key_file.read() == KeyRing()


def test_file_holds_no_secret_of_a_key_and_only_its_owner_may_use_it(key_file):
    text = key_file.create("site", Role.ADMIN, today=DAY)
    assert text.split("_")[2] not in key_file.path.read_text("utf-8")
    assert stat.S_IMODE(key_file.path.stat().st_mode) == 0o600
    assert [path.name for path in key_file.path.parent.iterdir()] == ["keys.json"]


def test_file_keeps_everything_about_a_key(key_file):
    text = key_file.create("site é", Role.MODERATE, today=DAY)
    id = text.split("_")[1]
    key_file.create("other", Role.ADMIN, today=DAY)
    key_file.revoke(id, today=date(2026, 3, 9))
    read = KeyFile(key_file.path).read()
    assert read == key_file.read()
    assert [(key.name, key.role, key.created, key.revoked) for key in read.keys] == [
        ("site é", Role.MODERATE, DAY, date(2026, 3, 9)),
        ("other", Role.ADMIN, DAY, None),
    ]


def test_another_process_sees_a_new_and_a_revoked_key_at_once(key_file):
    service = KeyFile(key_file.path)
    assert service.read().keys == ()
    text = key_file.create("site", Role.ADMIN, today=DAY)
    assert service.read().recognise(text).name == "site"
    key_file.revoke(text.split("_")[1], today=DAY)
    assert service.read().recognise(text) is None


def test_file_is_read_again_only_when_it_changed(key_file):
    key_file.create("site", Role.ADMIN, today=DAY)
    assert key_file.read() is key_file.read()


def test_keys_made_at_the_same_time_are_all_kept(key_file):
    makers = [
        threading.Thread(target=lambda: KeyFile(key_file.path).create("site", Role.ADMIN, today=DAY))
        for _ in range(8)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(key_file.read().keys) == 8


def test_file_that_cannot_be_replaced_stays_as_it_was(key_file, monkeypatch):
    key_file.create("site", Role.ADMIN, today=DAY)
    before = key_file.path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        key_file.create("other", Role.ADMIN, today=DAY)
    assert key_file.path.read_bytes() == before
    assert [path.name for path in key_file.path.parent.iterdir()] == ["keys.json"]


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o666])
def test_file_that_everybody_on_the_machine_may_use_is_refused(key_file, mode):
    key_file.create("site", Role.ADMIN, today=DAY)
    key_file.path.chmod(mode)
    with pytest.raises(KeysError) as caught:
        key_file.read()
    assert str(caught.value) == (
        f"{key_file.path}: everybody on this machine may use it. Run: chmod 600 {key_file.path}"
    )


def test_file_that_its_group_may_read_is_taken(key_file):
    key_file.create("site", Role.ADMIN, today=DAY)
    key_file.path.chmod(0o440)
    assert len(key_file.read().keys) == 1


def _spoiled(document: dict) -> list[bytes]:
    key = document["keys"][0]
    changes = [
        {"format": 2},
        {"session_secret": "short"},
        {"session_secret": 1},
        {"keys": None},
        {"keys": [key | {"role": "owner"}]},
        {"keys": [key | {"secret_sha256": "é" * 64}]},
        {"keys": [key | {"created": "yesterday"}]},
        {"keys": [{}]},
        {"keys": ["key"]},
    ]
    spoiled = [json.dumps(document | change).encode() for change in changes]
    return [*spoiled, b"", b"[]", b"{}", b"\xff", json.dumps(document).encode()[:-1]]


def test_damaged_or_foreign_file_is_refused_and_never_taken_for_no_key(key_file):
    key_file.create("site", Role.ADMIN, today=DAY)
    for content in _spoiled(json.loads(key_file.path.read_bytes())):
        key_file.path.write_bytes(content)
        for _ in range(2):
            with pytest.raises(KeysError) as caught:
                key_file.read()
            assert str(caught.value) == (
                f"{key_file.path}: is no keys file of format 1. "
                "Put back a copy, or remove it and make new keys."
            )


def test_file_that_cannot_be_read_is_refused(key_file):
    key_file.path.mkdir(mode=0o700)
    with pytest.raises(KeysError) as caught:
        key_file.read()
    assert str(caught.value) == (
        f"{key_file.path}: is a directory. Let it belong to the user that the service runs as."
    )


def test_file_keeps_its_owner_when_another_user_changes_it(key_file, monkeypatch):
    given = []
    key_file.create("site", Role.ADMIN, today=DAY)
    monkeypatch.setattr("os.fchown", lambda _, user, group: given.append((user, group)))
    key_file.create("other", Role.ADMIN, today=DAY)
    assert given == [(os.getuid(), os.getgid())]
