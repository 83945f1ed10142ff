"""Figures of unit 02: pieces that add up, pieces and gates against parameters, a circuit and a zigzag for parity."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from autograder.models import MLP
from autograder.plotting import BLUE, GREEN, GREY, ORANGE
from autograder.training import adam


def _wave(x: Tensor) -> Tensor:
    return torch.sin(2 * x)


def _sums(layer: tuple[Tensor, Tensor, Tensor], x: Tensor) -> list[Tensor]:
    """What a layer computes with its first unit alone, its first two, …, all of them."""
    weights, kinks, bias = (each.detach() for each in layer)
    parts = weights * torch.relu(x[:, None] - kinks)
    return [bias + parts[:, : count + 1].sum(1) for count in range(len(weights))]


def figure_pieces_adding_up(implementation) -> Figure:
    """How units of one layer draw a wave, one after the other, and how near they come."""
    x = torch.linspace(-3, 3, 601, dtype=torch.float64)
    knots = torch.linspace(-3, 3, 10, dtype=torch.float64)
    layer = implementation.relu_interpolant(knots, _wave(knots))
    figure = Figure(figsize=(10.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.7, 1.0))
    left.plot(x, _wave(x), color=GREY, linewidth=5, alpha=0.4, label="sin 2x")
    sums = _sums(layer, x)
    for count, curve in enumerate(sums[:-1], 1):
        label = f"the first 1 to {len(sums) - 1} units" if count == 1 else None
        left.plot(x, curve, color=BLUE, linewidth=1, alpha=0.25 + 0.5 * count / len(sums), label=label)
    left.plot(x, sums[-1], color=ORANGE, linewidth=2, label=f"all {len(sums)} units")
    left.plot(knots, _wave(knots), "o", color="black", markersize=4, label="knots")
    left.set(xlabel="x", ylabel="f(x)", ylim=(-2.2, 2.2), title="Each unit bends the line at its kink, for good")
    left.legend(fontsize=9, loc="upper center", ncols=2)
    counts, gaps = [4, 8, 16, 32, 64, 128], []
    for count in counts:
        knots = torch.linspace(-3, 3, count + 1, dtype=torch.float64)
        layer = implementation.relu_interpolant(knots, _wave(knots))
        gaps.append(float((_sums(layer, x)[-1] - _wave(x)).abs().max()))
    right.plot(counts, gaps, "o-", color=ORANGE)
    right.set(xscale="log", yscale="log", xlabel="units in the layer", ylabel="greatest distance from sin 2x")
    right.set_xticks(counts, [str(each) for each in counts])
    right.minorticks_off()
    right.grid(alpha=0.3)
    right.set_title("Twice the units, a quarter of the gap")
    return figure


def figure_pieces_and_gates(implementation) -> Figure:
    """Teeth by depth; pieces against parameters for nets deep and wide; gates against bits for parity."""
    figure = Figure(figsize=(11.5, 6.2), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(1.0, 1.7))
    x = torch.arange(1025, dtype=torch.float64) / 1024
    for depth, axes in enumerate(top.subplots(1, 5, sharey=True), 1):
        axes.plot(x, implementation.sawtooth(x, depth).detach(), color=BLUE, linewidth=1.3)
        axes.set_title(f"depth {depth}: {2**depth} pieces", fontsize=10)
        axes.set(xlabel="x", xticks=(0, 0.5, 1))
    top.axes[0].set_ylabel("sawtooth")
    pieces, gates = bottom.subplots(1, 2)
    depths = range(1, 13)
    deep = [implementation.count_parameters(_net(*[2] * depth)) for depth in depths]
    wide = [implementation.count_parameters(_net(2**depth - 1)) for depth in depths]
    pieces.plot(deep, [2**depth for depth in depths], "o-", color=BLUE, label="two units a layer, 1 to 12 layers")
    pieces.plot(wide, [2**depth for depth in depths], "s--", color=ORANGE, label="one layer, 1 to 4,095 units")
    pieces.set(xscale="log", yscale="log", xlabel="parameters", ylabel="straight pieces")
    pieces.set_title("What a parameter buys", fontsize=11)
    pieces.legend(fontsize=9)
    sizes = range(2, 15)
    nested = [len(implementation.parity_circuit(n)) for n in sizes]
    flat = [len(implementation.parity_dnf(n)) for n in sizes]
    units = [len(implementation.parity_relu_layer(n)[1]) for n in sizes]
    gates.plot(sizes, flat, "s--", color=ORANGE, label="AND terms, two layers of logic")
    gates.plot(sizes, units, "^:", color=GREEN, label="ReLU units, one layer")
    gates.plot(sizes, nested, "o-", color=BLUE, label="XOR gates, nested")
    gates.set(yscale="log", xlabel="bits n", ylabel="parts")
    gates.set_title("What the parity of n bits costs", fontsize=11)
    gates.legend(fontsize=9)
    for axes in (pieces, gates):
        axes.grid(alpha=0.3)
    return figure


def _net(*hidden: int) -> nn.Module:
    """A ReLU net from one number to one number, made without touching the global random state."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MLP(1, *hidden, 1, activation="relu")


def figure_two_ways_to_parity(implementation) -> Figure:
    """A tree of gates for eleven bits, and the zigzag that one layer of ReLU units draws over their sum."""
    n = 11
    gates = implementation.parity_circuit(n)
    figure = Figure(figsize=(11.0, 4.4), layout="constrained")
    tree, zigzag = figure.subplots(1, 2, width_ratios=(1.3, 1.0))
    _draw_circuit(tree, gates, n)
    tree.set_title(f"Nested: {len(gates)} gates, {_heights(gates, n)[n + len(gates) - 1]} deep")
    few = 6
    weight, bias, output_weight, output_bias = (each.detach() for each in implementation.parity_relu_layer(few))
    sums = torch.linspace(0, few, 241)
    hidden = torch.relu((sums[:, None] / few).expand(-1, few) @ weight.T + bias)
    zigzag.plot(sums, hidden @ output_weight + output_bias, color=BLUE, linewidth=2, label="what the layer draws")
    bits = torch.tril(torch.ones(few + 1, few), -1)
    said = torch.relu(bits @ weight.T + bias) @ output_weight + output_bias
    zigzag.plot(range(few + 1), said, "o", color=ORANGE, label="parity of whole bits", zorder=3)
    zigzag.set(xlabel="sum of six bits", ylabel="output", ylim=(-0.35, 1.45), xticks=range(few + 1))
    zigzag.set_title("One layer of ReLU units: a zigzag over the sum")
    zigzag.grid(alpha=0.3)
    zigzag.legend(fontsize=9, loc="upper center", ncols=2)
    return figure


def _heights(gates, n: int) -> dict[int, int]:
    """Through how many gates a signal passes on its way to each wire."""
    heights, left = dict.fromkeys(range(n), 0), dict(enumerate(gates, n))
    while left:
        made = {
            wire: 1 + max(heights[each] for each in pair)
            for wire, pair in left.items()
            if all(each in heights for each in pair)
        }
        if not made:
            raise ValueError("a gate of your circuit waits for its own wire")
        heights |= made
        left = {wire: pair for wire, pair in left.items() if wire not in made}
    return heights


def _draw_circuit(axes, gates, n: int) -> None:
    heights, places = _heights(gates, n), {}
    order: list[int] = []

    def visit(wire: int) -> None:  # inputs from left to right as the tree needs them, so that few lines cross
        if wire < n:
            order.append(wire)
        else:
            for each in gates[wire - n]:
                visit(each)

    visit(n + len(gates) - 1)
    places = {wire: float(index) for index, wire in enumerate(dict.fromkeys(order))}
    for wire in sorted(heights, key=heights.__getitem__):
        if wire >= n:
            pair = gates[wire - n]
            places[wire] = sum(places[each] for each in pair) / 2
            for each in pair:
                axes.plot([places[each], places[wire]], [heights[each], heights[wire]], color=GREY, zorder=1)
    for wire, place in places.items():
        color, text = (BLUE, "⊕") if wire >= n else (ORANGE, str(wire))
        axes.plot(place, heights[wire], "o", color=color, markersize=17, zorder=2)
        axes.text(place, heights[wire], text, color="white", ha="center", va="center", fontsize=10, zorder=3)
    axes.set(ylabel="gates passed", yticks=range(max(heights.values()) + 1), xticks=[])
    axes.set_xlabel("inputs, by number; ⊕ is an XOR gate")


def figure_narrow_and_wide(implementation) -> Figure:
    """One hidden layer of 4 or of 64 units, trained on sin 2x."""
    x = torch.linspace(-3, 3, 200)[:, None]
    figure = Figure(figsize=(9.6, 3.9), layout="constrained")
    for axes, width, color in zip(figure.subplots(1, 2, sharey=True), (4, 64), (BLUE, ORANGE), strict=True):
        model = _net(width)
        step = adam(model.parameters(), 1e-2)
        for _ in range(800):
            loss = (model(x) - _wave(x)).square().mean()
            step(loss)
        with torch.no_grad():
            found = model(x)
        gap = float((found - _wave(x)).square().mean())
        axes.plot(x[:, 0], _wave(x)[:, 0], color=GREY, linewidth=5, alpha=0.4, label="sin 2x")
        axes.plot(x[:, 0], found[:, 0], color=color, linewidth=2, label="the trained layer")
        count = implementation.count_parameters(model)
        axes.set_title(f"{width} units, {count} parameters: mean squared error {gap:.4f}", fontsize=10)
        axes.set(xlabel="x", ylim=(-1.7, 1.9))
        axes.legend(fontsize=9, loc="upper center", ncols=2)
    figure.axes[0].set_ylabel("output")
    return figure
