"""Hidden checks of unit 6, the failures of GANs: what their generators do when they are trained."""

from __future__ import annotations

import statistics
from pathlib import Path

from autograder.content import load_file
from autograder.data import ring_centers
from autograder.training import training

_ring = load_file(Path(__file__).with_name("ring_gan.py"))


def _mean_coverage(submission, seed: int, device, generator_steps: int, moments: tuple[int, ...]) -> float:
    seen = _ring.samples_over_training(seed, generator_steps, moments)
    centers = ring_centers().to(device)
    return statistics.fmean(submission.mode_coverage(each.to(device), centers, radius=0.3)[0] for each in seen)


@training(measures="how many of eight modes a generator covers that steps as often as its discriminator", above=3)
def test_mode_coverage__sees_a_generator_fill_a_ring(submission, seed, device):
    """It counts most of eight modes where generator and discriminator take turns."""
    return _mean_coverage(submission, seed, device, 1, (500, 550, 600))


@training(measures="how many of eight modes are covered where the generator takes 20 steps at a time", below=1.1)
def test_mode_coverage__sees_a_generator_collapse(submission, seed, device):
    """It counts one mode or none at a time where the generator takes 20 steps for each of the discriminator's."""
    return _mean_coverage(submission, seed, device, 20, tuple(range(20, 121, 2)))
