import pytest
import torch
from torch.nn import Dropout, Linear, Sequential

from training.dropout import ByteDropout, use_byte_dropout


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(5)


def test_a_share_is_zeroed_and_the_mean_holds():
    found = ByteDropout(0.1)(torch.ones(400, 501))
    dropped = round(0.1 * 256) / 256
    assert (found == 0).float().mean().item() == pytest.approx(dropped, abs=0.003)
    assert found[found != 0].unique().tolist() == pytest.approx([1 / (1 - dropped)])
    assert found.mean().item() == pytest.approx(1.0, abs=0.003)


def test_gradient_flows_through_what_was_kept_only():
    given = torch.ones(1000, requires_grad=True)
    found = ByteDropout(0.5)(given)
    found.sum().backward()
    assert given.grad.tolist() == found.tolist()
    assert set(found.tolist()) == {0.0, 2.0}


@pytest.mark.parametrize("dropout", [ByteDropout(0.1).eval(), ByteDropout(0.0)], ids=["eval", "none"])
def test_nothing_is_dropped_when_not_training_or_no_share(dropout):
    given = torch.randn(3, 4)
    assert dropout(given) is given


@pytest.mark.parametrize("shape", [(1,), (7,), (3, 5, 11)])
def test_any_shape_and_kind_of_number_is_kept(shape):
    found = ByteDropout(0.25)(torch.ones(shape, dtype=torch.bfloat16))
    assert (found.shape, found.dtype) == (torch.Size(shape), torch.bfloat16)


def test_same_seed_drops_the_same():
    given, dropout = torch.ones(500), ByteDropout(0.3)
    torch.manual_seed(1)
    one = dropout(given)
    torch.manual_seed(1)
    assert (dropout(given) == one).all()
    assert (dropout(given) != one).any()


def test_every_stock_dropout_is_replaced_at_its_share():
    model = Sequential(Linear(2, 2), Dropout(0.1), Sequential(Dropout(0.2), Linear(2, 2)))
    use_byte_dropout(model)
    found = [(type(part), part.p) for part in model.modules() if isinstance(part, Dropout)]
    assert found == [(ByteDropout, 0.1), (ByteDropout, 0.2)]
