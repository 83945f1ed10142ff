"""What a call changed is seen, told and undone."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import torch
from torch import nn

from autograder import effects, global_states
from autograder.effects import CannotWriteError, Snapshot, changes, clone, describe, observe, write


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 3))


def arguments() -> dict[str, object]:
    torch.manual_seed(0)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    return {
        "optimizer": optimizer,
        "model": model,
        "x": torch.randn(6, 4),
        "leaf": torch.randn(3, requires_grad=True),
        "generator": torch.Generator().manual_seed(3),
        "batches": [torch.zeros(2), (torch.ones(2), 5)],
        "table": {"a": torch.zeros(1), "b": 2.0},
    }


def step(given: dict) -> None:
    given["model"](given["x"]).sum().backward()
    given["optimizer"].step()


def replace_weight(given: dict) -> None:
    given["model"][0].weight = nn.Parameter(torch.zeros(5, 4))


def forward_hook(given: dict) -> None:
    given["model"][2].register_forward_hook(lambda module, args, output: output * 0)


def insert_module(given: dict) -> None:
    given["model"].add_module("extra", nn.Linear(3, 3))


def none_bias(given: dict) -> None:
    given["model"][4].bias = None


def resize(given: dict) -> None:
    given["x"].data = given["x"].data[:2].double()


def in_place_with_graph(given: dict) -> None:
    given["x"] += given["leaf"].sum()


DEEDS = [
    (lambda given: given["x"].add_(1), {"x"}),
    (resize, {"x"}),
    (in_place_with_graph, {"x", "x.requires_grad"}),
    (lambda given: given["x"].requires_grad_(), {"x.requires_grad"}),
    (lambda given: given["leaf"].sum().backward(), {"leaf.grad"}),
    (lambda given: given["leaf"].register_hook(lambda grad: grad), {"leaf.hooks"}),
    (
        lambda given: given["model"][0].requires_grad_(False),
        {"model.0.weight.requires_grad", "model.0.bias.requires_grad"},
    ),
    (lambda given: given["model"].eval(), {"model.training"} | {f"model.{index}.training" for index in range(5)}),
    (lambda given: setattr(given["model"][3], "p", 0.0), {"model.3.p"}),
    (forward_hook, {"model.2.hooks"}),
    (replace_weight, None),
    (none_bias, None),
    (insert_module, None),
    (lambda given: given["optimizer"].param_groups[0].update(lr=0.2, betas=(0.5, 0.6)), None),
    (step, None),
    (lambda given: torch.rand(1, generator=given["generator"]), {"generator.state"}),
    (lambda given: given["batches"].append(torch.ones(1)), None),
    (lambda given: given["batches"].pop(0), None),
    (lambda given: given["batches"][1][0].fill_(9), {"batches.1.0"}),
    (lambda given: given["table"].update(b=3.0, c=1), {"table.b", "table.c", "table.length"}),
    (lambda given: given["table"].pop("a"), None),
    (lambda given: torch.rand(1), {"global.torch_random"}),
    (lambda given: np.random.rand(), {"global.numpy_random"}),
    (lambda given: random.gauss(0, 1), {"global.python_random"}),
    (lambda given: torch.set_grad_enabled(False), {"global.grad_enabled"}),
    (lambda given: torch.set_default_dtype(torch.float64), {"global.default_dtype"}),
]


@pytest.fixture(autouse=True)
def _global_states():
    yield
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("deed", "paths"), DEEDS)
def test_every_change_is_seen_and_undone(deed, paths):
    given = arguments()
    snapshot = Snapshot(given)
    assert snapshot.changes() == {}
    weight = given["model"][0].weight
    deed(given)
    found = snapshot.changes()
    assert found
    assert paths is None or set(found) == paths
    for path, fact in found.items():
        sentence = describe(path, snapshot.facts.get(path), fact)
        assert sentence.endswith(".")
        assert "\n" not in sentence
    snapshot.restore(found)
    assert snapshot.changes() == {}
    assert given["model"][0].weight is weight
    assert given["optimizer"].param_groups[0]["params"][0] is weight


@pytest.mark.parametrize(("deed", "paths"), DEEDS)
def test_facts_can_be_written_into_a_twin(deed, paths):
    given = arguments()
    twin = clone(given)
    before = observe(given)
    assert changes(before, observe(twin)) == {}
    deed(given)
    after = observe(given)
    found = changes(before, after)
    if any(path.endswith(".hooks") or "extra" in path for path in found):
        with pytest.raises(CannotWriteError):
            write(twin, found)
        return
    write(twin, found)
    assert changes(after, observe(twin)) == {}


def test_only_what_is_named_is_put_back():
    given = arguments()
    snapshot = Snapshot(given)
    given["x"].add_(1)
    given["model"].eval()
    snapshot.restore(["x"])
    assert "x" not in snapshot.changes()
    assert not given["model"].training


def test_a_global_state_draws_the_same_again():
    snapshot = Snapshot({})
    one = (torch.rand(2).tolist(), np.random.randn(3).tolist(), random.gauss(0, 1), random.random())
    snapshot.restore()
    assert (torch.rand(2).tolist(), np.random.randn(3).tolist(), random.gauss(0, 1), random.random()) == one


def test_nan_equals_nan_and_one_is_not_true():
    assert not changes(
        {"a": torch.tensor([math.nan, 1.0]), "b": math.nan}, {"a": torch.tensor([math.nan, 1.0]), "b": math.nan}
    )
    assert changes({"a": 1}, {"a": True}) == {"a": True}
    assert changes({"a": torch.zeros(2)}, {"a": torch.zeros(2, dtype=torch.float64)})
    assert changes({"a": torch.zeros(2)}, {"a": torch.zeros(1, 2)})
    assert changes({"a": 1, "b": None}, {}) == {"a": None}


def test_facts_are_copies():
    x = torch.zeros(2)
    before = observe({"x": x})
    x.fill_(1)
    assert before["x"].tolist() == [0, 0]


def test_tied_weights_are_told_once():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    assert "model.1.weight" not in observe({"model": model})


@pytest.mark.parametrize(
    ("path", "fact"),
    [
        ("x", 3),
        ("y", torch.zeros(2)),
        ("x.requires_grad", "yes"),
        ("x.grad", torch.zeros(7)),
        ("model.nothing", 1.0),
        ("model.__class__", 1.0),
        ("model.forward", 1.0),
        ("generator.state", torch.zeros(3, dtype=torch.uint8)),
        ("optimizer.param_groups.9.lr", 1.0),
        ("optimizer.param_groups.0.params", 1.0),
        ("optimizer.state.99.step", 1.0),
        ("optimizer.state", 1.0),
        ("global.torch_random", torch.zeros(3)),
        ("global.numpy_random", torch.full((2520,), 255, dtype=torch.uint8)),
        ("global.python_random", 3),
        ("global.default_dtype", "int64"),
        ("global.nothing", True),
        ("", None),
        (".", None),
    ],
)
def test_what_does_not_fit_is_refused(path, fact):
    with pytest.raises(CannotWriteError):
        write(arguments(), {path: fact})


def test_a_clone_shares_nothing():
    given = arguments()
    step(given)
    given["again"] = given["x"]
    given["result"] = given["model"](given["x"])
    before = observe(given)
    twin = clone(given)
    assert twin["again"] is twin["x"]
    assert twin["result"].requires_grad
    assert twin["optimizer"].param_groups[0]["params"][0] is twin["model"][0].weight
    step(twin)
    torch.rand(1, generator=twin["generator"])
    twin["batches"][0].fill_(8)
    assert {path for path in changes(before, observe(given)) if not path.startswith("global.")} == set()


def test_the_sentences_say_what_to_do():
    assert describe("model.0.weight.grad", None, torch.ones(1)) == (
        "`model.0.weight.grad` was None before the call and holds a gradient after it: "
        "use torch.autograd.grad, or clear what .backward() left."
    )
    assert "eval mode" in describe("model.training", False, True)
    assert "x.clone()" in describe("x", torch.zeros(1), torch.ones(1))
    assert "0 hooks" in describe("model.2.hooks", 0, 1)
    assert "(2, 3)" in describe("x", torch.zeros(2, 3), torch.zeros(2))
    assert "generator" in describe("global.torch_random", torch.zeros(1), torch.ones(1))


def test_every_name_is_public():
    assert all(hasattr(effects, name) for name in effects.__all__)


@pytest.mark.parametrize("draws", [0, 1, 2], ids=["just seeded", "half of a pair of Gaussians kept", "both drawn"])
@pytest.mark.parametrize("seed", [0, 3])
def test_numpys_random_state_survives_reading_and_putting(seed, draws):
    """The state after seeding with 0 is known by its words alone; whatever else is told as NumPy tells it."""
    np.random.seed(seed)
    for _ in range(draws):
        np.random.randn()
    before, fact = np.random.get_state(legacy=False), global_states.read()["global.numpy_random"]
    np.random.seed(1)
    np.random.randn()
    global_states.put("global.numpy_random", fact)
    after = np.random.get_state(legacy=False)
    assert (after["state"]["key"] == before["state"]["key"]).all()
    for name in ("has_gauss", "gauss"):
        assert after[name] == before[name]
    assert after["state"]["pos"] == before["state"]["pos"]
