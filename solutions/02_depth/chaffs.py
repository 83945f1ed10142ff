"""Known wrong ways to write the unit on depth, one mistake each."""

from __future__ import annotations

import itertools

import torch

from autograder.wheats import chaff

# What they share: the right steps, so that each mistake stands alone.


def _check(x, y):
    if x.ndim != 1 or x.shape != y.shape or len(x) < 2 or not bool((x.diff() > 0).all()):
        raise ValueError("no knots")


def _slopes(x, y):
    return y.diff() / x.diff()


def _units(x, y):
    slopes = _slopes(x, y)
    return torch.cat([slopes[:1], slopes.diff()]), x[:-1].clone(), y[0].clone()


def _fold(x, depth, tent=lambda x: torch.where(x < 0.5, 2 * x, 2 - 2 * x)):
    for _ in range(depth):
        x = tent(x)
    return x


def _tournament(n):
    waiting, gates = list(range(n)), []
    while len(waiting) > 1:
        gates.append((waiting.pop(0), waiting.pop(0)))
        waiting.append(n + len(gates) - 1)
    return gates


def _needs_two(n):
    if n < 2:
        raise ValueError("too few inputs")


def _rows(n, keep):
    rows = torch.tensor(list(itertools.product((0, 1), repeat=n)))
    return rows[keep(rows)]


def _odd(rows):
    return rows.sum(1) % 2 == 1


def _counter(n, *, starts=None, outputs=None):
    """A layer whose units all sum the bits; where each starts, and how much it counts."""
    numbers = torch.arange(n, dtype=torch.get_default_dtype())
    turns = 2.0 - 4.0 * (numbers % 2)
    turns[0] = 1.0
    starts = numbers if starts is None else starts(numbers)
    return torch.ones(n, n), -starts, turns if outputs is None else outputs(numbers), torch.zeros(())


# relu_interpolant


@chaff("relu_interpolant", caught_by=("passes_through_every_knot", "is_straight_between_the_knots"))
def slopes_for_changes_of_slope(knots_x, knots_y):
    """It gives every unit the whole slope of its piece. Earlier units go on: a unit adds what the slope changes by."""
    _check(knots_x, knots_y)
    return _slopes(knots_x, knots_y), knots_x[:-1].clone(), knots_y[0].clone()


@chaff("relu_interpolant", caught_by=("starts_at_the_first_knot", "passes_through_every_knot"))
def forgets_the_bias(knots_x, knots_y):
    """It leaves the bias at 0. Where all units are silent the layer is its bias: the height of the first knot."""
    _check(knots_x, knots_y)
    weights, kinks, bias = _units(knots_x, knots_y)
    return weights, kinks, torch.zeros_like(bias)


@chaff("relu_interpolant", caught_by=("passes_through_every_knot",))
def forgets_the_first_slope(knots_x, knots_y):
    """It has units for the changes of slope, and none for the first slope. Something must leave the first knot."""
    _check(knots_x, knots_y)
    weights, kinks, bias = _units(knots_x, knots_y)
    return weights[1:], kinks[1:], bias


@chaff("relu_interpolant", caught_by=("passes_through_every_knot",))
def kinks_one_knot_late(knots_x, knots_y):
    """Its kinks are the knots from the second on. The slope of a piece begins at the piece's left end."""
    _check(knots_x, knots_y)
    weights, _, bias = _units(knots_x, knots_y)
    return weights, knots_x[1:].clone(), bias


@chaff("relu_interpolant", caught_by=("starts_at_the_first_knot",))
def counts_the_bias_twice(knots_x, knots_y):
    """Its first unit starts so far to the left that it has risen at the first knot, and the bias is not lowered."""
    _check(knots_x, knots_y)
    weights, kinks, bias = _units(knots_x, knots_y)
    kinks[0] -= knots_x[1] - knots_x[0]
    return weights, kinks, bias


@chaff("relu_interpolant", caught_by=("passes_through_every_knot", "agrees_with_the_reference"))
def differences_for_slopes(knots_x, knots_y):
    """It takes differences of heights for slopes. A slope is that difference over the distance of the knots."""
    _check(knots_x, knots_y)
    rises = knots_y.diff()
    return torch.cat([rises[:1], rises.diff()]), knots_x[:-1].clone(), knots_y[0].clone()


@chaff("relu_interpolant", caught_by=("is_straight_between_the_knots",))
def bends_between_the_knots(knots_x, knots_y):
    """It bends in the middle of each piece and not at the knots."""
    _check(knots_x, knots_y)
    weights, kinks, bias = _units(knots_x, knots_y)
    kinks[1:] = (knots_x[1:-1] + knots_x[2:]) / 2
    return weights, kinks, bias


@chaff("relu_interpolant", caught_by=("spends_at_most_one_unit_on_a_piece",))
def a_unit_for_the_last_knot(knots_x, knots_y):
    """It has a unit for the last knot, too, which levels off what is asked of nobody. K knots need K − 1 units."""
    _check(knots_x, knots_y)
    weights, _, bias = _units(knots_x, knots_y)
    return torch.cat([weights, -_slopes(knots_x, knots_y)[-1:]]), knots_x.clone(), bias


@chaff("relu_interpolant", caught_by=("refuses_what_are_no_knots",))
def sorts_the_knots(knots_x, knots_y):
    """It sorts knots that are out of order. The contract wants a ValueError for them."""
    if knots_x.ndim != 1 or knots_x.shape != knots_y.shape or len(knots_x) < 2:
        raise ValueError("no knots")
    order = knots_x.argsort()
    _check(knots_x[order], knots_y[order])
    return _units(knots_x[order], knots_y[order])


@chaff("relu_interpolant", caught_by=("refuses_what_are_no_knots",))
def takes_equal_knots(knots_x, knots_y):
    """It takes two knots at one place, where the slope is infinite. Strictly increasing allows no equal ones."""
    if knots_x.ndim != 1 or knots_x.shape != knots_y.shape or len(knots_x) < 2 or bool((knots_x.diff() < 0).any()):
        raise ValueError("no knots")
    return tuple(each.nan_to_num(0.0, 0.0, 0.0) for each in _units(knots_x, knots_y))


@chaff("relu_interpolant", caught_by=("refuses_what_are_no_knots",))
def takes_a_single_knot(knots_x, knots_y):
    """It takes a single knot for a line. A ValueError is wanted for fewer than two."""
    if knots_x.ndim == 1 and knots_x.shape == knots_y.shape and len(knots_x) == 1:
        return torch.zeros_like(knots_x), knots_x.clone(), knots_y[0].clone()
    _check(knots_x, knots_y)
    return _units(knots_x, knots_y)


@chaff("relu_interpolant", caught_by=("refuses_what_are_no_knots",))
def ignores_surplus_heights(knots_x, knots_y):
    """It uses as many knots as both tensors have, and ignores the rest. Unequal lengths are a ValueError."""
    count = min(knots_x.shape[:1].numel(), knots_y.shape[:1].numel())
    shorter = (each[:count] if each.ndim else each for each in (knots_x, knots_y))
    knots_x, knots_y = shorter
    _check(knots_x, knots_y)
    return _units(knots_x, knots_y)


@chaff("relu_interpolant", caught_by=("refuses_what_are_no_knots",))
def flattens_first(knots_x, knots_y):
    """It flattens what it is given. Knots that are not 1-D are a ValueError."""
    knots_x, knots_y = knots_x.flatten(), knots_y.flatten()
    _check(knots_x, knots_y)
    return _units(knots_x, knots_y)


@chaff("relu_interpolant", caught_by=("keeps_the_dtype",), silent=True)
def in_single_precision(knots_x, knots_y):
    """It answers in float32 whatever came in. Keep the dtype."""
    _check(knots_x, knots_y)
    return tuple(each.float() for each in _units(knots_x, knots_y))


@chaff("relu_interpolant", caught_by=("leaves_everything_as_it_was",))
def moves_the_callers_knots(knots_x, knots_y):
    """It turns heights into slopes within the caller's tensor. Make a new one."""
    _check(knots_x, knots_y)
    weights, kinks, bias = _units(knots_x, knots_y)
    knots_y[1:] -= knots_y[:-1].clone() - 1
    return weights, kinks, bias


# sawtooth


@chaff("sawtooth", caught_by=("folds_once_at_depth_one", "gives_x_back_at_depth_zero"))
def folds_once_too_often(x, depth):
    """It folds once more than it is told. Depth 0 gives x back."""
    return _fold(x, depth + 1)


@chaff("sawtooth", caught_by=("folds_once_at_depth_one", "doubles_its_teeth_with_every_layer"))
def folds_once_too_seldom(x, depth):
    """It folds once less than it is told, as if depth counted from 1. Depth 1 is one tent."""
    return _fold(x, max(depth - 1, 0))


@chaff("sawtooth", caught_by=("gives_x_back_at_depth_zero",))
def folds_at_least_once(x, depth):
    """It folds once even at depth 0. There x comes back as it is."""
    return _fold(x, max(depth, 1))


@chaff("sawtooth", caught_by=("doubles_its_teeth_with_every_layer", "is_straight_between_its_turns"))
def folds_only_once(x, depth):
    """It folds once whatever the depth. Each layer folds what the one before it has folded."""
    return _fold(x, min(depth, 1))


@chaff("sawtooth", caught_by=("doubles_its_teeth_with_every_layer", "nests"))
def two_pieces_a_layer(x, depth):
    """It adds one tooth with every layer, so that there are 2 · depth pieces. Nesting doubles them each time."""
    if depth == 0:
        return x.clone()
    place = (2 * depth * x) % 2
    return torch.where(place < 1, place, 2 - place)


@chaff("sawtooth", caught_by=("folds_once_at_depth_one", "is_straight_between_its_turns"))
def jumps_back_to_zero(x, depth):
    """It doubles and drops the whole part: at the peak it jumps to 0. The tent comes down as it went up."""
    return _fold(x, depth, lambda x: torch.where(x < 1, (2 * x) % 1, x))


@chaff("sawtooth", caught_by=("folds_once_at_depth_one",))
def upside_down(x, depth):
    """Its tent hangs: 1 at the ends and 0 in the middle. It starts at 0 and has its peak at a half."""
    return _fold(x, depth, lambda x: (2 * x - 1).abs())


@chaff("sawtooth", caught_by=("folds_once_at_depth_one",))
def half_as_high(x, depth):
    """Its tent has slopes 1 and −1, so that it reaches only a half. It goes up to 1, with slope 2."""
    return _fold(x, depth, lambda x: torch.minimum(x, 1 - x))


@chaff("sawtooth", caught_by=("doubles_its_teeth_with_every_layer", "nests"))
def lower_with_every_layer(x, depth):
    """It makes the teeth lower as they get narrower. Every tooth reaches 1: with each fold the slopes must double."""
    return _fold(x, depth) / 2 ** max(depth - 1, 0)


@chaff("sawtooth", caught_by=("is_straight_between_its_turns", "agrees_with_the_reference"))
def bent_like_a_parabola(x, depth):
    """It folds with 4x(1 − x), which has the same turns and is round between them. The tent is straight."""
    return _fold(x, depth, lambda x: 4 * x * (1 - x))


@chaff("sawtooth", caught_by=("takes_any_shape",))
def folds_the_first_number(x, depth):
    """It decides by the first number which side of the tent all of them are on. Each number takes its own side."""
    return _fold(x, depth, lambda x: x if not x.numel() else 2 * x if x.flatten()[0] < 0.5 else 2 - 2 * x)


@chaff("sawtooth", caught_by=("keeps_the_dtype",))
def folds_in_single_precision(x, depth):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _fold(x.float(), depth)


@chaff("sawtooth", caught_by=("takes_an_empty_batch",))
def stacks_one_by_one(x, depth):
    """It stacks one number after the other, which fails where there is none."""
    return torch.stack([_fold(each, depth) for each in x.flatten()]).reshape(x.shape)


@chaff("sawtooth", caught_by=("leaves_everything_as_it_was",))
def folds_the_callers_tensor(x, depth):
    """It folds within the caller's tensor. Make a new one."""
    for _ in range(depth):
        x.copy_(_fold(x, 1))
    return x.clone()


# parity_circuit


@chaff("parity_circuit", caught_by=("is_as_shallow_as_can_be",))
def one_after_the_other(n):
    """It chains the gates: each takes the result so far and one input. That is n − 1 deep: pair wires up instead."""
    _needs_two(n)
    return [(0, 1), *((n + k, k + 2) for k in range(n - 2))]


@chaff("parity_circuit", caught_by=("is_as_shallow_as_can_be", "agrees_with_the_reference"))
def splits_off_two_inputs(n):
    """It pairs two inputs at a time and adds each pair to what there is so far. Pairs must be paired, too."""
    _needs_two(n)
    gates = [(k, k + 1) for k in range(0, n - 1, 2)]
    waiting = [*range(n, n + len(gates)), *([n - 1] if n % 2 else [])]
    so_far = waiting.pop(0)
    for wire in waiting:
        gates.append((so_far, wire))
        so_far = n + len(gates) - 1
    return gates


@chaff("parity_circuit", caught_by=("computes_the_parity", "has_one_gate_less_than_inputs"))
def forgets_the_odd_one(n):
    """Where an odd number of wires is left, it drops the last one. It must wait for the next round."""
    _needs_two(n)
    wires, gates = list(range(n)), []
    while len(wires) > 1:
        pairs = list(zip(wires[::2], wires[1::2], strict=False))
        wires = [n + len(gates) + k for k in range(len(pairs))]
        gates += pairs
    return gates


@chaff("parity_circuit", caught_by=("has_one_gate_less_than_inputs",))
def pads_with_the_first_input(n):
    """Where an odd number of wires is left, it adds two gates that cancel. An odd wire can simply wait."""
    _needs_two(n)
    wires, gates = list(range(n)), []
    while len(wires) > 1:
        pairs = list(zip(wires[::2], wires[1::2], strict=False))
        made = [n + len(gates) + k for k in range(len(pairs))]
        gates += pairs
        if len(wires) % 2:
            zero = n + len(gates)
            gates += [(0, 0), (wires[-1], zero)]
            made.append(zero + 1)
        wires = made
    gates += [(0, 0), (n + len(gates) - 1, n + len(gates))] if n == 2 else []
    return gates


@chaff("parity_circuit", caught_by=("computes_the_parity",))
def reads_an_input_twice(n):
    """Its gates overlap: an input goes into two of them. What is counted twice cancels in a parity."""
    _needs_two(n)
    gates = _tournament(n)
    gates[-1] = (gates[-1][0], 0) if n > 2 else (0, 0)
    return gates


@chaff("parity_circuit", caught_by=("is_a_circuit", "computes_the_parity"))
def numbers_wires_from_one(n):
    """It numbers the wires from 1. They are numbered from 0, so that gate k makes wire n + k."""
    _needs_two(n)
    return [(first + 1, second + 1) for first, second in _tournament(n)]


@chaff("parity_circuit", caught_by=("is_a_circuit", "computes_the_parity"))
def numbers_gates_by_themselves(n):
    """It calls the wire of gate k just k. The inputs have those numbers: the gates' wires begin at n."""
    _needs_two(n)
    gates = [tuple(wire - n if wire >= n else wire for wire in pair) for pair in _tournament(n)]
    return gates if n > 2 else [(0, n)]


@chaff("parity_circuit", caught_by=("is_a_circuit",))
def tensors_for_wires(n):
    """It gives wire numbers as tensors. They are Python ints."""
    _needs_two(n)
    return [tuple(torch.tensor(wire) for wire in pair) for pair in _tournament(n)]


@chaff("parity_circuit", caught_by=("is_a_circuit",))
def one_gate_for_three(n):
    """Where three wires are left it puts them into one gate. Gates read two wires each."""
    _needs_two(n)
    gates = _tournament(n)
    if len(gates) < 2:
        return [(0, 1, 1)]
    first, second = gates[-2:]
    return [*gates[:-2], (*first, *(wire for wire in second if wire != n + len(gates) - 2))]


@chaff("parity_circuit", caught_by=("refuses_fewer_than_two_inputs",))
def an_empty_circuit_for_one_input(n):
    """It gives an empty circuit for fewer than two inputs. The contract wants a ValueError."""
    return _tournament(max(n, 1))


# parity_dnf


@chaff("parity_dnf", caught_by=("is_true_just_where_the_parity_is_one", "has_a_term_for_half_of_all_rows"))
def true_where_any_input_is(n):
    """It lists all inputs but that of zeros alone: that is OR. The parity of two ones is 0."""
    return _rows(n, lambda rows: rows.any(1)) if n > 1 else torch.tensor([[1], [0]])


@chaff("parity_dnf", caught_by=("is_true_just_where_the_parity_is_one", "takes_a_single_input"))
def true_where_the_number_is_even(n):
    """It lists the inputs with an even number of ones. Parity is 1 where the number is odd."""
    return _rows(n, lambda rows: rows.sum(1) % 2 == 0)


@chaff("parity_dnf", caught_by=("is_true_just_where_the_parity_is_one", "has_a_term_for_half_of_all_rows"))
def true_where_just_one_input_is(n):
    """It lists the inputs with a single 1. Three ones are odd, too."""
    return torch.eye(n, dtype=torch.int64)


@chaff("parity_dnf", caught_by=("has_a_term_for_half_of_all_rows", "agrees_with_the_reference"))
def terms_twice(n):
    """It lists each term twice. Saying it once is enough."""
    rows = _rows(n, _odd)
    return torch.cat([rows, rows])


@chaff("parity_dnf", caught_by=("has_a_term_for_half_of_all_rows", "is_true_just_where_the_parity_is_one"))
def the_last_row_missing(n):
    """It stops one row short of 2**n, and so misses an input of parity 1 where n is odd."""
    rows = torch.tensor(list(itertools.product((0, 1), repeat=n))[:-1])
    return rows[_odd(rows)]


@chaff("parity_dnf", caught_by=("holds_only_zeros_and_ones",))
def minus_one_for_a_negation(n):
    """It writes −1 for an input's negation. The contract writes 0."""
    rows = _rows(n, _odd)
    return 2 * rows - 1 if n > 1 else rows


@chaff("parity_dnf", caught_by=("takes_a_single_input",))
def starts_from_two_inputs(n):
    """It counts on two inputs or more. The parity of one bit is the bit: a single term."""
    return _rows(n, _odd) if n > 1 else torch.zeros(1, 1, dtype=torch.int64)


@chaff("parity_dnf", caught_by=("is_true_just_where_the_parity_is_one",))
def floats_for_bits(n):
    """It gives floats. The terms are int64."""
    return _rows(n, _odd).float()


@chaff("parity_dnf", caught_by=("is_true_just_where_the_parity_is_one",))
def terms_in_columns(n):
    """Its terms stand in columns. Every term is a row, with a place for each input."""
    return _rows(n, _odd).T.contiguous()


# parity_relu_layer


@chaff("parity_relu_layer", caught_by=("computes_the_parity_of_few_bits", "holds_for_many_bits"))
def stays_at_one(n):
    """It rises to 1 and stays there: that is OR. At two ones the parity is 0 again: the slope must turn."""
    return _counter(n, outputs=lambda k: torch.where(k == 0, 1.0, torch.where(k == 1, -1.0, 0.0)))


@chaff("parity_relu_layer", caught_by=("computes_the_parity_of_few_bits", "holds_for_many_bits"))
def turns_only_once(n):
    """It comes down from 1 and never turns again, which is right for two bits alone. Every whole number is a turn."""
    return _counter(n, outputs=lambda k: torch.where(k == 0, 1.0, torch.where(k == 1, -2.0, 0.0)))


@chaff("parity_relu_layer", caught_by=("computes_the_parity_of_few_bits",))
def turns_half_way(n):
    """It weighs the units with 1 and −1 in turns. From slope 1 to slope −1 the change is −2."""
    return _counter(n, outputs=lambda k: 1.0 - 2.0 * (k % 2))


@chaff("parity_relu_layer", caught_by=("computes_the_parity_of_few_bits", "takes_a_single_bit"))
def leaves_at_twice_the_slope(n):
    """It weighs the first unit with 2, like the others. The first slope is 1: nothing came before it."""
    return _counter(n, outputs=lambda k: 2.0 - 4.0 * (k % 2))


@chaff("parity_relu_layer", caught_by=("computes_the_parity_of_few_bits", "takes_a_single_bit"))
def starts_one_too_late(n):
    """Its units start at 1, 2, … and not at 0, 1, …. One bit alone wakes none of them."""
    return _counter(n, starts=lambda k: k + 1)


@chaff("parity_relu_layer", caught_by=("computes_the_parity_of_few_bits",))
def adds_where_it_should_wait(n):
    """Its biases are 0, 1, 2, … A unit that starts at k has the bias −k."""
    return _counter(n, starts=lambda k: -k)


@chaff("parity_relu_layer", caught_by=("computes_the_parity_of_few_bits",))
def each_unit_reads_one_bit(n):
    """Each of its units reads a bit of its own. The parity depends on the sum: all units read all bits."""
    _, bias, output_weight, output_bias = _counter(n)
    return torch.eye(n), bias, output_weight, output_bias


@chaff("parity_relu_layer", caught_by=("computes_the_parity_of_few_bits",))
def reads_the_mean(n):
    """Its units read the mean of the bits. The turns lie at whole numbers, those of the sum."""
    weight, bias, output_weight, output_bias = _counter(n)
    return weight / n, bias, output_weight, output_bias


@chaff("parity_relu_layer", caught_by=("computes_the_parity_of_few_bits", "takes_a_single_bit"))
def one_where_it_is_even(n):
    """It adds 1 and subtracts: 1 for an even number of ones. The parity is 1 where the number is odd."""
    weight, bias, output_weight, output_bias = _counter(n)
    return weight, bias, -output_weight, output_bias + 1


@chaff("parity_relu_layer", caught_by=("holds_for_many_bits", "agrees_with_the_reference"))
def adds_up_what_is_rounded(n):
    """It scales by a factor that floats do not hold, and is off by more than 1e-5 for many ones. Use whole numbers."""
    weight, bias, output_weight, output_bias = _counter(n)
    factor = 0.7 / max(n, 1)
    return weight * factor, bias * factor, output_weight / factor, output_bias


@chaff("parity_relu_layer", caught_by=("takes_a_single_bit", "has_one_unit_for_each_bit"))
def one_unit_more(n):
    """It has n + 1 units, one for each possible sum. Nothing has to turn behind n: n units are enough."""
    numbers = torch.arange(n + 1, dtype=torch.get_default_dtype())
    output_weight = 2.0 - 4.0 * (numbers % 2)
    output_weight[0] = 1.0
    return torch.ones(n + 1, n), -numbers, output_weight, torch.zeros(())


@chaff("parity_relu_layer", caught_by=("has_one_unit_for_each_bit",))
def output_as_a_row(n):
    """Its output weight is a matrix of one row. The contract wants it 1-D, `(n,)`."""
    weight, bias, output_weight, output_bias = _counter(n)
    return weight, bias, output_weight[None], output_bias


@chaff("parity_relu_layer", caught_by=("comes_in_the_default_dtype",), silent=True)
def in_double_precision(n):
    """It answers in float64. Layers of torch have its default dtype, float32 unless someone changes it."""
    return tuple(each.double() for each in _counter(n))


# count_parameters


@chaff("count_parameters", caught_by=("counts_what_is_shared_once",))
def shared_ones_twice(model, *, trainable_only=True):
    """It goes through the modules and counts what is shared at each place. One Parameter is learnt once."""
    found = (each for _, module in model.named_modules(remove_duplicate=False) for each in module._parameters.values())
    return sum(each.numel() for each in found if each is not None and (each.requires_grad or not trainable_only))


@chaff("count_parameters", caught_by=("leaves_buffers_out",))
def everything_in_the_state(model, *, trainable_only=True):
    """It counts buffers, too. Running statistics are kept, but nothing learns them."""
    parameters = sum(each.numel() for each in model.parameters() if each.requires_grad or not trainable_only)
    return parameters + sum(each.numel() for each in model.buffers())


@chaff("count_parameters", caught_by=("counts_every_number_of_every_part", "leaves_buffers_out"))
def tensors_not_numbers(model, *, trainable_only=True):
    """It counts the parameter tensors. A weight of 3 × 4 is twelve numbers."""
    return len([each for each in model.parameters() if each.requires_grad or not trainable_only])


@chaff("count_parameters", caught_by=("tells_the_frozen_from_the_trainable",))
def frozen_ones_too(model, *, trainable_only=True):
    """It counts frozen parameters whatever trainable_only says. What requires no gradient is not trained."""
    return sum(each.numel() for each in model.parameters())


@chaff("count_parameters", caught_by=("tells_the_frozen_from_the_trainable",))
def never_the_frozen_ones(model, *, trainable_only=True):
    """It leaves frozen parameters out even where trainable_only is False."""
    return sum(each.numel() for each in model.parameters() if each.requires_grad)


@chaff("count_parameters", caught_by=("tells_the_frozen_from_the_trainable", "counts_every_number_of_every_part"))
def only_the_frozen_ones(model, *, trainable_only=True):
    """With trainable_only it counts the frozen parameters alone. It is those that it leaves out."""
    return sum(each.numel() for each in model.parameters() if not (each.requires_grad and trainable_only))


@chaff("count_parameters", caught_by=("tells_the_frozen_from_the_trainable",))
def frozen_by_default(model, *, trainable_only=False):
    """It counts frozen parameters unless it is told otherwise. By default they are left out."""
    return sum(each.numel() for each in model.parameters() if each.requires_grad or not trainable_only)


@chaff("count_parameters", caught_by=("counts_every_number_of_every_part",))
def weights_without_biases(model, *, trainable_only=True):
    """It counts weights and leaves out biases. They are parameters like any other."""
    named = model.named_parameters()
    return sum(
        each.numel() for name, each in named if "bias" not in name and (each.requires_grad or not trainable_only)
    )


@chaff("count_parameters", caught_by=("counts_every_number_of_every_part", "agrees_with_the_reference"))
def its_own_alone(model, *, trainable_only=True):
    """It looks at the module itself and its direct parts. Modules stand within modules, as deep as one likes."""
    own = {id(each): each for part in [model, *model.children()] for each in part.parameters(recurse=False)}
    return sum(each.numel() for each in own.values() if each.requires_grad or not trainable_only)


@chaff("count_parameters", caught_by=("counts_every_number_of_every_part",))
def linear_layers_alone(model, *, trainable_only=True):
    """It counts the linear layers. Convolutions, normalisations and a module's own parameters learn as well."""
    layers = {id(module): module for module in model.modules() if isinstance(module, torch.nn.Linear)}
    found = {id(each): each for module in layers.values() for each in module.parameters()}
    return sum(each.numel() for each in found.values() if each.requires_grad or not trainable_only)


@chaff("count_parameters", caught_by=("leaves_everything_as_it_was",))
def thaws_the_model(model, *, trainable_only=True):
    """It switches gradients on to count all parameters, and leaves them on. Look without touching."""
    before = sum(each.numel() for each in model.parameters() if each.requires_grad or not trainable_only)
    for each in model.parameters():
        each.requires_grad_(True)
        each.grad = None
    return before
