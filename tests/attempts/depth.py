"""Attempts at unit 02, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import itertools
import math
from collections import deque

import torch
from torch import nn

from tests.attempts import attempt


def _check_knots(knots_x, knots_y):
    if knots_x.dim() != 1 or knots_y.dim() != 1:
        raise ValueError("knots must be 1-D")
    if len(knots_x) != len(knots_y) or len(knots_x) < 2:
        raise ValueError("there must be as many heights as places, and two or more")
    if not bool((knots_x[1:] > knots_x[:-1]).all()):
        raise ValueError("knots must go from left to right")


@attempt("relu_interpolant", mistake="slopes_for_changes_of_slope")
def gives_each_piece_a_unit(knots_x, knots_y):
    """Every piece has a slope, so the unit that starts at the piece's left end gets that slope as its weight."""
    _check_knots(knots_x, knots_y)
    weights = torch.empty(len(knots_x) - 1, dtype=knots_x.dtype)
    for j in range(len(weights)):
        weights[j] = (knots_y[j + 1] - knots_y[j]) / (knots_x[j + 1] - knots_x[j])
    return weights, knots_x[:-1].clone(), knots_y[0].clone()


@attempt("relu_interpolant", mistake="forgets_the_bias")
def needs_no_bias(knots_x, knots_y):
    """I keep the slope so far and let each unit add what is missing; the units do it all, so the bias is zero."""
    _check_knots(knots_x, knots_y)
    xs, ys = knots_x.tolist(), knots_y.tolist()
    weights, kinks = [], []
    so_far = 0.0
    for (x1, y1), (x2, y2) in itertools.pairwise(zip(xs, ys, strict=True)):
        slope = (y2 - y1) / (x2 - x1)
        weights.append(slope - so_far)
        kinks.append(x1)
        so_far = slope
    dtype = knots_x.dtype
    return torch.tensor(weights, dtype=dtype), torch.tensor(kinks, dtype=dtype), torch.zeros((), dtype=dtype)


@attempt("relu_interpolant", mistake="forgets_the_first_slope")
def bends_at_the_inner_knots(knots_x, knots_y):
    """The line bends at the knots in between, and the weight of a bend is how much the slope changes there."""
    _check_knots(knots_x, knots_y)
    slope = torch.diff(knots_y) / torch.diff(knots_x)
    bend = slope[1:] - slope[:-1]
    return bend, knots_x[1:-1].clone(), knots_y[0].clone()


@attempt("relu_interpolant", mistake="differences_for_slopes")
def differentiates_twice(knots_x, knots_y):
    """Kinks are second differences: take the differences of the heights, and then the differences of those."""
    _check_knots(knots_x, knots_y)
    steps = knots_y.diff()
    changes = torch.cat([steps[:1], steps.diff()])
    return changes, knots_x[: len(changes)].clone(), knots_y[0].clone()


@attempt("relu_interpolant", mistake="takes_equal_knots")
def refuses_knots_that_go_back(knots_x, knots_y):
    """Knots are increasing unless one lies to the left of the one before."""
    if knots_x.ndim != 1 or knots_x.shape != knots_y.shape or knots_x.numel() < 2:
        raise ValueError("not knots")
    run = knots_x[1:] - knots_x[:-1]
    if (run < 0).any():
        raise ValueError("the knots are not increasing")
    slopes = (knots_y[1:] - knots_y[:-1]) / run
    weights = slopes.clone()
    weights[1:] -= slopes[:-1]
    return weights, knots_x[:-1].clone(), knots_y[0].clone()


@attempt("sawtooth", mistake="folds_once_too_seldom")
def recurses_down_to_one(x, depth):
    """A recursion: the sawtooth of this depth is the tent of the one before, down to depth 1."""
    if depth <= 1:
        return x.clone()
    before = recurses_down_to_one(x, depth - 1)
    return 2 * torch.relu(before) - 4 * torch.relu(before - 0.5)


@attempt("sawtooth", mistake="jumps_back_to_zero")
def shifts_out_the_first_bit(x, depth):
    """Doubling the number and keeping what is behind the point makes twice as many teeth each time."""
    teeth = x.clone()
    for _ in range(depth):
        teeth = 2 * teeth
        teeth = teeth - torch.floor(teeth)
    return teeth


@attempt("sawtooth", mistake="two_pieces_a_layer")
def draws_a_tooth_for_each_layer(x, depth):
    """Each layer is one tent of two pieces, so I draw `depth` tents side by side without any loop."""
    if depth == 0:
        return x.clone()
    place = depth * x
    within = place - torch.floor(place)
    return torch.where(within <= 0.5, 2 * within, 2 - 2 * within)


@attempt("sawtooth", mistake="folds_the_callers_tensor")
def saves_memory(x, depth):
    """The tent is 1 - |2x - 1|; methods with an underscore need no second tensor."""
    for _ in range(depth):
        x.mul_(2).sub_(1).abs_().neg_().add_(1)
    return x


@attempt("parity_circuit", mistake="one_after_the_other")
def keeps_a_running_parity(n):
    """Like a running sum: start with the first two bits and XOR the next one to what there is."""
    if n < 2:
        raise ValueError("two inputs at least")
    gates = []
    result = 0
    for bit in range(1, n):
        gates.append((result, bit))
        result = n + len(gates) - 1
    return gates


@attempt("parity_circuit", mistake="forgets_the_odd_one")
def zips_evens_with_odds(n):
    """In each round every second wire meets the wire after it, like a tournament."""
    if n < 2:
        raise ValueError("two inputs at least")
    gates = []
    wires = list(range(n))
    while len(wires) > 1:
        matches = list(zip(wires[0::2], wires[1::2], strict=False))
        first = n + len(gates)
        gates += matches
        wires = list(range(first, first + len(matches)))
    return gates


@attempt("parity_circuit", mistake="numbers_wires_from_one")
def divides_in_halves(n):
    """Divide and conquer: the parity of the left half of inputs 1 to n, and of the right half, and a gate for both."""
    if n < 2:
        raise ValueError("two inputs at least")
    gates = []

    def build(first, last):
        if first == last:
            return first
        middle = (first + last) // 2
        left = build(first, middle)
        right = build(middle + 1, last)
        gates.append((left, right))
        return n + len(gates)

    build(1, n)
    return gates


@attempt("parity_circuit", mistake="an_empty_circuit_for_one_input")
def empties_a_queue(n):
    """Take two from the front of the queue and put their gate at its end; one input alone needs no gate at all."""
    queue = deque(range(n))
    gates = []
    while len(queue) >= 2:
        pair = queue.popleft(), queue.popleft()
        queue.append(n + len(gates))
        gates.append(pair)
    return gates


@attempt("parity_dnf", mistake="true_where_the_number_is_even")
def filters_the_product(n):
    """Write out the truth table and keep the rows whose ones come in pairs."""
    table = [row for row in itertools.product([0, 1], repeat=n) if sum(row) % 2 == 0]
    return torch.tensor(table, dtype=torch.int64)


@attempt("parity_dnf", mistake="the_last_row_missing")
def counts_in_binary(n):
    """Count from 0 to 2^n - 1 in binary and keep the numbers with an odd number of ones."""
    rows = []
    for number in range(2**n - 1):
        digits = [int(digit) for digit in format(number, "b").zfill(n)]
        if digits.count(1) % 2:
            rows.append(digits)
    return torch.tensor(rows, dtype=torch.int64).reshape(-1, n)


@attempt("parity_dnf", mistake="minus_one_for_a_negation")
def writes_signs(n):
    """Shift out the bits of all numbers; a term takes x with the sign + and not-x with the sign -."""
    bits = (torch.arange(2**n).unsqueeze(1) >> torch.arange(n)) & 1
    odd = bits.sum(dim=1) % 2 == 1
    return torch.where(bits[odd] == 1, 1, -1)


@attempt("parity_dnf", mistake="floats_for_bits")
def doubles_the_table(n):
    """Grow the table of odd rows input by input, from the odd and even rows of one input less."""
    even, odd = torch.zeros(1, 1), torch.ones(1, 1)
    for _ in range(n - 1):
        off, on = torch.zeros(len(odd), 1), torch.ones(len(odd), 1)
        even, odd = (
            torch.cat([torch.cat([even, off], dim=1), torch.cat([odd, on], dim=1)]),
            torch.cat([torch.cat([odd, off], dim=1), torch.cat([even, on], dim=1)]),
        )
    return odd


@attempt("parity_relu_layer", mistake="turns_half_way")
def goes_up_and_down(n):
    """Up by the first unit, down by the second, up by the third: the weights are 1 and -1 in turns."""
    weight = torch.ones(n, n)
    bias = torch.zeros(n)
    signs = torch.ones(n)
    for unit in range(n):
        bias[unit] = -unit
        if unit % 2:
            signs[unit] = -1
    return weight, bias, signs, torch.tensor(0.0)


@attempt("parity_relu_layer", mistake="starts_one_too_late")
def waits_for_each_number(n):
    """Unit i waits until i bits are 1, for i = 1 to n; the first has weight 1 and the others turn by 2."""
    numbers = torch.arange(1, n + 1, dtype=torch.get_default_dtype())
    output_weight = 2.0 * (-1.0) ** (numbers - 1)
    output_weight[0] = 1.0
    return torch.ones(n, n), -numbers, output_weight, torch.zeros(())


@attempt("parity_relu_layer", mistake="adds_where_it_should_wait")
def numbers_the_biases(n):
    """All units read all bits, and the kinks 0, 1, 2, ... go into the bias."""
    turns = [1.0] + [2.0 if unit % 2 == 0 else -2.0 for unit in range(1, n)]
    kinks = [float(unit) for unit in range(n)]
    return torch.full((n, n), 1.0), torch.tensor(kinks), torch.tensor(turns), torch.tensor(0.0)


@attempt("parity_relu_layer", mistake="each_unit_reads_one_bit")
def gives_each_bit_a_unit(n):
    """There are n bits for n units: the identity hands each unit its bit, and the turns are at 0, 1, 2, ..."""
    weight = torch.eye(n)
    bias = -torch.arange(n).to(weight)
    output_weight = torch.tensor([1.0, *(2.0 * (-1) ** unit for unit in range(1, n))])
    return weight, bias, output_weight, torch.zeros(())


@attempt("parity_relu_layer", mistake="one_unit_more")
def interpolates_all_sums(n):
    """The sum can be 0, 1, ..., n, which are n + 1 kinks; the weights are the second differences of the zigzag."""
    heights = (torch.arange(n + 2) % 2).to(torch.get_default_dtype())
    slopes = heights[1:] - heights[:-1]
    output_weight = torch.diff(slopes, prepend=torch.zeros(1))
    bias = -torch.arange(n + 1, dtype=output_weight.dtype)
    return torch.ones(n + 1, n), bias, output_weight, torch.zeros(())


@attempt("count_parameters", mistake="shared_ones_twice")
def asks_module_by_module(model, *, trainable_only=True):
    """Ask every module for the parameters of its own and add them all up."""
    total = 0
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            if parameter.requires_grad or not trainable_only:
                total += parameter.numel()
    return total


@attempt("count_parameters", mistake="everything_in_the_state")
def reads_the_checkpoint(model, *, trainable_only=True):
    """The state dict is all that the model has learnt, so I count it, each tensor once and the frozen ones not."""
    seen = set()
    total = 0
    for tensor in model.state_dict(keep_vars=True).values():
        frozen = isinstance(tensor, nn.Parameter) and not tensor.requires_grad
        if id(tensor) in seen or (trainable_only and frozen):
            continue
        seen.add(id(tensor))
        total += tensor.numel()
    return total


@attempt("count_parameters", mistake="tensors_not_numbers")
def takes_the_length(model, *, trainable_only=True):
    """parameters() gives all of them once, so the answer is how long that list is."""
    parameters = list(model.parameters())
    if trainable_only:
        parameters = [parameter for parameter in parameters if parameter.requires_grad]
    return len(parameters)


@attempt("count_parameters", mistake="frozen_ones_too")
def multiplies_the_shapes(model, *, trainable_only=True):
    """A parameter has as many numbers as its shape multiplied out, and nn.Parameter is what can be trained."""
    shapes = [tuple(p.shape) for p in model.parameters() if not trainable_only or isinstance(p, nn.Parameter)]
    return sum(math.prod(shape) for shape in shapes)
