"""What every right answer to the unit on depth does."""

from __future__ import annotations

from pathlib import Path

import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.assertions import assert_close, assert_equal, assert_raises, require
from autograder.content import load_file
from autograder.models import ConvNet
from autograder.strategies import dtypes

cases = load_file(Path(__file__).with_name("cases.py"))

KNOTS = dtypes().flatmap(cases.knots)
TINY = (torch.tensor([0.0, 1.0, 3.0]), torch.tensor([2.0, 1.0, 4.0]))


# relu_interpolant


def _layer(submission, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Weights, kinks and bias for the knots, as many weights as kinks."""
    weights, kinks, bias = submission.relu_interpolant(x, y)
    sizes = (len(weights), len(kinks))
    require(sizes[0] == sizes[1], "every unit has one weight and one kink", yours=f"{sizes[0]} and {sizes[1]}")
    return weights, kinks, bias


@given(case=KNOTS)
@example(case=TINY)
def test_relu_interpolant__starts_at_the_first_knot(submission, case):
    """At the first knot the layer has that knot's height."""
    x, y = case
    layer = _layer(submission, x, y)
    height, found, atol = y[:1].double(), cases.read_layer(layer, x[:1]), cases.slack(y, layer)
    because = f"f at {float(x[0]):g}, the first of the knots: bias plus what units bring that are not silent there"
    assert_close(found, height, rtol=0.0, atol=atol, because=because)


@given(case=KNOTS)
@example(case=TINY)
def test_relu_interpolant__passes_through_every_knot(submission, case):
    """At every knot the layer has that knot's height."""
    x, y = case
    layer = _layer(submission, x, y)
    heights, found, atol = y.double(), cases.read_layer(layer, x), cases.slack(y, layer)
    because = "f at the knots, f(x) = bias + the sum of weights · relu(x − kinks)"
    assert_close(found, heights, rtol=0.0, atol=atol, because=because)


@given(case=KNOTS)
@example(case=TINY)
def test_relu_interpolant__is_straight_between_the_knots(submission, case):
    """Between two neighbouring knots the layer draws the straight line from one to the other."""
    x, y = case
    layer = _layer(submission, x, y)
    places, heights = cases.between(x, y, 5)
    found, atol = cases.read_layer(layer, places), cases.slack(y, layer)
    because = "f at one, two, three and four fifths of the way from each knot to the next"
    assert_close(found, heights, rtol=0.0, atol=atol, because=because)


@given(case=KNOTS)
@example(case=TINY)
@example(case=(TINY[0][:2], TINY[1][:2]))
def test_relu_interpolant__spends_at_most_one_unit_on_a_piece(submission, case):
    """For K knots, and so K − 1 pieces, it needs no more than K − 1 units."""
    x, y = case
    weights, _, _ = _layer(submission, x, y)
    sentence = f"{len(x)} knots have {len(x) - 1} straight pieces between them, and each needs one unit at most"
    require(len(weights) <= len(x) - 1, sentence, yours=f"{len(weights)} units")


BAD_KNOTS = {
    "knots_x falls somewhere": (torch.tensor([0.0, 2.0, 1.0, 3.0]), torch.zeros(4)),
    "knots_x falls everywhere": (torch.tensor([3.0, 2.0, 1.0]), torch.tensor([1.0, 0.0, 1.0])),
    "two of knots_x are equal": (torch.tensor([0.0, 1.0, 1.0, 2.0]), torch.tensor([1.0, 2.0, 2.0, 0.0])),
    "there are fewer heights than places": (torch.arange(4.0), torch.arange(3.0)),
    "there are more heights than places": (torch.arange(3.0), torch.arange(4.0)),
    "there is one height for all": (torch.arange(3.0), torch.zeros(1)),
    "there is a single knot": (torch.zeros(1), torch.zeros(1)),
    "there is no knot": (torch.zeros(0), torch.zeros(0)),
    "both have two dimensions": (torch.arange(3.0)[None], torch.arange(3.0)[None]),
    "both are columns": (torch.arange(3.0)[:, None], torch.arange(3.0)[:, None]),
    "both are a single number": (torch.tensor(1.0), torch.tensor(1.0)),
}


@given(which=st.sampled_from(list(BAD_KNOTS)))
@example(which="knots_x falls somewhere")
@example(which="two of knots_x are equal")
@example(which="there are fewer heights than places")
@example(which="there are more heights than places")
@example(which="there is a single knot")
@example(which="both have two dimensions")
def test_relu_interpolant__refuses_what_are_no_knots(submission, which):
    """Knots that do not rise, are not equally many, fewer than two or not 1-D raise ValueError."""
    x, y = BAD_KNOTS[which]
    assert_raises(ValueError, submission.relu_interpolant, x.clone(), y.clone(), because=which)


# sawtooth


@given(x=dtypes().flatmap(lambda dtype: cases.dyadic((5,), dtype)))
@example(x=torch.tensor([0.0, 0.25, 0.5, 0.625, 1.0]))
def test_sawtooth__folds_once_at_depth_one(submission, x):
    """Folded once, it rises from 0 to 1 over the first half, and falls back over the second."""
    wanted = [2 * each if each <= 0.5 else 2 - 2 * each for each in x.tolist()]
    found = submission.sawtooth(x, 1)
    because = "the tent map goes up with slope 2 to its peak at a half, and down with slope −2 behind it"
    assert_close(found.detach().double(), torch.tensor(wanted).double(), because=because)


@given(x=dtypes().flatmap(lambda dtype: cases.dyadic((4,), dtype)))
def test_sawtooth__gives_x_back_at_depth_zero(submission, x):
    """Applied no times, it leaves x as it is."""
    wanted = x.clone()
    assert_close(submission.sawtooth(x, 0).detach(), wanted, because="depth 0: nothing is folded")


@given(depth=st.integers(1, 10), dtype=dtypes())
@example(depth=1, dtype=torch.float32)
@example(depth=2, dtype=torch.float32)
@example(depth=3, dtype=torch.float64)
def test_sawtooth__doubles_its_teeth_with_every_layer(submission, depth, dtype):
    """It has 2 to the power of depth pieces: at the multiples of their width it is 0 and 1 in turns."""
    ends = torch.arange(2**depth + 1)
    wanted = (ends % 2).double()
    found = submission.sawtooth(ends.to(dtype) / 2**depth, depth)
    because = f"at depth {depth} there are {2**depth} pieces; here are their {2**depth + 1} ends"
    assert_close(found.detach().double(), wanted, because=because)


@given(depth=st.integers(1, 10), eighths=st.integers(1, 7), dtype=dtypes())
@example(depth=2, eighths=3, dtype=torch.float32)
def test_sawtooth__is_straight_between_its_turns(submission, depth, eighths, dtype):
    """On each of its pieces it goes straight from 0 to 1, or from 1 to 0."""
    pieces, share = torch.arange(2**depth), eighths / 8
    wanted = [share if piece % 2 == 0 else 1 - share for piece in pieces.tolist()]
    found = submission.sawtooth((pieces.to(dtype) + share) / 2**depth, depth)
    because = f"{eighths}/8 of the way along each of the {2**depth} pieces; the first goes up"
    assert_close(found.detach().double(), torch.tensor(wanted).double(), because=because)


@given(x=dtypes().flatmap(lambda dtype: cases.dyadic((4,), dtype)), first=st.integers(0, 6), then=st.integers(0, 6))
@example(x=torch.tensor([0.125, 0.375, 0.8125]), first=1, then=1)
@example(x=torch.tensor([0.125, 0.3125, 0.8125]), first=2, then=1)
def test_sawtooth__nests(submission, x, first, then):
    """What is folded a times and then b times is folded a + b times."""
    at_once = submission.sawtooth(x.clone(), first + then).detach()
    inner = submission.sawtooth(x.clone(), first).detach()
    outer = submission.sawtooth(inner, then).detach()
    assert_close(outer, at_once, because=f"{first} folds and then {then} are {first + then} folds")


@given(shape=st.sampled_from([(), (1,), (6,), (2, 3), (3, 1, 2)]), depth=st.integers(0, 5), data=st.data())
def test_sawtooth__takes_any_shape(submission, shape, depth, data):
    """Every number is folded on its own, whatever the shape they come in."""
    x = data.draw(cases.dyadic(shape, torch.float64))
    one_by_one = [float(submission.sawtooth(each.reshape(1).clone(), depth)) for each in x.flatten()]
    wanted = torch.tensor(one_by_one, dtype=torch.float64).reshape(shape)
    assert_close(submission.sawtooth(x, depth).detach(), wanted, because="the same numbers, one at a time, give this")


# parity_circuit

INPUTS = st.integers(2, 12) | st.integers(2, 70)


def _circuit(submission, n: int):
    """A circuit on n inputs that can be run."""
    gates = submission.parity_circuit(n)
    problem = cases.circuit_problem(gates, n)
    require(not problem, f"for n = {n}: {problem}")
    return gates


@given(n=INPUTS)
@example(n=2)
@example(n=3)
@example(n=8)
def test_parity_circuit__is_a_circuit(submission, n):
    """It is a list of pairs of Python ints, each of them the number of a wire, and no gate waits for itself."""
    _circuit(submission, n)


@given(n=INPUTS)
@example(n=2)
@example(n=3)
@example(n=4)
@example(n=5)
def test_parity_circuit__computes_the_parity(submission, n):
    """The last wire is 1 just where an odd number of inputs is 1."""
    bits = torch.cat([torch.eye(n, dtype=torch.int64), cases.rows_of_bits(n)])
    said, _ = cases.run_circuit(_circuit(submission, n), n, bits)
    wrong = said != bits.sum(1) % 2
    if bool(wrong.any()):
        row = int(wrong.int().argmax())
        sentence = f"inputs {bits[row].tolist()}: their parity is {int(bits[row].sum()) % 2}"
        require(False, sentence, yours=f"the last wire says {int(said[row])}")


@given(n=INPUTS)
@example(n=2)
@example(n=7)
def test_parity_circuit__has_one_gate_less_than_inputs(submission, n):
    """It has n − 1 gates for n inputs."""
    count = len(_circuit(submission, n))
    require(count == n - 1, f"each gate makes one wire out of two; n = {n}", yours=count, wanted=n - 1)


@given(n=INPUTS)
@example(n=5)
@example(n=6)
@example(n=8)
@example(n=33)
def test_parity_circuit__is_as_shallow_as_can_be(submission, n):
    """No signal passes more than ⌈log2 n⌉ gates."""
    _, depth = cases.run_circuit(_circuit(submission, n), n, torch.zeros(1, n, dtype=torch.int64))
    least = next(layers for layers in range(n) if 2**layers >= n)
    require(depth <= least, f"{least} layers of gates are enough for n = {n}", yours=f"{depth} layers")


@given(n=st.integers(-3, 1))
@example(n=1)
@example(n=0)
def test_parity_circuit__refuses_fewer_than_two_inputs(submission, n):
    """Fewer than two inputs raise ValueError: there is nothing to combine."""
    assert_raises(ValueError, submission.parity_circuit, n, because=f"n = {n}")


# parity_dnf

FEW = st.integers(1, 8)


def _terms(submission, n: int) -> Tensor:
    """Terms that read n inputs."""
    rows = submission.parity_dnf(n)
    require(rows.shape[1] == n, f"a term reads all of its {n} inputs", yours=f"rows of {rows.shape[1]}")
    return rows


@given(n=FEW)
@example(n=2)
@example(n=3)
@example(n=4)
def test_parity_dnf__is_true_just_where_the_parity_is_one(submission, n):
    """Some term is true for each input whose parity is 1, and none for the others."""
    bits = cases.rows_of_bits(n)
    found = cases.run_terms(_terms(submission, n), bits) > 0
    wrong = found != (bits.sum(1) % 2 == 1)
    if bool(wrong.any()):
        row = int(wrong.int().argmax())
        said = "some term is true" if bool(found[row]) else "no term is true"
        require(False, f"the parity of {bits[row].tolist()} is {int(bits[row].sum()) % 2}", yours=said)


@given(n=FEW)
@example(n=3)
def test_parity_dnf__holds_only_zeros_and_ones(submission, n):
    """A term wants each input to be 1 or to be 0."""
    rows = _terms(submission, n)
    strange = rows[(rows != 0) & (rows != 1)]
    require(not len(strange), "1 stands for an input, 0 for its negation, and nothing else", yours=strange[:8])


@given(n=FEW)
@example(n=2)
@example(n=5)
def test_parity_dnf__has_a_term_for_half_of_all_rows(submission, n):
    """There are 2 to the power of n − 1 terms: no fewer are enough, no more are needed."""
    count = len(_terms(submission, n))
    require(count == 2 ** (n - 1), f"half of all {2**n} inputs have parity 1", yours=count, wanted=2 ** (n - 1))


@given(n=st.just(1))
def test_parity_dnf__takes_a_single_input(submission, n):
    """The parity of one bit is the bit: one term, which wants a 1."""
    assert_equal(submission.parity_dnf(n), torch.ones(1, 1, dtype=torch.int64), because="n = 1")


# parity_relu_layer


def _say(submission, n: int, bits: Tensor) -> Tensor:
    """What the layer for n bits says of rows of bits."""
    layer = submission.parity_relu_layer(n)
    problem = cases.layer_problem(layer, n)
    require(not problem, problem)
    return cases.run_units(layer, bits)


@given(n=st.integers(1, 9))
@example(n=2)
@example(n=3)
@example(n=4)
def test_parity_relu_layer__computes_the_parity_of_few_bits(submission, n):
    """For up to nine bits it is right on every row that there is."""
    bits = cases.rows_of_bits(n)
    found = _say(submission, n, bits).double()
    because = f"the parities of all {2**n} rows of {n} bits, from 0, …, 0, 0 and 0, …, 0, 1 on"
    assert_close(found, (bits.sum(1) % 2).double(), rtol=0.0, atol=1.01e-5, because=because)


@given(n=st.integers(10, 64), seed=st.integers(0, 99))
@example(n=64, seed=0)
def test_parity_relu_layer__holds_for_many_bits(submission, n, seed):
    """It is right to 1e-5 for up to 64 bits, however many of them are 1."""
    bits = cases.rows_of_bits(n, seed)
    found = _say(submission, n, bits).double()
    because = f"the parities of rows of {n} bits"
    assert_close(found, (bits.sum(1) % 2).double(), rtol=0.0, atol=1.01e-5, because=because)


@given(n=st.just(1))
def test_parity_relu_layer__takes_a_single_bit(submission, n):
    """One unit is enough for one bit, whose parity is the bit itself."""
    found = _say(submission, n, torch.tensor([[0], [1]])).double()
    assert_close(found, torch.tensor([0.0, 1.0]).double(), rtol=0.0, atol=1.01e-5, because="bits 0 and 1")


@given(n=st.integers(1, 20))
@example(n=1)
@example(n=3)
def test_parity_relu_layer__has_one_unit_for_each_bit(submission, n):
    """Its shapes are (n, n), (n,), (n,) and (): n units that read n bits, and one output."""
    shapes = [tuple(each.shape) for each in submission.parity_relu_layer(n)]
    wanted = [(n, n), (n,), (n,), ()]
    require(shapes == wanted, "weight, bias, output weight and output bias", yours=shapes, wanted=wanted)


@given(n=st.integers(1, 20))
def test_parity_relu_layer__comes_in_the_default_dtype(submission, n):
    """All four tensors are of torch's default dtype."""
    kinds = {str(each.dtype) for each in submission.parity_relu_layer(n)}
    wanted = str(torch.get_default_dtype())
    require(
        kinds == {wanted}, "the layer must fit other layers of torch", yours=", ".join(sorted(kinds)), wanted=wanted
    )


# count_parameters


def _count(submission, model: nn.Module, wanted: int, because: str, **options) -> None:
    assert_equal(submission.count_parameters(model, **options), wanted, because=because)


@given(case=cases.perceptrons(frozen=False), channels=st.integers(1, 3), features=st.integers(1, 4))
def test_count_parameters__counts_every_number_of_every_part(submission, case, channels, features):
    """It counts each number of each weight and bias, also of modules within modules."""
    model, learned, _ = case
    _count(submission, model, learned, "weights and biases of all layers, and scale and shift of normalisations")
    network = ConvNet(channels, 2, 3, 5, features=features).eval()
    wanted = features * (9 * channels + 1) + features * (9 * features + 1) + 5 * (6 * features + 1)
    _count(submission, network, wanted, "two convolutions of 3 × 3 and a linear layer, each with biases")
    odd = cases.Odd(features).eval()
    wanted = 1 + 6 * features + (features + 1) + 0 + 2 * features
    _count(submission, odd, wanted, "parameters of the module itself (one a single number), of a list and of a part")


@given(words=st.integers(2, 9), size=st.integers(2, 5), trainable_only=st.booleans())
def test_count_parameters__counts_what_is_shared_once(submission, words, size, trainable_only):
    """A parameter that occurs in two places, or under two names, is one parameter."""
    model = cases.Tied(words, size).eval()
    wanted = words * size + size * (size + 1) + words
    because = f"coder and decoder share one weight of {words * size} numbers, and one layer is used twice"
    _count(submission, model, wanted, because, trainable_only=trainable_only)


@given(features=st.integers(1, 6), trainable_only=st.booleans())
def test_count_parameters__leaves_buffers_out(submission, features, trainable_only):
    """What a module keeps but does not learn, such as running means, does not count."""
    model = nn.Sequential(nn.BatchNorm1d(features), nn.ReLU(), nn.BatchNorm1d(features, affine=False)).eval()
    because = f"a normalisation of {features} features learns a scale and a shift for each; its statistics are buffers"
    _count(submission, model, 2 * features, because, trainable_only=trainable_only)
    _count(submission, nn.Flatten(), 0, "this module has no parameters", trainable_only=trainable_only)


@given(case=cases.perceptrons())
@example(case=(nn.Linear(3, 2).requires_grad_(False), 0, 8))
@example(case=(nn.Sequential(nn.Linear(2, 3).requires_grad_(False), nn.Linear(3, 1)), 4, 9))
def test_count_parameters__tells_the_frozen_from_the_trainable(submission, case):
    """Frozen parameters count only where trainable_only is False; by default they do not."""
    model, learned, frozen = case
    _count(submission, model, learned, f"{frozen} numbers do not require gradients, and are left out by default")
    _count(submission, model, learned, f"{frozen} numbers do not require gradients", trainable_only=True)
    _count(submission, model, learned + frozen, "all numbers, frozen or not", trainable_only=False)
