import pytest

from serve.body import read_form, read_json
from serve.problems import ProblemError


def _kind(read, content):
    with pytest.raises(ProblemError) as caught:
        read(content)
    return caught.value.kind.name


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1,]", b'{"a": NaN}', b"[-Infinity]", b"[" * 100_000, b"1" * 10_000]
)
def test_what_is_not_json_is_refused(content):
    assert _kind(read_json, content) == "not-json"


@pytest.mark.parametrize("content", [b"\xff{}", '{"a": 1}'.encode("utf-16"), b'"\xed\xa0\x80"'])
def test_json_in_another_encoding_is_refused(content):
    assert _kind(read_json, content) == "not-utf-8"


def test_same_key_twice_is_refused():
    assert _kind(read_json, b'{"stories": [{"text": "a", "text": "b"}]}') == "bad-request"


def test_form_keeps_every_character():
    assert read_form(b"title=&text=a%26b%3D+%F0%9F%98%80%0D%0A%2B&author_confirmed=yes") == {
        "title": "",
        "text": "a&b= 😀\r\n+",
        "author_confirmed": "yes",
    }


@pytest.mark.parametrize("content", [b"text=\xff", b"text=%FF", b"text=%ED%A0%80"])
def test_form_in_another_encoding_is_refused(content):
    assert _kind(read_form, content) == "not-utf-8"


def test_form_of_too_many_fields_is_refused():
    assert _kind(read_form, b"&".join([b"a=1"] * 17)) == "not-a-form"
