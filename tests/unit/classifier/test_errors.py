import classifier
from classifier import errors

ERRORS = {name: value for name, value in vars(errors).items() if isinstance(value, type)}


def test_every_error_is_of_the_one_tree():
    assert all(issubclass(error, errors.ComplaintContextError) for error in ERRORS.values())
    assert set(ERRORS) == {
        "ComplaintContextError",
        "StoryError",
        "RowError",
        "BundleError",
        "PolicyError",
        "WorkerError",
    }


def test_the_tree_is_drawn_with_every_error():
    assert all(name in errors.__doc__ for name in ERRORS)


def test_every_error_can_be_imported_from_the_package():
    assert set(ERRORS) <= set(classifier.__all__)


def test_public_names_are_sorted_and_all_there():
    assert classifier.__all__ == sorted(classifier.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(classifier, name) for name in classifier.__all__)


def test_errors_can_be_told_apart():
    assert not issubclass(errors.RowError, errors.StoryError)
    assert not issubclass(errors.ComplaintContextError, ValueError)
