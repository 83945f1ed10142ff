"""Known wrong ways to write CycleGAN's losses, one mistake each."""

from __future__ import annotations

import torch

from autograder.wheats import chaff

# The right steps, which all of them share, so that each mistake stands alone.


def _size(back, real):
    return (back - real).abs().mean()


def _squares(back, real):
    return ((back - real) ** 2).mean()


def _distance(scores, goal):
    return ((scores - goal) ** 2).mean()


def _judged(real_scores, fake_scores, *, distance=_distance, real=1.0, fake=0.0):
    return 0.5 * (distance(real_scores, real) + distance(fake_scores, fake))


def _mean_then_square(scores, goal):
    return (scores.mean() - goal) ** 2


def _sample_by_sample(scores, goal):
    return torch.stack([((each - goal) ** 2).mean() for each in scores]).mean()


def _returned(real_a, reconstructed_a, real_b, reconstructed_b, weight_a, weight_b, *, error=_size):
    return weight_a * error(reconstructed_a, real_a) + weight_b * error(reconstructed_b, real_b)


def _one_mean(*parts):
    """The mean over all entries of several tensors, for each of them."""
    return len(parts) * torch.cat([each.flatten() for each in parts]).mean()


def _kept(a_to_b, b_to_a, real_a, real_b, weight, *, change=_size):
    return weight * (change(a_to_b(real_b), real_b) + change(b_to_a(real_a), real_a))


def _same(values):
    return values


def _round_trips(
    a_to_b,
    b_to_a,
    discriminator_a,
    discriminator_b,
    real_a,
    real_b,
    weight,
    *,
    shown=_same,
    sent=_same,
    fooling=_distance,
    error=_size,
    goal=1.0,
):
    """The whole loss with parts to exchange; `shown` is done to what judges see, `sent` to what travels back."""
    fake_b, fake_a = a_to_b(real_a), b_to_a(real_b)
    adversarial = fooling(discriminator_b(shown(fake_b)), goal) + fooling(discriminator_a(shown(fake_a)), goal)
    return adversarial + _returned(
        real_a, b_to_a(sent(fake_b)), real_b, a_to_b(sent(fake_a)), weight, weight, error=error
    )


@chaff("lsgan_discriminator_loss", caught_by=("is_zero_for_a_perfect_judge", "agrees_with_the_reference"))
def swaps_the_labels(real_scores, fake_scores):
    """It wants 0 for real samples and 1 for fakes. Real ones are to score 1, fakes 0."""
    return _judged(real_scores, fake_scores, real=0.0, fake=1.0)


@chaff("lsgan_discriminator_loss", caught_by=("weighs_real_and_fake_alike",))
def forgets_the_half(real_scores, fake_scores):
    """It adds the two means up. The discriminator's loss is half of their sum."""
    return 2 * _judged(real_scores, fake_scores)


@chaff("lsgan_discriminator_loss", caught_by=("weighs_real_and_fake_alike",))
def one_mean_over_both(real_scores, fake_scores):
    """It takes one mean over real and fake scores together. Each kind has a mean of its own, whatever its number."""
    return _one_mean((real_scores - 1) ** 2, fake_scores**2) / 2


@chaff("lsgan_discriminator_loss", caught_by=("lets_no_errors_cancel",))
def averages_before_squaring(real_scores, fake_scores):
    """It averages the scores and squares what is left. Square every score's error first, or errors cancel."""
    return _judged(real_scores, fake_scores, distance=_mean_then_square)


@chaff("lsgan_discriminator_loss", caught_by=("is_zero_for_a_perfect_judge",))
def squashes_the_scores(real_scores, fake_scores):
    """It puts a sigmoid on the scores. Least squares takes them raw: they are no logits."""
    return _judged(real_scores.sigmoid(), fake_scores.sigmoid())


@chaff("lsgan_discriminator_loss", caught_by=("weighs_real_and_fake_alike",))
def absolute_errors_of_scores(real_scores, fake_scores):
    """It averages absolute errors. For scores the errors are squared; absolute ones belong to the cycle."""
    return _judged(real_scores, fake_scores, distance=lambda scores, goal: (scores - goal).abs().mean())


@chaff("lsgan_discriminator_loss", caught_by=("has_the_right_gradient",))
def cuts_fake_scores_off(real_scores, fake_scores):
    """It detaches the fake scores. The judge learns from fakes too; it is the fake images that the caller detaches."""
    return _judged(real_scores, fake_scores.detach())


@chaff("lsgan_discriminator_loss", caught_by=("leaves_everything_as_it_was",))
def subtracts_in_place(real_scores, fake_scores):
    """It subtracts 1 from the caller's scores in place. Work on a new tensor."""
    return _judged(real_scores.sub_(1), fake_scores, real=0.0)


@chaff("lsgan_discriminator_loss", caught_by=("keeps_the_dtype",))
def single_precision(real_scores, fake_scores):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _judged(real_scores, fake_scores).float()


@chaff("lsgan_discriminator_loss", caught_by=("takes_an_empty_batch",))
def stacks_one_after_another(real_scores, fake_scores):
    """It collects the samples' losses in a list and stacks it, which fails for a batch without samples."""
    rows = [torch.atleast_1d(each) for each in (real_scores, fake_scores)]
    return _judged(*rows, distance=_sample_by_sample)


@chaff("lsgan_generator_loss", caught_by=("grows_with_the_square_of_the_gap",))
def halves(fake_scores):
    """It halves the mean. The half belongs to the discriminator's loss; the generator's is not halved."""
    return 0.5 * _distance(fake_scores, 1)


@chaff("lsgan_generator_loss", caught_by=("is_zero_where_fakes_pass_for_real", "agrees_with_the_reference"))
def wants_zeros(fake_scores):
    """It pulls fake scores to 0, as the discriminator does. The generator wants 1, the mark of real samples."""
    return _distance(fake_scores, 0)


@chaff("lsgan_generator_loss", caught_by=("is_zero_where_fakes_pass_for_real",))
def reverses_the_judge(fake_scores):
    """It is minus half the mean square of the scores, without bound. The generator pulls them towards 1."""
    return -0.5 * _distance(fake_scores, 0)


@chaff("lsgan_generator_loss", caught_by=("lets_no_errors_cancel",))
def averages_before_squaring_generator(fake_scores):
    """It averages the scores and squares what is left. Square every score's distance first, or errors cancel."""
    return _mean_then_square(fake_scores, 1)


@chaff("lsgan_generator_loss", caught_by=("is_zero_where_fakes_pass_for_real",))
def squashes_the_scores_generator(fake_scores):
    """It puts a sigmoid on the scores. Least squares takes them raw: they are no logits."""
    return _distance(fake_scores.sigmoid(), 1)


@chaff("lsgan_generator_loss", caught_by=("grows_with_the_square_of_the_gap",))
def adds_up_the_patches(fake_scores):
    """It adds up the scores of a sample and averages over samples. The mean is over all scores, patches included."""
    return _distance(fake_scores, 1) * (fake_scores[:1].numel() if fake_scores.ndim else 1)


@chaff("lsgan_generator_loss", caught_by=("has_the_right_gradient",))
def cuts_the_scores_off(fake_scores):
    """It detaches the scores, and the generator learns nothing. The gradient flows through them."""
    return _distance(fake_scores.detach(), 1)


@chaff("lsgan_generator_loss", caught_by=("leaves_everything_as_it_was",))
def subtracts_in_place_generator(fake_scores):
    """It subtracts 1 from the caller's scores in place. Work on a new tensor."""
    return _distance(fake_scores.sub_(1), 0)


@chaff("lsgan_generator_loss", caught_by=("keeps_the_dtype",))
def single_precision_generator(fake_scores):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _distance(fake_scores, 1).float()


@chaff("lsgan_generator_loss", caught_by=("takes_an_empty_batch",))
def stacks_one_after_another_generator(fake_scores):
    """It collects the samples' losses in a list and stacks it, which fails for a batch without samples."""
    return _sample_by_sample(torch.atleast_1d(fake_scores), 1)


@chaff("cycle_consistency_loss", caught_by=("grows_in_step_with_the_error", "agrees_with_the_reference"))
def squared_errors(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """It squares the errors. The cycle loss takes absolute ones, which forgive a few large errors."""
    return _returned(real_a, reconstructed_a, real_b, reconstructed_b, weight_a, weight_b, error=_squares)


@chaff("cycle_consistency_loss", caught_by=("is_zero_for_what_came_back_unchanged",))
def one_way_only(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """It looks at A's reconstructions only. Samples of B make a round trip too."""
    return weight_a * _size(reconstructed_a, real_a)


@chaff("cycle_consistency_loss", caught_by=("averages_each_domain_alone",))
def one_mean_over_both_domains(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """It takes one mean over both domains together. Each has a mean of its own, however many samples and pixels."""
    errors_a, errors_b = weight_a * (reconstructed_a - real_a).abs(), weight_b * (reconstructed_b - real_b).abs()
    return _one_mean(errors_a, errors_b)


@chaff("cycle_consistency_loss", caught_by=("lets_no_errors_cancel",))
def signed_errors(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """It averages errors with their signs and lets them cancel. Take absolute values before the mean."""

    def error(reconstructed, real):
        return (reconstructed - real).mean().abs()

    return _returned(real_a, reconstructed_a, real_b, reconstructed_b, weight_a, weight_b, error=error)


@chaff("cycle_consistency_loss", caught_by=("weighs_each_domain_with_its_own_weight",))
def swaps_the_weights(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """It gives each domain the other one's weight. weight_a belongs to A's error, weight_b to B's."""
    return _returned(real_a, reconstructed_a, real_b, reconstructed_b, weight_b, weight_a)


@chaff("cycle_consistency_loss", caught_by=("weighs_each_domain_with_its_own_weight",))
def weighs_only_one(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """It gives both errors the weight of A. Each domain has a weight of its own."""
    return _returned(real_a, reconstructed_a, real_b, reconstructed_b, weight_a, weight_a)


@chaff("cycle_consistency_loss", caught_by=("counts_tenfold_unless_told_otherwise", "averages_each_domain_alone"))
def halves_the_sum(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """It takes the mean of the two errors. The loss is their weighted sum."""
    return _returned(real_a, reconstructed_a, real_b, reconstructed_b, weight_a, weight_b) / 2


@chaff("cycle_consistency_loss", caught_by=("counts_tenfold_unless_told_otherwise",))
def counts_once(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=1.0, weight_b=1.0):
    """It has weights of 1 unless told otherwise. The contract's defaults are 10."""
    return _returned(real_a, reconstructed_a, real_b, reconstructed_b, weight_a, weight_b)


@chaff("cycle_consistency_loss", caught_by=("has_the_right_gradient",))
def cuts_reconstructions_off(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """It detaches the reconstructions. The translators learn through them, so the graph stays whole."""
    return _returned(real_a, reconstructed_a.detach(), real_b, reconstructed_b.detach(), weight_a, weight_b)


@chaff("cycle_consistency_loss", caught_by=("leaves_everything_as_it_was",))
def subtracts_in_place_cycle(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """It writes the errors into the caller's reconstructions. Work on new tensors."""
    errors = reconstructed_a.sub_(real_a), reconstructed_b.sub_(real_b)
    return weight_a * errors[0].abs().mean() + weight_b * errors[1].abs().mean()


@chaff("cycle_consistency_loss", caught_by=("keeps_the_dtype",))
def single_precision_cycle(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _returned(real_a, reconstructed_a, real_b, reconstructed_b, weight_a, weight_b).float()


@chaff("cycle_consistency_loss", caught_by=("takes_an_empty_batch",))
def stacks_one_after_another_cycle(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """It collects the samples' errors in a list and stacks it, which fails for a batch without samples."""

    def error(reconstructed, real):
        return torch.stack([_size(*pair) for pair in zip(reconstructed, real, strict=True)]).mean()

    return _returned(real_a, reconstructed_a, real_b, reconstructed_b, weight_a, weight_b, error=error)


@chaff(
    "identity_loss",
    caught_by=(
        "is_zero_where_each_keeps_its_own_target",
        "shows_each_translator_its_own_target",
        "agrees_with_the_reference",
    ),
)
def wrong_domain(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """It shows each translator the domain that it translates from, which it is there to change. Show it its target."""
    return weight * (_size(a_to_b(real_a), real_a) + _size(b_to_a(real_b), real_b))


@chaff("identity_loss", caught_by=("lets_no_changes_cancel",))
def squared_changes(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """It squares the changes. The identity loss takes absolute ones, as the cycle loss does."""
    return _kept(a_to_b, b_to_a, real_a, real_b, weight, change=_squares)


@chaff("identity_loss", caught_by=("teaches_both_translators", "shows_each_translator_its_own_target"))
def one_translator_only(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """It looks at a_to_b only. b_to_a is to leave samples of A alone, too."""
    return weight * _size(a_to_b(real_b), real_b)


@chaff("identity_loss", caught_by=("averages_each_domain_alone",))
def one_mean_over_both_changes(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """It takes one mean over both domains together. Each has a mean of its own, however many samples and pixels."""
    return weight * _one_mean((a_to_b(real_b) - real_b).abs(), (b_to_a(real_a) - real_a).abs())


@chaff("identity_loss", caught_by=("lets_no_changes_cancel",))
def signed_changes(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """It averages changes with their signs and lets them cancel. Take absolute values before the mean."""
    return _kept(a_to_b, b_to_a, real_a, real_b, weight, change=lambda after, before: (after - before).mean().abs())


@chaff("identity_loss", caught_by=("weighs_both_changes_alike",))
def weighs_one_change(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """It weighs only the first of the two changes. The weight counts for their sum: mind the brackets."""
    return weight * _size(a_to_b(real_b), real_b) + _size(b_to_a(real_a), real_a)


@chaff("identity_loss", caught_by=("counts_fivefold_unless_told_otherwise",))
def counts_half(a_to_b, b_to_a, real_a, real_b, *, weight=0.5):
    """It takes the paper's 0.5, which is a share of the cycle's weight of 10. Here the weight itself is given: 5."""
    return _kept(a_to_b, b_to_a, real_a, real_b, weight)


@chaff("identity_loss", caught_by=("teaches_both_translators",))
def cuts_the_translators_off(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """It detaches what the translators give, and they learn nothing. The loss is there to teach them."""
    return _kept(a_to_b, b_to_a, real_a, real_b, weight, change=lambda after, before: _size(after.detach(), before))


@chaff("identity_loss", caught_by=("has_the_right_gradient",))
def holds_the_originals_constant(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """It detaches the samples that translations are compared with. The loss is differentiable in them, too."""
    return _kept(a_to_b, b_to_a, real_a, real_b, weight, change=lambda after, before: _size(after, before.detach()))


@chaff("identity_loss", caught_by=("leaves_everything_as_it_was",))
def leaves_train_mode_on(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """It switches the translators to train mode. Their mode is the caller's business: leave it as it is."""
    loss = _kept(a_to_b, b_to_a, real_a, real_b, weight)
    a_to_b.train()
    b_to_a.train()
    return loss


@chaff("identity_loss", caught_by=("keeps_the_dtype",))
def single_precision_identity(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _kept(a_to_b, b_to_a, real_a, real_b, weight).float()


@chaff("identity_loss", caught_by=("takes_an_empty_batch",))
def stacks_one_after_another_identity(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """It collects the samples' changes in a list and stacks it, which fails for a batch without samples."""

    def change(after, before):
        return torch.stack([_size(*pair) for pair in zip(after, before, strict=True)]).mean()

    return _kept(a_to_b, b_to_a, real_a, real_b, weight, change=change)


@chaff("cycle_generator_loss", caught_by=("is_zero_where_all_is_well", "charges_for_both_ways_back"))
def wrong_way_back(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It sends translations through the same translator again. The way back is the other translator's."""
    fake_b, fake_a = a_to_b(real_a), b_to_a(real_b)
    fooling = _distance(discriminator_b(fake_b), 1) + _distance(discriminator_a(fake_a), 1)
    return fooling + _returned(real_a, a_to_b(fake_b), real_b, b_to_a(fake_a), weight, weight)


@chaff("cycle_generator_loss", caught_by=("is_zero_where_all_is_well", "charges_for_both_ways_back"))
def compares_with_the_translation(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It compares a sample with its translation, which is to look different. Compare it with what comes back."""
    fake_b, fake_a = a_to_b(real_a), b_to_a(real_b)
    fooling = _distance(discriminator_b(fake_b), 1) + _distance(discriminator_a(fake_a), 1)
    return fooling + _returned(real_a, fake_b, real_b, fake_a, weight, weight)


@chaff("cycle_generator_loss", caught_by=("asks_the_judge_of_the_target", "arrives_in_the_other_domain"))
def asks_the_wrong_judge(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It asks A's judge about what was translated to B, and B's about A. Ask the judge of where it has arrived."""
    return _round_trips(a_to_b, b_to_a, discriminator_b, discriminator_a, real_a, real_b, weight)


@chaff("cycle_generator_loss", caught_by=("asks_the_judge_of_the_target",))
def judges_what_came_back(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It shows the judges what came back from a round trip. They judge the translations, half-way."""
    back_a, back_b = b_to_a(a_to_b(real_a)), a_to_b(b_to_a(real_b))
    fooling = _distance(discriminator_b(back_b), 1) + _distance(discriminator_a(back_a), 1)
    return fooling + _returned(real_a, back_a, real_b, back_b, weight, weight)


@chaff("cycle_generator_loss", caught_by=("is_zero_where_all_is_well", "arrives_in_the_other_domain"))
def wants_to_be_found_out(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It pulls the scores of translations to 0, as the judges do. Translators want the mark of real samples, 1."""
    shared = (a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, weight)
    return _round_trips(*shared, goal=0.0)


@chaff("cycle_generator_loss", caught_by=("judges_every_patch", "agrees_with_the_reference"))
def averages_patches_before_squaring(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It averages a judge's scores and squares what is left. Square every patch's distance first, or errors cancel."""
    shared = (a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, weight)
    return _round_trips(*shared, fooling=_mean_then_square)


@chaff("cycle_generator_loss", caught_by=("averages_each_domain_alone",))
def one_mean_over_all_scores(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It takes one mean over both judges' scores. Each judge has a mean of its own, however many its scores."""
    scores = discriminator_b(a_to_b(real_a)), discriminator_a(b_to_a(real_b))
    fooling = _one_mean(*((each - 1) ** 2 for each in scores))
    return fooling + _returned(real_a, b_to_a(a_to_b(real_a)), real_b, a_to_b(b_to_a(real_b)), weight, weight)


@chaff("cycle_generator_loss", caught_by=("charges_for_both_ways_back",))
def squares_the_way_back(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It squares the errors of the way back. The cycle loss takes absolute ones."""
    shared = (a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, weight)
    return _round_trips(*shared, error=_squares)


@chaff("cycle_generator_loss", caught_by=("charges_for_both_ways_back", "finds_the_way_back"))
def forgets_the_way_back(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It only fools the judges. Nothing then ties a translation to what was translated: add the cycle loss."""
    return _round_trips(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, 0.0)


@chaff("cycle_generator_loss", caught_by=("charges_for_both_ways_back",))
def one_round_trip_only(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It makes the round trip from A only. Samples of B make one, too."""
    fake_b, fake_a = a_to_b(real_a), b_to_a(real_b)
    fooling = _distance(discriminator_b(fake_b), 1) + _distance(discriminator_a(fake_a), 1)
    return fooling + weight * _size(b_to_a(fake_b), real_a)


@chaff("cycle_generator_loss", caught_by=("charges_for_both_ways_back", "loses_the_way_without_the_weight"))
def always_tenfold(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It leaves the cycle loss at its own weight of 10. The caller's weight is passed on to both of its sides."""
    return _round_trips(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, 10.0)


@chaff("cycle_generator_loss", caught_by=("asks_the_judge_of_the_target", "charges_for_both_ways_back"))
def weighs_the_wrong_terms(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It multiplies the judges' terms with the weight. The weight belongs to the cycle loss, to both of its sides."""

    def fooling(scores, goal):
        return weight * _distance(scores, goal)

    return _round_trips(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, 1.0, fooling=fooling)


@chaff("cycle_generator_loss", caught_by=("counts_the_way_back_tenfold_unless_told_otherwise",))
def counts_the_way_back_once(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=1.0):
    """It has a weight of 1 unless told otherwise. The contract's default is 10."""
    return _round_trips(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, weight)


@chaff("cycle_generator_loss", caught_by=("charges_for_both_ways_back",))
def weighs_one_round_trip(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It weighs the round trip from A and leaves the other one at 10. Both have the caller's weight."""
    fake_b, fake_a = a_to_b(real_a), b_to_a(real_b)
    fooling = _distance(discriminator_b(fake_b), 1) + _distance(discriminator_a(fake_a), 1)
    return fooling + _returned(real_a, b_to_a(fake_b), real_b, a_to_b(fake_a), weight, 10.0)


@chaff("cycle_generator_loss", caught_by=("takes_domains_of_other_shapes",))
def puts_domains_into_one_batch(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It puts samples of both domains into one batch, which fails where their shapes differ. Keep them apart."""
    fake_b, fake_a = a_to_b(real_a), b_to_a(real_b)
    fooling = _distance(discriminator_b(fake_b), 1) + _distance(discriminator_a(fake_a), 1)
    errors = torch.cat([b_to_a(fake_b), a_to_b(fake_a)]) - torch.cat([real_a, real_b])
    back_in_a, back_in_b = errors.abs().split([len(real_a), len(real_b)])
    return fooling + weight * (back_in_a.mean() + back_in_b.mean())


@chaff("cycle_generator_loss", caught_by=("teaches_both_translators_to_fool",))
def shows_cut_off_translations(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It detaches translations before the judges see them. Then the judges' scores teach the translators nothing."""
    shared = (a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, weight)
    return _round_trips(*shared, shown=lambda fake: fake.detach())


@chaff("cycle_generator_loss", caught_by=("teaches_both_translators_the_way_back", "has_the_right_gradient"))
def sends_cut_off_translations(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It detaches translations before the way back. Both legs learn from the round trip, the first one, too."""
    shared = (a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, weight)
    return _round_trips(*shared, sent=lambda fake: fake.detach())


@chaff("cycle_generator_loss", caught_by=("leaves_everything_as_it_was",))
def leaves_judges_frozen(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It freezes the judges and never gives them their flags back. They could not be trained any more."""
    for judge in (discriminator_a, discriminator_b):
        judge.requires_grad_(False)
    return _round_trips(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, weight)


@chaff("cycle_generator_loss", caught_by=("leaves_everything_as_it_was",))
def thaws_every_judge(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It sets the judges' flags to True at the end. They end as they began: a layer may have been frozen before."""
    loss = _round_trips(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, weight)
    for judge in (discriminator_a, discriminator_b):
        judge.requires_grad_(True)
    return loss


@chaff("cycle_generator_loss", caught_by=("leaves_everything_as_it_was",))
def runs_backward(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It runs backward itself, into the weights of all four networks. It only gives the loss; stepping comes later."""
    loss = _round_trips(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, weight)
    loss.backward(retain_graph=True)
    return loss


@chaff("cycle_generator_loss", caught_by=("keeps_the_dtype",))
def single_precision_whole(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _round_trips(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, weight).float()


@chaff("cycle_generator_loss", caught_by=("takes_an_empty_batch",))
def stacks_one_after_another_whole(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """It collects the samples' errors in a list and stacks it, which fails for a batch without samples."""

    def error(back, real):
        return torch.stack([_size(*pair) for pair in zip(back, real, strict=True)]).mean()

    shared = (a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, weight)
    return _round_trips(*shared, error=error)
