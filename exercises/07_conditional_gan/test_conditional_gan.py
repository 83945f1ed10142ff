"""Checks of unit 7, conditional GANs: read them, they say what is wanted."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from autograder.assertions import assert_close, assert_equal, assert_raises, require
from autograder.content import load_file
from autograder.models import MLP, randomize
from autograder.strategies import batch_sizes, dtypes, seeds, tensors
from autograder.training import adam, training

cases = load_file(Path(__file__).with_name("cases.py"))

CLASSES = st.integers(2, 6)
MANY = 12_000


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# mismatched_labels


@given(classes=CLASSES, count=st.integers(1, 200), seed=seeds())
def test_mismatched_labels__is_never_the_right_label(submission, classes, count, seed):
    """No sample gets its own label back."""
    labels = cases.some_labels(count, classes, seed)
    result = submission.mismatched_labels(labels.clone(), classes, generator=_seeded(seed + 1))
    same = (result == labels).nonzero().flatten().tolist()
    require(not same, f"of {count} samples, number {same[:1]} got its own label: that pair is a true one")


@given(classes=CLASSES, count=st.integers(1, 200), seed=seeds())
def test_mismatched_labels__stays_among_the_classes(submission, classes, count, seed):
    """Every label that it gives is one of the classes."""
    labels = cases.some_labels(count, classes, seed)
    result = submission.mismatched_labels(labels, classes, generator=_seeded(seed + 1))
    outside = result[(result < 0) | (result >= classes)].tolist()
    require(not outside, f"{outside[:1]} is none of the {classes} classes, which are 0 to {classes - 1}")


@given(classes=st.integers(3, 6), label=st.integers(0, 5), rest=st.sampled_from(["alike", "two"]), seed=seeds())
def test_mismatched_labels__draws_all_other_classes_alike(submission, classes, label, rest, seed):
    """Each of the other classes comes equally often, also one that no sample of the batch belongs to."""
    label %= classes
    labels = torch.full((MANY,), label)
    if rest == "two":  # a few samples of one other class
        labels[::10] = (label + 1) % classes
    result = submission.mismatched_labels(labels.clone(), classes, generator=_seeded(seed))
    drawn = result[labels == label]
    shares = torch.stack([(drawn == each).double().mean() for each in range(classes)])
    wanted = torch.full((classes,), 1 / (classes - 1), dtype=torch.float64)
    wanted[label] = 0.0
    because = f"{len(drawn):,} samples of class {label}: each of the {classes - 1} others is drawn equally often"
    assert_close(shares, wanted, rtol=0.0, atol=6.5 * 0.5 / math.sqrt(len(drawn)), because=because)


@given(classes=st.integers(3, 5), equal=st.booleans(), seed=seeds())
def test_mismatched_labels__draws_for_every_sample_on_its_own(submission, classes, equal, seed):
    """What one sample draws says nothing about what the next one draws."""
    labels = torch.zeros(MANY, dtype=torch.int64) if equal else cases.some_labels(MANY, classes, seed)
    result = submission.mismatched_labels(labels.clone(), classes, generator=_seeded(seed + 1))
    steps = (result - labels) % classes
    share = float((steps == steps.roll(1)).double().mean())
    because = f"neighbours step from label to label by the same amount as often as chance has it, once in {classes - 1}"
    assert_close(share, 1 / (classes - 1), rtol=0.0, atol=6.5 * 0.5 / math.sqrt(MANY), because=because)


@given(classes=st.integers(3, 5), seed=seeds())
def test_mismatched_labels__draws_anew_in_every_call(submission, classes, seed):
    """The next call with the same generator draws other labels."""
    labels, generator = cases.some_labels(MANY, classes, seed), _seeded(seed + 1)
    first = submission.mismatched_labels(labels, classes, generator=generator)
    second = submission.mismatched_labels(labels, classes, generator=generator)
    share = float((first == second).double().mean())
    because = f"two calls agree on a sample as often as chance has it, once in {classes - 1}"
    assert_close(share, 1 / (classes - 1), rtol=0.0, atol=6.5 * 0.5 / math.sqrt(MANY), because=because)


@given(count=st.integers(1, 50), seed=seeds())
def test_mismatched_labels__swaps_two_classes(submission, count, seed):
    """Of two classes every sample gets the other one."""
    labels = cases.some_labels(count, 2, seed)
    result = submission.mismatched_labels(labels.clone(), 2, generator=_seeded(seed + 1))
    assert_equal(result, 1 - labels, because="where there are two classes, one is right and the other is wrong")


@given(classes=st.integers(-1, 1), count=batch_sizes(), seed=seeds())
def test_mismatched_labels__refuses_fewer_than_two_classes(submission, classes, count, seed):
    """Fewer than two classes raise ValueError: no label would be wrong."""
    labels, because = torch.zeros(count, dtype=torch.int64), f"num_classes = {classes} leaves no wrong label"
    assert_raises(ValueError, submission.mismatched_labels, labels, classes, generator=_seeded(seed), because=because)


# concat_condition


@st.composite
def _labelled(draw, shape: tuple[int, ...] | None = None) -> tuple[Tensor, Tensor, int]:
    """Samples, labels and the number of classes; images are not square."""
    if shape is None:
        shape = draw(st.sampled_from([(2, 2, 3), (1, 3, 2), (3, 1, 4)]))
    count, classes = draw(batch_sizes()), draw(st.integers(1, 6))
    return draw(tensors((count, *shape))), cases.some_labels(count, classes, draw(seeds())), classes


VECTORS = st.integers(1, 4).flatmap(lambda size: _labelled((size,)))
IMAGES = _labelled()


@given(given_pair=VECTORS)
def test_concat_condition__keeps_the_features_in_front(submission, given_pair):
    """The first features of the result are those of x."""
    x, labels, classes = given_pair
    wanted = x.clone()
    result = submission.concat_condition(x, labels, classes).detach()
    because = f"x has {x.shape[1]} features, which come first and as they were"
    assert_close(result[:, : x.shape[1]], wanted, because=because)


@given(given_pair=VECTORS)
def test_concat_condition__appends_the_label_as_a_one_hot_vector(submission, given_pair):
    """After the features each sample has 1 at its label and 0 at the other classes."""
    x, labels, classes = given_pair
    wanted = torch.tensor([[float(label == each) for each in range(classes)] for label in labels.tolist()])
    result = submission.concat_condition(x, labels, classes).detach()
    because = f"labels {labels.tolist()} of {classes} classes, written as one-hot vectors after the features"
    assert_close(result[:, x.shape[1] :].double(), wanted.double(), because=because)


@given(x=tensors((None, (1, 3))), label=st.integers(0, 2), more=st.integers(1, 4))
def test_concat_condition__has_a_column_for_every_class(submission, x, label, more):
    """It has as many columns as classes, also where no sample has the last ones."""
    labels, classes = torch.full((len(x),), label), label + 1 + more
    result = submission.concat_condition(x, labels, classes)
    wanted = (len(x), x.shape[1] + classes)
    because = f"{x.shape[1]} features and {classes} classes, though no label is above {label}"
    assert_equal(tuple(result.shape), wanted, because=because)


@given(given_pair=IMAGES)
def test_concat_condition__keeps_the_channels_in_front(submission, given_pair):
    """The first channels of the result are those of the images."""
    x, labels, classes = given_pair
    wanted = x.clone()
    result = submission.concat_condition(x, labels, classes).detach()
    because = f"images of shape {tuple(x.shape)} have {x.shape[1]} channels, which come first and as they were"
    assert_close(result[:, : x.shape[1]], wanted, because=because)


@given(given_pair=IMAGES)
def test_concat_condition__gives_images_a_plane_for_every_class(submission, given_pair):
    """After the channels come planes of the image's size, that of the label all 1 and the others all 0."""
    x, labels, classes = given_pair
    wanted = torch.zeros(len(x), classes, *x.shape[2:], dtype=torch.float64)
    for index, label in enumerate(labels.tolist()):
        wanted[index, label] = 1.0
    result = submission.concat_condition(x, labels, classes).detach()
    because = f"labels {labels.tolist()} of {classes} classes, each a plane of {x.shape[2]} × {x.shape[3]}"
    assert_close(result[:, x.shape[1] :].double(), wanted, because=because)


@given(given_pair=st.one_of(VECTORS, IMAGES))
def test_concat_condition__treats_samples_alone(submission, given_pair):
    """It treats every sample of a batch as if it were alone."""
    x, labels, classes = given_pair
    whole = submission.concat_condition(x.clone(), labels.clone(), classes).detach()
    for index in range(len(x)):
        one, label = x[index : index + 1].clone(), labels[index : index + 1].clone()
        with submission.forgetting():
            alone = submission.concat_condition(one, label, classes)
        because = f"sample {index} in a batch of {len(x)} must give what it gives alone"
        assert_close(alone.detach()[0], whole[index], because=because)


@given(given_pair=st.one_of(VECTORS, IMAGES), dtype=dtypes())
def test_concat_condition__keeps_the_dtype(submission, given_pair, dtype):
    """It answers float32 with float32 and float64 with float64."""
    x, labels, classes = given_pair
    result = submission.concat_condition(x.to(dtype), labels, classes)
    require(result.dtype == dtype, f"it returned {result.dtype}; wanted {dtype}, the type that came in")


# conditional_discriminator_loss


def _cost(logit: float) -> float:
    """−log(1 − σ(logit)) = log(1 + exp(logit)), in Python's own numbers."""
    return max(logit, 0.0) + math.log1p(math.exp(-abs(logit)))


def _mean(costs: list[float]) -> float:
    return math.fsum(costs) / len(costs)


def _loss(matched: Tensor, fake: Tensor, mismatched: Tensor) -> float:
    """The definition, one logit after the other."""
    missed = _mean([_cost(-each) for each in matched.flatten().tolist()])
    wrong = [_mean([_cost(each) for each in logits.flatten().tolist()]) for logits in (fake, mismatched)]
    return missed + (wrong[0] + wrong[1]) / 2


PLAIN = cases.logit_tensors(dtype=torch.float64, plain=True)
ANY = cases.logit_tensors(dtype=torch.float64)


@given(counts=st.tuples(batch_sizes(), batch_sizes(), batch_sizes()), dtype=dtypes())
def test_conditional_discriminator_loss__is_two_log_two_where_nothing_is_known(submission, counts, dtype):
    """It is 2 log 2 where D gives every pair the logit 0."""
    loss = submission.conditional_discriminator_loss(*(torch.zeros(count, dtype=dtype) for count in counts))
    because = "every verdict costs log 2: once for right pairs, and a half for each kind of wrong ones"
    assert_close(loss, torch.tensor(2 * math.log(2), dtype=dtype), because=because)


@given(matched=PLAIN, fake=PLAIN, mismatched=PLAIN)
def test_conditional_discriminator_loss__charges_the_logs_of_right_verdicts(submission, matched, fake, mismatched):
    """It charges −log σ(logit) for right pairs and −log(1 − σ(logit)) for both kinds of wrong ones."""
    wanted = _loss(matched, fake, mismatched)
    loss = submission.conditional_discriminator_loss(matched, fake, mismatched)
    because = "one logit after the other: the mean for matched pairs, and half the mean of each other kind"
    assert_close(loss.double(), torch.tensor(wanted, dtype=torch.float64), because=because)


@given(matched=PLAIN, fake=PLAIN, mismatched=PLAIN)
def test_conditional_discriminator_loss__lets_both_kinds_of_wrong_pairs_weigh_a_half(
    submission, matched, fake, mismatched
):
    """Fakes and mismatched pairs may change places, and together they weigh as much as right pairs."""
    there = submission.conditional_discriminator_loss(matched, fake, mismatched).detach()
    back = submission.conditional_discriminator_loss(matched, mismatched, fake).detach()
    assert_close(back, there, because="both kinds of wrong pairs weigh a half")
    right = submission.conditional_discriminator_loss(matched, -matched, -matched.clone()).detach()
    wanted = 2 * _mean([_cost(-each) for each in matched.flatten().tolist()])
    because = "all wrong pairs have the negatives of the right ones' logits, so both sides cost the same"
    assert_close(right.double(), torch.tensor(wanted, dtype=torch.float64), because=because)


@given(matched=PLAIN, fake=PLAIN, mismatched=PLAIN, which=st.integers(0, 2), times=st.integers(2, 4))
def test_conditional_discriminator_loss__averages_each_kind_on_its_own(
    submission, matched, fake, mismatched, which, times
):
    """Having every pair of one kind several times over changes nothing."""
    kinds = [matched, fake, mismatched]
    before = submission.conditional_discriminator_loss(*kinds).detach()
    kinds[which] = torch.cat([kinds[which]] * times)
    because = f"kind {which} is there {times} times over, and its mean is the same"
    assert_close(submission.conditional_discriminator_loss(*kinds).detach(), before, because=because)


@given(matched=ANY, fake=ANY, mismatched=ANY)
def test_conditional_discriminator_loss__takes_logits_of_any_shape(submission, matched, fake, mismatched):
    """How the logits are arranged does not matter, and the three shapes need not agree."""
    shaped = submission.conditional_discriminator_loss(matched, fake, mismatched).detach()
    kinds = (matched.flatten(), fake.reshape(-1, 1), mismatched.reshape(1, -1, 1))
    flat = submission.conditional_discriminator_loss(*kinds).detach()
    because = f"shapes {tuple(matched.shape)}, {tuple(fake.shape)} and {tuple(mismatched.shape)}"
    assert_close(flat, shaped, atol=1e-7, because=f"{because} hold the same logits in other shapes")


@given(size=st.sampled_from([20.0, 100.0, 200.0]), which=st.integers(0, 2), dtype=dtypes())
def test_conditional_discriminator_loss__counts_every_mistake_in_full(submission, size, which, dtype):
    """A sure mistake costs its logit, however large, and pulls with full force."""
    sign = -1.0 if which == 0 else 1.0
    kinds = [torch.full((1,), each * size, dtype=dtype) for each in (1.0, -1.0, -1.0)]
    kinds[which] = torch.full((1,), sign * size, dtype=dtype).requires_grad_()
    weight = 1.0 if which == 0 else 0.5
    loss = submission.conditional_discriminator_loss(*kinds)
    because = f"the logit of kind {which} is {sign * size:g}, wrong and sure; the other two are right"
    assert_close(loss.detach(), torch.tensor(weight * size, dtype=dtype), atol=1e-5, because=because)
    require(loss.requires_grad, "no gradient reaches the logits: the loss carries no graph")
    (slope,) = torch.autograd.grad(loss, kinds[which], allow_unused=True)
    require(slope is not None, f"no gradient reaches kind {which}")
    wanted = torch.full((1,), sign * weight, dtype=dtype)
    assert_close(slope, wanted, atol=1e-5, because=because + ": the slope has its full size")


@given(matched=ANY, fake=ANY, mismatched=ANY, dtype=dtypes())
def test_conditional_discriminator_loss__survives_extreme_logits(submission, matched, fake, mismatched, dtype):
    """It stays finite and keeps right gradients for logits as large as ±200, and at 0."""
    ends = torch.tensor([200.0, -200.0, 0.0, 20.0, -20.0], dtype=torch.float64)
    kinds = [torch.cat([ends, each.flatten()]).to(dtype).requires_grad_() for each in (matched, fake, mismatched)]
    wanted = _loss(*(each.detach().double() for each in kinds))
    loss = submission.conditional_discriminator_loss(*kinds)
    assert_close(loss.detach(), torch.tensor(wanted, dtype=dtype), atol=1e-4, because="one logit after the other")
    require(loss.requires_grad, "no gradient reaches the logits: the loss carries no graph")
    slopes = torch.autograd.grad(loss, kinds, allow_unused=True)
    for name, slope, logits, sign, weight in zip(
        ("real_matched", "fake", "real_mismatched"), slopes, kinds, (-1.0, 1.0, 1.0), (1.0, 0.5, 0.5), strict=True
    ):
        require(slope is not None, f"no gradient reaches {name}")
        right = sign * weight * torch.sigmoid(sign * logits.detach().double()) / len(logits)
        because = f"a logit of {name} has the slope {sign * weight:+g} · σ({sign:+g} · logit) / {len(logits)}"
        assert_close(slope, right.to(dtype), atol=1e-6, because=because)


@training(measures="how far a discriminator that learns with your loss ends from the best one", below=0.045)
def test_conditional_discriminator_loss__teaches_the_share_of_right_pairs(submission, seed, device):
    """A discriminator of numbers and two labels learns p / (p + ½ fakes + ½ mismatched) at every place."""
    draws, judge = torch.Generator().manual_seed(seed), MLP(2, 16, 1)
    randomize(judge, torch.Generator().manual_seed(seed))
    step = adam(judge.to(device).parameters(), 0.02, betas=(0.5, 0.9))

    def pairs(size: int, kind: str) -> Tensor:
        labels = 2.0 * torch.randint(2, (size, 1), generator=draws) - 1
        x = torch.randn(size, 1, generator=draws) + (0.0 if kind == "fake" else 1.0) * labels
        return torch.cat([x, -labels if kind == "mismatched" else labels], 1).to(device)

    x = torch.linspace(-2.5, 2.5, 101)
    asked = torch.stack([x, torch.ones_like(x)], 1).to(device)
    said = torch.zeros_like(x)
    for count in range(200):
        logits = [judge(pairs(size, kind)) for size, kind in ((128, "matched"), (384, "fake"), (128, "mismatched"))]
        step(submission.conditional_discriminator_loss(*logits))
        if count >= 100 and count % 5 == 0:  # it wavers from step to step: take what it says on average
            with torch.no_grad():
                said += torch.sigmoid(judge(asked))[:, 0].cpu() / 20
    matched, fake, mismatched = (torch.exp(-((x - at) ** 2) / 2) for at in (1.0, 0.0, -1.0))
    return float((said - matched / (matched + fake / 2 + mismatched / 2)).abs().mean())
