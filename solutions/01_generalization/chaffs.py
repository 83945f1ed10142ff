"""Known wrong answers: the reference with one mistake each."""

from __future__ import annotations

import math

import torch

from autograder.wheats import chaff


@chaff("empirical_risk", caught_by=("counts_each_mistake_once",))
def measures_accuracy(predictions, labels):
    """It gives the share of right answers. The risk is the share of wrong ones: 0 for a perfect hypothesis."""
    return (predictions == labels).double().mean(-1)


@chaff("empirical_risk", caught_by=("counts_each_mistake_once",))
def forgets_to_average(predictions, labels):
    """It counts the mistakes but does not divide by the number of samples, so risks exceed 1."""
    return (predictions != labels).double().sum(-1)


@chaff("empirical_risk", caught_by=("counts_each_mistake_once",))
def squares_the_difference(predictions, labels):
    """It takes the squared difference of class numbers. Classes have no distance: any mistake costs 1."""
    return ((predictions - labels) ** 2).double().mean(-1)


@chaff("empirical_risk", caught_by=("counts_each_mistake_once",))
def counts_one_direction(predictions, labels):
    """It counts only predictions above the label. A prediction below it is a mistake as well."""
    return (predictions > labels).double().mean(-1)


@chaff("empirical_risk", caught_by=("answers_in_float64",))
def works_in_float32(predictions, labels):
    """It averages in float32, torch's default. The risks are wanted in float64."""
    return (predictions != labels).float().mean(-1)


@chaff("empirical_risk", caught_by=("counts_each_mistake_once", "takes_no_hypotheses"))
def averages_over_everything(predictions, labels):
    """It averages over hypotheses and samples at once. Each hypothesis has a risk of its own."""
    return (predictions != labels).double().mean()


@chaff("empirical_risk", caught_by=("takes_no_hypotheses",))
def stacks_row_by_row(predictions, labels):
    """It stacks one risk per row, which fails where there are no rows. No hypotheses have no risks: shape (0,)."""
    return torch.stack([(row != labels).double().mean() for row in predictions])


@chaff("empirical_risk", caught_by=("leaves_everything_as_it_was",))
def subtracts_in_place(predictions, labels):
    """It subtracts the labels from the caller's predictions in place. Leave what you are given as it was."""
    predictions -= labels
    return (predictions != 0).double().mean(-1)


@chaff("empirical_risk", caught_by=("agrees_with_the_reference", "counts_each_mistake_once"))
def divides_by_one_less(predictions, labels):
    """It divides by N − 1. The risk is the plain mean over all N samples."""
    return (predictions != labels).double().sum(-1) / max(len(labels) - 1, 1)


@chaff("is_bad_dataset", caught_by=("one_misjudged_hypothesis_is_enough", "is_rarer_with_more_data"))
def wants_all_to_be_off(train_risks, true_risks, eps):
    """It calls a training set bad only if every hypothesis is misjudged. One is enough."""
    return ((train_risks - true_risks).abs() > eps).all(-1)


@chaff("is_bad_dataset", caught_by=("both_directions_count",))
def misses_risks_that_are_too_low(train_risks, true_risks, eps):
    """It takes the difference with its sign, so training risks that are too low go unseen. Take its absolute value."""
    return (train_risks - true_risks > eps).any(-1)


@chaff("is_bad_dataset", caught_by=("both_directions_count",))
def misses_risks_that_are_too_high(train_risks, true_risks, eps):
    """It looks only for training risks that are too low. Being too high misleads as well: take the absolute value."""
    return (true_risks - train_risks > eps).any(-1)


@chaff("is_bad_dataset", caught_by=("allows_exactly_epsilon",))
def counts_exactly_epsilon(train_risks, true_risks, eps):
    """It calls a risk that is off by exactly ε misjudged. More than ε is: the comparison is strict."""
    return ((train_risks - true_risks).abs() >= eps).any(-1)


@chaff("is_bad_dataset", caught_by=("allows_exactly_epsilon", "is_rarer_with_more_data"))
def allows_twice_epsilon(train_risks, true_risks, eps):
    """It compares with 2ε. That is what the *choice* may cost; a training set is bad beyond ε."""
    return ((train_risks - true_risks).abs() > 2 * eps).any(-1)


@chaff("is_bad_dataset", caught_by=("allows_exactly_epsilon", "seldom_happens_with_many_samples"))
def allows_half_epsilon(train_risks, true_risks, eps):
    """It compares with ε/2, so that good training sets are called bad."""
    return ((train_risks - true_risks).abs() > eps / 2).any(-1)


@chaff("is_bad_dataset", caught_by=("one_misjudged_hypothesis_is_enough", "agrees_with_the_reference"))
def averages_over_hypotheses(train_risks, true_risks, eps):
    """It compares the mean distance with ε. One hypothesis that is far off is enough, whatever the others are."""
    return (train_risks - true_risks).abs().mean(-1) > eps


@chaff("is_bad_dataset", caught_by=("judges_every_dataset_alone",))
def judges_all_together(train_risks, true_risks, eps):
    """It gives every training set of a table the verdict of them all. Reduce the hypotheses only, the last axis."""
    bad = ((train_risks - true_risks).abs() > eps).any()
    return bad.expand(train_risks.shape[:-1]).clone()


@chaff("is_bad_dataset", caught_by=("judges_every_dataset_alone",))
def gives_one_verdict(train_risks, true_risks, eps):
    """It gives one verdict for a whole table of training sets. Reduce the hypotheses only, the last axis."""
    return ((train_risks - true_risks).abs() > eps).any()


@chaff("is_bad_dataset", caught_by=("leaves_everything_as_it_was",))
def takes_distances_in_place(train_risks, true_risks, eps):
    """It turns the caller's training risks into distances in place. Work on a tensor of your own."""
    return (train_risks.sub_(true_risks).abs_() > eps).any(-1)


def _rejects(num_hypotheses, num_samples, eps):
    if num_hypotheses < 1 or num_samples < 1 or eps <= 0:
        raise ValueError("impossible")


@chaff("bad_dataset_bound", caught_by=("never_promises_too_much",))
def forgets_a_tail(num_hypotheses, num_samples, eps):
    """It has |H|exp(−2Nε²), which bounds one tail. A risk may be too high or too low: there is a factor 2."""
    _rejects(num_hypotheses, num_samples, eps)
    return math.exp(min(0.0, math.log(num_hypotheses) - 2 * num_samples * eps**2))


@chaff("bad_dataset_bound", caught_by=("agrees_with_the_reference",))
def forgets_the_two_in_the_exponent(num_hypotheses, num_samples, eps):
    """It has exp(−Nε²). Hoeffding's exponent for losses in [0, 1] is −2Nε²."""
    _rejects(num_hypotheses, num_samples, eps)
    return math.exp(min(0.0, math.log(2) + math.log(num_hypotheses) - num_samples * eps**2))


@chaff("bad_dataset_bound", caught_by=("squares_when_the_data_doubles",))
def forgets_the_square(num_hypotheses, num_samples, eps):
    """It has ε where ε² belongs: halving the tolerance takes four times the data, not twice."""
    _rejects(num_hypotheses, num_samples, eps)
    return math.exp(min(0.0, math.log(2) + math.log(num_hypotheses) - 2 * num_samples * eps))


@chaff("bad_dataset_bound", caught_by=("is_a_probability",))
def exceeds_one(num_hypotheses, num_samples, eps):
    """It does not cut the bound off at 1. No probability is larger."""
    _rejects(num_hypotheses, num_samples, eps)
    return math.exp(min(700.0, math.log(2) + math.log(num_hypotheses) - 2 * num_samples * eps**2))


@chaff("bad_dataset_bound", caught_by=("holds_for_huge_classes",))
def overflows(num_hypotheses, num_samples, eps):
    """It multiplies |H| by a float, which overflows for large classes. Add logarithms instead."""
    _rejects(num_hypotheses, num_samples, eps)
    return min(1.0, 2 * num_hypotheses * math.exp(-2 * num_samples * eps**2))


@chaff("bad_dataset_bound", caught_by=("holds_for_huge_classes",))
def gives_up_on_large_classes(num_hypotheses, num_samples, eps):
    """It answers 1 wherever |H| does not fit a float. With enough samples the bound is useful there too."""
    _rejects(num_hypotheses, num_samples, eps)
    try:
        return min(1.0, 2 * num_hypotheses * math.exp(-2 * num_samples * eps**2))
    except OverflowError:
        return 1.0


@chaff("bad_dataset_bound", caught_by=("doubles_with_the_hypotheses",))
def forgets_the_union_bound(num_hypotheses, num_samples, eps):
    """It is Hoeffding's inequality for one hypothesis. With |H| of them the chances add up: multiply by |H|."""
    _rejects(num_hypotheses, num_samples, eps)
    return math.exp(min(0.0, math.log(2) - 2 * num_samples * eps**2))


@chaff("bad_dataset_bound", caught_by=("rejects_impossible_arguments",))
def accepts_anything(num_hypotheses, num_samples, eps):
    """It gives a number for impossible arguments. No samples, no hypotheses or ε ≤ 0 is a ValueError."""
    logarithm = math.log(2) + math.log(num_hypotheses) - 2 * num_samples * eps**2
    return math.exp(min(0.0, logarithm))


@chaff("bad_dataset_bound", caught_by=("rejects_impossible_arguments",))
def accepts_epsilon_zero(num_hypotheses, num_samples, eps):
    """It accepts ε = 0. Every training set would be bad then, and the contract asks for ε > 0."""
    if num_hypotheses < 1 or num_samples < 1 or eps < 0:
        raise ValueError("impossible")
    return math.exp(min(0.0, math.log(2) + math.log(num_hypotheses) - 2 * num_samples * eps**2))


def _refuses(num_hypotheses, eps, delta):
    if num_hypotheses < 1 or eps <= 0 or not 0 < delta < 1:
        raise ValueError("impossible")


def _needed(num_hypotheses, eps, delta):
    return (math.log(2) + math.log(num_hypotheses) - math.log(delta)) / (2 * eps**2)


@chaff("sample_complexity", caught_by=("is_enough",))
def rounds_down(num_hypotheses, eps, delta):
    """It rounds N down, and the bound misses δ by a little. Round up."""
    _refuses(num_hypotheses, eps, delta)
    return max(1, math.floor(_needed(num_hypotheses, eps, delta)))


@chaff("sample_complexity", caught_by=("is_enough",))
def rounds_to_the_nearest(num_hypotheses, eps, delta):
    """It rounds N to the nearest whole number, which is too few about every second time. Round up."""
    _refuses(num_hypotheses, eps, delta)
    return max(1, round(_needed(num_hypotheses, eps, delta)))


@chaff("sample_complexity", caught_by=("is_the_least", "agrees_with_the_reference"))
def takes_one_too_many(num_hypotheses, eps, delta):
    """It takes one sample more than needed. The least N is asked for."""
    _refuses(num_hypotheses, eps, delta)
    return max(1, math.ceil(_needed(num_hypotheses, eps, delta))) + 1


@chaff("sample_complexity", caught_by=("is_enough",))
def forgets_the_other_tail(num_hypotheses, eps, delta):
    """It solves |H|exp(−2Nε²) = δ, one tail only. The bound has a factor 2."""
    _refuses(num_hypotheses, eps, delta)
    return max(1, math.ceil((math.log(num_hypotheses) - math.log(delta)) / (2 * eps**2)))


@chaff("sample_complexity", caught_by=("is_enough", "grows_with_the_logarithm_of_the_class"))
def divides_by_epsilon(num_hypotheses, eps, delta):
    """It divides by 2ε. The exponent has ε², so halving ε takes four times the samples."""
    _refuses(num_hypotheses, eps, delta)
    return max(1, math.ceil((math.log(2) + math.log(num_hypotheses) - math.log(delta)) / (2 * eps)))


@chaff("sample_complexity", caught_by=("is_the_least",))
def forgets_the_two(num_hypotheses, eps, delta):
    """It divides by ε². The exponent is −2Nε², so half as many samples are enough."""
    _refuses(num_hypotheses, eps, delta)
    return max(1, math.ceil((math.log(2) + math.log(num_hypotheses) - math.log(delta)) / eps**2))


@chaff("sample_complexity", caught_by=("is_enough",))
def counts_in_decades(num_hypotheses, eps, delta):
    """It takes logarithms to base 10. The exponential's inverse is the natural logarithm."""
    _refuses(num_hypotheses, eps, delta)
    return max(1, math.ceil((math.log10(2) + math.log10(num_hypotheses) - math.log10(delta)) / (2 * eps**2)))


@chaff("sample_complexity", caught_by=("grows_with_the_logarithm_of_the_class",))
def is_linear_in_the_class(num_hypotheses, eps, delta):
    """It multiplies by |H|. Samples grow only with the logarithm of |H|."""
    _refuses(num_hypotheses, eps, delta)
    return max(1, math.ceil(num_hypotheses * (math.log(2) - math.log(delta)) / (2 * eps**2)))


@chaff("sample_complexity", caught_by=("rejects_impossible_arguments",))
def accepts_certainty(num_hypotheses, eps, delta):
    """It accepts δ of 1 and more, which asks for nothing. δ lies strictly between 0 and 1."""
    if num_hypotheses < 1 or eps <= 0 or delta <= 0:
        raise ValueError("impossible")
    return max(1, math.ceil(_needed(num_hypotheses, eps, delta)))


@chaff("excess_risk", caught_by=("chooses_on_the_training_set",))
def chooses_on_the_true_risks(train_risks, true_risks):
    """It chooses by the true risks, which nobody sees, and so never loses anything. Choose by the training risks."""
    return torch.zeros_like(train_risks[..., 0]) + true_risks[true_risks.argmin()] - true_risks.min()


@chaff("excess_risk", caught_by=("chooses_on_the_training_set",))
def forgets_the_training_risks(train_risks, true_risks):
    """It never looks at the training risks and so never loses anything. The choice is made by the training risks."""
    return true_risks[true_risks.argmin()] - true_risks.min()


@chaff("excess_risk", caught_by=("is_never_negative", "chooses_on_the_training_set"))
def pays_the_training_risk(train_risks, true_risks):
    """It compares the least training risk with the least true risk. What the choice costs is its *true* risk."""
    return train_risks.min(-1).values - true_risks.min()


@chaff("excess_risk", caught_by=("breaks_ties_by_the_lowest_index",))
def takes_the_last_of_a_tie(train_risks, true_risks):
    """Where training risks tie it takes the last one. The first one is asked for."""
    last = train_risks.shape[-1] - 1
    return true_risks[last - train_risks.flip(-1).argmin(-1)] - true_risks.min()


@chaff("excess_risk", caught_by=("chooses_on_the_training_set",))
def chooses_the_worst(train_risks, true_risks):
    """It chooses the greatest training risk. The least one is chosen."""
    return true_risks[train_risks.argmax(-1)] - true_risks.min()


@chaff("excess_risk", caught_by=("chooses_on_the_training_set", "is_within_two_epsilon", "agrees_with_the_reference"))
def forgets_the_best(train_risks, true_risks):
    """It gives the true risk of the choice. The excess is what it has above the best true risk."""
    return true_risks[train_risks.argmin(-1)]


@chaff("excess_risk", caught_by=("is_never_negative",))
def subtracts_the_wrong_way(train_risks, true_risks):
    """It subtracts the choice from the best, so the excess is negative. It is the choice minus the best."""
    return true_risks.min() - true_risks[train_risks.argmin(-1)]


@chaff("excess_risk", caught_by=("chooses_on_the_training_set",))
def measures_the_gap_of_the_choice(train_risks, true_risks):
    """It gives how far the choice's training risk is from its true risk. Compare its true risk with the best one."""
    best = train_risks.min(-1)
    return (true_risks[best.indices] - best.values).abs()


@chaff("excess_risk", caught_by=("is_never_negative",))
def gives_the_signed_gap(train_risks, true_risks):
    """It gives the choice's true risk minus its training risk. Compare its true risk with the best true risk."""
    best = train_risks.min(-1)
    return true_risks[best.indices] - best.values


@chaff("excess_risk", caught_by=("leaves_everything_as_it_was",))
def subtracts_in_the_callers_tensor(train_risks, true_risks):
    """It subtracts the best risk from the caller's true risks in place. Leave them as they were."""
    true_risks -= true_risks.min().clone()
    return true_risks[train_risks.argmin(-1)]


@chaff("empirical_risk", caught_by=("answers_in_float64",))
def widens_too_late(predictions, labels):
    """It averages in float32 and widens afterwards, which keeps the rounding. Make it float64 before the mean."""
    return (predictions != labels).float().mean(-1).double()
