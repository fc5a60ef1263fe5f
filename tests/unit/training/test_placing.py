import json

import pytest

from classifier.bundle import load_bundle
from classifier.errors import BundleError
from training.placing import PlaceError, check_place, place


def files(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def bundle(tiny_variant, tmp_path):
    folder = tiny_variant(tmp_path / "candidate", version=8)
    (folder / "notes.txt").write_text("not for service")
    (folder / "README.md").write_text("card")
    return folder


def test_bundle_is_placed_whole_and_without_anything_else(bundle, tmp_path):
    place(bundle, tmp_path / "new" / "model")
    assert files(tmp_path / "new") == ["model"]
    assert files(tmp_path / "new" / "model") == ["README.md", "bundle.json", "encoder.onnx", "tokenizer.json"]
    assert load_bundle(tmp_path / "new" / "model").name == "tiny/8"


def test_older_bundle_gives_way_and_nothing_is_left_beside(bundle, tiny_variant, tmp_path):
    into = tiny_variant(tmp_path / "models" / "served", version=3)
    (into / "README.md").write_text("old card")
    place(bundle, into)
    assert load_bundle(into).name == "tiny/8"
    assert (into / "README.md").read_text() == "card"
    assert files(tmp_path / "models") == ["served"]


def test_link_to_a_folder_stays_a_link(bundle, tiny_variant, tmp_path):
    served = tiny_variant(tmp_path / "models" / "served", version=3)
    (tmp_path / "current").symlink_to(served)
    place(bundle, tmp_path / "current")
    assert (tmp_path / "current").is_symlink()
    assert load_bundle(served).name == "tiny/8"


def test_damaged_bundle_leaves_the_folder_as_it_was(bundle, tiny_variant, tmp_path):
    into = tiny_variant(tmp_path / "models" / "served", version=3)
    (bundle / "encoder.onnx").write_bytes(b"half a file")
    with pytest.raises(BundleError, match="does not match its checksum"):
        place(bundle, into)
    assert load_bundle(into).name == "tiny/3"
    assert files(tmp_path / "models") == ["served"]


def test_swap_that_fails_half_way_puts_the_older_bundle_back(bundle, tiny_variant, tmp_path, monkeypatch):
    into = tiny_variant(tmp_path / "models" / "served", version=3)
    rename = type(into).rename

    def fails_on_the_new_one(path, target):
        if path.name == "new":
            raise OSError("no room")
        return rename(path, target)

    monkeypatch.setattr(type(into), "rename", fails_on_the_new_one)
    with pytest.raises(OSError, match="no room"):
        place(bundle, into)
    assert load_bundle(into).name == "tiny/3"


def test_folder_with_other_files_is_refused(bundle, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")
    with pytest.raises(PlaceError) as caught:
        place(bundle, home)
    assert str(caught.value) == (
        f"{home}: holds thesis.txt, which a bundle would replace. "
        "Name a folder with nothing but a bundle, or a new one."
    )
    assert files(home) == ["thesis.txt"]


def test_file_is_no_place_for_a_bundle(tmp_path):
    (tmp_path / "model").write_text(json.dumps({}))
    with pytest.raises(PlaceError, match=r"model: is a file\. Name the folder of a bundle, or a new one\."):
        check_place(tmp_path / "model")


def test_new_and_empty_folders_are_places(tmp_path):
    (tmp_path / "empty").mkdir()
    check_place(tmp_path / "empty")
    check_place(tmp_path / "none" / "yet")
    assert files(tmp_path) == ["empty"]
