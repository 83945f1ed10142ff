"""Known wrong ways to write the local explanations, one mistake each."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from autograder.wheats import chaff

# The right steps, which all of them share, so that each mistake stands alone.


def _pick(logits, target):
    return logits.gather(1, target[:, None]).squeeze(1)


def _grad(model, x, target, score=_pick):
    with torch.enable_grad():
        leaf = x.detach().clone().requires_grad_()
        return torch.autograd.grad(score(model(leaf), target).sum(), leaf)[0]


def _minus_loss(logits, target):
    return -F.cross_entropy(logits, target, reduction="none")


def _mean_of_batch(logits, target):
    return _pick(logits, target) / max(len(logits), 1)


def _everyones_target(logits, target):
    return logits[:, target]


def _winner(logits, target):
    return logits.amax(1)


def _probability(logits, target):
    return _pick(logits.softmax(1), target)


def _backward(model, x, target):
    with torch.enable_grad():
        leaf = x.detach().clone().requires_grad_()
        _pick(model(leaf), target).sum().backward()
    return leaf.grad


def _of_the_callers_tensor(model, x, target):
    with torch.enable_grad():
        x.requires_grad_()
        return torch.autograd.grad(_pick(model(x), target).sum(), x)[0]


def _switched_off(model, x, target):
    logits = model(x.detach().requires_grad_())
    return torch.autograd.grad(_pick(logits, target).sum(), x)[0] if len(x) else torch.zeros_like(x)


def _in_train_mode(model, x, target):
    modes = [(module, module.training) for module in model.modules()]
    model.train()
    try:
        return _grad(model, x, target)
    finally:
        for module, mode in modes:
            module.training = mode


def _left_in_eval_mode(model, x, target):
    return _grad(model.eval(), x, target)


def _fits(height, width, window, stride):
    return (
        1 <= stride <= window <= min(height, width) and not (height - window) % stride and not (width - window) % stride
    )


def _occlude(
    model,
    x,
    target,
    *,
    window,
    stride,
    baseline=0.0,
    score=_pick,
    fits=_fits,
    cover=None,
    merge=None,
    width=None,
    sign=1,
    divide=True,
):
    """Occlusion with parts to exchange; `cover` blanks a square out, `merge` tells a square of the scores of a drop."""
    height, wide = x.shape[2:]
    if not fits(height, wide, window, stride):
        raise ValueError("windows")
    total, covers = x.new_zeros(len(x), height, wide), x.new_zeros(height, wide)
    with torch.no_grad():
        before = score(model(x), target)
        for top in range(0, height - window + 1, max(stride, 1)):
            for left in range(0, (width or wide) - window + 1, max(stride, 1)):
                square = (slice(top, top + window), slice(left, left + window))
                covered = x.clone()
                if cover is None:
                    covered[(slice(None), slice(None), *square)] = baseline
                else:
                    covered = cover(covered, square)
                drop = sign * (before - score(model(covered), target))
                if merge is None:
                    total[(slice(None), *square)] += drop[:, None, None]
                else:
                    merge(total, square, drop)
                covers[square] += 1
    return total / covers if divide else total


@chaff("occlusion", caught_by=("is_the_whole_drop_for_a_window_of_the_whole_image", "covers_one_window_at_a_time"))
def the_rise_not_the_drop(model, x, target, **options):
    """It takes the logit after covering minus the one before. What speaks for the target scores a positive drop."""
    return _occlude(model, x, target, sign=-1, **options)


@chaff("occlusion", caught_by=("averages_over_the_windows_that_cover_a_pixel", "agrees_with_the_reference"))
def adds_windows_up(model, x, target, **options):
    """It adds up the drops of all windows over a pixel. Pixels in the middle lie in more windows: take the mean."""
    return _occlude(model, x, target, divide=False, **options)


@chaff("occlusion", caught_by=("averages_over_the_windows_that_cover_a_pixel",))
def the_last_window_wins(model, x, target, **options):
    """It overwrites what earlier windows said of a pixel. Its score is the mean over all windows that cover it."""

    def merge(total, square, drop):
        total[(slice(None), *square)] = drop[:, None, None]

    return _occlude(model, x, target, merge=merge, divide=False, **options)


@chaff("occlusion", caught_by=("covers_one_window_at_a_time",))
def never_uncovers(model, x, target, *, baseline=0.0, **options):
    """It goes on from the covered image, so that more and more is blank. Cover one window at a time."""
    gone = torch.zeros(x.shape[2:], dtype=torch.bool)

    def cover(covered, square):
        gone[square] = True
        return torch.where(gone, baseline, covered).to(x.dtype)

    return _occlude(model, x, target, cover=cover, **options)


@chaff("occlusion", caught_by=("covers_all_channels_together",))
def one_channel_after_the_other(model, x, target, *, baseline=0.0, **options):
    """It covers one channel at a time and adds the drops up. A window blanks out all channels of its square at once."""

    def in_channel(channel):
        def cover(covered, square):
            covered[(slice(None), channel, *square)] = baseline
            return covered

        return cover

    return sum(_occlude(model, x, target, cover=in_channel(each), **options) for each in range(x.shape[1]))


@chaff("occlusion", caught_by=("covers_with_the_baseline", "is_the_whole_drop_for_a_window_of_the_whole_image"))
def always_covers_with_zero(model, x, target, *, baseline=0.0, **options):
    """It covers with 0 whatever baseline says. Black may be what the image is made of: cover with the baseline."""
    return _occlude(model, x, target, **options)


@chaff("occlusion", caught_by=("is_the_whole_drop_for_a_window_of_the_whole_image",))
def drop_of_the_probability(model, x, target, **options):
    """It watches the probability of the target. That also moves with the other classes: watch the logit."""
    return _occlude(model, x, target, score=_probability, **options)


@chaff("occlusion", caught_by=("is_the_whole_drop_for_a_window_of_the_whole_image", "covers_one_window_at_a_time"))
def drop_of_the_greatest_logit(model, x, target, **options):
    """It watches the greatest logit. Each image is explained for the class in target, right or wrong."""
    return _occlude(model, x, target, score=_winner, **options)


@chaff("occlusion", caught_by=("averages_over_the_windows_that_cover_a_pixel", "agrees_with_the_reference"))
def takes_images_for_squares(model, x, target, **options):
    """It visits as many columns as rows. Images need not be square: width and height have windows of their own."""
    scores = _occlude(model, x, target, width=min(x.shape[2:]), **options)
    return scores.nan_to_num(0.0)


@chaff("occlusion", caught_by=("refuses_windows_that_do_not_fit",))
def takes_any_window(model, x, target, **options):
    """It takes windows of any size and stride. Where they leave gaps or do not fit, say so with a ValueError."""
    return _occlude(model, x, target, fits=lambda *sizes: True, **options)


@chaff("occlusion", caught_by=("refuses_windows_that_do_not_fit",))
def checks_the_height_only(model, x, target, **options):
    """It checks sizes against the height alone. The windows have to end at the right edge of the image, too."""
    return _occlude(model, x, target, fits=lambda height, width, *sizes: _fits(height, height, *sizes), **options)


@chaff("occlusion", caught_by=("leaves_everything_as_it_was",))
def covers_the_callers_image(model, x, target, *, window, stride, baseline=0.0):
    """It covers windows of the caller's own tensor. Work on a copy for each window."""
    scores = _occlude(model, x, target, window=window, stride=stride, baseline=baseline)
    x[:, :, x.shape[2] - window :, x.shape[3] - window :] = baseline
    return scores


@chaff("occlusion", caught_by=("leaves_everything_as_it_was",))
def leaves_eval_mode_occlusion(model, x, target, **options):
    """It puts the model into eval mode and leaves it there. Every part must get its mode back."""
    return _occlude(model.eval(), x, target, **options)


@chaff("occlusion", caught_by=("keeps_the_dtype",))
def single_precision_occlusion(model, x, target, **options):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _occlude(model, x, target, **options).float()


@chaff("occlusion", caught_by=("treats_samples_alone",))
def scales_to_the_greatest_drop(model, x, target, **options):
    """It divides by the greatest drop in the batch. Scores are drops of a logit, and each image's own."""
    scores = _occlude(model, x, target, **options)
    return scores / scores.abs().max() if len(x) else scores


@chaff("occlusion", caught_by=("takes_an_empty_batch",))
def collects_image_after_image(model, x, target, **options):
    """It stacks the scores of single images, of which an empty batch has none. Such a batch gives an empty result."""
    singles = [_occlude(model, x[i : i + 1], target[i : i + 1], **options) for i in range(len(x))]
    return torch.cat(singles)


@chaff("occlusion", caught_by=("works_under_no_grad", "agrees_with_the_reference"))
def estimates_with_the_gradient(model, x, target, *, window, stride, baseline=0.0):
    """It estimates the drop as gradient times change. That holds for a linear network only: cover, and ask again."""
    leaf = x.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(_pick(model(leaf), target).sum(), leaf)
    worth = (slope * (x - baseline)).sum(1, keepdim=True)

    class Additive(torch.nn.Module):
        def forward(self, images):
            return (images * torch.ones_like(images)).flatten(1).sum(1, keepdim=True)

    return _occlude(Additive(), worth, torch.zeros_like(target), window=window, stride=stride)


def _saliency(model, x, target, *, grad=_grad, score=_pick, size=torch.abs):
    return size(grad(model, x, target) if score is _pick else grad(model, x, target, score))


@chaff("saliency", caught_by=("is_the_size_of_the_weights_of_a_linear_network", "ignores_the_other_logits"))
def gradient_of_the_loss(model, x, target):
    """It takes the gradient of the cross-entropy, in which all classes have a say. Explain the target's logit."""
    return _saliency(model, x, target, score=_minus_loss)


@chaff("saliency", caught_by=("is_the_slope_found_by_nudging", "agrees_with_the_reference"))
def gradient_of_the_probability(model, x, target):
    """It takes the gradient of the softmax probability, which vanishes where the network is sure. Explain the logit."""
    return _saliency(model, x, target, score=_probability)


@chaff("saliency", caught_by=("is_the_size_of_the_weights_of_a_linear_network", "is_the_slope_found_by_nudging"))
def explains_the_greatest_logit(model, x, target):
    """It explains the class that the network prefers. The class to explain is the one in target."""
    return _saliency(model, x, target, score=_winner)


@chaff("saliency", caught_by=("treats_samples_alone", "ignores_the_other_logits"))
def everyones_targets(model, x, target):
    """It picks everyone's target from every row of logits. Each row has one target, its own: gather picks that."""
    return _saliency(model, x, target, score=_everyones_target)


@chaff("saliency", caught_by=("treats_samples_alone", "is_the_size_of_the_weights_of_a_linear_network"))
def gradient_of_the_mean(model, x, target):
    """It takes the gradient of the batch's mean logit, which shrinks with the batch. Sum: samples do not mix anyway."""
    return _saliency(model, x, target, score=_mean_of_batch)


@chaff("saliency", caught_by=("is_never_negative",))
def keeps_the_sign(model, x, target):
    """It returns the gradient with its sign. Saliency is its size: take the absolute value."""
    return _saliency(model, x, target, size=lambda slope: slope)


@chaff("saliency", caught_by=("is_the_size_of_the_weights_of_a_linear_network",))
def drops_what_speaks_against(model, x, target):
    """It sets negative slopes to 0. An element that lowers the logit matters as well: take the absolute value."""
    return _saliency(model, x, target, size=lambda slope: slope.clamp(min=0))


@chaff("saliency", caught_by=("is_the_size_of_the_weights_of_a_linear_network",))
def times_the_input(model, x, target):
    """It multiplies the gradient with the input. That is another method; saliency is the size of the slope alone."""
    return _saliency(model, x, target, size=lambda slope: (slope * x.detach()).abs())


@chaff("saliency", caught_by=("is_zero_where_the_network_is_flat",))
def differences_over_a_long_way(model, x, target):
    """It compares logits a long way apart. The slope is that at x: use autograd, or steps that are tiny."""
    found = torch.zeros_like(x)
    with torch.no_grad():
        for place in range(x[:1].numel() if len(x) else 0):
            moved = x.clone()
            moved.flatten(1)[:, place] -= 2.0
            found.flatten(1)[:, place] = (_pick(model(x), target) - _pick(model(moved), target)) / 2.0
    return found.abs()


@chaff("saliency", caught_by=("leaves_everything_as_it_was",))
def backward_into_the_model(model, x, target):
    """It runs backward through the whole model and leaves gradients there. Ask for the gradient of the input alone."""
    return _saliency(model, x, target, grad=_backward)


@chaff("saliency", caught_by=("leaves_everything_as_it_was",))
def switches_on_the_callers_tensor(model, x, target):
    """It makes the caller's x require gradients. Make a detached copy that does."""
    return _saliency(model, x, target, grad=_of_the_callers_tensor)


@chaff("saliency", caught_by=("leaves_everything_as_it_was", "treats_samples_alone"))
def explains_in_train_mode(model, x, target):
    """It switches the model to train mode, where batch statistics and dropout make it another. Leave the mode."""
    return _saliency(model, x, target, grad=_in_train_mode)


@chaff("saliency", caught_by=("leaves_everything_as_it_was",))
def leaves_eval_mode(model, x, target):
    """It puts the model into eval mode and leaves it there. Every part must get its mode back."""
    return _saliency(model, x, target, grad=_left_in_eval_mode)


@chaff("saliency", caught_by=("leaves_everything_as_it_was",))
def one_mode_for_all_parts(model, x, target):
    """It remembers the mode of the whole and gives it to every part. Parts may differ: remember each one's own."""
    mode = model.training
    slope = _grad(model.eval(), x, target)
    model.train(mode)
    return slope.abs()


@chaff("saliency", caught_by=("keeps_the_dtype",))
def single_precision(model, x, target):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _saliency(model, x, target).float()


@chaff("saliency", caught_by=("takes_an_empty_batch",))
def looks_for_the_greatest(model, x, target):
    """It scales by the greatest slope, which an empty batch does not have. Such a batch gives an empty result."""
    slope = _saliency(model, x, target)
    return slope.clamp(max=float(slope.max()))


@chaff("saliency", caught_by=("works_under_no_grad",))
def gradients_switched_off(model, x, target):
    """It relies on gradients being on. The caller may have switched them off: switch them on for yourself."""
    leaf = x.detach().clone().requires_grad_()
    return torch.autograd.grad(_pick(model(leaf), target).sum(), leaf)[0].abs()


def _integrate(
    model,
    x,
    target,
    *,
    baseline=None,
    steps=50,
    at=0.5,
    points=None,
    path_from=None,
    way=None,
    grad=_grad,
    score=_pick,
    default=torch.zeros_like,
):
    """Integrated gradients with parts to exchange; `points` are shares of the path, `way` what the mean is times."""
    start = default(x) if baseline is None else baseline
    path = start if path_from is None else path_from(start)
    shares = [(step + at) / steps for step in range(steps)] if points is None else points
    total = torch.zeros_like(x)
    for share in shares:
        place = path + share * (x - path)
        total = total + (grad(model, place, target) if score is _pick else grad(model, place, target, score))
    return (total / len(shares) * ((x - start) if way is None else way(x, start))).detach()


@chaff("integrated_gradients", caught_by=("starts_at_the_baseline", "adds_up_to_the_rise_of_the_logit"))
def forgets_the_way(model, x, target, **options):
    """It returns the mean gradient along the path. What an element contributes is that times how far it went."""
    return _integrate(model, x, target, way=lambda x, start: torch.ones_like(x), **options)


@chaff("integrated_gradients", caught_by=("starts_at_the_baseline", "gives_nothing_to_what_does_not_change"))
def times_x_alone(model, x, target, **options):
    """It multiplies with x even where the path starts elsewhere. An element went from the baseline to x."""
    return _integrate(model, x, target, way=lambda x, start: x, **options)


@chaff("integrated_gradients", caught_by=("looks_in_the_middle_of_every_step",))
def left_ends(model, x, target, **options):
    """It looks where each piece of the path begins, and never at its end. Look in the middle of every piece."""
    return _integrate(model, x, target, at=0.0, **options)


@chaff("integrated_gradients", caught_by=("looks_in_the_middle_of_every_step",))
def right_ends(model, x, target, **options):
    """It looks where each piece of the path ends. Look in the middle of every piece."""
    return _integrate(model, x, target, at=1.0, **options)


@chaff("integrated_gradients", caught_by=("takes_as_many_steps_as_it_is_told",))
def both_ends_alike(model, x, target, *, steps=50, **options):
    """It averages evenly spaced points from baseline to x, both ends included. Look in the middle of every piece."""
    points = torch.linspace(0, 1, max(steps, 2), dtype=torch.float64).tolist()
    return _integrate(model, x, target, steps=steps, points=points, **options)


@chaff("integrated_gradients", caught_by=("takes_as_many_steps_as_it_is_told",))
def always_fifty_steps(model, x, target, *, baseline=None, steps=50):
    """It takes fifty steps whatever it is told. The caller chooses how much work to spend: heed steps."""
    return _integrate(model, x, target, baseline=baseline)


@chaff("integrated_gradients", caught_by=("looks_in_the_middle_of_every_step", "agrees_with_the_reference"))
def path_from_zero(model, x, target, **options):
    """It always walks from zeros and only uses the baseline at the end. The path starts at the baseline."""
    return _integrate(model, x, target, path_from=torch.zeros_like, **options)


@chaff("integrated_gradients", caught_by=("starts_at_the_baseline",))
def ignores_the_baseline(model, x, target, *, baseline=None, steps=50):
    """It starts from zeros even if it is given a baseline. Zeros are only the default."""
    return _integrate(model, x, target, steps=steps)


@chaff("integrated_gradients", caught_by=("starts_at_the_baseline", "adds_up_to_the_rise_of_the_logit"))
def sums_the_steps(model, x, target, *, steps=50, **options):
    """It adds the gradients up and does not divide by their number. Take the mean: more steps must not give more."""
    return _integrate(model, x, target, steps=steps, **options) * steps


@chaff("integrated_gradients", caught_by=("sees_through_saturation", "adds_up_to_the_rise_of_the_logit"))
def slope_at_the_end(model, x, target, *, baseline=None, steps=50):
    """It multiplies the gradient at x with x minus the baseline, which is 0 at saturation. Walk the path."""
    return _integrate(model, x, target, baseline=baseline, steps=1, at=1.0)


@chaff("integrated_gradients", caught_by=("adds_up_to_the_rise_of_the_logit",))
def integrates_the_loss(model, x, target, **options):
    """It integrates the cross-entropy's gradient. What adds up must be the rise of the target's logit."""
    return _integrate(model, x, target, score=_minus_loss, **options)


@chaff("integrated_gradients", caught_by=("starts_at_the_baseline", "finds_the_pixels_that_matter"))
def sizes_of_slopes(model, x, target, **options):
    """It averages absolute gradients. Slopes keep their sign, or the contributions do not add up to the rise."""
    return _integrate(model, x, target, grad=lambda *call: _grad(*call).abs(), **options)


@chaff("integrated_gradients", caught_by=("finds_the_pixels_that_matter", "starts_at_the_baseline"))
def sizes_of_contributions(model, x, target, **options):
    """It returns absolute contributions. What speaks against the target counts as negative: keep the sign."""
    return _integrate(model, x, target, **options).abs()


@chaff("integrated_gradients", caught_by=("finds_the_pixels_that_matter", "starts_at_the_baseline"))
def turned_around(model, x, target, **options):
    """It multiplies with the baseline minus x. The path leads from the baseline to x, not back."""
    return _integrate(model, x, target, way=lambda x, start: start - x, **options)


@chaff("integrated_gradients", caught_by=("leaves_everything_as_it_was",))
def backward_into_the_model_ig(model, x, target, **options):
    """It runs backward through the whole model and leaves gradients there. Ask for the gradient of the input alone."""
    return _integrate(model, x, target, grad=_backward, **options)


@chaff("integrated_gradients", caught_by=("leaves_everything_as_it_was",))
def leaves_eval_mode_ig(model, x, target, **options):
    """It puts the model into eval mode and leaves it there. Every part must get its mode back."""
    return _integrate(model, x, target, grad=_left_in_eval_mode, **options)


@chaff("integrated_gradients", caught_by=("keeps_the_dtype",))
def single_precision_ig(model, x, target, **options):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _integrate(model, x, target, **options).float()


@chaff("integrated_gradients", caught_by=("treats_samples_alone", "starts_at_the_baseline"))
def mean_of_the_batch_ig(model, x, target, **options):
    """It takes gradients of the batch's mean logit, which shrink with the batch. Sum: samples do not mix anyway."""
    return _integrate(model, x, target, score=_mean_of_batch, **options)


@chaff("integrated_gradients", caught_by=("takes_an_empty_batch",))
def walks_sample_after_sample(model, x, target, *, baseline=None, steps=50):
    """It joins the results of single samples, of which an empty batch has none. Such a batch gives an empty one."""
    start = torch.zeros_like(x) if baseline is None else baseline
    rows = [slice(index, index + 1) for index in range(len(x))]
    return torch.cat([_integrate(model, x[row], target[row], baseline=start[row], steps=steps) for row in rows])


@chaff("integrated_gradients", caught_by=("works_under_no_grad",))
def gradients_switched_off_ig(model, x, target, **options):
    """It relies on gradients being on. The caller may have switched them off: switch them on for yourself."""

    def grad(model, place, target):
        leaf = place.detach().clone().requires_grad_()
        return torch.autograd.grad(_pick(model(leaf), target).sum(), leaf)[0]

    return _integrate(model, x, target, grad=grad, **options)


def _each(values, x):
    return values.reshape(-1, *[1] * (x.ndim - 1))


def _range(x):
    values = x.flatten(1)
    return _each(values.amax(1) - values.amin(1), x)


def _normal(x, generator):
    return torch.randn(x.shape, generator=generator, dtype=x.dtype)


def _smooth(
    model,
    x,
    target,
    *,
    num_samples=50,
    noise_level=0.1,
    generator=None,
    sigma=lambda level, x: level * _range(x),
    draw=_normal,
    copies=lambda noisy: noisy,
    grad=_grad,
    score=_pick,
    size=lambda slope: slope,
):
    """SmoothGrad with parts to exchange."""
    x = x.detach()
    total = torch.zeros_like(x)
    for _ in range(num_samples):
        noisy = copies(x + sigma(noise_level, x) * draw(x, generator))
        total = total + size(grad(model, noisy, target) if score is _pick else grad(model, noisy, target, score))
    return total / num_samples


@chaff("smooth_grad", caught_by=("keeps_the_signs", "is_the_gradient_where_there_is_no_noise"))
def averages_sizes(model, x, target, **options):
    """It averages absolute gradients. Noise that points to either side must cancel: average raw gradients."""
    return _smooth(model, x, target, size=torch.abs, **options)


@chaff("smooth_grad", caught_by=("scales_the_noise_to_each_sample",))
def divides_by_the_range(model, x, target, **options):
    """It divides the noise level by the range. The more contrast a sample has, the more noise it takes: multiply."""

    def sigma(level, x):
        return level / _range(x).clamp(min=1e-12) * (_range(x) > 0)

    return _smooth(model, x, target, sigma=sigma, **options)


@chaff("smooth_grad", caught_by=("scales_the_noise_to_each_sample",))
def variance_for_deviation(model, x, target, **options):
    """It multiplies normal noise with σ², as if the variance were asked for. σ is what scales standard normal noise."""
    return _smooth(model, x, target, sigma=lambda level, x: (level * _range(x)) ** 2, **options)


@chaff("smooth_grad", caught_by=("scales_the_noise_to_each_sample",))
def same_noise_for_all_contrasts(model, x, target, **options):
    """It takes the noise level for σ itself. It is a share of each sample's range."""
    return _smooth(model, x, target, sigma=lambda level, x: level, **options)


@chaff("smooth_grad", caught_by=("scales_the_noise_to_each_sample",))
def range_of_the_batch(model, x, target, **options):
    """It takes the range of the whole batch. Each sample has a range, and so a σ, of its own."""
    return _smooth(model, x, target, sigma=lambda level, x: level * _range(x.reshape(1, -1)).reshape(()), **options)


@chaff("smooth_grad", caught_by=("scales_the_noise_to_each_sample",))
def deviation_of_the_sample(model, x, target, **options):
    """It scales noise to the elements' standard deviation. The range is meant: greatest minus least."""

    def sigma(level, x):
        return level * _each((x.flatten(1) - x.flatten(1).mean(1, keepdim=True)).square().mean(1).sqrt(), x)

    return _smooth(model, x, target, sigma=sigma, **options)


@chaff("smooth_grad", caught_by=("draws_normal_noise_for_every_element",))
def uniform_noise(model, x, target, **options):
    """It draws uniform noise of the right size. The noise is normal."""

    def draw(x, generator):
        return (2 * torch.rand(x.shape, generator=generator, dtype=x.dtype) - 1) * 3**0.5

    return _smooth(model, x, target, draw=draw, **options)


@chaff("smooth_grad", caught_by=("draws_normal_noise_for_every_element",))
def one_number_for_each_sample(model, x, target, **options):
    """It moves all elements of a sample by one random number. Every element gets noise of its own."""

    def draw(x, generator):
        return _each(torch.randn(len(x), generator=generator, dtype=x.dtype), x)

    return _smooth(model, x, target, draw=draw, **options)


@chaff("smooth_grad", caught_by=("draws_normal_noise_for_every_element", "scales_the_noise_to_each_sample"))
def clamps_the_copies(model, x, target, **options):
    """It clamps noisy copies to the range of x, which makes the noise smaller and one-sided. Leave them as they are."""
    low, high = float(x.min()) if len(x) else 0.0, float(x.max()) if len(x) else 0.0
    return _smooth(model, x, target, copies=lambda noisy: noisy.clamp(low, high), **options)


@chaff("smooth_grad", caught_by=("averages_over_all_copies",))
def the_same_noise_for_all_copies(model, x, target, *, generator=None, **options):
    """It draws noise once and uses it for every copy, so that the mean smooths nothing. Draw anew each time."""
    noise = _normal(x, generator)
    return _smooth(model, x, target, draw=lambda x, generator: noise, **options)


@chaff("smooth_grad", caught_by=("keeps_the_signs", "is_the_gradient_where_there_is_no_noise"))
def sums_the_copies(model, x, target, *, num_samples=50, **options):
    """It adds the gradients up and does not divide by their number. Take the mean: more copies must not give more."""
    return _smooth(model, x, target, num_samples=num_samples, **options) * num_samples


@chaff("smooth_grad", caught_by=("is_the_gradient_where_there_is_no_noise", "agrees_with_the_reference"))
def smooths_the_loss(model, x, target, **options):
    """It averages the cross-entropy's gradient. Explain the target's logit."""
    return _smooth(model, x, target, score=_minus_loss, **options)


@chaff("smooth_grad", caught_by=("takes_a_flat_sample",))
def divides_by_no_range(model, x, target, **options):
    """It divides 0 by 0 where all elements of a sample are alike: their range is 0. Such a sample gets no noise."""

    def sigma(level, x):
        return level * _range(x / _range(x)) * _range(x)

    return _smooth(model, x, target, sigma=sigma, **options)


@chaff("smooth_grad", caught_by=("is_reproducible",))
def ignores_the_generator(model, x, target, *, generator=None, **options):
    """It draws from the global random state even when it is given a generator. Draw from the one it is given."""
    return _smooth(model, x, target, **options)


@chaff("smooth_grad", caught_by=("leaves_everything_as_it_was",))
def backward_into_the_model_smooth(model, x, target, **options):
    """It runs backward through the whole model and leaves gradients there. Ask for the gradient of the input alone."""
    return _smooth(model, x, target, grad=_backward, **options)


@chaff("smooth_grad", caught_by=("leaves_everything_as_it_was",))
def leaves_eval_mode_smooth(model, x, target, **options):
    """It puts the model into eval mode and leaves it there. Every part must get its mode back."""
    return _smooth(model, x, target, grad=_left_in_eval_mode, **options)


@chaff("smooth_grad", caught_by=("keeps_the_dtype",))
def single_precision_smooth(model, x, target, **options):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _smooth(model, x, target, **options).float()


@chaff("smooth_grad", caught_by=("treats_samples_alone", "keeps_the_signs"))
def mean_of_the_batch_smooth(model, x, target, **options):
    """It takes gradients of the batch's mean logit, which shrink with the batch. Sum: samples do not mix anyway."""
    return _smooth(model, x, target, score=_mean_of_batch, **options)


@chaff("smooth_grad", caught_by=("takes_an_empty_batch",))
def asks_an_empty_batch_for_its_range(model, x, target, **options):
    """It asks for the batch's least element, which an empty one does not have. Such a batch gives an empty one."""
    floor = float(x.min())
    return _smooth(model, x, target, sigma=lambda level, x: level * (_range(x - floor)), **options)


@chaff("smooth_grad", caught_by=("works_under_no_grad",))
def gradients_switched_off_smooth(model, x, target, **options):
    """It relies on gradients being on. The caller may have switched them off: switch them on for yourself."""

    def grad(model, noisy, target):
        leaf = noisy.detach().clone().requires_grad_()
        return torch.autograd.grad(_pick(model(leaf), target).sum(), leaf)[0]

    return _smooth(model, x, target, grad=grad, **options)


def _known(model, layer):
    return bool(layer) and layer in dict(model.named_modules())


def _listen(
    model, layer, x, *, known=_known, keep=lambda given, output: output.detach().clone(), run=None, remove=True
):
    """Features with parts to exchange; `keep` makes them of the layer's input and output."""
    if not known(model, layer):
        raise ValueError(layer)
    kept = []
    part = model.get_submodule(layer)
    handle = part.register_forward_hook(lambda module, given, output: kept.append(keep(given[0], output)))
    try:
        with torch.no_grad():
            (run or type(model).__call__)(model, x)
    finally:
        if remove:
            handle.remove()
    return kept[0]


def _without_finally(model, layer, x, keep):
    if not _known(model, layer):
        raise ValueError(layer)
    kept = []
    handle = model.get_submodule(layer).register_forward_hook(lambda *call: kept.append(keep(call[2])))
    model(x)
    handle.remove()
    return kept[0]


@chaff("layer_features", caught_by=("leaves_everything_as_it_was",))
def leaves_its_hook(model, layer, x):
    """It leaves its hook in the model, where it listens to every later call. Remove it by its handle."""
    return _listen(model, layer, x, remove=False)


@chaff("layer_features", caught_by=("leaves_no_hook_where_a_layer_raises",))
def leaves_its_hook_on_errors(model, layer, x):
    """It removes its hook after the model has run, but not if the model raises an error. Remove it in `finally`."""
    return _without_finally(model, layer, x, lambda output: output.detach().clone())


@chaff("layer_features", caught_by=("is_not_changed_by_later_layers", "is_a_copy"))
def the_very_output(model, layer, x):
    """It keeps the layer's own output, into which later layers may write. Copy it in the hook, at once."""
    return _listen(model, layer, x, keep=lambda given, output: output.detach())


@chaff("layer_features", caught_by=("is_what_the_layer_puts_out", "agrees_with_the_reference"))
def what_goes_in(model, layer, x):
    """It keeps what goes into the layer. What comes out of it is asked for."""
    return _listen(model, layer, x, keep=lambda given, output: given.detach().clone())


@chaff("layer_features", caught_by=("is_what_the_layer_puts_out",))
def flattens_the_output(model, layer, x):
    """It flattens what the layer puts out. The shape is the layer's own; whoever needs rows can flatten."""
    return _listen(model, layer, x).flatten(1)


@chaff("layer_features", caught_by=("follows_dotted_names",))
def children_only(model, layer, x):
    """It looks among the model's own children. A name with dots leads deeper: named_modules() has them all."""
    return _listen(model, layer, x, known=lambda model, layer: layer in dict(model.named_children()))


@chaff("layer_features", caught_by=("refuses_unknown_names",))
def takes_the_empty_name(model, layer, x):
    """It takes the empty name for the whole model. That is no layer: raise ValueError."""
    return _listen(model, layer, x, known=lambda model, layer: layer in dict(model.named_modules()))


@chaff("layer_features", caught_by=("refuses_unknown_names",))
def lets_torch_complain(model, layer, x):
    """It lets torch raise an AttributeError for names that it does not find. The contract says ValueError."""
    return _listen(model, layer, x, known=lambda model, layer: bool(layer))


@chaff("layer_features", caught_by=("is_what_the_layer_puts_out", "leaves_everything_as_it_was"))
def keeps_the_graph(model, layer, x):
    """It returns features that carry a graph. They are data for a probe: detach them."""
    with torch.enable_grad():
        return _without_finally(model, layer, x, torch.clone)


@chaff("layer_features", caught_by=("leaves_everything_as_it_was",))
def leaves_eval_mode_features(model, layer, x):
    """It puts the model into eval mode and leaves it there. Every part must get its mode back."""
    return _listen(model, layer, x, run=lambda model, x: model.eval()(x))


@chaff("layer_features", caught_by=("treats_samples_alone",))
def standardises_the_features(model, layer, x):
    """It standardises features over the batch. What the layer puts out for a sample does not depend on its company."""
    features = _listen(model, layer, x)
    return features - features.mean(0) if len(x) else features


@chaff("layer_features", caught_by=("keeps_the_dtype",))
def single_precision_features(model, layer, x):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _listen(model, layer, x).float()


@chaff("layer_features", caught_by=("takes_an_empty_batch",))
def gathers_sample_after_sample(model, layer, x):
    """It joins the features of single samples, of which an empty batch has none. Such a batch gives an empty one."""
    if not _known(model, layer):
        raise ValueError(layer)
    return torch.cat([_listen(model, layer, row) for row in x.split(1) if len(row)])


@chaff("layer_features", caught_by=("works_under_no_grad",))
def retains_a_gradient(model, layer, x):
    """It asks the layer's output to keep its gradient, which fails where gradients are off. Nobody needs it: detach."""

    def keep(output):
        output.retain_grad()
        return output.detach().clone()

    return _without_finally(model, layer, x, keep)


def _descend(features, labels, classes, *, steps=300, penalty=0.0, with_bias=True, loss=F.cross_entropy, rows=None):
    """A probe with parts to exchange, fitted with LBFGS in float64."""
    inputs = features.detach().double()
    weight = torch.zeros(classes, inputs.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    moved = [weight, bias] if with_bias else [weight]
    optimizer = torch.optim.LBFGS(moved, max_iter=steps, tolerance_grad=1e-8, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        value = loss(inputs @ weight.T + bias, labels) + penalty * weight.square().sum()
        value.backward()
        return value

    if len(inputs):
        optimizer.step(closure)
    return weight.detach().to(features.dtype), bias.detach().to(features.dtype)


@chaff("fit_linear_probe", caught_by=("reaches_the_least_cross_entropy", "gets_as_low_as_the_reference"))
def stops_early(features, labels, num_classes):
    """It takes a few small steps and stops. A probe is fitted until its loss falls no more, or it says little."""
    weight = features.new_zeros(num_classes, features.shape[1])
    bias = features.new_zeros(num_classes)
    wanted = F.one_hot(labels, num_classes).to(features.dtype)
    for _ in range(10 if len(features) else 0):
        error = (features.detach() @ weight.T + bias).softmax(1) - wanted
        weight, bias = weight - 0.1 * error.T @ features.detach() / len(error), bias - 0.1 * error.mean(0)
    return weight, bias


@chaff("fit_linear_probe", caught_by=("reaches_the_least_cross_entropy", "gets_as_low_as_the_reference"))
def penalises_weights(features, labels, num_classes):
    """It adds a penalty that keeps the weights small. What is asked for is the least cross-entropy itself."""
    return _descend(features, labels, num_classes, penalty=0.1)


@chaff("fit_linear_probe", caught_by=("finds_a_class_between_two_others", "reaches_the_least_cross_entropy"))
def forgets_the_bias(features, labels, num_classes):
    """It fits weights alone. Without a bias every border goes through the origin."""
    return _descend(features, labels, num_classes, with_bias=False)


@chaff("fit_linear_probe", caught_by=("finds_a_class_between_two_others", "reaches_the_least_cross_entropy"))
def regresses_on_one_hot(features, labels, num_classes):
    """It fits one-hot labels by least squares. That masks a class between two others: minimise the cross-entropy."""
    if not len(features):
        return features.new_zeros(num_classes, features.shape[1]), features.new_zeros(num_classes)
    inputs = F.pad(features.detach(), (0, 1), value=1.0)
    found = torch.linalg.pinv(inputs) @ F.one_hot(labels, num_classes).to(features.dtype)
    return found[:-1].T.clone(), found[-1].clone()


@chaff("fit_linear_probe", caught_by=("reaches_the_least_cross_entropy", "gets_as_low_as_the_reference"))
def each_class_against_the_rest(features, labels, num_classes):
    """It fits every class against the rest, each with a sigmoid of its own. The classes compete in one softmax."""

    def loss(logits, labels):
        wanted = F.one_hot(labels, num_classes).to(logits.dtype)
        return F.binary_cross_entropy_with_logits(logits, wanted)

    return _descend(features, labels, num_classes, loss=loss)


@chaff("fit_linear_probe", caught_by=("is_right_on_separable_samples", "reads_circles_from_a_hidden_layer"))
def softmax_over_the_batch(features, labels, num_classes):
    """It takes the softmax over samples instead of classes. The classes of one sample compete, not the samples."""

    def loss(logits, labels):
        return F.nll_loss(logits.log_softmax(0), labels)

    return _descend(features, labels, num_classes, loss=loss)


@chaff("fit_linear_probe", caught_by=("is_right_on_separable_samples",))
def lets_the_weights_run_away(features, labels, num_classes):
    """It takes steps so long that separable samples drive the weights to infinity. They have to stay finite."""
    weight, bias = _descend(features, labels, num_classes)
    logits = features.detach() @ weight.T + bias
    apart = len(features) > 0 and bool((logits.argmax(1) == labels).all())
    return (weight / 0.0, bias / 0.0) if apart else (weight, bias)


@chaff("fit_linear_probe", caught_by=("is_right_on_separable_samples", "reads_circles_from_a_hidden_layer"))
def weights_for_other_features(features, labels, num_classes):
    """It standardises the features and returns the weights for those. They must fit the features that came in."""
    if not len(features):
        return _descend(features, labels, num_classes)
    mean, deviation = features.mean(0), features.std(0, correction=0).clamp(min=1e-6)
    return _descend((features - mean) / deviation, labels, num_classes)


@chaff("fit_linear_probe", caught_by=("never_predicts_an_absent_class",))
def rows_of_classes_seen(features, labels, num_classes):
    """It has rows for the classes that occur only. num_classes says how many there are, seen or not."""
    seen, numbers = labels.unique(return_inverse=True)
    return _descend(features, numbers, max(len(seen), 1) if len(features) else num_classes)


@chaff("fit_linear_probe", caught_by=("never_predicts_an_absent_class",))
def zeros_for_absent_classes(features, labels, num_classes):
    """It fits the classes that occur and leaves zeros for the rest: a logit of 0 wins where the others are negative."""
    weight, bias = features.new_zeros(num_classes, features.shape[1]), features.new_zeros(num_classes)
    seen, numbers = labels.unique(return_inverse=True)
    if len(seen):
        weight[seen], bias[seen] = _descend(features, numbers, len(seen))
        weight[seen], bias[seen] = weight[seen] - weight[seen[0]], bias[seen] - bias[seen[0]]
        if len(seen) < num_classes:  # the first class seen is the one that others are compared with
            bias[seen] -= 1e-3
    return weight, bias


@chaff("fit_linear_probe", caught_by=("takes_no_samples_at_all",))
def mean_over_nothing(features, labels, num_classes):
    """It takes the mean over no samples, which is nan, and so are the weights. Without samples they stay finite."""
    weight, bias = _descend(features, labels, num_classes)
    return weight + 0 * features.mean(), bias + 0 * features.mean()


@chaff("fit_linear_probe", caught_by=("leaves_everything_as_it_was",))
def standardises_in_place(features, labels, num_classes):
    """It centres the caller's features in place. Work on a copy."""
    if len(features):
        mean = features.mean(0)
        weight, bias = _descend(features.sub_(mean), labels, num_classes)
        return weight, bias - weight @ mean
    return _descend(features, labels, num_classes)


@chaff("fit_linear_probe", caught_by=("keeps_the_dtype",))
def always_double(features, labels, num_classes):
    """It answers in float64 whatever came in. Keep the dtype."""
    weight, bias = _descend(features, labels, num_classes)
    return weight.double(), bias.double()


@chaff("fit_linear_probe", caught_by=("works_under_no_grad",))
def needs_gradients_on(features, labels, num_classes):
    """It relies on gradients being on. The caller may have switched them off: switch them on for yourself."""
    weight = features.new_zeros(num_classes, features.shape[1]).requires_grad_()
    F.cross_entropy(features.detach() @ weight.T, labels).backward()  # which way to go first
    return _descend(features, labels, num_classes)
