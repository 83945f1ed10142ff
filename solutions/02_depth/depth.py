"""Why deep and not wide: sums of simple pieces, nested pieces, and what either costs."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def relu_interpolant(knots_x: Tensor, knots_y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One hidden layer of ReLU units that draws straight lines from knot to knot.

    The layer computes f(x) = bias + Σ weights · relu(x − kinks), one weight and one kink for each unit. From the first
    knot to the last, f is the linear interpolation of the knots; outside of them it may do anything.

    Args:
        knots_x: float tensor `(K,)`, strictly increasing, K ≥ 2.
        knots_y: float tensor `(K,)`, what f is at the knots.

    Returns:
        Weights `(M,)`, kinks `(M,)` and bias `()`, float tensors, with M ≤ K − 1. A kink may lie anywhere. They need
        not be differentiable.

    Raises:
        ValueError: if the knots are not 1-D, not equally many, fewer than 2, or `knots_x` is not strictly increasing.

    Source: Breiman 1993 (functions as sums of hinges).
    """
    ### BEGIN SOLUTION
    if knots_x.ndim != 1 or knots_x.shape != knots_y.shape or len(knots_x) < 2:
        raise ValueError(f"wanted two knots or more; got {tuple(knots_x.shape)} and {tuple(knots_y.shape)}")
    steps = knots_x.diff()
    if not bool((steps > 0).all()):
        raise ValueError("knots_x must be strictly increasing")
    slopes = knots_y.diff() / steps
    weights = torch.cat([slopes[:1], slopes.diff()])
    return weights, knots_x[:-1].clone(), knots_y[0].clone()
    ### END SOLUTION


def sawtooth(x: Tensor, depth: int) -> Tensor:
    """The tent map, applied `depth` times: 2**depth straight pieces, up and down between 0 and 1.

    The tent map takes x to 2x where x ≤ ½, and to 2 − 2x where x ≥ ½.

    Args:
        x: float tensor of any shape, numbers in [0, 1].
        depth: how often the map is applied, at least 0; applied no times, it gives x.

    Returns:
        Float tensor of `x`'s shape, numbers in [0, 1]. It need not be differentiable.

    Source: Telgarsky 2015, arXiv:1509.08101.
    """
    ### BEGIN SOLUTION
    for _ in range(depth):
        x = torch.where(x < 0.5, 2 * x, 2 - 2 * x)
    return x
    ### END SOLUTION


def parity_circuit(n: int) -> list[tuple[int, int]]:
    """A circuit of two-input XOR gates for the parity of `n` bits (1 if an odd number of them is 1, else 0).

    Wires are numbered: 0 to n − 1 are the inputs, and gate k (from 0) reads the two wires of its pair and makes wire
    n + k. The wire of the last gate is the parity.

    Args:
        n: number of inputs, at least 2.

    Returns:
        List of n − 1 pairs of wire numbers (Python ints), one for each gate. No path from an input to the last wire
        leads through more gates than ⌈log2 n⌉. Which wires are paired, and in what order, is free.

    Raises:
        ValueError: if `n` is less than 2.

    Source: Wegener 1987 (circuits and their depth).
    """
    ### BEGIN SOLUTION
    if n < 2:
        raise ValueError(f"wanted two inputs or more; got {n}")
    waiting, gates = list(range(n)), []
    while len(waiting) > 1:  # those that wait longest are the shallowest
        gates.append((waiting.pop(0), waiting.pop(0)))
        waiting.append(n + len(gates) - 1)
    return gates
    ### END SOLUTION


def parity_dnf(n: int) -> Tensor:
    """Two layers of logic for the parity of `n` bits: an OR of AND terms, each of which reads every bit.

    A term is a row: where it holds a 1 it wants the input to be 1, where it holds a 0 it wants the input to be 0 (it
    reads the input's negation). The parity is 1 where some term has all that it wants.

    Args:
        n: number of inputs, at least 1.

    Returns:
        Int64 tensor `(2**(n - 1), n)` of zeros and ones, rows in any order.

    Source: Wegener 1987 (no fewer terms will do).
    """
    ### BEGIN SOLUTION
    places = torch.arange(n)
    rows = (torch.arange(2**n)[:, None] >> places) & 1
    return rows[rows.sum(dim=1) % 2 == 1]
    ### END SOLUTION


def parity_relu_layer(n: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One hidden layer of `n` ReLU units that computes the parity of `n` bits.

    `torch.relu(bits @ weight.T + bias) @ output_weight + output_bias` is the parity of every row of `bits`, a float
    tensor `(N, n)` of zeros and ones, to 1e-5 for n ≤ 64.

    Args:
        n: number of inputs, at least 1.

    Returns:
        Weight `(n, n)`, bias `(n,)`, output_weight `(n,)` and output_bias `()`, all of torch's default dtype.

    Source: Rumelhart, Hinton and Williams 1986 (parity with as many hidden units as bits).
    """
    ### BEGIN SOLUTION
    numbers = torch.arange(n, dtype=torch.get_default_dtype())
    output_weight = 2.0 - 4.0 * (numbers % 2)
    output_weight[0] = 1.0
    return torch.ones(n, n), -numbers, output_weight, torch.zeros(())
    ### END SOLUTION


def count_parameters(model: nn.Module, *, trainable_only: bool = True) -> int:
    """How many numbers a model learns: the elements of all its parameters.

    A Parameter that several parts of the model share counts once. Buffers (the running statistics of a normalisation,
    for example) are not parameters.

    Args:
        model: any module; it may have no parameters at all.
        trainable_only: leave out parameters that do not require gradients.

    Returns:
        The number, a Python int.

    Source: the documentation of `torch.nn.Module`.
    """
    ### BEGIN SOLUTION
    return sum(each.numel() for each in model.parameters() if each.requires_grad or not trainable_only)
    ### END SOLUTION
