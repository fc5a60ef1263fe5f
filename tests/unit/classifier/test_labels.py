import pytest

from classifier.labels import LABELS, Label, in_order

P, O, C, B = LABELS  # noqa: E741


def test_labels_stand_in_the_order_of_score_columns():
    assert LABELS == (Label.PLANNED, Label.ONGOING, Label.COMPLETED, Label.OMBUDSMAN)
    assert [str(label) for label in LABELS] == ["planned", "ongoing", "completed", "ombudsman"]


@pytest.mark.parametrize(
    ("given", "ordered"),
    [
        (set(), ()),
        ({B, P}, (P, B)),
        (frozenset({C, O}), (O, C)),
        ([B, C, O, P], (P, O, C, B)),
        ((O, O, P, O), (P, O)),
    ],
)
def test_labels_are_put_in_order_each_once(given, ordered):
    assert in_order(given) == ordered
