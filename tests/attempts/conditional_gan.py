"""Attempts at unit 07, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.attempts import attempt


def _check(num_classes):
    if num_classes < 2:
        raise ValueError("there is no wrong label with fewer than two classes")


@attempt("mismatched_labels", mistake="shuffles_the_labels")
def sorts_by_random_keys(labels, num_classes, *, generator=None):
    """Give every sample a random key and sort by it: the labels end up at other samples."""
    _check(num_classes)
    keys = torch.rand(len(labels), generator=generator)
    return torch.gather(labels, 0, torch.argsort(keys))


@attempt("mismatched_labels", mistake="shifts_by_one")
def looks_up_the_neighbour(labels, num_classes, *, generator=None):
    """The class after the right one is never the right one, and the last class goes back to 0."""
    _check(num_classes)
    return torch.where(labels == num_classes - 1, torch.zeros_like(labels), labels + 1)


@attempt("mismatched_labels", mistake="rolls_the_batch")
def takes_the_label_of_the_previous_sample(labels, num_classes, *, generator=None):
    """Move the labels along by one sample, so that none keeps its own."""
    if num_classes < 2:
        raise ValueError(f"num_classes must be at least 2, got {num_classes}")
    return torch.cat((labels[-1:], labels[:-1]))


@attempt("mismatched_labels", mistake="draws_from_all_classes")
def floors_uniform_numbers(labels, num_classes, *, generator=None):
    """A uniform number times K, rounded down, is a random class for each sample."""
    _check(num_classes)
    uniform = torch.rand(labels.shape, generator=generator, dtype=torch.float64)
    return torch.floor(num_classes * uniform).to(torch.int64)


@attempt("mismatched_labels", mistake="never_draws_the_class_before")
def counts_the_other_classes_from_zero(labels, num_classes, *, generator=None):
    """There are K - 1 other classes, numbered 0 to K - 2, and they begin one after the right one."""
    _check(num_classes)
    last = num_classes - 2
    which = torch.randint(0, last, size=labels.size(), generator=generator)
    wrong = labels + 1 + which
    return torch.remainder(wrong, num_classes)


@attempt("mismatched_labels", mistake="moves_on_where_it_hits")
def repairs_the_hits(labels, num_classes, *, generator=None):
    """Draw any class, then repair the few samples that happened to get their own."""
    _check(num_classes)
    drawn = torch.randint(num_classes, labels.shape, generator=generator)
    hit = drawn.eq(labels)
    drawn[hit] += 1
    drawn[drawn == num_classes] = 0
    return drawn


@attempt("mismatched_labels", mistake="draws_from_the_classes_of_the_batch")
def scores_the_classes_that_occur(labels, num_classes, *, generator=None):
    """List the classes, give each a random score, strike out the right one and take the best of the rest."""
    _check(num_classes)
    if labels.numel() == 0:
        return labels.clone()
    classes = labels.unique()
    scores = torch.rand(len(labels), len(classes), generator=generator)
    scores = scores.masked_fill(labels.unsqueeze(1) == classes, -1.0)
    return classes[scores.argmax(dim=1)]


@attempt("mismatched_labels", mistake="draws_one_step_for_the_batch")
def turns_the_wheel_once(labels, num_classes, *, generator=None):
    """Renaming all classes by a random turn of the wheel makes every label wrong."""
    _check(num_classes)
    turn = int(torch.randint(1, num_classes, (), generator=generator))
    names = [(c + turn) % num_classes for c in range(num_classes)]
    return torch.tensor(names, dtype=torch.long)[labels]


@attempt("mismatched_labels", mistake="ignores_the_generator")
def takes_the_best_of_the_others(labels, num_classes, *, generator=None):
    """Random scores for all classes, minus infinity for the right one; the argmax is uniform over the others."""
    _check(num_classes)
    scores = torch.rand(labels.shape[0], num_classes, dtype=torch.float64)
    scores.scatter_(1, labels[:, None], float("-inf"))
    return torch.argmax(scores, dim=1)


@attempt("mismatched_labels", mistake="takes_a_single_class")
def steps_around_the_circle(labels, num_classes, *, generator=None):
    """A step of 1 to K - 1 around the circle of classes never comes back to the start."""
    uniform = torch.rand(len(labels), generator=generator, dtype=torch.float64)
    step = 1 + (uniform * (num_classes - 1)).long()
    return (labels + step) % num_classes


@attempt("mismatched_labels", mistake="squeezes_the_labels")
def picks_from_a_table(labels, num_classes, *, generator=None):
    """Row c of a table holds all classes but c; pick one entry of each sample's row."""
    _check(num_classes)
    table = torch.tensor([[k for k in range(num_classes) if k != c] for c in range(num_classes)])
    column = torch.randint(num_classes - 1, (len(labels), 1), generator=generator)
    return table[labels].gather(1, column).squeeze()


@attempt("mismatched_labels", mistake="changes_the_labels_in_place")
def overwrites_one_after_the_other(labels, num_classes, *, generator=None):
    """Go through the samples and write one of the other classes at each."""
    _check(num_classes)
    for i in range(labels.shape[0]):
        others = [c for c in range(num_classes) if c != labels[i].item()]
        pick = torch.randint(len(others), (1,), generator=generator).item()
        labels[i] = others[pick]
    return labels


def _planes(condition, x):
    """Spreads (N, K) over the pixels of x if x has any."""
    if x.dim() == 2:
        return condition
    return torch.einsum("nk,hw->nkhw", condition, torch.ones(x.shape[2:], dtype=condition.dtype))


@attempt("concat_condition", mistake="puts_the_label_in_front")
def writes_the_condition_and_the_sample(x, labels, num_classes):
    """Fill a one-hot matrix with scatter and join it with x along the feature dimension."""
    condition = torch.zeros(len(x), num_classes, dtype=x.dtype).scatter_(1, labels.view(-1, 1), 1.0)
    return torch.hstack((_planes(condition, x), x))


@attempt("concat_condition", mistake="appends_the_number")
def adds_a_feature_with_the_class(x, labels, num_classes):
    """The class becomes one more feature, or one more channel where x is an image."""
    feature = labels.type_as(x).reshape([-1] + [1] * (x.dim() - 1))
    if x.dim() == 4:
        feature = feature * torch.ones_like(x[:, :1])
    return torch.cat((x, feature), 1)


@attempt("concat_condition", mistake="counts_the_classes_itself")
def compares_with_a_range(x, labels, num_classes):
    """Compare every label with 0, 1, 2, ... up to the largest; that is true at one place only."""
    columns = max(labels.tolist(), default=-1) + 1
    condition = (labels[:, None] == torch.arange(columns)[None, :]).to(x.dtype)
    return torch.cat([x, _planes(condition, x)], dim=1)


@attempt("concat_condition", mistake="scrambles_the_planes")
def writes_the_vector_at_every_pixel(x, labels, num_classes):
    """Every pixel gets the whole one-hot vector, then bring it into the shape of channels."""
    onehot = F.one_hot(labels, num_classes).to(x.dtype)
    if x.dim() == 4:
        n, _, h, w = x.shape
        everywhere = onehot[:, None, None, :].expand(n, h, w, num_classes)
        onehot = everywhere.reshape(n, num_classes, h, w)
    return torch.cat([x, onehot], dim=1)


@attempt("concat_condition", mistake="marks_a_single_pixel")
def sets_the_one_of_each_sample(x, labels, num_classes):
    """Start with zeros of the right shape and set a 1 for the class of each sample."""
    extra = torch.zeros((x.shape[0], num_classes, *x.shape[2:]), dtype=x.dtype)
    for sample, c in zip(extra, labels.tolist(), strict=True):
        sample[c].view(-1)[0] = 1
    return torch.concat([x, extra], dim=1)


@attempt("concat_condition", mistake="swaps_height_and_width")
def fills_the_plane_of_the_label(x, labels, num_classes):
    """Zeros of the image's size, and the plane of the sample's own class is filled with ones."""
    if x.ndim == 2:
        return torch.cat([x, F.one_hot(labels, num_classes).to(x.dtype)], dim=1)
    batch, _, width, height = x.size()
    planes = x.new_zeros(batch, num_classes, height, width)
    planes[torch.arange(batch), labels] = 1.0
    return torch.cat([x, planes], dim=1)


@attempt("concat_condition", mistake="flattens_the_images")
def makes_one_long_vector(x, labels, num_classes):
    """An image is a long vector too, so flatten it and append the one-hot vector like always."""
    features = nn.Flatten()(x)
    onehot = nn.functional.one_hot(labels, num_classes=num_classes)
    return torch.cat([features, onehot.type(x.dtype)], dim=-1)


@attempt("concat_condition", mistake="cuts_the_graph")
def concatenates_with_numpy(x, labels, num_classes):
    """Concatenating arrays is what numpy is for; go there and back."""
    values = x.detach().cpu().numpy()
    condition = np.eye(num_classes, dtype=values.dtype)[labels.numpy()]
    if values.ndim == 4:
        shape = (len(values), num_classes, *values.shape[2:])
        condition = np.broadcast_to(condition[:, :, None, None], shape)
    return torch.from_numpy(np.concatenate([values, condition], axis=1))


@attempt("concat_condition", mistake="joins_in_float32")
def fills_in_a_larger_tensor(x, labels, num_classes):
    """Make the larger tensor first, copy x to its beginning and set the ones behind it."""
    n, d = x.shape[:2]
    out = torch.zeros(n, d + num_classes, *x.shape[2:])
    out[:, :d] = x
    out[torch.arange(n), d + labels] = 1
    return out


@attempt("conditional_discriminator_loss", mistake="weighs_all_kinds_alike")
def adds_three_cross_entropies(real_matched, fake, real_mismatched):
    """One binary cross entropy for each of the three kinds, with labels 1, 0 and 0."""
    criterion = nn.BCEWithLogitsLoss()
    loss = criterion(real_matched, torch.ones_like(real_matched))
    for wrong in (fake, real_mismatched):
        loss = loss + criterion(wrong, torch.zeros_like(wrong))
    return loss


@attempt("conditional_discriminator_loss", mistake="forgets_the_mismatched")
def is_the_usual_loss_of_a_gan(real_matched, fake, real_mismatched):
    """D's loss as in every GAN: real ones up, fakes down; the condition is already inside the logits."""
    real_cost = F.softplus(-real_matched).mean()
    fake_cost = F.softplus(fake).mean()
    return real_cost + fake_cost


@attempt("conditional_discriminator_loss", mistake="takes_mismatched_for_right")
def calls_real_samples_real(real_matched, fake, real_mismatched):
    """Real samples have the target 1 and fakes the target 0, with the weights of the formula."""
    total = 0.0
    for logits, target, weight in [(real_matched, 1.0, 1.0), (fake, 0.0, 0.5), (real_mismatched, 1.0, 0.5)]:
        targets = torch.full_like(logits, target)
        total = total + weight * F.binary_cross_entropy_with_logits(logits, targets)
    return total


@attempt("conditional_discriminator_loss", mistake="swaps_right_and_wrong")
def pays_with_softplus(real_matched, fake, real_mismatched):
    """With softplus, log(1 + e^l) is what a right pair costs and log(1 + e^-l) what a wrong one costs."""
    right = torch.logaddexp(real_matched, torch.zeros_like(real_matched))
    wrong = [torch.logaddexp(-logits, torch.zeros_like(logits)) for logits in (fake, real_mismatched)]
    return right.mean() + sum(costs.mean() for costs in wrong) / 2


@attempt("conditional_discriminator_loss", mistake="averages_wrong_pairs_together")
def puts_the_wrong_pairs_into_one_batch(real_matched, fake, real_mismatched):
    """Fakes and mismatched pairs are both wrong, so put them into one batch; its mean brings the half along."""
    wrong = torch.cat([fake.reshape(-1), real_mismatched.reshape(-1)])
    return -F.logsigmoid(real_matched).mean() - F.logsigmoid(-wrong).mean()


@attempt("conditional_discriminator_loss", mistake="averages_everything_together")
def trains_on_one_labelled_batch(real_matched, fake, real_mismatched):
    """D is a classifier like any other: put all pairs into one batch, right ones with target 1 and the rest with 0."""
    logits = torch.cat([real_matched.flatten(), fake.flatten(), real_mismatched.flatten()])
    targets = torch.zeros_like(logits)
    targets[: real_matched.numel()] = 1
    return F.binary_cross_entropy_with_logits(logits, targets)


@attempt("conditional_discriminator_loss", mistake="takes_the_log_of_a_sigmoid")
def writes_out_the_probabilities(real_matched, fake, real_mismatched):
    """Turn the logits into probabilities first and take minus the log of what D says about each pair."""
    p_matched, p_fake, p_mismatched = (1 / (1 + torch.exp(-logits)) for logits in (real_matched, fake, real_mismatched))
    right = torch.log(p_matched).mean()
    wrong = (torch.log(1 - p_fake).mean() + torch.log(1 - p_mismatched).mean()) / 2
    return -(right + wrong)


@attempt("conditional_discriminator_loss", mistake="adds_a_small_number")
def keeps_the_logarithm_away_from_zero(real_matched, fake, real_mismatched):
    """The log of 0 is infinite, so an epsilon inside keeps it finite."""
    tiny = 1e-12

    def cost(logits):
        return -torch.log(tiny + logits.sigmoid()).mean()

    return cost(real_matched) + 0.5 * cost(-fake) + 0.5 * cost(-real_mismatched)


@attempt("conditional_discriminator_loss", mistake="takes_probabilities_for_logits")
def applies_the_sigmoid_first(real_matched, fake, real_mismatched):
    """Cross entropy needs probabilities, so a sigmoid comes first."""
    sigmoid = nn.Sigmoid()
    bce = nn.BCEWithLogitsLoss()
    matched, made, mismatched = sigmoid(real_matched), sigmoid(fake), sigmoid(real_mismatched)
    wrong = bce(made, torch.zeros_like(made)) + bce(mismatched, torch.zeros_like(mismatched))
    return bce(matched, torch.ones_like(matched)) + 0.5 * wrong
