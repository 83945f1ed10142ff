"""Attempts at unit 08, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from tests.attempts import attempt


@attempt("lsgan_discriminator_loss", mistake="swaps_the_labels")
def marks_zero_and_one(real_scores, fake_scores):
    """Half of the squared distances from the two marks, 0 and 1, in this order."""
    loss = 0.0
    for mark, scores in enumerate((real_scores, fake_scores)):
        loss = loss + 0.5 * torch.square(scores - mark).mean()
    return loss


@attempt("lsgan_discriminator_loss", mistake="forgets_the_half")
def uses_mseloss_twice(real_scores, fake_scores):
    """Least squares is MSELoss: real against ones, fake against zeros, and add the two."""
    criterion = nn.MSELoss()
    loss_real = criterion(real_scores, torch.ones_like(real_scores))
    loss_fake = criterion(fake_scores, torch.zeros_like(fake_scores))
    return loss_real + loss_fake


@attempt("lsgan_discriminator_loss", mistake="one_mean_over_both")
def joins_scores_and_targets(real_scores, fake_scores):
    """Half of two means is the same as the mean of everything, so join the scores and their targets."""
    scores = torch.cat([real_scores.flatten(), fake_scores.flatten()])
    targets = torch.cat([torch.ones_like(real_scores).flatten(), torch.zeros_like(fake_scores).flatten()])
    return F.mse_loss(scores, targets)


@attempt("lsgan_discriminator_loss", mistake="squashes_the_scores")
def compares_probabilities_with_marks(real_scores, fake_scores):
    """The marks are 1 and 0, so bring the scores between 0 and 1 before taking the distance."""
    p_real = real_scores.sigmoid()
    p_fake = fake_scores.sigmoid()
    return ((1 - p_real).pow(2).mean() + p_fake.pow(2).mean()) / 2


@attempt("lsgan_discriminator_loss", mistake="cuts_fake_scores_off")
def protects_the_translator(real_scores, fake_scores):
    """When the judge learns, the fakes are detached, or else the translator would learn too."""
    fake = fake_scores.detach()
    from_one = real_scores - 1
    return 0.5 * ((from_one * from_one).mean() + (fake * fake).mean())


@attempt("lsgan_generator_loss", mistake="halves")
def follows_the_lsgan_paper(fake_scores):
    """Equation 9 of the LSGAN paper has one half in front of both expectations."""
    distance = torch.sub(fake_scores, 1.0)
    return torch.mean(0.5 * distance**2)


@attempt("lsgan_generator_loss", mistake="wants_zeros")
def compares_with_the_mark_of_fakes(fake_scores):
    """The scores belong to fakes, and the mark of fakes is 0."""
    target = torch.zeros_like(fake_scores)
    return nn.MSELoss()(fake_scores, target)


@attempt("lsgan_generator_loss", mistake="reverses_the_judge")
def plays_against_the_judge(fake_scores):
    """The judge makes mean f^2 small, so its opponent makes it large: the same term with a minus."""
    squares = torch.mul(fake_scores, fake_scores)
    return torch.neg(squares.mean())


@attempt("lsgan_generator_loss", mistake="adds_up_the_patches")
def pays_for_each_sample(fake_scores):
    """What a sample costs is the sum over its patches; then the mean over the batch."""
    errors = F.mse_loss(fake_scores, torch.ones_like(fake_scores), reduction="sum")
    samples = fake_scores.size(0) if fake_scores.dim() > 0 else 1
    return errors / samples


@attempt("cycle_consistency_loss", mistake="squared_errors")
def reconstructs_with_mse(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """A reconstruction error is the mean squared difference, weighted for each domain."""
    error_a = F.mse_loss(reconstructed_a, real_a)
    error_b = F.mse_loss(reconstructed_b, real_b)
    return weight_a * error_a + weight_b * error_b


@attempt("cycle_consistency_loss", mistake="one_mean_over_both_domains")
def averages_all_entries(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """Weigh the errors, put them into one vector and average; it is a sum of two domains, hence the 2."""
    errors_a = weight_a * (reconstructed_a - real_a).abs()
    errors_b = weight_b * (reconstructed_b - real_b).abs()
    entries = errors_a.numel() + errors_b.numel()
    return 2 * (errors_a.sum() + errors_b.sum()) / entries


@attempt("cycle_consistency_loss", mistake="signed_errors")
def takes_the_size_of_the_mean_error(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """How far off is a domain on average? The mean of the differences, without its sign."""
    off_a = torch.mean(reconstructed_a - real_a)
    off_b = torch.mean(reconstructed_b - real_b)
    return weight_a * torch.abs(off_a) + weight_b * torch.abs(off_b)


@attempt("cycle_consistency_loss", mistake="halves_the_sum")
def averages_over_the_domains(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """The weighted error of each domain with L1Loss, averaged over the two of them."""
    l1 = nn.L1Loss()
    pairs = [(weight_a, real_a, reconstructed_a), (weight_b, real_b, reconstructed_b)]
    errors = torch.stack([weight * l1(back, real) for weight, real, back in pairs])
    return errors.mean()


@attempt("cycle_consistency_loss", mistake="weighs_only_one")
def factors_the_weight_out(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """Lambda times the sum of both L1 errors, as in the paper."""
    forward_cycle = torch.abs(real_a - reconstructed_a).mean()
    backward_cycle = torch.abs(real_b - reconstructed_b).mean()
    lam = weight_a
    return lam * (forward_cycle + backward_cycle)


@attempt("cycle_consistency_loss", mistake="cuts_reconstructions_off")
def treats_what_came_back_as_data(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """What came back is only compared, so take its data and measure the distance."""
    back_a, back_b = reconstructed_a.data, reconstructed_b.data
    loss = weight_a * F.l1_loss(real_a, back_a)
    return loss + weight_b * F.l1_loss(real_b, back_b)


@attempt("identity_loss", mistake="wrong_domain")
def compares_input_with_output(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """A translator should keep its input: a_to_b is given A, b_to_a is given B, and L1 measures the change."""
    criterion = nn.L1Loss()
    loss_a = criterion(a_to_b(real_a), real_a)
    loss_b = criterion(b_to_a(real_b), real_b)
    return weight * (loss_a + loss_b)


@attempt("identity_loss", mistake="weighs_one_change")
def writes_it_in_one_line(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """Weight times the one change plus the other."""
    return weight * F.l1_loss(a_to_b(real_b), real_b) + F.l1_loss(b_to_a(real_a), real_a)


@attempt("identity_loss", mistake="counts_half")
def keeps_the_weight_of_the_paper(a_to_b, b_to_a, real_a, real_b, *, weight=0.5):
    """The paper weighs the identity term with 0.5 unless one says otherwise."""
    total = 0.0
    for translate, sample in ((a_to_b, real_b), (b_to_a, real_a)):
        change = translate(sample) - sample
        total = total + weight * change.abs().mean()
    return total


@attempt("identity_loss", mistake="holds_the_originals_constant")
def regresses_on_a_fixed_target(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """The samples are the targets of the regression, and no gradient goes into a target."""
    target_a = real_a.detach()
    target_b = real_b.detach()
    changed_b = F.l1_loss(a_to_b(real_b), target_b, reduction="mean")
    changed_a = F.l1_loss(b_to_a(real_a), target_a, reduction="mean")
    return (changed_a + changed_b) * weight


@attempt("identity_loss", mistake="leaves_train_mode_on")
def announces_training(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """This is a training loss, so the networks must be in train mode when it is computed."""
    for net in (a_to_b, b_to_a):
        net.train()
    same_b = a_to_b(real_b)
    same_a = b_to_a(real_a)
    return weight * ((same_b - real_b).abs().mean() + (same_a - real_a).abs().mean())


@attempt("identity_loss", mistake="cuts_the_translators_off")
def leaves_the_networks_alone(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """Parameters and gradients of the translators are to stay as they were, so run them without gradients."""
    with torch.no_grad():
        same_b = a_to_b(real_b)
        same_a = b_to_a(real_a)
    change = torch.mean(torch.abs(same_b - real_b)) + torch.mean(torch.abs(same_a - real_a))
    return weight * change


def _is_real(scores):
    return F.mse_loss(scores, torch.ones_like(scores))


def _way_back(real, back, weight=10.0):
    return weight * F.l1_loss(back, real)


@attempt("cycle_generator_loss", mistake="asks_the_wrong_judge")
def keeps_the_letters_together(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """Everything with an A belongs together: samples of A, their translation, and discriminator A."""
    translated_a = a_to_b(real_a)
    translated_b = b_to_a(real_b)
    adversarial = _is_real(discriminator_a(translated_a)) + _is_real(discriminator_b(translated_b))
    cycle = F.l1_loss(b_to_a(translated_a), real_a) + F.l1_loss(a_to_b(translated_b), real_b)
    return adversarial + weight * cycle


@attempt("cycle_generator_loss", mistake="wrong_way_back")
def goes_round_with_one_network(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """Translate, ask the judge there, translate once more, and compare with the start; for both directions."""
    loss = 0.0
    for net, judge, start in ((a_to_b, discriminator_b, real_a), (b_to_a, discriminator_a, real_b)):
        there = net(start)
        back = net(there)
        loss = loss + (judge(there) - 1).pow(2).mean() + weight * (back - start).abs().mean()
    return loss


@attempt("cycle_generator_loss", mistake="compares_with_the_translation")
def stays_close_to_the_sample(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """A translation must please the judge and stay close to what was translated."""
    fake_b, fake_a = a_to_b(real_a), b_to_a(real_b)
    gan_loss = torch.mean((discriminator_b(fake_b) - 1) ** 2) + torch.mean((discriminator_a(fake_a) - 1) ** 2)
    cycle_loss = torch.mean(torch.abs(fake_b - real_a)) + torch.mean(torch.abs(fake_a - real_b))
    return gan_loss + weight * cycle_loss


@attempt("cycle_generator_loss", mistake="shows_cut_off_translations")
def hands_the_judges_data(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """The judges are only asked and must not get gradients, so they see the fakes as data."""
    fake_b = a_to_b(real_a)
    fake_a = b_to_a(real_b)
    scores_b = discriminator_b(fake_b.detach())
    scores_a = discriminator_a(fake_a.detach())
    mse, l1 = nn.MSELoss(), nn.L1Loss()
    loss = mse(scores_b, torch.ones_like(scores_b)) + mse(scores_a, torch.ones_like(scores_a))
    loss = loss + weight * l1(b_to_a(fake_b), real_a)
    return loss + weight * l1(a_to_b(fake_a), real_b)


@attempt("cycle_generator_loss", mistake="sends_cut_off_translations")
def trains_each_leg_on_its_own(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """The judge teaches the way there, the reconstruction teaches the way back."""
    fake_b = a_to_b(real_a)
    fake_a = b_to_a(real_b)
    there = _is_real(discriminator_b(fake_b)) + _is_real(discriminator_a(fake_a))
    back_a = b_to_a(fake_b.detach())
    back_b = a_to_b(fake_a.detach())
    return there + _way_back(real_a, back_a, weight) + _way_back(real_b, back_b, weight)


@attempt("cycle_generator_loss", mistake="leaves_judges_frozen")
def turns_the_judges_off(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """The judges do not learn here, so their parameters need no gradient."""
    discriminator_a.requires_grad_(False)
    discriminator_b.requires_grad_(False)
    fake_b, fake_a = a_to_b(real_a), b_to_a(real_b)
    terms = [
        torch.square(1 - discriminator_b(fake_b)).mean(),
        torch.square(1 - discriminator_a(fake_a)).mean(),
        weight * F.l1_loss(b_to_a(fake_b), real_a),
        weight * F.l1_loss(a_to_b(fake_a), real_b),
    ]
    return sum(terms)


@attempt("cycle_generator_loss", mistake="thaws_every_judge")
def turns_the_judges_off_and_on(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """As set_requires_grad does it in the published code: off for the generators' loss, on when it is done."""
    judges = nn.ModuleList([discriminator_a, discriminator_b])
    for parameter in judges.parameters():
        parameter.requires_grad = False
    fake_b = a_to_b(real_a)
    fake_a = b_to_a(real_b)
    loss_gan = _is_real(discriminator_a(fake_a)) + _is_real(discriminator_b(fake_b))
    loss_cycle = (b_to_a(fake_b) - real_a).abs().mean() + (a_to_b(fake_a) - real_b).abs().mean()
    for parameter in judges.parameters():
        parameter.requires_grad = True
    return loss_gan + weight * loss_cycle


@attempt("cycle_generator_loss", mistake="always_tenfold")
def adds_the_finished_parts(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """All parts are written already; the cycle loss brings its weight along."""
    fake_b = a_to_b(real_a)
    fake_a = b_to_a(real_b)
    cycle = _way_back(real_a, b_to_a(fake_b)) + _way_back(real_b, a_to_b(fake_a))
    return _is_real(discriminator_b(fake_b)) + _is_real(discriminator_a(fake_a)) + cycle


@attempt("cycle_generator_loss", mistake="weighs_the_wrong_terms")
def weighs_what_the_judges_say(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """Two kinds of terms, and the weight says how much the adversarial ones count against the others."""
    fake = {"b": a_to_b(real_a), "a": b_to_a(real_b)}
    back = {"a": b_to_a(fake["b"]), "b": a_to_b(fake["a"])}
    adversarial = _is_real(discriminator_a(fake["a"])) + _is_real(discriminator_b(fake["b"]))
    cycle = F.l1_loss(back["a"], real_a) + F.l1_loss(back["b"], real_b)
    return weight * adversarial + cycle
