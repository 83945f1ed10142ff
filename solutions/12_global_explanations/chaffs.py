"""Known wrong ways to write the global explanations, one mistake each."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from autograder.wheats import chaff

# What they share: the right steps with parts to exchange, so that each mistake stands alone.


def _gaps(x):
    return x[:, :, 1:] - x[:, :, :-1], x[..., 1:] - x[..., :-1]


def _total(x, size=torch.abs):
    return sum(size(each).flatten(1).sum(1) for each in _gaps(x))


def _mean_of_map(output, channel):
    part = output[:, channel]
    return part.flatten(1).mean(1) if part.ndim > 1 else part.clone()


def _find(model, layer, *, refuses_empty=True):
    modules = dict(model.named_modules())
    if layer not in modules or (refuses_empty and not layer):
        raise ValueError("no such layer")
    return modules[layer]


def _listen(model, layer, x, take, *, find=_find, remove=True):
    kept = []
    handle = find(model, layer).register_forward_hook(lambda module, given, output: kept.append(take(output)))
    try:
        model(x)
    finally:
        if remove:
            handle.remove()
    return kept[0]


def _slope(score, x):
    with torch.enable_grad():
        x = x.detach().clone().requires_grad_()
        return torch.autograd.grad(score(x), x)[0]


def _held_back(objective, l2, tv, *, square=lambda x: x.square().sum(), rough=lambda x: _total(x).sum()):
    return lambda x: objective(x).sum() - l2 * square(x) - tv * rough(x)


def _climb(score, x, steps, lr, after=lambda x: x):
    x = x.detach().clone()
    for _ in range(steps):
        x = after(x + lr * _slope(score, x))
    return x


def _clamp(clip):
    return lambda x: x if clip is None else x.clamp(*clip)


def _masks(num_samples, count, x, generator):
    masks = torch.randint(2, (num_samples, count), generator=generator).to(x.dtype)
    masks[0] = 1
    return masks


def _kernel(masks, width):
    return torch.exp(-((1 - masks.mean(1).sqrt()) ** 2) / width**2)


def _blank(x, on, baseline):
    return torch.where(on == 1, x, torch.full_like(x, baseline))


def _fit(masks, said, weight, ridge, *, intercept_penalty=0.0):
    columns = torch.cat([torch.ones_like(masks[:, :1]), masks], 1)
    penalty = ridge * torch.eye(columns.shape[1], dtype=masks.dtype)
    penalty[0, 0] = intercept_penalty
    return torch.linalg.solve(columns.T @ (weight[:, None] * columns) + penalty, columns.T @ (weight * said))[1:]


def _lime(
    predict,
    x,
    segments,
    *,
    num_samples=500,
    kernel_width=0.25,
    ridge=1e-3,
    baseline=0.0,
    generator=None,
    kernel=_kernel,
    fit=_fit,
    blank=_blank,
    masks=_masks,
    spread=lambda masks, segments: masks[:, segments][:, None],
):
    drawn = masks(num_samples, int(segments.max()) + 1, x, generator)
    with torch.no_grad():
        said = predict(blank(x, spread(drawn, segments), baseline))
    return fit(drawn, said, kernel(drawn, kernel_width), ridge)


# total_variation


@chaff("total_variation", caught_by=("adds_up_all_neighbours", "has_the_right_gradient", "agrees_with_the_reference"))
def without_the_size(x):
    """It adds up signed differences. Ups and downs cancel: take absolute values."""
    return _total(x, size=lambda gap: gap).detach() + 0 * x.flatten(1).sum(1)


@chaff("total_variation", caught_by=("adds_up_all_neighbours", "grows_with_the_contrast"))
def squares_of_differences(x):
    """It squares the differences. Total variation takes absolute values: an edge costs no more than a ramp."""
    return _total(x, size=torch.square)


@chaff("total_variation", caught_by=("adds_up_all_neighbours", "counts_the_edges_of_a_rectangle"))
def across_alone(x):
    """It compares each pixel with the one beside it, and not with the one below. Both directions count."""
    return _gaps(x)[1].abs().flatten(1).sum(1)


@chaff("total_variation", caught_by=("adds_up_all_neighbours", "counts_the_edges_of_a_rectangle"))
def mean_of_differences(x):
    """It takes the mean of the differences. Add them up."""
    return sum(each.abs().flatten(1).sum(1) / max(each[0].numel(), 1) if len(x) else each.sum() for each in _gaps(x))


@chaff("total_variation", caught_by=("counts_the_edges_of_a_rectangle", "adds_up_all_neighbours"))
def length_of_both_differences(x):
    """It takes the length of each pixel's two differences together. The contract adds up both directions apart."""
    down, across = (F.pad(each, pad) for each, pad in zip(_gaps(x), ((0, 0, 0, 1), (0, 1)), strict=True))
    both = (down.square() + across.square()).flatten(1)
    return torch.where(both > 0, both.clamp(min=1e-300).sqrt(), 0.0).sum(1)


@chaff("total_variation", caught_by=("adds_up_all_neighbours",))
def around_the_edge(x):
    """It rolls the image, so that the last row meets the first. Pixels on opposite edges are no neighbours."""
    return sum((x - x.roll(1, dim)).abs().flatten(1).sum(1) for dim in (2, 3))


@chaff("total_variation", caught_by=("counts_the_edges_of_a_rectangle", "adds_up_all_neighbours"))
def one_channel(x):
    """It looks at the first channel alone. Add up all of them."""
    return _total(x[:, :1])


@chaff("total_variation", caught_by=("adds_up_all_neighbours",))
def between_channels_too(x):
    """It compares channels with one another. Neighbours lie above and beside each other, in one channel."""
    return _total(x) + (x[:, 1:] - x[:, :-1]).abs().flatten(1).sum(1)


@chaff("total_variation", caught_by=("treats_samples_alone",))
def neighbours_in_the_batch(x):
    """It gives each image the mean over the batch. Each has a total variation of its own."""
    return _total(x).mean().expand(len(x)) if len(x) else _total(x)


@chaff("total_variation", caught_by=("keeps_the_dtype",))
def in_single_precision(x):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _total(x).float()


@chaff("total_variation", caught_by=("takes_an_empty_batch",))
def stacks_a_loop(x):
    """It stacks one number per image in a loop, which fails where there is no image to stack."""
    return torch.stack([_total(each[None])[0] for each in x])


@chaff("total_variation", caught_by=("leaves_everything_as_it_was",))
def shifts_the_callers_image(x):
    """It takes the image's darkest value off in place. Leave the caller's image alone."""
    with torch.no_grad():
        x -= x.min() - 0.25 if x.numel() else 0.0
    return _total(x)


# channel_activation


@chaff("channel_activation", caught_by=("is_the_mean_over_the_channels_map",))
def sum_over_the_map(model, layer, channel, x):
    """It adds the map up. The mean is wanted, which does not grow with the map."""
    return _listen(model, layer, x, lambda output: output[:, channel].reshape(len(x), -1).sum(1))


@chaff("channel_activation", caught_by=("is_the_mean_over_the_channels_map",))
def greatest_of_the_map(model, layer, channel, x):
    """It takes the greatest value of the map. The mean over all places is wanted."""
    return _listen(model, layer, x, lambda output: output[:, channel].reshape(len(x), -1).amax(1))


@chaff("channel_activation", caught_by=("is_the_mean_over_the_channels_map", "reads_a_unit_of_a_flat_layer"))
def all_channels(model, layer, channel, x):
    """It takes the mean over all channels. One channel was asked for."""
    return _listen(model, layer, x, lambda output: output.reshape(len(x), -1).mean(1) if len(x) else output.sum(1))


@chaff("channel_activation", caught_by=("reads_a_unit_of_a_flat_layer", "treats_samples_alone"))
def channel_for_sample(model, layer, channel, x):
    """It indexes the batch with the channel. The first dimension counts samples, the second channels."""

    def take(output):
        part = output[channel % max(len(output), 1)] if len(output) else output[:, 0]
        return part.reshape(-1).mean().expand(len(output)) if len(output) else _mean_of_map(output, channel)

    return _listen(model, layer, x, take)


@chaff("channel_activation", caught_by=("is_the_mean_over_the_channels_map", "treats_samples_alone"))
def mean_over_the_batch(model, layer, channel, x):
    """It averages over the batch as well. Every sample has its own activation."""
    return _listen(
        model,
        layer,
        x,
        lambda output: _mean_of_map(output, channel).mean().expand(len(x)) if len(x) else _mean_of_map(output, channel),
    )


@chaff("channel_activation", caught_by=("is_not_changed_by_later_layers",))
def looks_after_the_run(model, layer, channel, x):
    """It keeps the layer's own output and looks at it after the run, when later layers have written into it."""
    return _mean_of_map(_listen(model, layer, x, lambda output: output), channel)


@chaff("channel_activation", caught_by=("has_the_right_gradient",))
def detaches(model, layer, channel, x):
    """It detaches what it heard, as a probe may. Here the gradient with respect to x must get through."""
    return _listen(model, layer, x, lambda output: _mean_of_map(output.detach(), channel))


@chaff("channel_activation", caught_by=("is_the_mean_over_the_channels_map", "agrees_with_the_reference"))
def input_of_the_layer(model, layer, channel, x):
    """It listens to what goes into the layer. What the layer puts out is wanted."""
    kept = []
    handle = _find(model, layer).register_forward_hook(
        lambda module, given, output: kept.append(_mean_of_map(given[0], channel % given[0].shape[1]))
    )
    try:
        model(x)
    finally:
        handle.remove()
    return kept[0]


@chaff("channel_activation", caught_by=("leaves_everything_as_it_was",))
def leaves_its_hook(model, layer, channel, x):
    """It leaves its hook in the model, which listens for ever. Remove it, in any case."""
    return _listen(model, layer, x, lambda output: _mean_of_map(output, channel), remove=False)


@chaff("channel_activation", caught_by=("refuses_unknown_names",))
def takes_the_model_itself(model, layer, channel, x):
    """It takes the empty name for the model itself. The contract wants a ValueError for it."""

    def find(model, layer):
        return _find(model, layer, refuses_empty=False)

    return _listen(model, layer, x, lambda output: _mean_of_map(output, channel), find=find)


@chaff("channel_activation", caught_by=("refuses_unknown_names",))
def another_error(model, layer, channel, x):
    """It raises whatever error comes of an unknown name. The contract wants a ValueError."""

    def find(model, layer):
        return model.get_submodule(layer)

    return _listen(model, layer, x, lambda output: _mean_of_map(output, channel), find=find)


@chaff("channel_activation", caught_by=("follows_dotted_names",))
def direct_parts_alone(model, layer, channel, x):
    """It looks among the model's direct parts alone. Names with dots lead into parts of parts."""
    parts = dict(model.named_children())
    if layer not in parts:
        raise ValueError("no such layer")
    return _listen(model, layer, x, lambda output: _mean_of_map(output, channel))


@chaff("channel_activation", caught_by=("keeps_the_dtype",))
def in_double_precision(model, layer, channel, x):
    """It answers in float64 whatever came in. Keep the dtype."""
    return _listen(model, layer, x, lambda output: _mean_of_map(output, channel)).double()


@chaff("channel_activation", caught_by=("takes_an_empty_batch",))
def one_image_after_the_other(model, layer, channel, x):
    """It runs one sample after the other and joins the results, which fails where there is none."""
    return torch.cat([_listen(model, layer, each[None], lambda output: _mean_of_map(output, channel)) for each in x])


# maximize_activation


@chaff("maximize_activation", caught_by=("climbs_along_the_slope", "makes_every_digit_out_of_grey"))
def climbs_down(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It goes down, as training does with a loss. Here the objective is to rise."""
    return _climb(_held_back(objective, l2, tv), x0, steps, -lr, _clamp(clip))


@chaff("maximize_activation", caught_by=("climbs_along_the_slope", "makes_every_digit_out_of_grey"))
def takes_one_step(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It takes a single step however many are asked for."""
    return _climb(_held_back(objective, l2, tv), x0, min(steps, 1), lr, _clamp(clip))


@chaff("maximize_activation", caught_by=("looks_again_after_every_step",))
def never_looks_again(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It takes all steps along the slope at the start. The slope changes on the way: take it anew at every step."""
    slope, x = _slope(_held_back(objective, l2, tv), x0), x0.detach().clone()
    for _ in range(steps):
        x = _clamp(clip)(x + lr * slope)
    return x


@chaff("maximize_activation", caught_by=("climbs_along_the_slope",))
def along_the_sign(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It steps along the gradient's sign, as an attack does. Plain ascent takes the gradient as it is."""
    x, score = x0.detach().clone(), _held_back(objective, l2, tv)
    for _ in range(steps):
        x = _clamp(clip)(x + lr * _slope(score, x).sign())
    return x


@chaff("maximize_activation", caught_by=("treats_samples_alone",))
def mean_of_the_batch(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It climbs the mean over the batch, so that each image moves less the more there are. Climb the sum."""
    return _climb(_held_back(objective, l2, tv), x0, steps, lr / max(len(x0), 1), _clamp(clip))


@chaff("maximize_activation", caught_by=("is_held_back_by_l2",))
def length_not_squared(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It penalises the length of x. The penalty is on its square, the sum of the squares of all elements."""
    score = _held_back(objective, l2, tv, square=lambda x: x.flatten(1).norm(dim=1).sum())
    return _climb(score, x0, steps, lr, _clamp(clip))


@chaff("maximize_activation", caught_by=("is_held_back_by_l2", "agrees_with_the_reference"))
def rewards_length(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It adds the penalty on ‖x‖² to what is to rise. A penalty is subtracted."""
    return _climb(_held_back(objective, -l2, tv), x0, steps, lr, _clamp(clip))


@chaff("maximize_activation", caught_by=("is_held_back_by_l2",))
def mean_of_squares(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It penalises the mean of the squares. ‖x‖² is their sum."""
    return _climb(_held_back(objective, l2 / max(x0[:1].numel(), 1), tv), x0, steps, lr, _clamp(clip))


@chaff("maximize_activation", caught_by=("is_held_back_by_l2",))
def forgets_the_two(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It lets x decay by l2 · x. The slope of x² is 2x."""
    return _climb(_held_back(objective, l2 / 2, tv), x0, steps, lr, _clamp(clip))


@chaff("maximize_activation", caught_by=("is_smoothed_by_tv",))
def smooths_by_squares(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It penalises squared differences of neighbours. Total variation has their absolute values."""
    score = _held_back(objective, l2, tv, rough=lambda x: _total(x, torch.square).sum())
    return _climb(score, x0, steps, lr, _clamp(clip))


@chaff("maximize_activation", caught_by=("is_smoothed_by_tv",))
def roughens(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It adds the total variation to what is to rise, and so makes rough what should be smooth."""
    return _climb(_held_back(objective, l2, -tv), x0, steps, lr, _clamp(clip))


@chaff("maximize_activation", caught_by=("is_smoothed_by_tv",))
def forgets_the_variation(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It leaves the penalty tv out. The objective is lessened by tv times the total variation, as it is by l2."""
    return _climb(_held_back(objective, l2, 0.0), x0, steps, lr, _clamp(clip))


@chaff("maximize_activation", caught_by=("is_smoothed_by_tv",))
def takes_even_for_uneven(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It takes the slope of |difference| for 1 where neighbours are equal. There it is 0: an even image stays even."""

    def size(gap):
        return torch.where(gap >= 0, gap, -gap)

    score = _held_back(objective, l2, tv, rough=lambda x: _total(x, size).sum())
    return _climb(score, x0, steps, lr, _clamp(clip))


@chaff("maximize_activation", caught_by=("clamps_after_every_step",))
def clamps_at_the_end(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It clamps once at the end. Each step starts from within the bounds: clamp after every one."""
    x = _climb(_held_back(objective, l2, tv), x0, steps, lr)
    return _clamp(clip)(x) if steps else x


@chaff("maximize_activation", caught_by=("clamps_after_every_step",))
def never_clamps(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It never clamps. Pixels outside the bounds are no pixels."""
    return _climb(_held_back(objective, l2, tv), x0, steps, lr)


@chaff("maximize_activation", caught_by=("clamps_after_every_step",))
def clamps_to_zero_and_one(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It clamps to [0, 1] whatever bounds are given. They are what `clip` says."""
    return _climb(_held_back(objective, l2, tv), x0, steps, lr, _clamp(None if clip is None else (0.0, 1.0)))


@chaff("maximize_activation", caught_by=("climbs_along_the_slope",))
def clamps_without_bounds(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It clamps to [0, 1] where clip is None. None stands for no bounds."""
    return _climb(_held_back(objective, l2, tv), x0, steps, lr, _clamp(clip or (0.0, 1.0)))


@chaff("maximize_activation", caught_by=("does_not_clamp_the_start",))
def clamps_the_start(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It clamps x0 before the first step. Only what a step has made is clamped."""
    return _climb(_held_back(objective, l2, tv), _clamp(clip)(x0), steps, lr, _clamp(clip))


@chaff("maximize_activation", caught_by=("gives_a_copy_for_no_steps",), silent=True)
def hands_the_start_back(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """After no steps it hands back x0 itself. Whoever writes into the result then writes into the caller's images."""
    return _climb(_held_back(objective, l2, tv), x0, steps, lr, _clamp(clip)) if steps else x0.detach()


@chaff("maximize_activation", caught_by=("leaves_everything_as_it_was",))
def climbs_with_the_callers_images(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It moves the caller's images themselves. Start from a copy."""
    x0.data.copy_(_climb(_held_back(objective, l2, tv), x0, steps, lr, _clamp(clip)))
    return x0.detach().clone()


@chaff("maximize_activation", caught_by=("leaves_everything_as_it_was",))
def gradients_in_the_model(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It calls backward, which adds gradients to the parameters that the objective is made of. Ask for x's alone."""
    x, score = x0.detach().clone(), _held_back(objective, l2, tv)
    for _ in range(max(steps, 1)):
        leaf = x.requires_grad_()
        score(leaf).backward()
        if steps:
            x = _clamp(clip)(leaf.detach() + lr * leaf.grad)
    return x.detach()


@chaff("maximize_activation", caught_by=("keeps_the_dtype",))
def climbs_in_single_precision(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _climb(_held_back(objective, l2, tv), x0, steps, lr, _clamp(clip)).float()


@chaff("maximize_activation", caught_by=("takes_an_empty_batch",))
def stacks_climbers(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """It stacks what came of one image after the other, which fails where there is none."""
    return torch.stack(list(_climb(_held_back(objective, l2, tv), x0, steps, lr, _clamp(clip))))


# maximize_with_generator


def _through(classifier, generator, target, penalty):
    return lambda z: classifier(generator(z))[:, target].sum() - penalty * z.square().sum()


def _draw(generator, z):
    with torch.no_grad():
        return generator(z), z.detach()


@chaff("maximize_with_generator", caught_by=("climbs_along_the_slope_of_the_latent", "stays_near_real_digits"))
def goes_down(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It goes down, as training does with a loss. The target's logit is to rise."""
    return _draw(generator, _climb(_through(classifier, generator, target, penalty), z0, steps, -lr))


@chaff("maximize_with_generator", caught_by=("looks_again_after_every_step",))
def looks_only_once(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It takes all steps along the slope at z0. Take it anew at every step."""
    slope = _slope(_through(classifier, generator, target, penalty), z0)
    return _draw(generator, z0.detach() + steps * lr * slope)


@chaff("maximize_with_generator", caught_by=("explains_the_logit", "climbs_along_the_slope_of_the_latent"))
def climbs_the_probability(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It climbs the softmax's logarithm. That rises too where other classes fall: climb the logit."""

    def score(z):
        return classifier(generator(z)).log_softmax(1)[:, target].sum() - penalty * z.square().sum()

    return _draw(generator, _climb(score, z0, steps, lr))


@chaff("maximize_with_generator", caught_by=("climbs_along_the_slope_of_the_latent", "explains_the_logit"))
def climbs_all_logits(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It climbs the sum of all logits. One class was asked for."""

    def score(z):
        return classifier(generator(z)).sum() - penalty * z.square().sum()

    return _draw(generator, _climb(score, z0, steps, lr))


@chaff("maximize_with_generator", caught_by=("returns_the_images_of_its_latents", "stays_near_real_digits"))
def leaves_the_generator_behind(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """After the first step it moves the images themselves. Only z moves: the images are always the generator's."""
    images, z = _draw(generator, _climb(_through(classifier, generator, target, penalty), z0, min(steps, 1), lr))
    return _climb(lambda x: classifier(x)[:, target].sum(), images, max(steps - 1, 0), lr), z


@chaff("maximize_with_generator", caught_by=("returns_the_images_of_its_latents",))
def images_of_the_step_before(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """Its images are those of the latents before the last step. Run the generator once more at the end."""
    score = _through(classifier, generator, target, penalty)
    before = _climb(score, z0, max(steps - 1, 0), lr)
    return _draw(generator, before)[0], _climb(score, z0, steps, lr)


@chaff("maximize_with_generator", caught_by=("is_held_back_by_the_penalty",))
def forgets_the_penalty(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It leaves the penalty out. It keeps latents where the generator was trained."""
    return _draw(generator, _climb(_through(classifier, generator, target, 0.0), z0, steps, lr))


@chaff("maximize_with_generator", caught_by=("is_held_back_by_the_penalty",))
def rewards_far_latents(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It adds the penalty to what is to rise. A penalty is subtracted."""
    return _draw(generator, _climb(_through(classifier, generator, target, -penalty), z0, steps, lr))


@chaff("maximize_with_generator", caught_by=("is_held_back_by_the_penalty",))
def penalises_the_image(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It penalises the squares of the image. The penalty is on the latent z."""

    def score(z):
        images = generator(z)
        return classifier(images)[:, target].sum() - penalty * images.square().sum()

    return _draw(generator, _climb(score, z0, steps, lr))


@chaff("maximize_with_generator", caught_by=("is_held_back_by_the_penalty",))
def penalises_the_length(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It penalises the length of z. The penalty is on its square."""

    def score(z):
        return classifier(generator(z))[:, target].sum() - penalty * z.norm(dim=1).sum()

    return _draw(generator, _climb(score, z0, steps, lr))


@chaff("maximize_with_generator", caught_by=("climbs_along_the_slope_of_the_latent",))
def clamps_latents(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It clamps latents to [0, 1], as pixels are. Latents have no bounds."""
    score = _through(classifier, generator, target, penalty)
    return _draw(generator, _climb(score, z0, steps, lr, lambda z: z.clamp(0, 1)))


@chaff("maximize_with_generator", caught_by=("treats_samples_alone",))
def mean_of_all_latents(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It climbs the mean over the batch, so that each latent moves less the more there are. Climb the sum."""
    score = _through(classifier, generator, target, penalty)
    return _draw(generator, _climb(score, z0, steps, lr / max(len(z0), 1)))


@chaff("maximize_with_generator", caught_by=("stays_where_it_is_for_no_steps",))
def takes_a_step_in_any_case(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It takes a step even where none is asked for."""
    return _draw(generator, _climb(_through(classifier, generator, target, penalty), z0, max(steps, 1), lr))


@chaff("maximize_with_generator", caught_by=("leaves_everything_as_it_was",))
def moves_the_callers_latents(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It moves the caller's latents themselves. Start from a copy."""
    z = _climb(_through(classifier, generator, target, penalty), z0, steps, lr)
    z0.data.copy_(z)
    return _draw(generator, z)


@chaff("maximize_with_generator", caught_by=("leaves_everything_as_it_was",))
def gradients_in_both_networks(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It calls backward, which adds gradients to the parameters of both networks. Ask for the latent's alone."""
    z, score = z0.detach().clone(), _through(classifier, generator, target, penalty)
    for _ in range(max(steps, 1)):
        leaf = z.requires_grad_()
        score(leaf).backward()
        if steps:
            z = leaf.detach() + lr * leaf.grad
    return _draw(generator, z.detach())


@chaff("maximize_with_generator", caught_by=("keeps_the_dtype",))
def everything_in_single_precision(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It answers in float32 whatever came in. Keep the dtype."""
    images, z = _draw(generator, _climb(_through(classifier, generator, target, penalty), z0, steps, lr))
    return images.float(), z.float()


@chaff("maximize_with_generator", caught_by=("takes_an_empty_batch",))
def joins_single_latents(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It joins what came of one latent after the other, which fails where there is none."""
    score = _through(classifier, generator, target, penalty)
    return _draw(generator, torch.cat([_climb(score, each, steps, lr) for each in z0.split(1)] if len(z0) else []))


@chaff("maximize_with_generator", caught_by=("climbs_along_the_slope_of_the_latent", "agrees_with_the_reference"))
def along_the_unit_gradient(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """It gives every step the length lr. Plain ascent takes the gradient as it is, however long."""
    z, score = z0.detach().clone(), _through(classifier, generator, target, penalty)
    for _ in range(steps):
        z = z + lr * F.normalize(_slope(score, z), dim=1)
    return _draw(generator, z)


# lime_weights


@chaff("lime_weights", caught_by=("minimises_the_weighted_squares", "counts_only_what_is_near"))
def all_rows_alike(predict, x, segments, **options):
    """It gives all rows the same weight. Rows count the less the further they are from x."""
    return _lime(predict, x, segments, kernel=lambda masks, width: torch.ones_like(masks[:, 0]), **options)


@chaff("lime_weights", caught_by=("minimises_the_weighted_squares", "counts_only_what_is_near"))
def no_minus_in_the_kernel(predict, x, segments, **options):
    """Its kernel has no minus: far rows count most. exp(−d²/width²) is 1 at x and falls from there."""

    def kernel(masks, width):
        return 1 / _kernel(masks, width).clamp(min=1e-30)

    return _lime(predict, x, segments, kernel=kernel, **options)


@chaff("lime_weights", caught_by=("minimises_the_weighted_squares",))
def distance_not_squared(predict, x, segments, **options):
    """Its kernel has d where d² belongs: exp(−d²/width²)."""

    def kernel(masks, width):
        return torch.exp(-(1 - masks.mean(1).sqrt()) / width**2)

    return _lime(predict, x, segments, kernel=kernel, **options)


@chaff("lime_weights", caught_by=("minimises_the_weighted_squares",))
def width_not_squared(predict, x, segments, **options):
    """Its kernel divides by the width. The square of the distance is divided by the square of the width."""
    return _lime(predict, x, segments, kernel=lambda masks, width: _kernel(masks, width**0.5), **options)


@chaff("lime_weights", caught_by=("minimises_the_weighted_squares",))
def twice_the_width(predict, x, segments, **options):
    """Its kernel divides by 2 · width², as a Gaussian does. Here it is exp(−d²/width²)."""
    return _lime(predict, x, segments, kernel=lambda masks, width: _kernel(masks, width * 2**0.5), **options)


@chaff("lime_weights", caught_by=("minimises_the_weighted_squares",))
def share_without_the_root(predict, x, segments, **options):
    """Its distance is 1 less the share of segments that are on. It is 1 less the root of that share."""

    def kernel(masks, width):
        return torch.exp(-((1 - masks.mean(1)) ** 2) / width**2)

    return _lime(predict, x, segments, kernel=kernel, **options)


@chaff("lime_weights", caught_by=("minimises_the_weighted_squares",))
def weights_squared(predict, x, segments, **options):
    """It multiplies rows and answers with their weights before it fits, so that squares are weighted twice over."""
    return _lime(predict, x, segments, kernel=lambda masks, width: _kernel(masks, width) ** 2, **options)


@chaff("lime_weights", caught_by=("does_not_penalise_the_intercept", "minimises_the_weighted_squares"))
def penalises_the_intercept(predict, x, segments, **options):
    """Its ridge holds the intercept back, too. Only the coefficients are penalised."""

    def fit(masks, said, weight, ridge):
        return _fit(masks, said, weight, ridge, intercept_penalty=ridge)

    return _lime(predict, x, segments, fit=fit, **options)


@chaff("lime_weights", caught_by=("finds_what_each_segment_adds", "minimises_the_weighted_squares"))
def without_an_intercept(predict, x, segments, **options):
    """It fits no intercept. What the network says of the blank image is then charged to the segments."""

    def fit(masks, said, weight, ridge):
        penalty = ridge * torch.eye(masks.shape[1], dtype=masks.dtype)
        return torch.linalg.solve(masks.T @ (weight[:, None] * masks) + penalty, masks.T @ (weight * said))

    return _lime(predict, x, segments, fit=fit, **options)


@chaff("lime_weights", caught_by=("minimises_the_weighted_squares",))
def without_the_ridge(predict, x, segments, **options):
    """It leaves the ridge out. The penalty draws coefficients towards 0."""

    def fit(masks, said, weight, ridge):
        return _fit(masks, said, weight, 1e-9)

    return _lime(predict, x, segments, fit=fit, **options)


@chaff("lime_weights", caught_by=("minimises_the_weighted_squares",))
def mean_of_the_squares(predict, x, segments, **options):
    """It takes the mean over the rows and not the sum, which makes the ridge num_samples times as strong."""

    def fit(masks, said, weight, ridge):
        return _fit(masks, said, weight, ridge * len(masks))

    return _lime(predict, x, segments, fit=fit, **options)


@chaff("lime_weights", caught_by=("finds_what_each_segment_adds", "stands_in_for_the_network"))
def one_where_it_is_off(predict, x, segments, **options):
    """Its masks have a 1 where a segment is off. A coefficient says what a segment adds when it is there."""

    def fit(masks, said, weight, ridge):
        return _fit(1 - masks, said, weight, ridge)

    return _lime(predict, x, segments, fit=fit, **options)


@chaff("lime_weights", caught_by=("finds_what_each_segment_adds", "switches_whole_segments_to_the_baseline"))
def always_blanks_to_zero(predict, x, segments, *, baseline=0.0, **options):
    """It blanks segments to 0 whatever baseline says. Black may be what the image is made of."""
    return _lime(predict, x, segments, **options)


@chaff("lime_weights", caught_by=("finds_what_each_segment_adds", "stands_in_for_the_network"))
def numbers_out_of_order(predict, x, segments, **options):
    """It gives coefficients in the order in which segments appear. Coefficient k belongs to segment k."""
    order = list(dict.fromkeys(segments.flatten().tolist()))
    found = _lime(predict, x, segments, **options)
    return found[torch.tensor(order)].flip(0)


@chaff("lime_weights", caught_by=("switches_whole_segments_to_the_baseline", "sees_each_segment_on_and_off"))
def pixels_not_segments(predict, x, segments, **options):
    """It switches single pixels, and takes a segment for on if half of it is. Segments are switched as wholes."""
    count = int(segments.max()) + 1
    pixels = torch.arange(segments.numel()).reshape(segments.shape)
    member = F.one_hot(segments.flatten(), count).to(x.dtype)

    def fit(masks, said, weight, ridge):
        return _fit((masks @ member / member.sum(0) >= 0.5).to(x.dtype), said, weight, ridge)

    def masks(num_samples, size, x, generator):
        return _masks(num_samples, segments.numel(), x, generator)

    return _lime(predict, x, segments, masks=masks, fit=fit, spread=lambda m, _: m[:, pixels][:, None], **options)


@chaff("lime_weights", caught_by=("switches_whole_segments_to_the_baseline",))
def first_channel_alone(predict, x, segments, **options):
    """It blanks the first channel alone. A segment that is off is off in all channels."""

    def blank(x, on, baseline):
        rows = x.expand(len(on), *x.shape).clone()
        rows[:, :1] = _blank(x[:1], on, baseline)
        return rows if len(x) > 1 else (_blank(x, on, baseline) + x) / 2

    return _lime(predict, x, segments, blank=blank, **options)


@chaff("lime_weights", caught_by=("shows_each_row_once_and_x_among_them",), silent=True)
def one_row_more(predict, x, segments, *, num_samples=500, **options):
    """It shows the unmasked image in addition to num_samples others. It is one of them."""
    return _lime(predict, x, segments, num_samples=num_samples + 1, **options)


@chaff("lime_weights", caught_by=("shows_each_row_once_and_x_among_them",), silent=True)
def x_is_missing(predict, x, segments, **options):
    """The unmasked image is not among its rows. It is the one that is to be explained, and has the greatest weight."""

    def masks(num_samples, count, x, generator):
        drawn = _masks(num_samples, count, x, generator)
        return torch.where(drawn.all(1, keepdim=True), F.one_hot(torch.tensor(0), count).to(x.dtype), drawn)

    return _lime(predict, x, segments, masks=masks, **options)


@chaff("lime_weights", caught_by=("sees_each_segment_on_and_off", "finds_what_each_segment_adds"))
def last_segment_always_on(predict, x, segments, **options):
    """It never switches the last segment off, so that nothing is known of it. Draw a state for every segment."""

    def masks(num_samples, count, x, generator):
        drawn = _masks(num_samples, count, x, generator)
        drawn[:, -1] = 1
        return drawn

    return _lime(predict, x, segments, masks=masks, **options)


@chaff("lime_weights", caught_by=("is_reproducible",))
def draws_from_the_global_state(predict, x, segments, *, generator=None, **options):
    """It draws its masks from the global random state. Draw from the generator that is given."""
    return _lime(predict, x, segments, **options)


@chaff("lime_weights", caught_by=("keeps_the_dtype",), silent=True)
def coefficients_in_single_precision(predict, x, segments, **options):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _lime(predict, x, segments, **options).float()


@chaff("lime_weights", caught_by=("leaves_everything_as_it_was",))
def blanks_the_callers_image(predict, x, segments, *, baseline=0.0, **options):
    """It blanks segments in the caller's image, and does not put them back. Work on a copy."""
    found = _lime(predict, x, segments, baseline=baseline, **options)
    x[:, segments == 0] = baseline + 0.5
    return found


@chaff("lime_weights", caught_by=("finds_what_each_segment_adds", "agrees_with_the_reference"))
def intercept_among_them(predict, x, segments, **options):
    """It returns the intercept in front of the coefficients. There is one number for each segment, and no other."""

    def fit(masks, said, weight, ridge):
        found = _fit(masks, said, weight, ridge)
        rest = said - masks @ found
        return torch.cat([((weight * rest).sum() / weight.sum())[None], found])

    return _lime(predict, x, segments, fit=fit, **options)
