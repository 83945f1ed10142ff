"""Known wrong ways to write the attacks, one mistake each."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from autograder.wheats import chaff

# The right steps, which all of them share, so that each mistake stands alone.


def _slope(model, x, y):
    with torch.enable_grad():
        leaf = x.detach().clone().requires_grad_()
        return torch.autograd.grad(F.cross_entropy(model(leaf), y, reduction="sum"), leaf)[0]


def _room(values, like):
    return values.reshape(-1, *[1] * (like.ndim - 1))


def _length(delta):
    return _room(delta.flatten(1).norm(dim=1), delta)


def _nearest(x_adv, x, eps, low, high):
    return torch.minimum(torch.maximum(x_adv, x - eps), x + eps).clamp(low, high)


def _shorten(delta, eps, *, length=_length):
    return delta * (eps / length(delta).clamp(min=1e-30)).clamp(max=1)


def _step(model, x, y, eps, *, targeted=False, low=0.0, high=1.0, slope=_slope):
    return (x + (-eps if targeted else eps) * slope(model, x, y).sign()).clamp(low, high).detach()


def _start(x, eps, norm, generator):
    if norm == "linf":
        return eps * (2 * torch.rand(x.shape, generator=generator, dtype=x.dtype) - 1)
    noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    share = torch.rand(_length(noise).shape, generator=generator, dtype=x.dtype)
    return noise / _length(noise) * eps * share ** (1 / max(x[:1].numel(), 1))


def _direction(slope, norm):
    return slope.sign() if norm == "linf" else slope / _length(slope).clamp(min=1e-12)


def _project(moved, x, eps, norm, low, high):
    delta = (moved - x).clamp(-eps, eps) if norm == "linf" else _shorten(moved - x, eps)
    return (x + delta).clamp(low, high)


def _climb(
    model,
    x,
    y,
    eps,
    *,
    alpha,
    steps,
    norm="linf",
    random_start=False,
    targeted=False,
    low=0.0,
    high=1.0,
    generator=None,
    start=_start,
    slope=_slope,
    direction=_direction,
    project=_project,
    around=None,
    norms=("linf", "l2"),
):
    """PGD with parts to exchange; `around(clean, current)` is the middle of the ball."""
    if norm not in norms:
        raise ValueError(norm)
    clean = x.detach()
    current = clean.clone()
    if random_start:
        current = _project(clean + start(clean, eps, norm, generator), clean, eps, norm, low, high)
    for _ in range(steps):
        moved = current + (-alpha if targeted else alpha) * direction(slope(model, current, y), norm)
        current = project(moved, clean if around is None else around(clean, current), eps, norm, low, high)
    return current


def _divergence(student_logits, teacher_logits, temperature):
    """Of each sample, and at each class."""
    student = F.log_softmax(student_logits / temperature, dim=-1)
    teacher = F.log_softmax(teacher_logits / temperature, dim=-1)
    return teacher.exp() * (teacher - student)


def _fooled(labels, clean_predictions, adversarial_predictions):
    right = clean_predictions == labels
    return right, right & (adversarial_predictions != labels)


@chaff("project_linf", caught_by=("stays_in_the_box",))
def forgets_the_box(x_adv, x, eps, *, low=0.0, high=1.0):
    """It keeps the image near the clean one but not within [low, high]. A pixel has to satisfy both."""
    return torch.minimum(torch.maximum(x_adv, x - eps), x + eps)


@chaff("project_linf", caught_by=("stays_in_the_ball", "agrees_with_the_reference"))
def forgets_the_ball(x_adv, x, eps, *, low=0.0, high=1.0):
    """It only clamps to the box. The image must also differ from the clean one by at most ε in every pixel."""
    return x_adv.clamp(low, high)


@chaff("project_linf", caught_by=("is_the_nearest_allowed_point", "leaves_allowed_points_alone"))
def box_of_zero_and_one(x_adv, x, eps, *, low=0.0, high=1.0):
    """It always clamps to [0, 1]. The box is what low and high say."""
    return _nearest(x_adv, x, eps, 0.0, 1.0)


@chaff("project_linf", caught_by=("leaves_allowed_points_alone", "is_the_nearest_allowed_point"))
def snaps_to_the_edge(x_adv, x, eps, *, low=0.0, high=1.0):
    """It puts every pixel that differs on the edge of the ball. Pixels that are near enough stay where they are."""
    return (x + eps * (x_adv - x).sign()).clamp(low, high)


@chaff("project_linf", caught_by=("is_the_nearest_allowed_point",))
def throws_far_pixels_back(x_adv, x, eps, *, low=0.0, high=1.0):
    """It gives pixels that went too far their clean value back. They belong on the nearest edge of the ball."""
    return torch.where((x_adv - x).abs() <= eps, x_adv, x).clamp(low, high)


@chaff("project_linf", caught_by=("is_the_nearest_allowed_point", "treats_samples_alone"))
def shrinks_the_whole_batch(x_adv, x, eps, *, low=0.0, high=1.0):
    """It scales all perturbations until the greatest fits. The L∞ ball bounds every pixel on its own: clamp each."""
    delta = x_adv - x
    greatest = delta.abs().max() if delta.numel() else delta.sum()
    return (x + delta * (eps / greatest.clamp(min=1e-12)).clamp(max=1)).clamp(low, high)


@chaff("project_linf", caught_by=("leaves_everything_as_it_was",))
def clamps_in_place(x_adv, x, eps, *, low=0.0, high=1.0):
    """It clamps the caller's tensor in place. Work on a new one."""
    return x_adv.copy_(_nearest(x_adv, x, eps, low, high))


@chaff("project_linf", caught_by=("keeps_the_dtype",))
def single_precision(x_adv, x, eps, *, low=0.0, high=1.0):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _nearest(x_adv, x, eps, low, high).float()


@chaff("project_linf", caught_by=("takes_an_empty_batch",))
def asks_for_the_greatest(x_adv, x, eps, *, low=0.0, high=1.0):
    """It asks for the greatest difference, which an empty batch does not have. Such a batch gives an empty one."""
    near = float((x_adv - x).abs().max()) <= eps
    return x_adv.clamp(low, high) if near else _nearest(x_adv, x, eps, low, high)


@chaff("project_l2", caught_by=("reaches_the_sphere", "treats_samples_alone"))
def one_length_for_the_batch(delta, eps):
    """It measures the length of the whole batch. Each sample has a length, and a budget, of its own."""
    return _shorten(delta, eps, length=torch.norm)


@chaff("project_l2", caught_by=("stays_in_the_ball", "keeps_the_direction"))
def clamps_each_element(delta, eps):
    """It clamps every element to ±ε, the L∞ ball. The L2 ball bounds a sample's length and keeps its direction."""
    return delta.clamp(-eps, eps)


@chaff("project_l2", caught_by=("leaves_zero_at_zero",))
def divides_by_zero(delta, eps):
    """It divides by the length even where that is 0. A zero perturbation stays zero, not nan."""
    return delta / _length(delta) * _length(delta).clamp(max=eps)


@chaff("project_l2", caught_by=("leaves_short_ones_alone", "agrees_with_the_reference"))
def always_on_the_sphere(delta, eps):
    """It gives every perturbation the length ε. Only those that are too long are shortened; short ones stay."""
    return delta * eps / _length(delta).clamp(min=1e-30)


@chaff("project_l2", caught_by=("stays_in_the_ball", "keeps_the_direction"))
def length_over_channels(delta, eps):
    """It takes the length over dimension 1 only, one for each place. A sample's length runs over all its elements."""
    return _shorten(delta, eps, length=lambda delta: delta.norm(dim=1, keepdim=True))


@chaff("project_l2", caught_by=("reaches_the_sphere",))
def forgets_the_root(delta, eps):
    """It compares ε with the sum of squares. The length is the root of that sum."""
    return _shorten(delta, eps, length=lambda delta: _length(delta) ** 2)


@chaff("project_l2", caught_by=("leaves_everything_as_it_was",))
def scales_in_place(delta, eps):
    """It scales the caller's tensor in place. Work on a new one."""
    return delta.copy_(_shorten(delta, eps))


@chaff("project_l2", caught_by=("keeps_the_dtype",))
def single_precision_l2(delta, eps):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _shorten(delta, eps).float()


@chaff("project_l2", caught_by=("takes_an_empty_batch",))
def asks_for_the_longest(delta, eps):
    """It asks for the longest perturbation, which an empty batch does not have. Such a batch gives an empty one."""
    return delta.clone() if float(_length(delta).max()) <= eps else _shorten(delta, eps)


@chaff("fgsm", caught_by=("moves_every_pixel_by_epsilon", "fools_a_trained_network"))
def forgets_the_sign(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    """It adds ε times the gradient itself. FGSM uses only its sign, so that every pixel moves by the whole ε."""
    return (x + (-eps if targeted else eps) * _slope(model, x, y)).clamp(low, high)


@chaff("fgsm", caught_by=("stays_in_the_box",))
def forgets_the_box_fgsm(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    """It lets pixels leave [low, high]. What no image can hold fools nobody: clamp after the step."""
    return x + (-eps if targeted else eps) * _slope(model, x, y).sign()


@chaff("fgsm", caught_by=("moves_the_way_the_loss_rises", "goes_towards_a_wanted_class", "fools_a_trained_network"))
def descends(model, x, y, eps, *, targeted=False, **box):
    """It steps down the loss and makes the network surer of y. An attack climbs; only a targeted one descends."""
    return _step(model, x, y, eps, targeted=not targeted, **box)


@chaff("fgsm", caught_by=("goes_towards_a_wanted_class",))
def ignores_targeted(model, x, y, eps, *, targeted=False, **box):
    """It climbs the loss of the wanted class too, away from it. With targeted, step down the loss."""
    return _step(model, x, y, eps, **box)


@chaff("fgsm", caught_by=("moves_the_way_the_loss_rises", "goes_towards_a_wanted_class"))
def attacks_its_own_prediction(model, x, y, eps, **options):
    """It takes the network's prediction for the label. The loss is that of the y it is given, right or wrong."""
    with torch.no_grad():
        return _step(model, x, model(x).argmax(-1), eps, **options)


@chaff("fgsm", caught_by=("moves_the_way_the_loss_rises",))
def runs_from_its_own_prediction(model, x, y, eps, *, targeted=False, **box):
    """Without a target it takes the network's prediction for the label. The loss is that of y, right or wrong."""
    with torch.no_grad():
        label = y if targeted else model(x).argmax(-1)
    return _step(model, x, label, eps, targeted=targeted, **box)


@chaff("fgsm", caught_by=("leaves_unseen_pixels_alone",))
def moves_unseen_pixels(model, x, y, eps, **options):
    """It moves pixels whose gradient is 0 as if it were negative. Nothing is gained there: they stay."""
    return _step(model, x, y, eps, slope=lambda *call: torch.where(_slope(*call) > 0, 1.0, -1.0).to(x), **options)


@chaff("fgsm", caught_by=("moves_every_pixel_by_epsilon", "agrees_with_the_reference"))
def returns_the_perturbation(model, x, y, eps, **options):
    """It returns the perturbation. The caller wants the adversarial images: clean ones plus perturbation."""
    return _step(model, x, y, eps, **options) - x


def _backward(model, x, y):
    with torch.enable_grad():
        leaf = x.detach().clone().requires_grad_()
        F.cross_entropy(model(leaf), y, reduction="sum").backward()
    return leaf.grad


@chaff("fgsm", caught_by=("leaves_everything_as_it_was",))
def backward_into_the_model(model, x, y, eps, **options):
    """It runs backward through the whole model and leaves gradients there. Ask for the gradient of the pixels alone."""
    return _step(model, x, y, eps, slope=_backward, **options)


@chaff("fgsm", caught_by=("leaves_everything_as_it_was", "treats_samples_alone"))
def attacks_in_train_mode(model, x, y, eps, **options):
    """It attacks in train mode, where dropout and batch statistics make another model. Leave the mode as it is."""
    model.train()
    try:
        return _step(model, x, y, eps, **options)
    finally:
        model.eval()


@chaff("fgsm", caught_by=("keeps_the_dtype",))
def single_precision_fgsm(model, x, y, eps, **options):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _step(model, x, y, eps, **options).float()


def _steepest_first(model, x, y):
    slope = _slope(model, x, y)
    return slope / slope.abs().max()


@chaff("fgsm", caught_by=("takes_an_empty_batch",))
def scales_by_the_steepest(model, x, y, eps, **options):
    """It divides by the steepest pixel's gradient, which changes no sign, but an empty batch has no steepest pixel."""
    return _step(model, x, y, eps, slope=_steepest_first, **options)


def _trusting(model, x, y):
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(model(leaf), y, reduction="sum"), leaf)[0]


@chaff("fgsm", caught_by=("works_under_no_grad",))
def trusts_gradients_to_be_on(model, x, y, eps, **options):
    """It takes gradients for switched on, and its caller may have switched them off. An attack switches them on."""
    return _step(model, x, y, eps, slope=_trusting, **options)


def _switched_off(model, x, y):
    with torch.no_grad():
        loss = F.cross_entropy(model(x.detach().clone().requires_grad_()), y, reduction="sum")
    return torch.autograd.grad(loss, x)[0]


@chaff("fgsm", caught_by=("moves_the_way_the_loss_rises",))
def gradients_switched_off(model, x, y, eps, **options):
    """It switches gradients off and then asks for one. Judging a model needs none; attacking it does."""
    return _step(model, x, y, eps, slope=_switched_off, **options)


@chaff("pgd", caught_by=("stays_in_the_box",))
def forgets_the_box_pgd(model, x, y, eps, *, low=0.0, high=1.0, **options):
    """It projects to the ball and not to the box. What no image can hold fools nobody: clamp after every step."""
    return _climb(model, x, y, eps, low=-torch.inf, high=torch.inf, **options)


@chaff("pgd", caught_by=("returns_inside_after_every_step",))
def projects_at_the_end_only(model, x, y, eps, *, norm="linf", low=0.0, high=1.0, **options):
    """It projects after the last step only. The slopes before are then taken where the image may not go."""
    moved = _climb(model, x, y, eps, norm=norm, low=low, high=high, project=lambda moved, *rest: moved, **options)
    return _project(moved, x.detach(), eps, norm, low, high)


@chaff("pgd", caught_by=("stays_in_the_ball",))
def ball_around_the_last_iterate(model, x, y, eps, **options):
    """It projects to a ball around the iterate before, which moves along. The ball stays around the clean image."""
    return _climb(model, x, y, eps, around=lambda clean, current: current, **options)


@chaff("pgd", caught_by=("looks_again_after_every_step", "does_better_than_fgsm"))
def slope_of_the_clean_image(model, x, y, eps, **options):
    """It takes the gradient at the clean image in every step, one long step in all. Take it anew at the iterate."""
    return _climb(model, x, y, eps, slope=lambda model, current, y: _slope(model, x, y), **options)


@chaff("pgd", caught_by=("takes_steps_of_length_alpha", "follows_the_slope"))
def signs_for_every_norm(model, x, y, eps, **options):
    """It steps along the sign for l2 too. There the step follows the gradient and has L2 length alpha."""
    return _climb(model, x, y, eps, direction=lambda slope, norm: slope.sign(), **options)


@chaff("pgd", caught_by=("takes_steps_of_length_alpha", "treats_samples_alone"))
def one_length_for_all_slopes(model, x, y, eps, **options):
    """It divides by the length of the whole batch's gradient. Each sample takes a step of length alpha of its own."""

    def direction(slope, norm):
        return slope.sign() if norm == "linf" else slope / slope.norm().clamp(min=1e-12)

    return _climb(model, x, y, eps, direction=direction, **options)


@chaff("pgd", caught_by=("stays_where_the_slope_is_zero",))
def divides_by_a_zero_slope(model, x, y, eps, **options):
    """It divides by the gradient's length even where that is 0. A sample without slope stays, and is not nan."""

    def direction(slope, norm):
        return slope.sign() if norm == "linf" else slope / _length(slope)

    return _climb(model, x, y, eps, direction=direction, **options)


@chaff("pgd", caught_by=("takes_full_steps_on_gentle_slopes",))
def shortens_gentle_steps(model, x, y, eps, **options):
    """It guards the division with a number as large as honest gradients. Down to a length of 1e-6 steps are full."""

    def direction(slope, norm):
        return slope.sign() if norm == "linf" else slope / (_length(slope) + 1e-4)

    return _climb(model, x, y, eps, direction=direction, **options)


@chaff("pgd", caught_by=("takes_every_step",))
def stops_samples_that_are_fooled(model, x, y, eps, *, targeted=False, **options):
    """It leaves samples alone once they are fooled. Every sample takes all steps: a surer mistake transfers better."""

    def slope(model, current, y):
        with torch.no_grad():
            at_the_goal = (model(current).argmax(-1) == y) == targeted
        return _slope(model, current, y) * _room(~at_the_goal, x)

    return _climb(model, x, y, eps, targeted=targeted, slope=slope, **options)


@chaff("pgd", caught_by=("takes_every_step", "takes_steps_of_length_alpha", "agrees_with_the_reference"))
def spreads_epsilon_over_the_steps(model, x, y, eps, *, alpha, steps, **options):
    """It takes steps of size ε over their number. A step has size alpha; ε bounds where all of them lead."""
    return _climb(model, x, y, eps, alpha=eps / max(steps, 1), steps=steps, **options)


@chaff("pgd", caught_by=("goes_towards_a_wanted_class",))
def ignores_targeted_pgd(model, x, y, eps, *, targeted=False, **options):
    """It climbs the loss of the wanted class too, away from it. With targeted, step down the loss."""
    return _climb(model, x, y, eps, **options)


@chaff("pgd", caught_by=("gives_the_start_for_no_steps",))
def always_starts_at_random(model, x, y, eps, *, random_start=False, **options):
    """It starts at a random point, asked to or not. By default the start is the clean image."""
    return _climb(model, x, y, eps, random_start=True, **options)


@chaff("pgd", caught_by=("starts_anywhere_in_the_linf_ball", "starts_anywhere_in_the_l2_ball"))
def starts_on_the_bright_side(model, x, y, eps, **options):
    """It draws starts that only brighten pixels. The ball reaches to both sides of the clean image."""
    return _climb(model, x, y, eps, start=lambda *call: _start(*call).abs(), **options)


@chaff("pgd", caught_by=("starts_anywhere_in_the_linf_ball", "starts_anywhere_in_the_l2_ball"))
def starts_on_the_surface(model, x, y, eps, **options):
    """It starts on the surface of the ball. The start is uniform in the solid ball, inside as well."""

    def start(x, eps, norm, generator):
        return eps * _direction(_start(x, eps, norm, generator), norm)

    return _climb(model, x, y, eps, start=start, **options)


@chaff("pgd", caught_by=("starts_anywhere_in_the_l2_ball",))
def starts_with_a_uniform_radius(model, x, y, eps, **options):
    """It draws the radius uniformly, which crowds the middle. A ball has more room outside: uniform is by volume."""

    def start(x, eps, norm, generator):
        drawn = _start(x, eps, norm, generator)
        return drawn if norm == "linf" else drawn * (_length(drawn) / eps) ** (x[:1].numel() - 1)

    return _climb(model, x, y, eps, start=start, **options)


@chaff("pgd", caught_by=("is_reproducible",))
def ignores_the_generator(model, x, y, eps, *, generator=None, **options):
    """It draws from the global random state even when it is given a generator. Draw from the one it is given."""
    return _climb(model, x, y, eps, **options)


@chaff("pgd", caught_by=("refuses_another_norm",))
def accepts_any_norm(model, x, y, eps, *, norm="linf", **options):
    """It takes any norm it does not know for linf. A misspelt norm deserves a ValueError, not a wrong result."""
    return _climb(model, x, y, eps, norm=norm if norm == "l2" else "linf", **options)


@chaff("pgd", caught_by=("leaves_everything_as_it_was",))
def backward_into_the_model_pgd(model, x, y, eps, **options):
    """It runs backward through the whole model and leaves gradients there. Ask for the gradient of the pixels alone."""
    return _climb(model, x, y, eps, slope=_backward, **options)


@chaff("pgd", caught_by=("keeps_the_dtype",))
def single_precision_pgd(model, x, y, eps, **options):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _climb(model, x, y, eps, **options).float()


@chaff("pgd", caught_by=("takes_an_empty_batch",))
def scales_by_the_steepest_pgd(model, x, y, eps, **options):
    """It divides by the steepest pixel's gradient, which turns no step, but an empty batch has no steepest pixel."""
    return _climb(model, x, y, eps, slope=_steepest_first, **options)


@chaff("pgd", caught_by=("works_under_no_grad",))
def trusts_gradients_to_be_on_pgd(model, x, y, eps, **options):
    """It takes gradients for switched on, and its caller may have switched them off. An attack switches them on."""
    return _climb(model, x, y, eps, slope=_trusting, **options)


@chaff("pgd", caught_by=("takes_every_step",))
def gradients_switched_off_pgd(model, x, y, eps, **options):
    """It switches gradients off and then asks for one. Judging a model needs none; attacking it does."""
    return _climb(model, x, y, eps, slope=_switched_off, **options)


@chaff("ensemble_logits", caught_by=("of_copies_is_the_copy", "hears_every_model_equally", "agrees_with_the_reference"))
def adds_up(models, x):
    """It adds the logits up. Their mean keeps the size of one model's logits, however many there are."""
    return sum(model(x) for model in models)


@chaff("ensemble_logits", caught_by=("of_copies_is_the_copy", "hears_every_model_equally"))
def averages_probabilities(models, x):
    """It averages probabilities. Logits are wanted: softmax flattens where a model is sure."""
    return torch.stack([model(x).softmax(-1) for model in models]).mean(0)


@chaff("ensemble_logits", caught_by=("hears_every_model_equally", "attacks_transfer_better"))
def hears_the_last_only(models, x):
    """It overwrites the logits in each turn, so that only the last model counts. All of them do, equally."""
    return [model(x) for model in models][-1]


@chaff("ensemble_logits", caught_by=("hears_every_model_equally",))
def takes_the_median(models, x):
    """It takes the middle of the logits. Their mean is wanted, in which every model counts."""
    return torch.stack([model(x) for model in models]).median(0).values


@chaff("ensemble_logits", caught_by=("has_the_right_gradient",))
def cuts_the_graph(models, x):
    """It computes the logits without a graph. The attack needs their gradient for the images."""
    with torch.no_grad():
        return torch.stack([model(x) for model in models]).mean(0)


@chaff("ensemble_logits", caught_by=("leaves_everything_as_it_was",))
def leaves_train_mode(models, x):
    """It leaves the models in train mode. The modes of a model are its owner's: leave them as they were."""
    mean = torch.stack([model(x) for model in models]).mean(0)
    for model in models:
        model.train()
    return mean


@chaff("ensemble_logits", caught_by=("treats_samples_alone", "of_copies_is_the_copy"))
def scales_by_the_batch(models, x):
    """It divides every model's logits by their size over the batch. They are averaged as they are."""
    logits = [model(x) for model in models]
    return torch.stack([each / each.pow(2).mean().sqrt().clamp(min=1e-12) for each in logits]).mean(0)


@chaff("ensemble_logits", caught_by=("keeps_the_dtype",))
def single_precision_ensemble(models, x):
    """It answers in float32 whatever came in. Keep the dtype."""
    return torch.stack([model(x) for model in models]).mean(0).float()


@chaff("ensemble_logits", caught_by=("takes_an_empty_batch",))
def goes_sample_by_sample(models, x):
    """It stacks the results of single samples, and there are none to stack in an empty batch. Give it to the models."""
    return torch.stack([sum(model(each) for model in models)[0] / len(models) for each in x.split(1) if len(each)])


@chaff("distillation_loss", caught_by=("grows_with_the_square_of_the_temperature",))
def forgets_the_square(student_logits, teacher_logits, temperature):
    """It leaves out the factor T². Without it the gradient fades as T grows, and T changes the size of the step."""
    return _divergence(student_logits, teacher_logits.detach(), temperature).sum(-1).mean()


@chaff("distillation_loss", caught_by=("grows_with_the_square_of_the_temperature",))
def softens_the_teacher_only(student_logits, teacher_logits, temperature):
    """It softens the teacher only. Both sides are divided by T, or equal logits would not have divergence 0."""
    each = _divergence(student_logits * temperature, teacher_logits.detach(), temperature)
    return temperature**2 * each.sum(-1).mean()


@chaff("distillation_loss", caught_by=("is_the_divergence_from_the_teacher",))
def averages_over_classes(student_logits, teacher_logits, temperature):
    """It averages over batch and classes. A divergence sums over the classes; only the batch is averaged."""
    return temperature**2 * _divergence(student_logits, teacher_logits.detach(), temperature).mean()


@chaff("distillation_loss", caught_by=("averages_over_the_batch",))
def sums_over_the_batch(student_logits, teacher_logits, temperature):
    """It sums over the batch. The mean makes the loss the same for batches of every size."""
    return temperature**2 * _divergence(student_logits, teacher_logits.detach(), temperature).sum()


@chaff("distillation_loss", caught_by=("is_the_divergence_from_the_teacher",))
def swaps_the_roles(student_logits, teacher_logits, temperature):
    """It takes the divergence from the student. The expectation runs over the teacher's probabilities."""
    return temperature**2 * _divergence(teacher_logits.detach(), student_logits, temperature).sum(-1).mean()


@chaff("distillation_loss", caught_by=("is_the_divergence_from_the_teacher", "makes_a_proxy_whose_attacks_transfer"))
def turns_the_sign(student_logits, teacher_logits, temperature):
    """It has the sign the wrong way round and drives the student away. The divergence is never negative."""
    return -(temperature**2) * _divergence(student_logits, teacher_logits.detach(), temperature).sum(-1).mean()


@chaff("distillation_loss", caught_by=("is_zero_for_equal_logits", "is_the_divergence_from_the_teacher"))
def keeps_the_teachers_entropy(student_logits, teacher_logits, temperature):
    """It is the cross-entropy, which exceeds the divergence by the teacher's entropy. Equal logits must give 0."""
    soft = F.softmax(teacher_logits.detach() / temperature, dim=-1)
    return temperature**2 * F.cross_entropy(student_logits / temperature, soft)


@chaff("distillation_loss", caught_by=("survives_extreme_logits",))
def logarithm_of_a_probability(student_logits, teacher_logits, temperature):
    """It takes the logarithm of a softmax, infinite where that underflows. A log-softmax does not underflow."""
    student = (student_logits / temperature).softmax(-1).log()
    teacher = F.log_softmax(teacher_logits.detach() / temperature, dim=-1)
    return temperature**2 * (teacher.exp() * (teacher - student)).sum(-1).mean()


@chaff("distillation_loss", caught_by=("agrees_with_the_reference",))
def logarithm_of_a_guarded_probability(student_logits, teacher_logits, temperature):
    """It takes log(p + 1e-8), whose gradient dies where p is tiny. A log-softmax is right everywhere."""
    student = ((student_logits / temperature).softmax(-1) + 1e-8).log()
    teacher = F.log_softmax(teacher_logits.detach() / temperature, dim=-1)
    return temperature**2 * (teacher.exp() * (teacher - student)).sum(-1).mean()


@chaff("distillation_loss", caught_by=("has_the_right_gradient",))
def teaches_the_teacher(student_logits, teacher_logits, temperature):
    """It lets gradients flow to the teacher, who would give way to the student. Hold the teacher constant."""
    return temperature**2 * _divergence(student_logits, teacher_logits, temperature).sum(-1).mean()


@chaff("distillation_loss", caught_by=("leaves_everything_as_it_was",))
def divides_in_place(student_logits, teacher_logits, temperature):
    """It divides the caller's logits in place. Work on new tensors."""
    with torch.no_grad():
        teacher = teacher_logits.div_(temperature).clone() * temperature
    return temperature**2 * _divergence(student_logits, teacher, temperature).sum(-1).mean()


@chaff("distillation_loss", caught_by=("keeps_the_dtype",))
def double_precision(student_logits, teacher_logits, temperature):
    """It answers in float64 whatever came in. Keep the dtype."""
    return temperature**2 * _divergence(student_logits, teacher_logits.detach(), temperature).sum(-1).mean().double()


@chaff("distillation_loss", caught_by=("takes_an_empty_batch", "is_zero_for_equal_logits"))
def scales_to_the_greatest(student_logits, teacher_logits, temperature):
    """It divides both by their greatest logit against overflow. Log-softmax cannot overflow; no samples have none."""
    student, teacher = student_logits, teacher_logits.detach()
    each = _divergence(student / student.abs().max(), teacher / teacher.abs().max(), temperature)
    return temperature**2 * each.sum(-1).mean()


@chaff("attack_success_rate", caught_by=("counts_only_those_right_before",))
def divides_by_all_samples(labels, clean_predictions, adversarial_predictions):
    """It divides by all samples. Those that were wrong before are no success and no failure: they do not count."""
    _, fooled = _fooled(labels, clean_predictions, adversarial_predictions)
    return fooled.sum().item() / max(len(labels), 1)


@chaff("attack_success_rate", caught_by=("counts_only_those_right_before", "ignores_those_wrong_before"))
def counts_all_errors(labels, clean_predictions, adversarial_predictions):
    """It gives the share of wrong answers after the attack. What was wrong before it is no success."""
    return (adversarial_predictions != labels).sum().item() / max(len(labels), 1)


@chaff("attack_success_rate", caught_by=("ignores_those_wrong_before", "agrees_with_the_reference"))
def counts_changes(labels, clean_predictions, adversarial_predictions):
    """It counts every changed prediction. Only right ones that turn wrong are a success."""
    right, _ = _fooled(labels, clean_predictions, adversarial_predictions)
    return (adversarial_predictions != clean_predictions).sum().item() / max(right.sum().item(), 1)


@chaff("attack_success_rate", caught_by=("counts_only_those_right_before",))
def counts_changes_of_all(labels, clean_predictions, adversarial_predictions):
    """It gives the share of predictions that changed. Only right ones that turn wrong are a success."""
    return (adversarial_predictions != clean_predictions).sum().item() / max(len(labels), 1)


@chaff("attack_success_rate", caught_by=("is_one_if_all_are_fooled", "counts_only_those_right_before"))
def counts_survivors(labels, clean_predictions, adversarial_predictions):
    """It gives the share that stays right. Success is the attacker's: the share that turns wrong."""
    right, fooled = _fooled(labels, clean_predictions, adversarial_predictions)
    return (right & ~fooled).sum().item() / max(right.sum().item(), 1)


@chaff("attack_success_rate", caught_by=("is_zero_where_nothing_was_right",))
def mean_of_nothing(labels, clean_predictions, adversarial_predictions):
    """It averages over the samples that were right, and the mean of none is nan. Then the rate is 0.0."""
    right, fooled = _fooled(labels, clean_predictions, adversarial_predictions)
    return fooled[right].double().mean().item()


@chaff("attack_success_rate", caught_by=("leaves_everything_as_it_was",))
def marks_the_labels(labels, clean_predictions, adversarial_predictions):
    """It marks samples in the caller's labels. Work on a copy."""
    right, fooled = _fooled(labels, clean_predictions, adversarial_predictions)
    labels[~right] = -1
    return fooled.sum().item() / max(right.sum().item(), 1)


@chaff("attack_success_rate", caught_by=("takes_an_empty_batch", "is_zero_where_nothing_was_right"))
def asks_for_the_number_of_classes(labels, clean_predictions, adversarial_predictions):
    """It asks for the greatest label, and an empty batch has none. Without samples the rate is 0.0."""
    right, fooled = _fooled(labels, clean_predictions, adversarial_predictions)
    counts = torch.bincount(labels[fooled], minlength=int(labels.max()) + 1)
    return counts.sum().item() / max(right.sum().item(), 1)
