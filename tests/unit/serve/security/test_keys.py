from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest

from serve.security.caller import Caller, Role
from serve.security.keys import KeyRing, KeysError

DAY = date(2026, 3, 1)


def _ring(*names: str):
    ring, texts = KeyRing(), []
    for name in names:
        ring, text = ring.with_new(name, Role.MODERATE, today=DAY)
        texts.append(text)
    return ring, texts


def test_key_has_an_id_and_256_random_bits():
    ring, (text,) = _ring("site")
    prefix, id, secret = text.split("_")
    assert (prefix, id, len(bytes.fromhex(secret)) * 8) == ("cc", ring.keys[0].id, 256)
    assert len(id) == 8


def test_two_keys_share_nothing_and_the_session_secret_stays():
    one, _ = _ring("site")
    two, (first, second) = _ring("site", "site")
    assert len({*first.split("_")[1:], *second.split("_")[1:]}) == 4
    after, _ = one.with_new("site", Role.ADMIN, today=DAY)
    assert (len(one.session_secret), after.session_secret) == (64, one.session_secret)
    assert one.session_secret != two.session_secret


def test_only_the_hash_of_a_secret_is_kept():
    ring, (text,) = _ring("site")
    secret = text.split("_")[2]
    assert ring.keys[0].secret_sha256 == sha256(secret.encode()).hexdigest()
    assert secret not in repr(ring)


def test_every_key_in_force_is_recognised_by_its_text():
    ring, texts = _ring("old", "new")
    assert [ring.recognise(text) for text in texts] == list(ring.keys)
    assert ring.keys[0].caller == Caller("old", Role.MODERATE, ring.keys[0].id)


def _changed(text: str, place: int) -> str:
    return text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]


def test_any_other_text_is_recognised_as_nobody():
    ring, (text, other) = _ring("site", "other")
    id, secret = text.split("_")[1:]
    wrong = ["", "cc", "cc__", f"cc_{id}_", id, secret, f"{text} ", f"x{text}", text.upper(), f"{text}0"]
    wrong += [_changed(text, place) for place in (3, 10, 12, 75)]
    wrong += [f"cc_{other.split('_')[1]}_{secret}", f"cc_{id}_{chr(0x660) * 64}"]
    assert [ring.recognise(one) for one in wrong] == [None] * len(wrong)


def test_hashes_are_compared_in_constant_time_whether_or_not_the_id_is_known(monkeypatch):
    compared = []
    monkeypatch.setattr("hmac.compare_digest", lambda a, b: compared.append((len(a), len(b))) or a == b)
    ring, (text,) = _ring("site")
    for one in (text, _changed(text, 40), _changed(text, 5), "no key"):
        ring.recognise(one)
    assert compared == [(64, 64)] * 4


def test_revoked_key_is_kept_and_recognised_no_more():
    ring, (old, new) = _ring("old", "new")
    later = date(2026, 3, 9)
    after = ring.without(ring.keys[0].id, today=later)
    assert after.keys == (replace(ring.keys[0], revoked=later), ring.keys[1])
    assert (after.recognise(old), after.recognise(new)) == (None, ring.keys[1])
    assert after.in_force == (ring.keys[1],)


def test_revoking_what_is_not_in_force_is_refused():
    ring, _ = _ring("site")
    id = ring.keys[0].id
    for wrong, tried in ((ring, "12345678"), (ring.without(id, today=DAY), id)):
        with pytest.raises(KeysError) as caught:
            wrong.without(tried, today=DAY)
        assert str(caught.value) == (
            f"{tried}: no key in force has this id. See the ids with: complaint-context keys list"
        )


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x1b[31m", "a" * 81])
def test_name_that_would_spoil_a_list_or_an_event_is_refused(name):
    with pytest.raises(KeysError) as caught:
        KeyRing().with_new(name, Role.ADMIN, today=DAY)
    assert str(caught.value) == "name: is not 1 to 80 printable characters. Say who holds the key."


@pytest.mark.parametrize("name", ["a", "Night shift, Édith", "a" * 80])
def test_name_may_be_1_to_80_printable_characters(name):
    ring, _ = KeyRing().with_new(name, Role.ADMIN, today=DAY)
    assert ring.keys[0].name == name
