"""Figures of unit 9: styles exchanged, and what codes stand for."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from autograder.data import digits
from autograder.models import MLP, randomize
from autograder.plotting import BLUE, GREY, ORANGE
from autograder.training import adam


def figure_content_style_swaps(implementation) -> Figure:
    """Digits in the colours of made-up pictures: every content with every style."""
    contents, styles = _grey_digits((3, 4, 8, 0)), _colourful_pictures()
    figure = Figure(figsize=(7.6, 8.2), layout="constrained")
    axes = figure.subplots(len(contents) + 1, len(styles) + 1)
    axes[0, 0].set_axis_off()
    for column, style in enumerate(styles, 1):
        _show(axes[0, column], style, f"style {column}")
    for row, content in enumerate(contents, 1):
        _show(axes[row, 0], content, f"content {row}")
        for column, style in enumerate(styles, 1):
            _show(axes[row, column], implementation.adain(content[None], style[None]).detach()[0])
    figure.suptitle("each content with the mean and deviation of each style, channel by channel", fontsize=12)
    return figure


def figure_decoded_codebook(implementation) -> Figure:
    """What an autoencoder draws for each of its 32 codes, and for how many test digits each is used."""
    data, generator = digits(), torch.Generator().manual_seed(0)
    train, test = data.train_x.flatten(1), data.test_x.flatten(1)
    encoder, decoder = _networks(generator, MLP(64, 64, 8), MLP(8, 64, 64))
    codebook = encoder(train[torch.randperm(len(train), generator=generator)[:32]]).detach().requires_grad_()
    step = adam([*encoder.parameters(), *decoder.parameters(), codebook], 3e-3)
    for _ in range(40):
        for chosen in torch.randperm(len(train), generator=generator).split(128):
            z_q, _, loss = implementation.vector_quantize(encoder(train[chosen]), codebook)
            step(loss + nn.functional.mse_loss(decoder(z_q).sigmoid(), train[chosen]))
    _, indices, _ = implementation.vector_quantize(encoder(test), codebook)
    drawn, counts = decoder(codebook).sigmoid().detach(), torch.bincount(indices, minlength=32)
    figure = Figure(figsize=(8.4, 5.4), layout="constrained")
    for axes, code in zip(figure.subplots(4, 8).flat, counts.argsort(descending=True).tolist(), strict=True):
        axes.imshow(drawn[code].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        mine = data.test_y[indices == code]
        label = f"{len(mine)}×"
        if len(mine):
            favourite = int(torch.bincount(mine).argmax())
            label += f", {float((mine == favourite).double().mean()):.0%} “{favourite}”"
        axes.set_xlabel(label, fontsize=10)
        axes.set(xticks=[], yticks=[])
    figure.suptitle(
        "what each of 32 codes is drawn as; how often it is used for 500 new digits, and for which most", fontsize=12
    )
    return figure


def figure_code_usage(implementation) -> Figure:
    """How often each of ten one-hot codes is used, after training without and with a price for uneven usage."""
    figure = Figure(figsize=(8.4, 3.9), layout="constrained")
    sides = [("reconstruction alone", 0.0, ORANGE), ("with the balance loss", 0.1, BLUE)]
    for axes, (title, weight, colour) in zip(figure.subplots(1, 2, sharey=True), sides, strict=True):
        used = _one_hot_codes(implementation, weight)
        shares = torch.bincount(used, minlength=10).double() / len(used)
        perplexity = float(implementation.codebook_perplexity(used, 10))
        axes.bar(range(1, 11), shares.sort(descending=True).values.tolist(), color=colour)
        axes.axhline(0.1, color=GREY, linestyle="--", linewidth=1)
        axes.text(10.4, 0.105, "even", ha="right", va="bottom", fontsize=10, color="black")
        axes.set_title(f"{title}: perplexity {perplexity:.1f} of 10", fontsize=12)
        axes.set_xlabel("code, the most used first", fontsize=11)
        axes.set_xticks(range(1, 11))
    figure.axes[0].set_ylabel("share of 500 new digits", fontsize=11)
    return figure


def _one_hot_codes(implementation, weight: float) -> Tensor:
    """Codes of the test digits from an autoencoder whose latent is one of ten codes."""
    data, generator = digits(), torch.Generator().manual_seed(0)
    train, test = data.train_x.flatten(1), data.test_x.flatten(1)
    encoder, decoder = _networks(generator, MLP(64, 64, 10), MLP(10, 64, 64))
    step = adam([*encoder.parameters(), *decoder.parameters()], 3e-3)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for _ in range(30):
            for chosen in torch.randperm(len(train), generator=generator).split(128):
                answers = encoder(train[chosen])
                redrawn = decoder(nn.functional.gumbel_softmax(answers, tau=0.7, hard=True)).sigmoid()
                balance = implementation.code_balance_loss(answers.softmax(-1))
                step(nn.functional.mse_loss(redrawn, train[chosen]) + weight * balance)
    return encoder(test).argmax(-1)


def _networks(generator: torch.Generator, *models: nn.Module) -> list[nn.Module]:
    for model in models:
        randomize(model, generator)
    return list(models)


def _grey_digits(wanted: tuple[int, ...]) -> list[Tensor]:
    """One test digit of each class, three times as large, as a grey image of three channels."""
    data = digits()
    firsts = [int((data.test_y == digit).nonzero()[0]) for digit in wanted]
    images = nn.functional.interpolate(data.test_x[firsts], scale_factor=3, mode="bilinear").clamp(0, 1)
    return [0.25 + 0.5 * image.repeat(3, 1, 1) for image in images]


def _colourful_pictures() -> list[Tensor]:
    """Stripes, a sunset, spots and a chessboard: colours of a background and of what is on it; sizes differ."""
    down, across = torch.meshgrid(torch.linspace(0, 1, 18), torch.linspace(0, 1, 30), indexing="ij")
    generator = torch.Generator().manual_seed(3)
    shapes = [
        ((across * 6) % 1 < 0.35).float(),
        down,
        (torch.rand(12, 12, generator=generator) < 0.3).float(),
        ((down * 4).floor() + (across * 6).floor()) % 2 * 0.5,
    ]
    colours = [
        ((0.95, 0.9, 0.75), (0.75, 0.1, 0.15)),
        ((0.15, 0.1, 0.4), (1.0, 0.6, 0.2)),
        ((0.1, 0.35, 0.3), (0.75, 0.95, 0.6)),
        ((0.45, 0.6, 0.85), (0.75, 0.85, 1.0)),
    ]
    pictures = []
    for shape, (ground, figure) in zip(shapes, colours, strict=True):
        one, other = (torch.tensor(colour)[:, None, None] for colour in (ground, figure))
        pictures.append(one + (other - one) * shape)
    return pictures


def _show(axes, image: Tensor, title: str = "") -> None:
    axes.imshow(image.clamp(0, 1).permute(1, 2, 0), aspect="equal")
    axes.set(xticks=[], yticks=[])
    if title:
        axes.set_title(title, fontsize=11)
