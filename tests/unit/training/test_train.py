from dataclasses import replace

import pytest
import torch

from training.settings import SettingsError, TrainingSettings
from training.train import keep_layers, load_teacher, new_model

SMALL = TrainingSettings(layers=4, hidden=32)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A folder as the trainer leaves it; and the model in it."""
    folder, model = tmp_path_factory.mktemp("run") / "checkpoint-7", new_model(SMALL)
    torch.nn.init.normal_(model.classifier.bias)
    model.save_pretrained(folder)
    return folder, model


def weights(model):
    return {name: weight for name, weight in model.state_dict().items() if "position_ids" not in name}


def same(one, other):
    return weights(one).keys() == weights(other).keys() and all(
        torch.equal(weight, weights(other)[name]) for name, weight in weights(one).items()
    )


def test_a_start_gives_its_weights_the_head_among_them(checkpoint):
    folder, model = checkpoint
    assert same(new_model(TrainingSettings(start=str(folder))), model)


@pytest.mark.parametrize(("count", "kept"), [(1, [0]), (2, [0, 3]), (3, [0, 2, 3]), (4, [0, 1, 2, 3])])
def test_layers_of_a_start_are_evenly_spaced(checkpoint, count, kept):
    folder, whole = checkpoint
    model = new_model(TrainingSettings(start=str(folder), start_layers=count))
    layers = model.base_model.encoder.layer
    assert model.config.num_hidden_layers == len(layers) == count
    for layer, place in zip(layers, kept, strict=True):
        assert same(layer, whole.base_model.encoder.layer[place])


def test_more_layers_than_the_start_has_are_refused():
    with pytest.raises(SettingsError, match=r"^start_layers: 5, yet the start has 4\. Keep at most those\.$"):
        keep_layers(new_model(SMALL), 5)


def test_a_teacher_is_frozen_and_ready_to_read(checkpoint):
    folder, model = checkpoint
    teacher = load_teacher(TrainingSettings(teacher=str(folder)))
    assert same(teacher, model)
    assert not teacher.training
    assert not [weight for weight in teacher.parameters() if weight.requires_grad]


def test_no_teacher_is_none():
    assert load_teacher(TrainingSettings()) is None


@pytest.mark.parametrize(
    ("name", "read"), [("start", new_model), ("teacher", load_teacher)], ids=["start", "teacher"]
)
def test_a_folder_without_a_checkpoint_is_refused_in_one_line(tmp_path, name, read):
    settings = replace(TrainingSettings(), **{name: str(tmp_path)})
    with pytest.raises(SettingsError) as caught:
        read(settings)
    assert str(caught.value) == (
        f"{name}: {tmp_path} holds no checkpoint. Name a folder checkpoint-… under --work of a training."
    )
