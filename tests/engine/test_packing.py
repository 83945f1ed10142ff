"""Requests as bytes: what arrives is what was sent, and takes no more room than it must."""

from __future__ import annotations

import pickle

import pytest
import torch
from torch import Tensor, nn

from autograder.content import load_file
from autograder.models import MLP, ConvNet
from autograder.packing import pack

CHECK_FILE = """
from torch import nn, zeros
SHIFT = 3.0

class Shifted(nn.Module):
    def __init__(self, by):
        super().__init__()
        self.by, self.kept = by, nn.Parameter(zeros(2))

    def forward(self, x):
        return x + self.by + SHIFT + self.kept.sum()
"""


def sent(value):
    return pickle.loads(pack({"value": value}))["value"]


def recurrent() -> nn.Module:
    torch.manual_seed(0)
    return nn.LSTM(3, 2)  # makes itself again in a way of its own


@pytest.mark.parametrize(
    "make",
    [
        lambda: MLP(4, 5, 3),
        lambda: ConvNet(1, 4, 4, 3),
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5)).eval(),
        recurrent,
    ],
)
def test_a_network_arrives_as_it_was(make):
    network = make()
    found = sent(network)
    assert type(found).__name__ == type(network).__name__
    assert found.training == network.training
    assert [name for name, _ in found.named_modules()] == [name for name, _ in network.named_modules()]
    before, after = network.state_dict(), found.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[key], after[key]) for key in before)
    for (name, one), (other_name, other) in zip(network.named_parameters(), found.named_parameters(), strict=True):
        assert (name, one.requires_grad, type(one)) == (other_name, other.requires_grad, type(other))
    containers = {key: type(each) for key, each in network.__dict__.items() if isinstance(each, dict)}
    assert {key: type(found.__dict__[key]) for key in containers} == containers
    found.register_forward_hook(lambda *args: None)  # what did not travel is there all the same


def test_a_network_that_holds_itself_and_one_that_is_tied_arrive_as_they_were():
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    network[1].weight = network[0].weight
    network.__dict__["me"] = network
    found = sent(network)
    assert found[1].weight is found[0].weight
    assert found.__dict__["me"] is found


def test_gradients_travel():
    layer, other, half = nn.Linear(2, 1), torch.ones(2, requires_grad=True), nn.Parameter(torch.ones(2).to_sparse())
    layer(other).sum().backward()
    half.grad = torch.full((2,), 2.0).to_sparse()
    found = sent([layer, other, other, half])
    assert found[1] is found[2]
    for each, original in ((found[0].weight, layer.weight), (found[1], other)):
        assert torch.equal(each, original)
        assert torch.equal(each.grad, original.grad)
    for each, original in zip([found[0].weight, found[1], found[3]], [layer.weight, other, half], strict=True):
        assert type(each) is type(original)
        assert each.requires_grad
    assert torch.equal(found[3].grad.to_dense(), half.grad.to_dense())


def test_hooks_travel():
    network = nn.Linear(2, 2)
    network.register_forward_hook(lambda module, args, out: out + 1)
    x = torch.ones(1, 2)
    assert torch.equal(sent(network)(x), network(x))


def test_a_class_of_a_check_file_travels_by_value_and_is_one_class_over_there(tmp_path):
    path = tmp_path / "cases.py"
    path.write_text(CHECK_FILE, encoding="utf-8")
    kind = load_file(path).Shifted
    one, other = sent([kind(1.0), kind(2.0)])
    again = sent(kind(4.0))
    assert type(one) is type(other) is type(again)
    x = torch.ones(2)
    assert [each(x).tolist() for each in (one, other, again)] == [[5.0, 5.0], [6.0, 6.0], [8.0, 8.0]]


def test_a_class_within_a_function_keeps_what_surrounds_it():
    def make(by: float) -> nn.Module:
        class Local(nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return x + by

        return Local()

    assert [float(sent(make(by))(torch.zeros(()))) for by in (1.0, 2.0)] == [1.0, 2.0]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bool, torch.int64, torch.bfloat16])
@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (3, 2)])
def test_tensors_of_every_kind_arrive(dtype, shape):
    tensor = (torch.rand(shape) * 3).to(dtype)
    found = sent(tensor)
    assert (found.dtype, found.shape) == (tensor.dtype, tensor.shape)
    assert torch.equal(found, tensor)


def test_views_share_memory_over_there():
    whole = torch.zeros(3, 4)
    one, other = sent([whole, whole.T])
    one.fill_(1.0)
    assert other.sum() == 12
