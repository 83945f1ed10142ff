"""What public libraries answer to unit 07.

No library draws wrong labels or joins a condition to images; they give the parts: torch's and NumPy's weighted choice
(NumPy's generator is seeded from torch's), scikit-learn's one-hot encoder, which refuses empty input, and the binary
cross-entropies of torch.distributions, torchvision and SciPy, the latter's through the graph of its derivative.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import expit, log_expit
from sklearn.preprocessing import OneHotEncoder
from torch.distributions import Bernoulli, Categorical
from torchvision.ops import sigmoid_focal_loss

from autograder.wheats import wheat


@wheat("mismatched_labels")
def numpy_choice(labels, num_classes, *, generator=None):
    """numpy.random.Generator.choice among the other classes, sample by sample."""
    if num_classes < 2:
        raise ValueError(num_classes)
    chance = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    others = {each: [other for other in range(num_classes) if other != each] for each in labels.unique().tolist()}
    drawn = np.zeros(len(labels), dtype=np.int64)
    for each, choices in others.items():
        mine = labels.numpy() == each
        drawn[mine] = chance.choice(choices, size=int(mine.sum()))
    return torch.from_numpy(drawn)


@wheat("mismatched_labels")
def torch_categorical(labels, num_classes, *, generator=None):
    """torch.distributions.Categorical over the other classes; it draws from the global state, which is put back."""
    if num_classes < 2:
        raise ValueError(num_classes)
    law = Categorical(probs=1 - torch.eye(num_classes)[labels], validate_args=False) if len(labels) else None
    if law is None:
        return labels.clone()
    if generator is None:
        return law.sample()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        return law.sample()


@wheat("concat_condition")
def sklearn_encoder(x, labels, num_classes):
    """sklearn.preprocessing.OneHotEncoder, and NumPy's broadcasting for planes."""
    encoder = OneHotEncoder(categories=[np.arange(num_classes)], sparse_output=False)
    rows = labels.numpy()[:, None]
    hot = encoder.fit_transform(rows) if len(rows) else np.zeros((0, num_classes))
    hot = hot.reshape(*hot.shape, *[1] * (x.ndim - 2))
    planes = np.broadcast_to(hot, (len(x), num_classes, *x.shape[2:]))
    return torch.cat([x, torch.from_numpy(planes.copy()).to(x.dtype)], 1)


@wheat("conditional_discriminator_loss")
def torch_bernoulli(real_matched, fake, real_mismatched):
    """Log-probabilities of 1 and 0 under torch.distributions' Bernoulli."""
    right = Bernoulli(logits=real_matched).log_prob(torch.ones_like(real_matched)).mean()
    wrong = [Bernoulli(logits=each).log_prob(torch.zeros_like(each)).mean() for each in (fake, real_mismatched)]
    return -(right + (wrong[0] + wrong[1]) / 2)


@wheat("conditional_discriminator_loss")
def torchvision_focal_loss(real_matched, fake, real_mismatched):
    """torchvision.ops.sigmoid_focal_loss with gamma 0, a binary cross-entropy of logits."""

    def cost(logits, label):
        labels = torch.full_like(logits, label)
        return sigmoid_focal_loss(logits, labels, alpha=-1, gamma=0.0, reduction="none").mean()

    return cost(real_matched, 1.0) + 0.5 * cost(fake, 0.0) + 0.5 * cost(real_mismatched, 0.0)


class _LogExpit(torch.autograd.Function):
    """SciPy's log σ(l), whose slope is SciPy's σ(−l)."""

    @staticmethod
    def forward(ctx, logits):
        ctx.save_for_backward(logits)
        return torch.as_tensor(log_expit(logits.detach().numpy()), dtype=logits.dtype)

    @staticmethod
    def backward(ctx, above):
        (logits,) = ctx.saved_tensors
        return above * torch.as_tensor(expit(-logits.detach().numpy()), dtype=logits.dtype)


@wheat("conditional_discriminator_loss")
def scipy_log_expit(real_matched, fake, real_mismatched):
    """scipy.special.log_expit, averaged over each kind."""
    wrong = [_LogExpit.apply(-each).mean() for each in (fake, real_mismatched)]
    return -_LogExpit.apply(real_matched).mean() - (wrong[0] + wrong[1]) / 2
