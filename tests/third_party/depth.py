"""Unit 02 as public libraries compute it.

numpy.interp only evaluates a line, so it cannot give a layer's weights by itself; SciPy's spline of degree 1 gives the
slopes of the pieces. It sorts nothing and refuses other things than the contract, so the knots are checked here.
scipy.signal.sawtooth has period 2π, runs from −1 to 1 and works in float64. No library here builds circuits.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.interpolate
import scipy.linalg
import scipy.signal
import torch

from autograder.wheats import wheat


@wheat("relu_interpolant")
def scipy_spline(knots_x, knots_y):
    """The pieces of `scipy.interpolate.make_interp_spline` of degree 1."""
    if knots_x.ndim != 1 or knots_x.shape != knots_y.shape or len(knots_x) < 2 or not (knots_x.diff() > 0).all():
        raise ValueError("no knots")
    spline = scipy.interpolate.make_interp_spline(knots_x.double().numpy(), knots_y.double().numpy(), k=1)
    pieces = scipy.interpolate.PPoly.from_spline(spline)
    real = np.flatnonzero(np.diff(pieces.x) > 0)  # a spline's outer knots stand there twice
    weights = np.diff(pieces.c[0, real], prepend=0.0)
    numbers = (weights, pieces.x[real], pieces.c[1, real[0]])
    return tuple(torch.as_tensor(each, dtype=knots_x.dtype) for each in numbers)


@wheat("sawtooth")
def numpy_interp(x, depth):
    """`numpy.interp` between all turns."""
    turns = np.arange(2**depth + 1)
    heights = turns % 2 if depth else turns
    return torch.from_numpy(np.asarray(np.interp(x.numpy(), turns / 2**depth, heights))).reshape(x.shape).to(x.dtype)


@wheat("sawtooth")
def scipy_sawtooth(x, depth):
    """`scipy.signal.sawtooth` of equal flanks."""
    if depth == 0:
        return x.clone()
    wave = scipy.signal.sawtooth(math.pi * 2**depth * x.double().numpy(), width=0.5)
    return torch.from_numpy(np.asarray((wave + 1) / 2)).reshape(x.shape).to(x.dtype)


@wheat("parity_dnf")
def scipy_hadamard(n):
    """The last row of `scipy.linalg.hadamard` is −1 at the numbers with an odd number of binary ones."""
    numbers = np.flatnonzero(scipy.linalg.hadamard(2**n)[-1] < 0)
    return torch.from_numpy((numbers[:, None] >> np.arange(n)) & 1).long()


@wheat("parity_relu_layer")
def numpy_zigzag(n):
    """Second differences of the zigzag that `numpy.interp` draws."""
    height = np.interp(np.arange(-1, n + 1), np.arange(n + 1), np.arange(n + 1) % 2)
    turns = torch.from_numpy(np.diff(height, n=2)).float()
    return torch.ones(n, n), -torch.arange(n).float(), turns, torch.zeros(())
