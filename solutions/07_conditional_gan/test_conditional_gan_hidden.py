"""Hidden checks of unit 7, conditional GANs: they train one, which is the answer to another unit."""

from __future__ import annotations

from pathlib import Path

import torch

from autograder.content import load_file
from autograder.data import ring_centers, ring_of_gaussians
from autograder.training import training

_pairs = load_file(Path(__file__).with_name("pairs_gan.py"))
_right = load_file(Path(__file__).with_name("conditional_gan.py"))


def _trained(submission, seed: int, device, exercise: str):
    """Both players after training with the submission's answer to one exercise and the reference's to the others."""
    concat, mismatched, loss = (
        getattr(submission if name == exercise else _right, name)
        for name in ("concat_condition", "mismatched_labels", "conditional_discriminator_loss")
    )
    draws = torch.Generator(device).manual_seed(seed)
    return _pairs.train(
        seed,
        device,
        concat=concat,
        mismatched=lambda labels, classes: mismatched(labels, classes, generator=draws),
        loss=loss,
    )


def _preference(judge, seed: int, device) -> float:
    """How much likelier D thinks real points under their own class than under the others, on average."""
    x, classes = (each.to(device) for each in ring_of_gaussians(1000, seed=seed + 1, modes=4, std=0.3))
    with torch.no_grad():
        said = torch.cat(
            [torch.sigmoid(judge(_right.concat_condition(x, torch.full_like(classes, each), 4))) for each in range(4)],
            1,
        )
    own = said.gather(1, classes[:, None])[:, 0]
    return float((own - (said.sum(1) - own) / 3).mean())


@training(measures="how much more a trained discriminator believes right pairs than wrong ones", above=0.4)
def test_mismatched_labels__teaches_a_discriminator_to_tell_wrong_pairs(submission, seed, device):
    """With its labels for wrong pairs a conditional GAN's discriminator learns to see whether a label fits."""
    _, judge = _trained(submission, seed, device, "mismatched_labels")
    return _preference(judge, seed, device)


@training(measures="how often a generator makes the class that it is asked for", above=0.75)
def test_concat_condition__lets_a_generator_make_what_it_is_asked_for(submission, seed, device):
    """With it in both players a conditional GAN learns to make the class that it is asked for."""
    generator, _ = _trained(submission, seed, device, "concat_condition")
    draws, labels = torch.Generator().manual_seed(seed + 1), torch.arange(1000, device=device) % 4
    noise = torch.randn(1000, _pairs.NOISE, generator=draws).to(device)
    with torch.no_grad():
        made = generator(submission.concat_condition(noise, labels, 4))
    nearest = torch.cdist(made, ring_centers(modes=4).to(device)).argmin(1)
    return float((nearest == labels).double().mean())


@training(measures="how much more a trained discriminator believes right pairs than wrong ones", above=0.43)
def test_conditional_discriminator_loss__teaches_a_discriminator_to_tell_wrong_pairs(submission, seed, device):
    """With it a conditional GAN's discriminator learns to see whether a label fits."""
    _, judge = _trained(submission, seed, device, "conditional_discriminator_loss")
    return _preference(judge, seed, device)
