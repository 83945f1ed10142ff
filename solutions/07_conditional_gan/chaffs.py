"""Wrong ways to ask for what one wants, one mistake each."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from autograder.wheats import chaff

# mismatched_labels


def _refuse(num_classes):
    if num_classes < 2:
        raise ValueError(num_classes)


def _steps(labels, num_classes, generator, *, low=1):
    return torch.randint(low, num_classes, labels.shape, generator=generator, device=labels.device)


def _wrong(labels, num_classes, generator, *, steps=_steps):
    """The answer, with one of its steps replaced."""
    _refuse(num_classes)
    return (labels + steps(labels, num_classes, generator)) % num_classes


@chaff("mismatched_labels", caught_by=("is_never_the_right_label", "draws_all_other_classes_alike"))
def shuffles_the_labels(labels, num_classes, *, generator=None):
    """It shuffles the labels of the batch. Some samples get their own class back: draw from the other classes."""
    _refuse(num_classes)
    return labels[torch.randperm(len(labels), generator=generator)]


@chaff("mismatched_labels", caught_by=("draws_all_other_classes_alike", "agrees_with_the_reference"))
def shifts_by_one(labels, num_classes, *, generator=None):
    """It always takes the next class. Each of the other classes must come equally often."""
    return _wrong(labels, num_classes, generator, steps=lambda labels, *_: torch.ones_like(labels))


@chaff("mismatched_labels", caught_by=("is_never_the_right_label", "swaps_two_classes"))
def rolls_the_batch(labels, num_classes, *, generator=None):
    """It gives each sample the label of the one before it, which may be of the same class."""
    _refuse(num_classes)
    return labels.roll(1)


@chaff("mismatched_labels", caught_by=("is_never_the_right_label", "swaps_two_classes"))
def draws_from_all_classes(labels, num_classes, *, generator=None):
    """It draws from all classes, the right one included. Leave that one out."""
    return _wrong(labels, num_classes, generator, steps=lambda *given: _steps(*given, low=0))


@chaff(
    "mismatched_labels",
    caught_by=("is_never_the_right_label", "teaches_a_discriminator_to_tell_wrong_pairs"),
)
def gives_the_right_labels_back(labels, num_classes, *, generator=None):
    """It gives every sample its own label. Wanted are wrong ones."""
    _refuse(num_classes)
    return labels.clone()


@chaff("mismatched_labels", caught_by=("draws_all_other_classes_alike",))
def never_draws_the_class_before(labels, num_classes, *, generator=None):
    """It never draws the class before the right one: torch.randint leaves its upper end out by itself."""

    def steps(labels, num_classes, generator):
        return _steps(labels, num_classes - 1, generator)

    return _wrong(labels, num_classes, generator, steps=steps)


@chaff("mismatched_labels", caught_by=("draws_all_other_classes_alike",))
def moves_on_where_it_hits(labels, num_classes, *, generator=None):
    """It draws from all classes and takes the next where it hit the right one: that next class comes twice as often."""

    def steps(labels, num_classes, generator):
        return _steps(labels, num_classes, generator, low=0).clamp(min=1)

    return _wrong(labels, num_classes, generator, steps=steps)


@chaff("mismatched_labels", caught_by=("draws_all_other_classes_alike",))
def draws_from_the_classes_of_the_batch(labels, num_classes, *, generator=None):
    """It draws from the classes that occur in the batch. Those that do not are wrong for every sample as well."""
    _refuse(num_classes)
    if not len(labels):
        return labels.clone()
    present = torch.zeros(num_classes).index_fill(0, labels, 1.0)
    weights = present.repeat(len(labels), 1).scatter(1, labels[:, None], 0.0)
    weights[weights.sum(1) == 0] = 1.0
    weights.scatter_(1, labels[:, None], 0.0)
    return torch.multinomial(weights, 1, generator=generator)[:, 0]


@chaff("mismatched_labels", caught_by=("draws_for_every_sample_on_its_own",))
def draws_one_step_for_the_batch(labels, num_classes, *, generator=None):
    """It draws one step for the whole batch. Each sample has a draw of its own."""
    return _wrong(labels, num_classes, generator, steps=lambda labels, *rest: _steps(labels[:1], *rest))


@chaff("mismatched_labels", caught_by=("draws_for_every_sample_on_its_own",))
def takes_turns(labels, num_classes, *, generator=None):
    """It lets the steps take turns, from a random first one on. Each sample has a draw of its own."""

    def steps(labels, num_classes, generator):
        first = _steps(labels.new_zeros(1), num_classes, generator, low=0)
        return 1 + (first + torch.arange(len(labels), device=labels.device)) % (num_classes - 1)

    return _wrong(labels, num_classes, generator, steps=steps)


@chaff("mismatched_labels", caught_by=("draws_anew_in_every_call",), silent=True)
def begins_anew_each_time(labels, num_classes, *, generator=None):
    """It seeds a generator itself and draws the same in every call. Go on drawing from the one that is given."""
    seed = generator.initial_seed() if generator is not None else 0
    return _wrong(labels, num_classes, torch.Generator(labels.device).manual_seed(seed))


@chaff("mismatched_labels", caught_by=("is_reproducible", "leaves_everything_as_it_was"))
def ignores_the_generator(labels, num_classes, *, generator=None):
    """It draws from torch's global generator, whichever one it is given."""
    return _wrong(labels, num_classes, None)


@chaff("mismatched_labels", caught_by=("stays_among_the_classes",))
def runs_past_the_last_class(labels, num_classes, *, generator=None):
    """It adds a step and forgets the remainder, so that it runs past the last class. Go around in a circle."""
    _refuse(num_classes)
    return labels + _steps(labels, num_classes, generator)


@chaff("mismatched_labels", caught_by=("stays_among_the_classes",))
def counts_from_one(labels, num_classes, *, generator=None):
    """It counts classes from 1 to K. They are 0 to K − 1."""
    _refuse(num_classes)
    return _wrong(labels, num_classes, generator) + 1


@chaff("mismatched_labels", caught_by=("refuses_fewer_than_two_classes",))
def takes_a_single_class(labels, num_classes, *, generator=None):
    """It takes a single class, for which no label is wrong. Raise ValueError for fewer than two."""
    if num_classes < 2:
        return labels.clone()
    return _wrong(labels, num_classes, generator)


@chaff("mismatched_labels", caught_by=("takes_a_batch_of_one",))
def squeezes_the_labels(labels, num_classes, *, generator=None):
    """It squeezes the result, which leaves no dimension where there is one sample."""
    return _wrong(labels, num_classes, generator).squeeze()


@chaff("mismatched_labels", caught_by=("takes_an_empty_batch",))
def draws_one_by_one(labels, num_classes, *, generator=None):
    """It stacks one draw per sample in a loop, which fails where there is none."""
    _refuse(num_classes)
    return torch.stack([_wrong(each[None], num_classes, generator)[0] for each in labels])


@chaff("mismatched_labels", caught_by=("leaves_everything_as_it_was",))
def changes_the_labels_in_place(labels, num_classes, *, generator=None):
    """It changes the caller's labels in place. Make new ones."""
    _refuse(num_classes)
    labels += _steps(labels, num_classes, generator)
    labels %= num_classes
    return labels


# concat_condition


def _one_hot(x, labels, num_classes):
    return F.one_hot(labels, num_classes).to(x.dtype)


def _planes(x, one_hot):
    return one_hot.reshape(*one_hot.shape, *[1] * (x.ndim - 2)).expand(-1, -1, *x.shape[2:])


def _joined(x, labels, num_classes, *, code=_one_hot, planes=_planes):
    """The answer, with one of its steps replaced."""
    return torch.cat([x, planes(x, code(x, labels, num_classes))], dim=1)


@chaff("concat_condition", caught_by=("keeps_the_features_in_front", "keeps_the_channels_in_front"))
def puts_the_label_in_front(x, labels, num_classes):
    """It puts the one-hot vector before x. It is appended after x."""
    return torch.cat([_planes(x, _one_hot(x, labels, num_classes)), x], dim=1)


@chaff("concat_condition", caught_by=("appends_the_label_as_a_one_hot_vector", "has_a_column_for_every_class"))
def appends_the_number(x, labels, num_classes):
    """It appends the number of the class. A class is a name and no amount: append a one-hot vector."""
    return _joined(x, labels, num_classes, code=lambda x, labels, _: labels[:, None].to(x.dtype))


@chaff(
    "concat_condition",
    caught_by=("appends_the_label_as_a_one_hot_vector", "lets_a_generator_make_what_it_is_asked_for"),
)
def appends_zeros(x, labels, num_classes):
    """It appends zeros alone, so that nobody hears the condition. Set a 1 at the label."""
    return _joined(x, labels, num_classes, code=lambda *given: 0 * _one_hot(*given))


@chaff("concat_condition", caught_by=("treats_samples_alone", "lets_a_generator_make_what_it_is_asked_for"))
def appends_the_first_label(x, labels, num_classes):
    """It gives all samples the label of the first. Each has its own."""
    return _joined(x, labels, num_classes, code=lambda x, labels, k: _one_hot(x, labels[:1].expand(len(x)), k))


@chaff("concat_condition", caught_by=("has_a_column_for_every_class",))
def counts_the_classes_itself(x, labels, num_classes):
    """It makes as many columns as the greatest label wants. There are num_classes, also where some do not occur."""
    return _joined(x, labels, num_classes, code=lambda x, labels, k: _one_hot(x, labels, -1 if len(labels) else k))


@chaff("concat_condition", caught_by=("appends_the_label_as_a_one_hot_vector",))
def appends_minus_one_elsewhere(x, labels, num_classes):
    """It writes −1 at the other classes. A one-hot vector has zeros there."""
    return _joined(x, labels, num_classes, code=lambda *given: 2 * _one_hot(*given) - 1)


@chaff("concat_condition", caught_by=("gives_images_a_plane_for_every_class",))
def scrambles_the_planes(x, labels, num_classes):
    """It repeats the one-hot vector and reshapes, which gives striped planes. Expand each entry to a plane."""

    def planes(x, one_hot):
        size = x[0, 0].numel() if x.numel() else 0
        return one_hot.repeat(1, size).reshape(*one_hot.shape, *x.shape[2:]) if x.ndim > 2 else one_hot

    return _joined(x, labels, num_classes, planes=planes)


@chaff("concat_condition", caught_by=("gives_images_a_plane_for_every_class",))
def marks_a_single_pixel(x, labels, num_classes):
    """It marks only the first pixel of the label's plane. A convolution must see the class at every place."""

    def planes(x, one_hot):
        first = x.new_zeros(x[:1, :1].shape[1:])
        first.reshape(-1)[:1] = 1.0
        return _planes(x, one_hot) * first if x.ndim > 2 else one_hot

    return _joined(x, labels, num_classes, planes=planes)


@chaff("concat_condition", caught_by=("gives_images_a_plane_for_every_class",))
def spreads_a_one_over_the_plane(x, labels, num_classes):
    """It divides its planes by the number of pixels. The label's plane is all 1."""

    def planes(x, one_hot):
        return _planes(x, one_hot) / x[:1, :1].numel() if x.ndim > 2 and x.numel() else _planes(x, one_hot)

    return _joined(x, labels, num_classes, planes=planes)


@chaff("concat_condition", caught_by=("gives_images_a_plane_for_every_class", "keeps_the_channels_in_front"))
def swaps_height_and_width(x, labels, num_classes):
    """It takes height for width, which fits square images alone."""
    if x.ndim == 2:
        return _joined(x, labels, num_classes)
    one_hot = _one_hot(x, labels, num_classes)[:, :, None, None].expand(-1, -1, x.shape[3], x.shape[2])
    return torch.cat([x, one_hot], dim=1)


@chaff("concat_condition", caught_by=("gives_images_a_plane_for_every_class",))
def takes_vectors_alone(x, labels, num_classes):
    """It takes vectors and fails for images. Give the one-hot vector two more dimensions there."""
    return torch.cat([x, _one_hot(x, labels, num_classes)], dim=1)


@chaff("concat_condition", caught_by=("gives_images_a_plane_for_every_class",))
def flattens_the_images(x, labels, num_classes):
    """It flattens images and appends a vector. An image stays an image, with more channels."""
    return torch.cat([x.reshape(len(x), x[:1].numel() or 1), _one_hot(x, labels, num_classes)], dim=1)


@chaff("concat_condition", caught_by=("has_the_right_gradient",))
def cuts_the_graph(x, labels, num_classes):
    """It detaches x, and the generator before it learns nothing. Gradients must pass to x."""
    return _joined(x.detach(), labels, num_classes)


@chaff("concat_condition", caught_by=("keeps_the_dtype",))
def joins_in_float32(x, labels, num_classes):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _joined(x, labels, num_classes).float()


@chaff("concat_condition", caught_by=("takes_a_batch_of_one",))
def squeezes_the_result(x, labels, num_classes):
    """It squeezes the result, which takes a dimension off where there is one sample."""
    return _joined(x, labels, num_classes).squeeze()


@chaff("concat_condition", caught_by=("takes_an_empty_batch",))
def joins_one_by_one(x, labels, num_classes):
    """It stacks one result per sample in a loop, which fails where there is none."""
    return torch.stack([_joined(one[None], label[None], num_classes)[0] for one, label in zip(x, labels, strict=True)])


@chaff("concat_condition", caught_by=("leaves_everything_as_it_was", "agrees_with_the_reference"))
def centres_the_samples_in_place(x, labels, num_classes):
    """It subtracts the mean from the caller's samples, in place. Leave x as it is."""
    with torch.no_grad():
        x -= x.mean() if x.numel() else 0.0
    return _joined(x, labels, num_classes)


# conditional_discriminator_loss


def _loss(real_matched, fake, real_mismatched, *, right=1.0, wrong=(0.5, 0.5), believed=None):
    """The answer, with one of its steps replaced."""
    missed = F.softplus(-real_matched).mean()
    if believed is not None:
        return missed + believed
    return right * missed + wrong[0] * F.softplus(fake).mean() + wrong[1] * F.softplus(real_mismatched).mean()


@chaff(
    "conditional_discriminator_loss",
    caught_by=("lets_both_kinds_of_wrong_pairs_weigh_a_half", "teaches_the_share_of_right_pairs"),
)
def weighs_all_kinds_alike(real_matched, fake, real_mismatched):
    """It gives all three kinds the same weight, so that wrong pairs count twice as much as right ones. Halve them."""
    return _loss(real_matched, fake, real_mismatched, wrong=(1.0, 1.0))


@chaff(
    "conditional_discriminator_loss",
    caught_by=("lets_both_kinds_of_wrong_pairs_weigh_a_half", "teaches_a_discriminator_to_tell_wrong_pairs"),
)
def forgets_the_mismatched(real_matched, fake, real_mismatched):
    """It leaves mismatched pairs out, and D may ignore the condition. Add half of their mean cost."""
    return _loss(real_matched, fake, real_mismatched, wrong=(1.0, 0.0)) + 0 * real_mismatched.sum()


@chaff("conditional_discriminator_loss", caught_by=("lets_both_kinds_of_wrong_pairs_weigh_a_half",))
def forgets_the_fakes(real_matched, fake, real_mismatched):
    """It leaves the fakes out, and whatever is generated passes. Add half of their mean cost."""
    return _loss(real_matched, fake, real_mismatched, wrong=(0.0, 1.0)) + 0 * fake.sum()


@chaff("conditional_discriminator_loss", caught_by=("is_two_log_two_where_nothing_is_known",))
def halves_everything(real_matched, fake, real_mismatched):
    """It weighs right pairs by a half as well. They weigh 1, the fakes and the mismatched a half each."""
    return _loss(real_matched, fake, real_mismatched, right=0.5)


@chaff("conditional_discriminator_loss", caught_by=("lets_both_kinds_of_wrong_pairs_weigh_a_half",))
def halves_the_mismatched_alone(real_matched, fake, real_mismatched):
    """It halves the mismatched pairs and not the fakes. Both kinds of wrong pairs weigh a half."""
    return _loss(real_matched, fake, real_mismatched, wrong=(1.0, 0.5))


@chaff(
    "conditional_discriminator_loss",
    caught_by=("charges_the_logs_of_right_verdicts", "teaches_a_discriminator_to_tell_wrong_pairs"),
)
def takes_mismatched_for_right(real_matched, fake, real_mismatched):
    """It rewards D for believing mismatched pairs, since their samples are real. As pairs they are wrong."""
    return _loss(real_matched, fake, -real_mismatched)


@chaff("conditional_discriminator_loss", caught_by=("counts_every_mistake_in_full",))
def swaps_right_and_wrong(real_matched, fake, real_mismatched):
    """It wants low logits for right pairs and high ones for wrong. Right pairs have the label 1."""
    return _loss(-real_matched, -fake, -real_mismatched)


@chaff("conditional_discriminator_loss", caught_by=("averages_each_kind_on_its_own", "agrees_with_the_reference"))
def averages_wrong_pairs_together(real_matched, fake, real_mismatched):
    """It takes one mean over both kinds of wrong pairs, so that the larger one counts for more. Average each alone."""
    wrong = torch.cat([fake.flatten(), real_mismatched.flatten()])
    return _loss(real_matched, fake, real_mismatched, believed=F.softplus(wrong).mean())


@chaff("conditional_discriminator_loss", caught_by=("averages_each_kind_on_its_own",))
def averages_everything_together(real_matched, fake, real_mismatched):
    """It takes one mean over all pairs, three kinds together. Each kind has a mean of its own, weighed 1, ½ and ½."""
    costs = [F.softplus(each).flatten() for each in (-real_matched, fake, real_mismatched)]
    return 2 * torch.cat(costs).mean()


@chaff("conditional_discriminator_loss", caught_by=("averages_each_kind_on_its_own",))
def adds_up_the_batch(real_matched, fake, real_mismatched):
    """It adds up over the batch. Take means."""
    return F.softplus(-real_matched).sum() + (F.softplus(fake).sum() + F.softplus(real_mismatched).sum()) / 2


@chaff("conditional_discriminator_loss", caught_by=("takes_logits_of_any_shape",))
def adds_before_it_averages(real_matched, fake, real_mismatched):
    """It adds the costs of the kinds pair by pair, which broadcasts shapes that differ or fails. Average each first."""
    return (F.softplus(-real_matched) + (F.softplus(fake) + F.softplus(real_mismatched)) / 2).mean()


@chaff("conditional_discriminator_loss", caught_by=("survives_extreme_logits", "counts_every_mistake_in_full"))
def takes_the_log_of_a_sigmoid(real_matched, fake, real_mismatched):
    """It takes the sigmoid and then the logarithm, infinite for large logits. One function does both safely."""
    missed = -torch.log(torch.sigmoid(real_matched)).mean()
    wrong = [-torch.log(1 - torch.sigmoid(each)).mean() for each in (fake, real_mismatched)]
    return missed + (wrong[0] + wrong[1]) / 2


@chaff("conditional_discriminator_loss", caught_by=("counts_every_mistake_in_full", "survives_extreme_logits"))
def adds_a_small_number(real_matched, fake, real_mismatched):
    """It adds a small number inside the logarithm, which hides sure mistakes and kills their slope."""
    small = 1e-12
    missed = -torch.log(torch.sigmoid(real_matched) + small).mean()
    wrong = [-torch.log(1 - torch.sigmoid(each) + small).mean() for each in (fake, real_mismatched)]
    return missed + (wrong[0] + wrong[1]) / 2


@chaff("conditional_discriminator_loss", caught_by=("is_two_log_two_where_nothing_is_known",))
def takes_probabilities_for_logits(real_matched, fake, real_mismatched):
    """It takes a sigmoid before a loss that takes one itself. The logits go in as they are."""
    return _loss(*(torch.sigmoid(each) for each in (real_matched, fake, real_mismatched)))


@chaff("conditional_discriminator_loss", caught_by=("has_the_right_gradient",))
def detaches_the_mismatched(real_matched, fake, real_mismatched):
    """It detaches the mismatched logits, and D learns nothing from them. Gradients flow to all three kinds."""
    return _loss(real_matched, fake, real_mismatched.detach())


@chaff("conditional_discriminator_loss", caught_by=("keeps_the_dtype",))
def charges_in_float32(real_matched, fake, real_mismatched):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _loss(real_matched, fake, real_mismatched).float()


@chaff("conditional_discriminator_loss", caught_by=("takes_an_empty_batch",))
def goes_through_the_pairs(real_matched, fake, real_mismatched):
    """It stacks one cost per pair in a loop, which fails where there is none."""
    means = [
        torch.stack([F.softplus(each) for each in kind.flatten()]).mean()
        for kind in (-real_matched, fake, real_mismatched)
    ]
    return means[0] + (means[1] + means[2]) / 2


@chaff("conditional_discriminator_loss", caught_by=("leaves_everything_as_it_was",))
def negates_in_place(real_matched, fake, real_mismatched):
    """It negates the caller's logits in place. Make new tensors."""
    loss = _loss(real_matched, fake, real_mismatched)
    with torch.no_grad():
        real_matched.neg_()
    return loss
