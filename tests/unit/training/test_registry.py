import json
import shutil
from hashlib import sha256
from pathlib import Path

import mlflow
import pytest

from classifier.bundle import load_bundle
from classifier.errors import BundleError
from classifier.story import Story
from training.registry import MODEL, Registry, RegistryError
from training.versions import Alias

# MLflow's own queries use what SQLAlchemy is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


@pytest.fixture
def registry(registry_uri):
    return Registry(registry_uri)


@pytest.fixture
def bundles(tiny_variant, tmp_path):
    """Three bundles, versions 8, 9 and 10."""
    return [tiny_variant(tmp_path / f"bundle-{number}", version=number) for number in (8, 9, 10)]


def aliases(registry):
    return {version.number: version.aliases for version in registry.versions()}


# --- registering


def test_empty_registry_has_no_versions_and_no_champion(registry):
    assert registry.versions() == []
    assert registry.find(Alias.CHAMPION) is None


def test_registered_bundle_is_the_challenger_with_its_name_and_digest(registry, bundles):
    version = registry.register(bundles[0])
    assert registry.versions() == [version]
    assert (version.number, version.bundle, version.aliases) == (1, "tiny/8", ("challenger",))
    assert version.digest == sha256((bundles[0] / "bundle.json").read_bytes()).hexdigest()
    assert (version.figures, version.gate, version.accepted) == ({}, None, None)
    assert (version.promoted, version.replaced) == (False, None)


def test_same_bundle_is_not_kept_twice(registry, bundles, tmp_path):
    first = registry.register(bundles[0])
    again = registry.register(shutil.copytree(bundles[0], tmp_path / "copy"))
    assert again == first
    assert len(registry.versions()) == 1


def test_next_bundle_takes_over_as_challenger(registry, bundles):
    for bundle in bundles[:2]:
        registry.register(bundle)
    assert aliases(registry) == {1: (), 2: ("challenger",)}
    registry.register(bundles[0])
    assert aliases(registry) == {1: ("challenger",), 2: ()}


def test_damaged_bundle_is_not_registered(registry, bundles):
    (bundles[0] / "tokenizer.json").write_bytes(b"{}")
    with pytest.raises(BundleError, match=r"tokenizer\.json: does not match its checksum"):
        registry.register(bundles[0])
    assert registry.versions() == []


def test_files_of_a_version_come_back_as_they_were_registered(registry, bundles):
    (bundles[0] / "README.md").write_text("card")
    (bundles[0] / "notes.txt").write_text("mine")
    version = registry.register(bundles[0])
    with registry.fetched(version) as folder:
        assert load_bundle(folder).name == "tiny/8"
        assert sorted(path.name for path in folder.iterdir()) == [
            "README.md",
            "bundle.json",
            "encoder.onnx",
            "tokenizer.json",
        ]
    assert not folder.exists()


def test_version_can_be_loaded_by_its_alias_as_an_mlflow_model(registry, bundles, classifier):
    registry.promote(registry.register(bundles[0]).number)
    try:
        mlflow.set_tracking_uri(registry.uri)
        model = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
    finally:
        mlflow.set_tracking_uri(None)
    story = Story(id="1", text="I lodged a complaint.")
    (answer,) = model.predict([{"id": story.id, "text": story.text}])
    assert answer == classifier.assess(story).to_dict() | {"model": "tiny/8"}


def test_version_from_before_they_were_mlflow_models_comes_back_too(registry, bundles):
    client = mlflow.MlflowClient(registry.uri, registry.uri)
    client.create_registered_model(MODEL)
    run = client.create_run(client.create_experiment("versions"))
    client.log_artifacts(run.info.run_id, str(bundles[0]), "bundle")
    digest = sha256((bundles[0] / "bundle.json").read_bytes()).hexdigest()
    tags = {"bundle": "tiny/8", "digest": digest}
    client.create_model_version(MODEL, f"{run.info.artifact_uri}/bundle", run.info.run_id, tags=tags)
    with registry.fetched(registry.get(1)) as folder:
        assert load_bundle(folder).name == "tiny/8"


def test_version_whose_files_were_changed_in_the_store_is_refused(registry, bundles):
    version = registry.register(bundles[0])
    client = mlflow.MlflowClient(registry.uri, registry.uri)
    kept = Path(client.get_model_version(MODEL, "1").source) / "artifacts" / "bundle" / "bundle.json"
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"version": 99}))
    with pytest.raises(RegistryError, match=r"version 1: its files in .* are not those registered"):
        registry.fetched(version).__enter__()


def test_what_the_gate_says_and_measures_is_written_onto_the_version(registry, bundles):
    version = registry.register(bundles[0])
    registry.note_figures(1, {"behaviour": 0.75, "dev_macro_f1": 0.1 + 0.2})
    registry.note_figures(1, {"behaviour": 0.8})
    registry.note_gate(version, said="refused: slice_fall", page="# Page")
    registry.note_accepted(1, reason="the slice is mislabelled")
    found = registry.get(1)
    assert found.figures == {"behaviour": 0.8, "dev_macro_f1": 0.1 + 0.2}
    assert (found.gate, found.accepted) == ("refused: slice_fall", "the slice is mislabelled")
    page = mlflow.MlflowClient(registry.uri).download_artifacts(version.run_id, "gate.md")
    assert Path(page).read_text() == "# Page"


# --- champions


@pytest.fixture
def three(registry, bundles):
    """Versions 1, 2 and 3, each champion in its turn."""
    for bundle in bundles:
        registry.promote(registry.register(bundle).number)
    return registry


def test_first_champion_has_no_previous(registry, bundles):
    champion = registry.promote(registry.register(bundles[0]).number)
    assert (champion.aliases, champion.promoted, champion.replaced) == (("champion",), True, None)
    assert aliases(registry) == {1: ("champion",)}


def test_promotion_makes_the_champion_the_previous_one(three):
    assert aliases(three) == {1: (), 2: ("previous",), 3: ("champion",)}
    assert [version.replaced for version in three.versions()] == [None, 1, 2]


def test_promoting_the_champion_again_changes_nothing(three):
    three.promote(3)
    assert aliases(three) == {1: (), 2: ("previous",), 3: ("champion",)}
    assert three.get(3).replaced == 2


def test_rolling_back_goes_one_champion_back_at_a_time(three):
    assert three.roll_back(three.earlier().number).number == 2
    assert aliases(three) == {1: ("previous",), 2: ("champion",), 3: ()}
    three.roll_back(three.earlier().number)
    assert aliases(three) == {1: ("champion",), 2: (), 3: ()}
    with pytest.raises(RegistryError) as caught:
        three.earlier()
    assert str(caught.value) == (
        f"{three.uri}: no previous champion to go back to. See `models`, and name one with --to."
    )


def test_rolling_back_may_name_any_earlier_champion(three):
    three.roll_back(three.earlier(1).number)
    assert aliases(three) == {1: ("champion",), 2: (), 3: ()}
    three.roll_back(three.earlier(3).number)
    assert aliases(three) == {1: (), 2: ("previous",), 3: ("champion",)}


def test_version_that_was_never_champion_cannot_be_rolled_back_to(registry, bundles):
    registry.promote(registry.register(bundles[0]).number)
    registry.register(bundles[1])
    with pytest.raises(RegistryError) as caught:
        registry.earlier(2)
    assert str(caught.value) == "version 2: has never been champion. Only `promote` can make it one."


def test_unknown_version_is_refused_and_the_known_ones_are_named(registry, bundles):
    with pytest.raises(RegistryError, match=r"version 4: not in sqlite:.*\. Known: none\."):
        registry.get(4)
    for bundle in bundles[:2]:
        registry.register(bundle)
    with pytest.raises(RegistryError, match=r"version 4: not in sqlite:.*\. Known: 1, 2\."):
        registry.earlier(4)


def test_store_that_is_none_is_refused_in_one_line():
    with pytest.raises(RegistryError) as caught:
        Registry("nonsense://x").versions()
    assert str(caught.value).startswith("nonsense://x: ")
    assert str(caught.value).endswith("Give --tracking-uri a store that works.")
    assert "\n" not in str(caught.value)
