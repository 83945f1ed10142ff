"""Right answers to conditional GANs, written in other ways."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from autograder.wheats import wheat

# mismatched_labels


@wheat("mismatched_labels")
def leaves_a_gap(labels, num_classes, *, generator=None):
    """Draws one of K − 1 classes and counts on past the right one."""
    if num_classes < 2:
        raise ValueError("wanted two classes or more")
    drawn = torch.randint(num_classes - 1, labels.shape, generator=generator)
    return drawn + (drawn >= labels).long()


@wheat("mismatched_labels")
def draws_by_weight(labels, num_classes, *, generator=None):
    """Draws from K classes of which the right one has weight 0."""
    if num_classes <= 1:
        raise ValueError(num_classes)
    if not len(labels):
        return labels.clone()
    weights = torch.ones(len(labels), num_classes).scatter(1, labels[:, None], 0.0)
    return torch.multinomial(weights, 1, generator=generator).squeeze(1)


@wheat("mismatched_labels")
def tries_again(labels, num_classes, *, generator=None):
    """Draws among all classes, and again for those that hit the right one."""
    if num_classes < 2:
        raise ValueError(num_classes)
    wrong = labels.clone()
    while bool((hit := wrong == labels).any()):
        wrong[hit] = torch.randint(0, num_classes, (int(hit.sum()),), generator=generator)
    return wrong


@wheat("mismatched_labels")
def takes_the_greatest_of_noise(labels, num_classes, *, generator=None):
    """A random number for each class, that of the right one below all others; the greatest wins."""
    if num_classes < 2:
        raise ValueError(num_classes)
    noise = torch.rand(*labels.shape, num_classes, dtype=torch.float64, generator=generator)
    return (noise - 2 * F.one_hot(labels, num_classes)).argmax(-1)


# concat_condition


@wheat("concat_condition")
def fills_a_larger_tensor(x, labels, num_classes):
    """Zeros of the final size, into which x and then ones are written."""
    count, channels = x.shape[:2]
    out = x.new_zeros(count, channels + num_classes, *x.shape[2:])
    out[:, :channels] = x
    out[torch.arange(count), channels + labels] = 1.0
    return out


@wheat("concat_condition")
def compares_with_the_classes(x, labels, num_classes):
    """Each label compared with all classes, and multiplied with ones of x's size."""
    hot = (labels[:, None] == torch.arange(num_classes)).to(x)
    if x.dim() == 4:
        hot = hot[:, :, None, None] * torch.ones_like(x[:, :1])
    return torch.hstack((x, hot))


@wheat("concat_condition")
def picks_rows_of_the_identity(x, labels, num_classes):
    """Rows of an identity matrix, repeated over the image."""
    hot = torch.eye(num_classes, dtype=x.dtype)[labels]
    if x.ndim > 2:
        hot = hot.unsqueeze(-1).unsqueeze(-1).repeat(1, 1, x.size(2), x.size(3))
    return torch.cat((x, hot), 1)


# conditional_discriminator_loss


@wheat("conditional_discriminator_loss")
def cross_entropies(real_matched, fake, real_mismatched):
    """Three binary cross-entropies of logits."""

    def cost(logits, label):
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))

    return cost(real_matched, 1.0) + (cost(fake, 0.0) + cost(real_mismatched, 0.0)) / 2


@wheat("conditional_discriminator_loss")
def mean_of_two_games(real_matched, fake, real_mismatched):
    """The mean of two ordinary losses, one against fakes and one against mismatched pairs."""
    right = F.logsigmoid(real_matched).mean()
    games = [-(right + F.logsigmoid(-wrong).mean()) for wrong in (fake, real_mismatched)]
    return sum(games) / 2


@wheat("conditional_discriminator_loss")
def weighs_every_pair(real_matched, fake, real_mismatched):
    """One weighed sum over all pairs, log(1 + exp(x)) by logaddexp."""
    kinds = ((-real_matched, 1.0), (fake, 0.5), (real_mismatched, 0.5))
    costs = torch.cat([each.reshape(-1) for each, _ in kinds])
    weights = torch.cat([torch.full_like(each, w / max(each.numel(), 1)).reshape(-1) for each, w in kinds])
    return (weights * torch.logaddexp(costs, torch.zeros_like(costs))).sum()


@wheat("conditional_discriminator_loss")
def two_classes(real_matched, fake, real_mismatched):
    """A log-softmax over the classes wrong, whose logit is 0, and right."""

    def verdict(logits, label):
        flat = logits.flatten()
        return torch.log_softmax(torch.stack([torch.zeros_like(flat), flat]), 0)[label].mean()

    return -verdict(real_matched, 1) - 0.5 * verdict(fake, 0) - 0.5 * verdict(real_mismatched, 0)
