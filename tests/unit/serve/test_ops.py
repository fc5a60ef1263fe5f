"""The files in serve/ops: they name what there is, and only that."""

import configparser
import json
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
import yaml
from fastapi.routing import iter_route_contexts

from classifier.assessment import Action
from classifier.profile import FEATURES
from serve import problems
from serve.app import create_app
from serve.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
OPS = ROOT / "serve" / "ops"
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
PROMETHEUS_OWN = {"up"}
PROMQL = {
    *("sum", "avg", "max", "count", "by", "ignoring", "group_left", "offset", "or", "and", "on", "le"),
    *("rate", "increase", "deriv", "histogram_quantile", "abs", "absent"),
}


@pytest.fixture(scope="module")
def app():
    return create_app(lambda: pytest.fail("no model is needed here"), Settings())


@pytest.fixture(scope="module")
def names(app):
    """Every name that a query may use."""
    families = app.state.metrics.registry.collect()
    return {family.name + suffix for family in families for suffix in SUFFIXES[family.type]}


def _dashboard():
    return json.loads((OPS / "dashboard.json").read_text(encoding="utf-8"))


def _panels():
    return [panel for panel in _dashboard()["panels"] if panel["type"] != "row"]


def _rules():
    (group,) = yaml.safe_load((OPS / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    return group["rules"]


def _queries():
    asked = [target["expr"] for panel in _panels() for target in panel["targets"]]
    asked += [
        variable["definition"] for variable in _dashboard()["templating"]["list"] if "definition" in variable
    ]
    return asked + [rule["expr"] for rule in _rules()]


def _names_in(query):
    """Names of metrics: what is left of a query without selectors, groupings, durations, PromQL's words."""
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b\d\w*|\$\w+", " ", query)
    bare = re.sub(r"\b(?:by|on|ignoring)\s*\([^)]*\)", " ", bare)
    bare = re.sub(r"label_values\((\w+), \w+\)", r"\1", bare)
    return set(re.findall(r"[a-z_]\w*", bare)) - PROMQL


def _selected(label):
    """The values that queries select for ``label``, alternatives apart."""
    found = re.findall(rf'\b{label}=~?"([^"$]*)"', " ".join(_queries()))
    return {value for values in found for value in values.split("|")}


# --- dashboard and alerts


def test_names_are_found_in_a_query():
    query = 'sum by (le, x) (rate(a_bucket{b="c d"}[5m])) / a_count offset 7d > 0.5'
    assert _names_in(query) == {"a_bucket", "a_count"}


@pytest.mark.parametrize("query", _queries())
def test_every_metric_that_is_asked_for_exists(query, names):
    assert _names_in(query), "no metric"
    assert _names_in(query) <= names | PROMETHEUS_OWN


@pytest.mark.parametrize("query", _queries())
def test_every_bracket_is_closed(query):
    found = Counter(query)
    assert all(found[opening] == found[closing] for opening, closing in ("()", "[]", "{}"))


def test_every_metric_of_ours_is_on_the_dashboard(names):
    shown = {name for query in _queries() for name in _names_in(query)}
    stems = {re.sub("_(bucket|sum|count|total)$", "", name) for name in names if name.startswith("complaint")}
    assert stems == {re.sub("_(bucket|sum|count|total)$", "", name) for name in shown} & stems


def test_values_that_are_selected_exist(app):
    kinds = {kind.name for kind in vars(problems).values() if isinstance(kind, problems.Kind)}
    routes = {context.path_format for context in iter_route_contexts(app.routes)}
    assert _selected("kind") <= kinds
    assert _selected("action") <= set(Action)
    assert _selected("route") <= routes
    assert _selected("feature") == set(FEATURES)
    assert _selected("level") == {"error"}


def test_dashboard_can_be_imported_anywhere():
    board = _dashboard()
    assert board["title"] == "Complaint context"
    assert "id" not in board
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource", "job"]
    for panel in _panels():
        assert panel["datasource"]["uid"] == "${datasource}"
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_panels_have_their_own_places():
    panels = _dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    squares = Counter(
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    )
    assert set(squares.values()) == {1}
    assert max(x for x, _ in squares) < 24


def test_every_alert_says_what_is_wrong_and_what_to_do():
    rules = _rules()
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert set(rule["annotations"]) == {"summary", "action"}


# --- where it runs


def _settings_in(text):
    return {name.lower() for name in re.findall(r"COMPLAINT_CONTEXT_([A-Z_]+)", text)}


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "complaint-context.service", "README.md"])
def test_every_setting_that_is_named_exists(name):
    named = _settings_in((OPS / name).read_text(encoding="utf-8"))
    assert named
    assert named <= set(Settings.model_fields) | {"key"}  # KEY is the clients' own


def test_page_has_a_row_with_the_default_of_every_setting():
    page = (OPS / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `COMPLAINT_CONTEXT_([A-Z_]+)` \| (.*?) ?\| \S", page, re.MULTILINE)
    shown = {name.lower(): default.strip("`") for name, default in rows}
    assert len(rows) == len(shown)
    assert set(shown) == set(Settings.model_fields)
    fixed = {name: field.default for name, field in Settings.model_fields.items() if name != "threads"}
    assert {name: shown[name] for name in fixed} == {name: _as_set(value) for name, value in fixed.items()}


def _as_set(value):
    """As one writes it into the environment."""
    if value in (None, ()):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_page_tells_a_pipeline_what_to_do_with_every_fault():
    page = (OPS / "README.md").read_text(encoding="utf-8")
    section = page.partition("## The fail-safe contract\n")[2].partition("\n## ")[0]
    seen = " ".join(re.findall(r"^\| (.*?) \|", section, re.MULTILINE))
    kinds = [kind for kind in vars(problems).values() if isinstance(kind, problems.Kind)]
    statuses = {str(kind.status) for kind in kinds} - {"409"}  # which only moderators' steps meet
    assert statuses <= set(re.findall(r"\d{3}", seen))
    assert [kind.name for kind in kinds if kind.status >= 503 and f"`{kind.name}`" not in seen] == []


def test_page_has_the_service_read_a_bundle_by_a_link():
    page = (OPS / "README.md").read_text(encoding="utf-8")
    started = re.findall("^ExecStart=(.+)$", page, re.MULTILINE)
    assert started == [f"{_unit()['ExecStart']} --model /opt/complaint-context/models/current"]
    command, volumes = re.findall(r"^    (command|volumes): (\[.*])$", page, re.MULTILINE)
    assert yaml.safe_load(command[1]) == ["serve", "--model", "/models/current"]
    keys, models = (volume.split(":") for volume in yaml.safe_load(volumes[1]))
    services = yaml.safe_load((OPS / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert [":".join(keys)] == services["service"]["volumes"]
    assert ((OPS / models[0]).resolve(), models[1]) == (ROOT / "models", "/models")


def _dockerfile():
    return (OPS / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def test_files_that_the_image_takes_exist():
    copied = [line.split()[1:-1] for line in _dockerfile() if line.startswith("COPY ")]
    own = [source for sources in copied for source in sources if not source.startswith("--from")]
    taken = [source for source in own if not source.startswith("/")]
    assert taken
    assert [source for source in taken if not (ROOT / source).exists()] == []


def test_image_holds_the_serving_half_and_promises_no_more():
    # What `sed '/"training/d'` in the Dockerfile leaves:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines(keepends=True)
    left = tomllib.loads("".join(line for line in lines if '"training' not in line))
    packages = left["tool"]["setuptools"]["packages"]
    assert {"classifier", "serve"} == {package.split(".")[0] for package in packages}
    commands = left["project"]["entry-points"]["complaint_context.commands"]
    assert {"serve", "keys", "classify"} <= set(commands)
    assert {"classifier", "serve"} == {command.split(".")[0] for command in commands.values()}
    assert left["project"]["scripts"] == {"complaint-context": "classifier.cli:main"}
    assert any(line.startswith("RUN sed -i '/\"training/d' pyproject.toml") for line in _dockerfile())


def test_image_runs_as_a_user_without_rights_and_says_how_it_is():
    lines = _dockerfile()
    assert "USER complaint-context" in lines
    assert any(line.startswith("HEALTHCHECK") and "/readyz" in line for line in lines)
    assert not [line for line in lines if line.startswith("ADD")]


def test_compose_file_holds_service_database_and_tracking():
    services = yaml.safe_load((OPS / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert set(services) == {"service", "schema", "database", "mlflow"}
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    build = services["service"]["build"]
    assert (OPS / build["context"] / build["dockerfile"]).resolve() == OPS / "Dockerfile"


def test_compose_file_and_unit_let_nobody_in_without_a_key():
    services = yaml.safe_load((OPS / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert services["service"]["environment"]["COMPLAINT_CONTEXT_REQUIRE_KEYS"] == "true"
    unit = (OPS / "complaint-context.service").read_text(encoding="utf-8")
    assert "\nEnvironment=COMPLAINT_CONTEXT_REQUIRE_KEYS=true\n" in unit


def test_compose_file_tracks_with_the_version_that_training_uses():
    services = yaml.safe_load((OPS / "compose.yaml").read_text(encoding="utf-8"))["services"]
    pinned = re.search("^mlflow==(.*)$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE)
    assert services["mlflow"]["image"].endswith(f":v{pinned[1]}")


def _unit():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(OPS / "complaint-context.service", encoding="utf-8")
    return parser["Service"]


def test_unit_gives_requests_time_to_end():
    assert int(_unit()["TimeoutStopSec"]) > Settings().timeout_s + 5


@pytest.mark.parametrize(
    ("directive", "value"),
    [
        ("User", "complaint-context"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("CapabilityBoundingSet", ""),
        ("UMask", "0077"),
        ("ExecReload", "/bin/kill -HUP $MAINPID"),
    ],
)
def test_unit_is_hardened(directive, value):
    assert _unit()[directive] == value
