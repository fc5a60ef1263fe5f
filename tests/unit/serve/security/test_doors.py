"""Every address of the whole service, and who may ask it."""

import hmac
from datetime import date

import pytest
from fastapi.routing import iter_route_contexts

from serve.security.caller import Role
from serve.security.key_file import KeyFile

OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/label-studio/health"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/assets/{hash}/{name}"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
}
ROLES = {
    ("GET", "/metrics"): Role.CLASSIFY,
    ("GET", "/v1/model"): Role.CLASSIFY,
    ("GET", "/v1/policy"): Role.CLASSIFY,
    ("POST", "/v1/classify"): Role.CLASSIFY,
    ("POST", "/v1/cases"): Role.CLASSIFY,
    ("POST", "/label-studio/setup"): Role.CLASSIFY,
    ("POST", "/label-studio/predict"): Role.CLASSIFY,
    ("POST", "/label-studio/webhook"): Role.CLASSIFY,
    ("GET", "/try"): Role.CLASSIFY,
    ("POST", "/try"): Role.CLASSIFY,
    ("GET", "/"): Role.MODERATE,
    ("GET", "/cases/{id}"): Role.MODERATE,
    ("POST", "/cases/{id}/step"): Role.MODERATE,
    ("POST", "/cases/{id}/verdict"): Role.MODERATE,
    ("GET", "/v1/cases"): Role.MODERATE,
    ("GET", "/v1/cases/{id}"): Role.MODERATE,
    ("GET", "/v1/cases/{id}/events"): Role.MODERATE,
    ("POST", "/v1/cases/{id}/events"): Role.MODERATE,
    ("GET", "/v1/model/shadow"): Role.MODERATE,
    ("GET", "/shadow"): Role.MODERATE,
    ("GET", "/cases/{id}/erase"): Role.ADMIN,
    ("POST", "/cases/{id}/erase"): Role.ADMIN,
    ("DELETE", "/v1/cases/{id}"): Role.ADMIN,
    ("GET", "/v1/cases/verdicts"): Role.ADMIN,
    ("POST", "/v1/model/reload"): Role.ADMIN,
}
VISITOR = "a-visitor-of-this-test"
TOKEN = hmac.new(VISITOR.encode(), b"complaint-context csrf", "sha256").hexdigest()


@pytest.fixture
def client(serving, tmp_path):
    """The whole service where other machines could reach it."""
    database = f"sqlite:///{tmp_path / 'cases.db'}"
    with serving(host="0.0.0.0", keys_file=tmp_path / "keys.json", database_url=database) as client:
        yield client


@pytest.fixture
def keys(tmp_path):
    """A key for each role."""
    file = KeyFile(tmp_path / "keys.json")
    return {role: file.create(str(role), role, today=date(2026, 3, 1)) for role in Role}


def _ask(client, method, path, *, key=None, token=TOKEN):
    """One exchange; a form carries the right ``token`` of its visitor unless told otherwise."""
    headers = {"cookie": f"complaint-context-visitor={VISITOR}"}
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    form = {"csrf": token} if method == "POST" and not path.startswith("/v1/") else None
    return client.request(
        method, path.replace("{id}", "a" * 32), data=form, headers=headers, follow_redirects=False
    )


def test_every_address_is_open_on_purpose_or_has_a_role(client):
    found = {
        (method, route.path)
        for route in iter_route_contexts(client.app.routes)
        for method in (route.methods or ()) - {"HEAD"}
    }
    assert found == OPEN | ROLES.keys()


def test_nobody_without_a_key_gets_past_an_address_that_has_a_role(client, keys):
    answers = {asked: _ask(client, *asked).json()["type"] for asked in ROLES}
    assert answers == dict.fromkeys(ROLES, "urn:problem-type:complaint-context:key-needed")


def test_each_role_gets_past_its_own_addresses_and_those_of_the_roles_before_it(client, keys):
    for asked, needed in ROLES.items():
        answers = {role: _ask(client, *asked, key=key) for role, key in keys.items()}
        refused = {role for role, answer in answers.items() if answer.status_code in (401, 403)}
        assert refused == {role for role in Role if not role.includes(needed)}, asked


def test_no_form_is_taken_without_its_token(client, keys):
    forms = [
        (method, path)
        for method, path in OPEN | ROLES.keys()
        if method == "POST" and not path.startswith(("/v1/", "/label-studio/"))
    ]
    assert len(forms) == 6
    for asked in forms:
        answer = _ask(client, *asked, key=keys[Role.ADMIN], token="0" * 64)
        assert answer.status_code == 403, asked


@pytest.mark.parametrize(
    ("headers", "settings", "status"),
    [
        ({}, {}, 200),
        ({"x-forwarded-for": "192.0.2.1"}, {}, 401),
        ({"via": "1.1 proxy"}, {}, 401),
        ({}, {"require_keys": True}, 401),
    ],
)
def test_metrics_on_loopback_take_a_key_from_whoever_is_not_on_the_machine(
    serving, keys, tmp_path, headers, settings, status
):
    with serving(keys_file=tmp_path / "keys.json", **settings) as client:
        assert client.get("/metrics", headers=headers).status_code == status
        key = {"authorization": f"Bearer {keys[Role.CLASSIFY]}"}
        assert client.get("/metrics", headers=headers | key).status_code == 200
