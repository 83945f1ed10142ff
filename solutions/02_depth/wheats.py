"""Right answers to the unit on depth, written in other ways."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import torch
from torch import nn

from autograder.wheats import wheat


def _refuse(x, y):
    if x.dim() != 1 or y.dim() != 1 or len(x) != len(y) or len(x) < 2 or torch.any(x[1:] <= x[:-1]):
        raise ValueError("these are no knots")


# relu_interpolant


@wheat("relu_interpolant")
def walking_from_knot_to_knot(knots_x, knots_y):
    """A loop that keeps the slope so far."""
    _refuse(knots_x, knots_y)
    weights, slope = [], 0.0
    for left in range(len(knots_x) - 1):
        new = (knots_y[left + 1] - knots_y[left]) / (knots_x[left + 1] - knots_x[left])
        weights.append(new - slope)
        slope = new
    return torch.stack(weights), knots_x[:-1], knots_y[0]


@wheat("relu_interpolant")
def solving_for_the_weights(knots_x, knots_y):
    """A triangular system: what each unit brings at each knot."""
    _refuse(knots_x, knots_y)
    kinks, x, y = knots_x[:-1].double(), knots_x.double(), knots_y.double()
    table = torch.relu(x[1:, None] - kinks)
    weights = torch.linalg.solve_triangular(table, (y[1:] - y[0])[:, None], upper=False)[:, 0]
    return weights.to(knots_x.dtype), knots_x[:-1].clone(), knots_y[0].clone()


@wheat("relu_interpolant")
def from_further_left(knots_x, knots_y):
    """The first unit starts before the first knot, and the bias makes up for it."""
    _refuse(knots_x, knots_y)
    slopes = torch.diff(knots_y) / torch.diff(knots_x)
    lead = (knots_x[-1] - knots_x[0]) / 2
    kinks = torch.cat([(knots_x[0] - lead)[None], knots_x[1:-1]])
    return torch.cat([slopes[:1], slopes[1:] - slopes[:-1]]), kinks, knots_y[0] - lead * slopes[0]


@wheat("relu_interpolant")
def only_where_it_turns(knots_x, knots_y):
    """No unit where the slope stays the same, so there may be none at all; in another order."""
    _refuse(knots_x, knots_y)
    slopes = torch.diff(knots_y) / torch.diff(knots_x)
    weights = torch.diff(slopes, prepend=torch.zeros_like(slopes[:1]))
    turns = weights != 0
    return weights[turns].flip(0), knots_x[:-1][turns].flip(0), knots_y[0].clone()


@wheat("relu_interpolant")
def on_numpys_side(knots_x, knots_y):
    """NumPy's gradients of the pieces."""
    x, y = knots_x.numpy(), knots_y.numpy()
    if x.ndim != 1 or y.ndim != 1 or x.size != y.size or x.size < 2 or not (np.diff(x) > 0).all():
        raise ValueError("these are no knots")
    weights = np.diff(np.concatenate([[0.0], np.diff(y.astype(np.float64)) / np.diff(x.astype(np.float64))]))
    return torch.from_numpy(weights).to(knots_x.dtype), knots_x[:-1].clone(), torch.tensor(y[0])


# sawtooth


@wheat("sawtooth")
def as_a_distance_from_the_middle(x, depth):
    """One minus the size of 2x − 1."""
    for _ in range(depth):
        x = 1 - (2 * x - 1).abs()
    return x


@wheat("sawtooth")
def of_two_relu_units(x, depth):
    """Each layer is the two units that the theory speaks of."""
    for _ in range(depth):
        x = 2 * torch.relu(x) - 4 * torch.relu(x - 0.5)
    return x


@wheat("sawtooth")
def by_recursion(x, depth):
    """Fold once, and let the rest fold the result."""
    return x if depth == 0 else by_recursion(2 * torch.minimum(x, 1 - x), depth - 1)


@wheat("sawtooth")
def as_a_distance_from_whole_numbers(x, depth):
    """In one go: how far the stretched line is from the nearest even number."""
    stretched = x * 2**depth
    return (stretched - 2 * torch.round(stretched / 2)).abs() if depth else x.clone()


@wheat("sawtooth")
def number_by_number(x, depth):
    """Plain Python floats."""
    folded = []
    for each in x.flatten().tolist():
        for _ in range(depth):
            each = 2 * each if each < 0.5 else 2 * (1 - each)
        folded.append(each)
    return torch.tensor(folded, dtype=x.dtype).reshape(x.shape)


# parity_circuit


@wheat("parity_circuit")
def round_after_round(n):
    """Rounds in which neighbours are paired; an odd one waits."""
    if n < 2:
        raise ValueError("there is nothing to combine")
    wires, gates = list(range(n)), []
    while len(wires) > 1:
        winners = []
        for first, second in zip(wires[::2], wires[1::2], strict=False):
            gates.append([second, first])
            winners.append(n + len(gates) - 1)
        wires = winners + (wires[-1:] if len(wires) % 2 else [])
    return gates


@wheat("parity_circuit")
def by_halves(n):
    """The parity of either half first."""
    if n <= 1:
        raise ValueError("there is nothing to combine")
    gates = []

    def combine(low, high):
        if high - low == 1:
            return low
        middle = (low + high) // 2
        left, right = combine(low, middle), combine(middle, high)
        gates.append((left, right))
        return n + len(gates) - 1

    combine(0, n)
    return gates


@wheat("parity_circuit")
def a_full_tree_first(n):
    """As much as the greatest power of two allows on the left."""
    if n < 2:
        raise ValueError("there is nothing to combine")
    gates = []

    def combine(wires):
        if len(wires) == 1:
            return wires[0]
        left = 1 << (len(wires) - 1).bit_length() - 1
        gates.append((combine(wires[:left]), combine(wires[left:])))
        return n + len(gates) - 1

    combine(tuple(range(n)))
    return tuple(gates)


@wheat("parity_circuit")
def gates_in_any_order(n):
    """The gates of a tree from the top down; only the last one must be last."""
    if n < 2:
        raise ValueError("there is nothing to combine")
    gates = by_halves(n)
    order = [*range(len(gates) - 2, -1, -1), len(gates) - 1]
    names = {n + old: n + new for new, old in enumerate(order)}
    return [tuple(names.get(wire, wire) for wire in gates[old]) for old in order]


# parity_dnf


@wheat("parity_dnf")
def one_bit_after_the_other(n):
    """Terms for n bits from terms for fewer: a bit more, which is 0 behind odd rows and 1 behind even ones."""
    odd, even = torch.tensor([[1]]), torch.tensor([[0]])
    for _ in range(n - 1):
        zeros, ones = torch.zeros(len(odd), 1, dtype=torch.int64), torch.ones(len(odd), 1, dtype=torch.int64)
        odd, even = (
            torch.cat([torch.cat([odd, zeros], 1), torch.cat([even, ones], 1)]),
            torch.cat([torch.cat([even, zeros], 1), torch.cat([odd, ones], 1)]),
        )
    return odd


@wheat("parity_dnf")
def with_a_bit_that_settles_it(n):
    """All rows of n − 1 bits, and a last bit that makes the number of ones odd."""
    rows = [(*bits, 1 - sum(bits) % 2) for bits in itertools.product((1, 0), repeat=n - 1)]
    return torch.tensor(rows, dtype=torch.int64)


@wheat("parity_dnf")
def from_written_numbers(n):
    """Numbers whose binary digits hold an odd number of ones."""
    words = [format(number, f"0{n}b") for number in range(1 << n)]
    return torch.tensor([[int(digit) for digit in word] for word in words if word.count("1") % 2])


# parity_relu_layer


@wheat("parity_relu_layer")
def counting_the_zeros(n):
    """Units that watch how many bits are 0, in reverse order, with an output bias."""
    numbers = torch.arange(n).flip(0).float()
    turns = torch.where(numbers == 0, 1.0, torch.where(numbers % 2 == 1, -2.0, 2.0))
    sign = 1.0 if n % 2 == 0 else -1.0
    return torch.full((n, n), -1.0), n - numbers, sign * turns, torch.tensor(float(n % 2))


@wheat("parity_relu_layer")
def on_another_scale(n):
    """Half as much in, twice as much out: powers of two are exact."""
    kinks = torch.tensor([float(k) for k in range(n)])
    turns = torch.tensor([1.0] + [4.0 * (-1) ** k / 2 for k in range(1, n)])
    return 0.5 * torch.ones(n, n), -0.5 * kinks, 2 * turns, torch.tensor(0.0)


@wheat("parity_relu_layer")
def solved_for(n):
    """What each unit says of each number of ones, solved for the output weights."""
    ones = torch.arange(1, n + 1, dtype=torch.float64)
    hidden = torch.relu(ones[:, None] - torch.arange(n))
    output_weight = torch.linalg.solve(hidden, ones % 2).round()
    return torch.ones(n, n), -torch.arange(n).float(), output_weight.float(), torch.zeros(1)[0]


# count_parameters


@wheat("count_parameters")
def as_one_long_vector(model, *, trainable_only=True):
    """Torch's own way to lay all parameters end to end."""
    chosen = [each for each in model.parameters() if not trainable_only or each.requires_grad]
    return len(nn.utils.parameters_to_vector(chosen)) if chosen else 0


@wheat("count_parameters")
def module_by_module(model, *, trainable_only=True):
    """Each module's own parameters, known ones left out."""
    known, total = set(), 0
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            if id(parameter) not in known and (parameter.requires_grad or not trainable_only):
                total += math.prod(parameter.shape)
            known.add(id(parameter))
    return total


@wheat("count_parameters")
def by_adding_up(model, *, trainable_only=True):
    """A fold over a dict of parameters by identity."""
    parameters = {id(each): each for _, each in model.named_parameters(remove_duplicate=False)}.values()
    sizes = [each.nelement() for each in parameters if each.requires_grad or trainable_only is False]
    return int(functools.reduce(lambda total, size: total + size, sizes, 0))
