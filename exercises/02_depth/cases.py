"""Honest inputs for unit 02, and what stays the same between right answers that look different."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.cases import Ask, Call, calls, corners
from autograder.models import MLP, ConvNet, LinearClassifier
from autograder.strategies import Draw, seeds, tensors

BOXES = ((0.0, 1.0), (-3.0, 6.0), (2.0, 0.5), (-100.0, 200.0))  # where the first knot is, and how far the last is
WRONG = -1.0  # in a summary, of what cannot be summed up

# relu_interpolant


@st.composite
def knots(draw: Draw, dtype: torch.dtype, *, least: int = 2) -> tuple[Tensor, Tensor]:
    """Two to eight knots, uneven, none nearer to the next than a fiftieth of their range; heights of any size."""
    generator = torch.Generator().manual_seed(draw(seeds()))
    count, (start, width) = draw(st.integers(least, 8)), draw(st.sampled_from(BOXES))
    gaps = 0.1 + torch.rand(count - 1, generator=generator, dtype=torch.float64)
    places = torch.cat([torch.zeros(1, dtype=torch.float64), gaps.cumsum(0)])
    x = start + width * places / places[-1]
    y = draw(tensors((count,), dtype=dtype))
    return x.to(dtype), y


def read_layer(answer: Any, x: Tensor) -> Tensor:
    """What a layer (weights, kinks, bias) computes at the points x `(P,)`, in float64."""
    weights, kinks, bias = (each.detach().double() for each in answer)
    return bias + (weights * torch.relu(x.double()[:, None] - kinks)).sum(1)


def between(knots_x: Tensor, knots_y: Tensor, parts: int) -> tuple[Tensor, Tensor]:
    """Points that cut each piece into `parts`, and the height of the straight line there, in float64."""
    x, y = knots_x.double(), knots_y.double()
    share = torch.arange(1, parts, dtype=torch.float64) / parts
    return tuple((each[:-1, None] + share * each.diff()[:, None]).flatten() for each in (x, y))  # type: ignore[return-value]


def slack(knots_y: Tensor, answer: Any) -> float:
    """How far rounding may take a right answer: 1e-3 (float64: 1e-7) of the greatest height."""
    fine = all(each.dtype == torch.float64 for each in (knots_y, *answer))
    return (1e-7 if fine else 1e-3) * (1 + float(knots_y.double().abs().max()))


def line_seen(knots_x: Tensor, knots_y: Tensor) -> Callable[[Any], Tensor]:
    """A summary of a layer: how far from the line it is, in units of the slack, and whether it is small."""
    within, heights = between(knots_x, knots_y, 4)
    places, heights = torch.cat([knots_x.double(), within]), torch.cat([knots_y.double(), heights])

    def summary(answer: Any) -> Tensor:
        if not isinstance(answer, (tuple, list)) or len(answer) != 3 or answer[0].shape != answer[1].shape:
            return torch.full((len(places) + 1,), 1e9, dtype=torch.float64)
        small = torch.tensor([float(len(answer[0]) < len(knots_x))], dtype=torch.float64)
        return torch.cat([(read_layer(answer, places) - heights) / slack(knots_y, answer), 10 * small])

    return summary


def _knots_call(knots_x: Tensor, knots_y: Tensor) -> Call:
    """The layer that draws a line is not unique, its line is."""
    return Call(knots_x, knots_y).random(summary=line_seen(knots_x.clone(), knots_y.clone()), within=1.0)


@calls("relu_interpolant")
def relu_interpolant(ask: Ask) -> Call:
    """A few knots, uneven, of any height."""
    return _knots_call(*ask.draw(knots(ask.dtype)))


@corners("relu_interpolant")
def relu_interpolant_corners() -> list[Call]:
    """A straight line, a level, a zigzag, many knots, far from 0, and what are no knots."""
    x = torch.tensor([-1.0, 0.0, 0.5, 3.0], dtype=torch.float64)
    y = torch.tensor([2.0, -1.0, 0.25, 4.0], dtype=torch.float64)
    many = torch.linspace(-3, 3, 60)
    right = [
        (x[:2], y[:2]),
        (x[1:], y[1:]),
        (x, y),
        (x, 2 * x + 1),
        (x, torch.full_like(x, 3.0)),
        (x, torch.zeros_like(x)),
        (x.float() + 2, y.float()),
        (many, torch.sin(2 * many)),
        (torch.arange(5.0), torch.tensor([0.0, 1.0, 0.0, 1.0, 0.0])),
        (torch.tensor([0.0, 0.02, 1.0]), torch.tensor([1.0, -1.0, 0.5])),
    ]
    wrong = [
        (x[[0, 2, 1, 3]], y),
        (x.flip(0), y),
        (x[[0, 1, 1, 2]], y),
        (x, y[:3]),
        (x[:3], y),
        (x[:1], y[:1]),
        (x[:0], y[:0]),
        (x[None], y[None]),
        (x[:, None], y[:, None]),
        (x, y[:, None]),
        (x[0], y[0]),
    ]
    return [_knots_call(*each) for each in right] + [Call(*each) for each in wrong]


# sawtooth

SHAPES = ((), (3,), (2, 2), (1, 3, 2))  # behind the batch


@st.composite
def dyadic(draw: Draw, shape: tuple[int, ...], dtype: torch.dtype, *, places: int = 16) -> Tensor:
    """Numbers k/2**places in [0, 1], both ends among them: exact in any float type, and so are all their folds."""
    generator = torch.Generator().manual_seed(draw(seeds()))
    numbers = torch.randint(2**places + 1, shape, generator=generator)
    ends = torch.rand(shape, generator=generator)
    numbers = torch.where(ends < 0.1, 0, torch.where(ends > 0.9, 2**places, numbers))
    return numbers.to(dtype) / 2**places


@calls("sawtooth")
def sawtooth(ask: Ask) -> Call:
    """Numbers of any shape that are exact, however often they are folded."""
    shape = (ask.batch, *ask.draw(st.sampled_from(SHAPES)))
    return Call(ask.draw(dyadic(shape, ask.dtype)), ask.draw(st.integers(0, 14)))


@corners("sawtooth")
def sawtooth_corners() -> list[Call]:
    """Ends and turns, no folds and many, one number, any shape, no numbers, and numbers that are not round."""
    turns = torch.arange(9, dtype=torch.float64) / 8
    fine = torch.arange(0, 2**20 + 1, 4097).double() / 2**20
    return [
        *(Call(turns, depth) for depth in (0, 1, 2, 3, 4)),
        Call(fine, 12),
        Call(fine.float(), 18),
        Call(torch.tensor(0.375), 2),
        Call(turns[:8].reshape(2, 1, 4), 3),
        Call(torch.tensor([0.1, 0.3, 0.7, 0.9], dtype=torch.float64), 2),
        Call(turns[:0], 3),
    ]


# parity_circuit


def circuit_problem(gates: Any, n: int) -> str:
    """What keeps `gates` from being a circuit on `n` inputs, or nothing."""
    return _circuit_problem(gates, n)[1]


def _circuit_problem(gates: Any, n: int) -> tuple[float, str]:
    """A number for the kind of problem, and a sentence."""
    if not isinstance(gates, (list, tuple)):
        return -1.0, f"wanted a list of pairs; got {type(gates).__name__}"
    for number, pair in enumerate(gates):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            return -2.0, f"gate {number} is no pair: {pair!r}"
        if not all(type(wire) is int for wire in pair):
            return -3.0, f"gate {number} reads {pair!r}; wanted wire numbers that are Python ints"
        if not all(0 <= wire < n + len(gates) for wire in pair):
            return -4.0, f"gate {number} reads {tuple(pair)}; the wires have the numbers 0 to {n + len(gates) - 1}"
    return (0.0, "") if gates_in_order(gates, n) is not None else (-5.0, "some gate waits for its own wire, in a loop")


def gates_in_order(gates: Any, n: int) -> list[int] | None:
    """The gates' numbers in an order in which each wire is made before it is read; None where there is a loop."""
    order: list[int] = []
    made, left = set(range(n)), list(range(len(gates)))
    while left:
        ready = [number for number in left if made.issuperset(gates[number])]
        if not ready:
            return None
        order += ready
        made |= {n + number for number in ready}
        left = [number for number in left if n + number not in made]
    return order


def run_circuit(gates: Any, n: int, bits: Tensor) -> tuple[Tensor, int]:
    """What the last wire says of each row of `bits` `(N, n)`, and through how many gates a signal may pass."""
    wires, depths = dict(enumerate(bits.T)), dict.fromkeys(range(n), 0)
    for number in gates_in_order(gates, n) or []:
        first, second = gates[number]
        wires[n + number] = wires[first] ^ wires[second]
        depths[n + number] = 1 + max(depths[first], depths[second])
    last = n + len(gates) - 1
    return wires[last], depths[last]


def rows_of_bits(n: int, seed: int = 0) -> Tensor:
    """Int64 rows `(N, n)` of bits: all of them for n ≤ 10, else 200 that hold any number of ones."""
    if n <= 10:
        return torch.tensor(list(itertools.product((0, 1), repeat=n)))
    generator = torch.Generator().manual_seed(seed)
    ones = torch.cat([torch.arange(n + 1), torch.randint(n + 1, (199,), generator=generator)])[:200]
    return (torch.rand(len(ones), n, generator=generator).argsort(1) < ones[:, None]).long()


def circuit_seen(n: int) -> Callable[[Any], Tensor]:
    """A summary of a circuit: its number of gates, its depth, and what it computes."""

    def summary(gates: Any) -> Tensor:
        bits, (problem, _) = rows_of_bits(n), _circuit_problem(gates, n)
        if problem:
            return torch.full((len(bits) + 2,), problem)
        said, depth = run_circuit(gates, n, bits)
        return torch.cat([torch.tensor([len(gates), depth]), said]).float()

    return summary


def _circuit_call(n: int) -> Call:
    return Call(n).random(summary=circuit_seen(n), within=0.0)


@calls("parity_circuit")
def parity_circuit(ask: Ask) -> Call:
    """A few inputs, or some dozens."""
    return _circuit_call(ask.draw(st.integers(2, 12) | st.integers(2, 70)))


@corners("parity_circuit")
def parity_circuit_corners() -> list[Call]:
    """Powers of two and their neighbours, and too few inputs."""
    return [*(_circuit_call(n) for n in (2, 3, 4, 5, 6, 7, 8, 9, 11, 16, 33, 100)), *(Call(n) for n in (1, 0, -1))]


# parity_dnf


def run_terms(rows: Tensor, bits: Tensor) -> Tensor:
    """For each row of `bits` how many terms are true; what is no 1 wants a 0."""
    return ((rows[None] == 1) == (bits[:, None] == 1)).all(2).sum(1)


def terms_seen(n: int) -> Callable[[Any], Tensor]:
    """A summary of terms: how many there are, whether all are of zeros and ones, and which inputs make one true."""

    def summary(rows: Any) -> Tensor:
        bits = rows_of_bits(n)
        if not isinstance(rows, Tensor) or rows.ndim != 2 or rows.shape[1] != n:
            return torch.full((len(bits) + 2,), WRONG)
        proper = bool(((rows == 0) | (rows == 1)).all())
        facts = torch.tensor([len(rows), int(proper)])
        return torch.cat([facts, run_terms(rows, bits)]).float()

    return summary


def _terms_call(n: int) -> Call:
    return Call(n).random(summary=terms_seen(n), within=0.0)


@calls("parity_dnf")
def parity_dnf(ask: Ask) -> Call:
    """A few inputs."""
    return _terms_call(ask.draw(st.integers(1, 8)))


@corners("parity_dnf")
def parity_dnf_corners() -> list[Call]:
    """One input to ten."""
    return [_terms_call(n) for n in (1, 2, 3, 4, 5, 10)]


# parity_relu_layer


def run_units(answer: Any, bits: Tensor) -> Tensor:
    """What a layer of ReLU units (weight, bias, output weight, output bias) says of each row of `bits`."""
    weight, bias, output_weight, output_bias = (each.detach() for each in answer)
    hidden = torch.relu(bits.to(weight.dtype) @ weight.T + bias)
    return hidden @ output_weight + output_bias


def units_seen(n: int) -> Callable[[Any], Tensor]:
    """A summary of a layer of units: what it says, in units of 1e-5."""

    def summary(answer: Any) -> Tensor:
        bits = rows_of_bits(n)
        if layer_problem(answer, n):
            return torch.full((len(bits),), 1e9, dtype=torch.float64)
        return run_units(answer, bits).double() / 1e-5

    return summary


def layer_problem(answer: Any, n: int) -> str:
    """What keeps four tensors from being a layer of n units on n bits, or nothing."""
    wanted = [(n, n), (n,), (n,), ()]
    if not isinstance(answer, (tuple, list)) or len(answer) != len(wanted):
        return "wanted four tensors"
    shapes = [tuple(each.shape) for each in answer]
    if shapes != wanted:
        return f"for n = {n} the shapes are {shapes}; wanted {wanted}"
    return "" if len({each.dtype for each in answer}) == 1 else "the four tensors are of different types"


def _units_call(n: int) -> Call:
    return Call(n).random(summary=units_seen(n), within=1.01)


@calls("parity_relu_layer")
def parity_relu_layer(ask: Ask) -> Call:
    """A few bits, or some dozens."""
    return _units_call(ask.draw(st.integers(1, 9) | st.integers(1, 64)))


@corners("parity_relu_layer")
def parity_relu_layer_corners() -> list[Call]:
    """One bit to four, the number up to which all rows are tried, and as many bits as the contract speaks of."""
    return [_units_call(n) for n in (1, 2, 3, 4, 10, 33, 64)]


# count_parameters


@st.composite
def perceptrons(draw: Draw, *, frozen: bool | None = None) -> tuple[nn.Module, int, int]:
    """A perceptron, how many numbers it learns, and how many are frozen; some of its parts are, if `frozen` is None."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=2, max_size=4))
    norm, drawn = draw(st.booleans()), frozen is None and draw(st.booleans())
    with torch.random.fork_rng(devices=[]):  # torch's layers draw weights of their own
        model = MLP(*sizes, batch_norm=norm)
    parts = [wide * (narrow + 1) for narrow, wide in itertools.pairwise(sizes)]
    parts[:-1] = [part + 2 * wide * norm for part, wide in zip(parts[:-1], sizes[1:-1], strict=True)]
    still = sum(parts) if frozen else 0
    if frozen:
        model.requires_grad_(False)
    elif drawn:
        model.layers[0].requires_grad_(False)
        still = sizes[1] * (sizes[0] + 1)
    return model.eval(), sum(parts) - still, still


class Tied(nn.Module):
    """A coder whose first and last layer share a weight, and which reads one and the same layer twice."""

    def __init__(self, words: int, size: int):
        super().__init__()
        self.code = nn.Embedding(words, size)
        self.twice = nn.ModuleList([nn.Linear(size, size)] * 2)
        self.decode = nn.Linear(size, words)
        self.decode.weight = self.code.weight
        self.alias = self.decode.bias


class Odd(nn.Module):
    """Parameters of its own, of any number of dimensions, beside a part's; a buffer and a plain tensor."""

    def __init__(self, size: int):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.table = nn.Parameter(torch.zeros(2, size, 3))
        self.several = nn.ParameterList([torch.zeros(size), torch.zeros(1)])
        self.nothing = nn.Parameter(torch.zeros(0, 5))
        self.part = nn.Sequential(nn.Sequential(nn.Linear(size, 2, bias=False)))
        self.register_buffer("mean", torch.zeros(7))
        self.plain = torch.zeros(11)


def _frozen(model: nn.Module, *names: str) -> nn.Module:
    """The model with the parameters of these names frozen."""
    for name in names:
        model.get_parameter(name).requires_grad_(False)
    return model


@calls("count_parameters")
def count_parameters(ask: Ask) -> Call:
    """Perceptrons with and without frozen layers."""
    model, _, _ = ask.draw(perceptrons())
    options = ask.draw(st.sampled_from([{}, {"trainable_only": True}, {"trainable_only": False}]))
    return Call(model, **options)


@corners("count_parameters")
def count_parameters_corners() -> list[Call]:
    """Shared, frozen, odd and missing parameters; buffers; convolutions; modules that are one layer."""
    with torch.random.fork_rng(devices=[]):
        models = [
            nn.Linear(3, 2),
            LinearClassifier(4, 3),
            ConvNet(2, 3, 5, 4),
            MLP(3, 4, 2, batch_norm=True),
            Tied(7, 3),
            Odd(4),
            nn.Sequential(nn.ReLU(), nn.Flatten()),
            nn.BatchNorm2d(5, affine=False),
            _frozen(Tied(5, 2), "code.weight"),
            _frozen(Odd(3), "table", "part.0.0.weight"),
            _frozen(nn.Linear(6, 4), "weight", "bias"),
            _frozen(nn.Linear(6, 4), "bias"),
        ]
    quiet = [each.eval() for each in models]
    return [*(Call(each) for each in quiet), *(Call(each, trainable_only=False) for each in quiet[4:])]
