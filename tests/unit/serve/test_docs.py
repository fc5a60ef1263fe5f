"""The page at ``/docs``, made from the contract."""

import json
from html import unescape

import pytest

from serve.routes.docs import _kind


def _texts(client):
    return unescape(client.get("/docs").text)


def test_every_address_of_the_contract_is_on_the_page_with_its_role(client):
    page = _texts(client)
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            section = page.partition(f'<h3 id="{method.upper()}-{path}">')[2].partition("</section>")[0]
            assert operation["summary"] in section
            roles = [role for scheme in operation.get("security", []) for role in scheme["key"]]
            assert ("Needs no key." in section) is (not roles)
            assert all(f"Needs a key with the role {role}" in section for role in roles)
            assert all(f'<th scope="row">{status}</th>' in section for status in operation["responses"])


def test_every_schema_has_an_example_in_the_contract_and_on_the_page(client):
    page = _texts(client)
    for name, schema in client.get("/openapi.json").json()["components"]["schemas"].items():
        section = page.partition(f'<h3 id="{name}">')[2].partition("</section>")[0]
        shown = section.partition("<code>")[2].partition("</code>")[0]
        assert json.loads(shown) == schema["examples"][0], name


def test_page_leads_only_to_what_there_is(client):
    page = _texts(client)
    for reference in page.split('href="#')[1:]:
        assert f'id="{reference.partition(chr(34))[0]}"' in page


def test_page_holds_no_script_or_style_and_nothing_from_elsewhere(client):
    page = client.get("/docs").text
    assert "<style" not in page
    assert "<script" not in page
    assert ' style="' not in page
    for attribute in ("src", "href", "action"):
        for value in page.split(f' {attribute}="')[1:]:
            assert value[0] in "/#"


def test_contract_names_no_body_that_the_service_never_sends(client):
    document = client.get("/openapi.json").text
    assert "HTTPValidationError" not in document


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "#/components/schemas/Story"}, "Story"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Story"}}, "list of Story"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"type": "string", "enum": ["a", "b"]}, "a or b"),
        ({"type": "array"}, "list of anything"),
        ({}, "anything"),
    ],
)
def test_type_is_said_in_words(schema, words):
    assert _kind(schema) == words
