"""Known wrong ways to train adversarially, one mistake each."""

from __future__ import annotations

import contextlib

import torch
import torch.nn.functional as F

from autograder.wheats import chaff

# The right steps, which all of them share, so that each mistake stands alone.


@contextlib.contextmanager
def _mode(model, training):
    """All submodules in one mode, or in those in which they come if `training` is None."""
    before = [(each, each.training) for each in model.modules()]
    if training is not None:
        model.train(training)
    try:
        yield
    finally:
        for each, mode in before:
            each.training = mode


def _answers(model, images):
    with torch.no_grad():
        return model(images).argmax(-1)


def _robust(model, x, y, attack, batch_size, *, attacked=False, judged=False, labels=None, right=None):
    """Whether each sample is right, batch by batch; `labels` and `right` may be put in other ways."""
    for start in range(0, len(x), batch_size):
        images, classes = x[start : start + batch_size], y[start : start + batch_size]
        given = classes if labels is None else labels(model, images)
        with _mode(model, attacked):
            adversarial = attack(model, images, given)
        with _mode(model, judged):
            seen = _answers(model, adversarial)
        yield (seen == classes) if right is None else right(seen, images, classes)


def _share(batches):
    return torch.cat(list(batches)).double().mean().item()


def _step(
    model,
    optimizer,
    x,
    y,
    attack,
    *,
    attacked=False,
    learns=True,
    clears="after",
    constant=True,
    given=None,
    wanted=None,
    loss_of=F.cross_entropy,
    steps=True,
):
    if clears == "before":
        optimizer.zero_grad()
    with _mode(model, attacked):
        adversarial = attack(model, x, y if given is None else given)
    if constant:
        adversarial = adversarial.detach()
    with _mode(model, learns):
        loss = loss_of(model(adversarial), y if wanted is None else wanted)
    if clears == "after":
        optimizer.zero_grad()
    loss.backward()
    if steps:
        optimizer.step()
    return loss.item()


def _orders(n, epochs, generator):
    for _ in range(epochs):
        yield torch.randperm(n, generator=generator)


def _train(
    model,
    x,
    y,
    attack,
    *,
    epochs,
    batch_size,
    lr,
    generator=None,
    step=_step,
    orders=_orders,
    batches=None,
    renew=False,
    summary=None,
):
    """The training with parts to exchange; `batches` cuts an order into pieces."""
    losses, optimizer = [], torch.optim.Adam(model.parameters(), lr=lr)
    for order in orders(len(x), epochs, generator):
        pieces = order.split(batch_size) if batches is None else batches(order, batch_size)
        if renew:
            optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        mine = [(len(each), step(model, optimizer, x[each], y[each], attack)) for each in pieces]
        if summary is None:
            losses.append(sum(size * loss for size, loss in mine) / max(sum(size for size, _ in mine), 1))
        else:
            losses.append(summary([loss for _, loss in mine]))
    return losses


@chaff("robust_accuracy", caught_by=("counts_what_the_attack_leaves",))
def measures_clean_accuracy(model, x, y, attack, *, batch_size=256):
    """It never uses what the attack gives and measures clean accuracy. Judge the attacked images."""
    return _share(_robust(model, x, y, lambda model, x, y: x, batch_size))


@chaff("robust_accuracy", caught_by=("counts_what_the_attack_leaves", "judges_any_network"))
def counts_the_fooled(model, x, y, attack, *, batch_size=256):
    """It gives the share of samples that are wrong. Robust accuracy is the share that is still right."""
    return 1 - _share(_robust(model, x, y, attack, batch_size))


@chaff("robust_accuracy", caught_by=("counts_what_the_attack_leaves",))
def compares_with_the_clean_answer(model, x, y, attack, *, batch_size=256):
    """It counts samples whose answer does not change under attack. An answer is right if it is the label."""

    def unmoved(seen, images, classes):
        with _mode(model, False):
            return seen == _answers(model, images)

    return _share(_robust(model, x, y, attack, batch_size, right=unmoved))


@chaff("robust_accuracy", caught_by=("counts_every_sample_alike",))
def averages_the_batches(model, x, y, attack, *, batch_size=256):
    """It averages the accuracies of batches. A smaller last batch then counts too much: count samples instead."""
    shares = [each.double().mean() for each in _robust(model, x, y, attack, batch_size)]
    return torch.stack(shares).mean().item()


@chaff("robust_accuracy", caught_by=("counts_every_sample_alike",))
def leaves_out_the_last_batch(model, x, y, attack, *, batch_size=256):
    """It leaves out a last batch that is smaller than the others. Its samples count like any others."""
    kept = len(x) if len(x) < batch_size else len(x) // batch_size * batch_size
    return _share(_robust(model, x[:kept], y[:kept], attack, batch_size))


@chaff("robust_accuracy", caught_by=("keeps_to_the_batch_size",))
def attacks_all_at_once(model, x, y, attack, *, batch_size=256):
    """It attacks all samples in one call and only judges in batches. Attack in batches, too: that takes memory."""
    with _mode(model, False):
        adversarial = attack(model, x, y)
    return _share(_robust(model, adversarial, y, lambda model, x, y: x, batch_size))


@chaff("robust_accuracy", caught_by=("keeps_to_the_batch_size",))
def ignores_the_batch_size(model, x, y, attack, *, batch_size=256):
    """It takes all samples at once, whatever batch_size says. No call may see more than batch_size of them."""
    return _share(_robust(model, x, y, attack, len(x)))


@chaff("robust_accuracy", caught_by=("hands_the_true_labels_to_the_attack",))
def attacks_its_own_answers(model, x, y, attack, *, batch_size=256):
    """It hands the model's own answers to the attack. The attack needs the true labels."""

    def answers(model, images):
        with _mode(model, False):
            return _answers(model, images)

    return _share(_robust(model, x, y, attack, batch_size, labels=answers))


@chaff("robust_accuracy", caught_by=("attacks_and_judges_in_eval_mode",))
def keeps_the_modes(model, x, y, attack, *, batch_size=256):
    """It attacks and judges the model in whatever modes it comes. Switch every submodule to eval mode first."""
    return _share(_robust(model, x, y, attack, batch_size, attacked=None, judged=None))


@chaff("robust_accuracy", caught_by=("attacks_and_judges_in_eval_mode",))
def attacks_in_the_modes_as_they_come(model, x, y, attack, *, batch_size=256):
    """It switches to eval mode only after the attack. The attack must meet the model that is judged: eval first."""
    return _share(_robust(model, x, y, attack, batch_size, attacked=None))


@chaff("robust_accuracy", caught_by=("attacks_and_judges_in_eval_mode",))
def back_to_train_before_judging(model, x, y, attack, *, batch_size=256):
    """It goes back to train mode after the attack and judges the model there. Accuracy is measured in eval mode."""
    return _share(_robust(model, x, y, attack, batch_size, judged=True))


@chaff("robust_accuracy", caught_by=("attacks_and_judges_in_eval_mode",))
def switches_the_outermost_module(model, x, y, attack, *, batch_size=256):
    """It sets the flag of the outermost module alone. Submodules have their own: model.eval() sets them all."""
    before, model.training = model.training, False
    share = _share(_robust(model, x, y, attack, batch_size, attacked=None, judged=None))
    model.training = before
    return share


@chaff("robust_accuracy", caught_by=("leaves_everything_as_it_was",))
def one_mode_for_all_afterwards(model, x, y, attack, *, batch_size=256):
    """It gives all submodules the mode of the outermost one back. Each had its own: note them all before."""
    share = _share(_robust(model, x, y, attack, batch_size))
    model.train(model.training)
    return share


@chaff("robust_accuracy", caught_by=("leaves_everything_as_it_was",))
def stays_in_eval_mode(model, x, y, attack, *, batch_size=256):
    """It leaves the model in eval mode. Put every submodule back into the mode in which it came."""
    share = _share(_robust(model, x, y, attack, batch_size))
    model.eval()
    return share


@chaff("robust_accuracy", caught_by=("lets_the_attack_take_gradients",))
def attacks_in_inference_mode(model, x, y, attack, *, batch_size=256):
    """It works in torch.inference_mode(), where no attack can switch gradients on. Use torch.no_grad() for judging."""
    with torch.inference_mode():
        return _share(_robust(model, x, y, attack, batch_size))


@chaff(
    "adversarial_training_step",
    caught_by=("gives_the_loss_of_the_attacked_batch", "steps_down_the_loss_of_the_attacked_batch"),
)
def learns_from_clean_images(model, optimizer, x, y, attack):
    """It learns from the clean images. What is learnt from are the images that the attack gives."""
    return _step(model, optimizer, x, y, lambda model, x, y: x)


@chaff(
    "adversarial_training_step",
    caught_by=("gives_the_loss_of_the_attacked_batch", "steps_down_the_loss_of_the_attacked_batch"),
)
def learns_from_both(model, optimizer, x, y, attack):
    """It averages the losses of clean and attacked images. Here only the attacked ones count."""
    return _step(
        model,
        optimizer,
        x,
        y,
        attack,
        loss_of=lambda logits, y: (F.cross_entropy(logits, y) + F.cross_entropy(model(x), y)) / 2,
    )


@chaff(
    "adversarial_training_step",
    caught_by=("gives_the_loss_of_the_attacked_batch", "steps_down_the_loss_of_the_attacked_batch"),
)
def sums_the_losses(model, optimizer, x, y, attack):
    """It sums the cross-entropy over the batch. The loss is the mean, so that a step does not grow with the batch."""
    return _step(model, optimizer, x, y, attack, loss_of=lambda logits, y: F.cross_entropy(logits, y, reduction="sum"))


@chaff("adversarial_training_step", caught_by=("gives_the_loss_of_the_attacked_batch",))
def gives_the_loss_afterwards(model, optimizer, x, y, attack):
    """It gives the loss of the moved parameters. Wanted is the loss from which the step was taken."""
    with _mode(model, False):
        adversarial = attack(model, x, y).detach()
    _step(model, optimizer, x, y, lambda model, x, y: adversarial)
    with _mode(model, True), torch.no_grad():
        return F.cross_entropy(model(adversarial), y).item()


@chaff("adversarial_training_step", caught_by=("gives_the_loss_of_the_attacked_batch",))
def learns_its_own_answers(model, optimizer, x, y, attack):
    """It takes the model's answers for labels in the loss, and so confirms it in its errors. Learn the true ones."""
    with _mode(model, False):
        answers = _answers(model, x)
    return _step(model, optimizer, x, y, attack, wanted=answers)


@chaff("adversarial_training_step", caught_by=("hands_the_true_labels_to_the_attack",))
def hands_its_own_answers_to_the_attack(model, optimizer, x, y, attack):
    """It hands the model's own answers to the attack. The attack wants the true labels."""
    with _mode(model, False):
        answers = _answers(model, x)
    return _step(model, optimizer, x, y, attack, given=answers)


@chaff("adversarial_training_step", caught_by=("attacks_in_eval_mode",))
def attacks_in_train_mode(model, optimizer, x, y, attack):
    """It attacks in train mode, where dropout and batch statistics disturb the slopes. Attack in eval mode."""
    return _step(model, optimizer, x, y, attack, attacked=True)


@chaff("adversarial_training_step", caught_by=("attacks_in_eval_mode", "updates_in_train_mode"))
def never_switches_modes(model, optimizer, x, y, attack):
    """It leaves the modes as they come. The attack wants every submodule in eval mode, the update in train mode."""
    return _step(model, optimizer, x, y, attack, attacked=None, learns=None)


@chaff("adversarial_training_step", caught_by=("updates_in_train_mode",))
def never_back_to_train_mode(model, optimizer, x, y, attack):
    """It stays in eval mode after the attack, so dropout and batch normalisation do not learn. Back to train mode."""
    return _step(model, optimizer, x, y, attack, learns=False)


@chaff("adversarial_training_step", caught_by=("updates_in_train_mode",))
def back_to_the_modes_as_they_came(model, optimizer, x, y, attack):
    """It learns in the modes in which the model came. Whatever those were, every submodule learns in train mode."""
    return _step(model, optimizer, x, y, attack, learns=None)


@chaff("adversarial_training_step", caught_by=("holds_the_attacked_batch_constant",))
def learns_through_the_attack(model, optimizer, x, y, attack):
    """It lets gradients flow through the attacked images. They are constants of the step: detach them."""
    return _step(model, optimizer, x, y, attack, constant=False)


@chaff("adversarial_training_step", caught_by=("keeps_other_gradients_out",))
def clears_before_the_attack(model, optimizer, x, y, attack):
    """It clears gradients before the attack, which may leave its own in the model. Clear them after it."""
    return _step(model, optimizer, x, y, attack, clears="before")


@chaff("adversarial_training_step", caught_by=("keeps_other_gradients_out",))
def never_clears_gradients(model, optimizer, x, y, attack):
    """It never clears gradients, so those of the attack and of earlier steps add to the update. Clear them first."""
    return _step(model, optimizer, x, y, attack, clears="never")


@chaff(
    "adversarial_training_step",
    caught_by=("steps_down_the_loss_of_the_attacked_batch", "takes_one_step_of_the_given_optimizer"),
)
def forgets_to_step(model, optimizer, x, y, attack):
    """It computes gradients and leaves the parameters where they are. The optimizer has to step."""
    return _step(model, optimizer, x, y, attack, steps=False)


@chaff("adversarial_training_step", caught_by=("takes_one_step_of_the_given_optimizer", "moves_as_the_reference_moves"))
def steps_by_hand(model, optimizer, x, y, attack):
    """It moves all parameters by lr times their gradient itself. Let the optimizer step: it knows how."""
    loss = _step(model, optimizer, x, y, attack, steps=False)
    with torch.no_grad():
        for each in model.parameters():
            each -= optimizer.param_groups[0]["lr"] * (0 if each.grad is None else each.grad)
    return loss


@chaff("adversarial_training_step", caught_by=("leaves_everything_as_it_was",))
def stays_in_train_mode(model, optimizer, x, y, attack):
    """It leaves the model in train mode. Put every submodule back into the mode in which it came."""
    loss = _step(model, optimizer, x, y, attack)
    model.train()
    return loss


@chaff("adversarial_training", caught_by=("gives_one_loss_an_epoch",))
def gives_the_loss_of_every_batch(model, x, y, attack, **options):
    """It gives the loss of every batch. Wanted is one number an epoch, the mean."""
    return [loss for epoch in _train(model, x, y, attack, summary=list, **options) for loss in epoch]


@chaff("adversarial_training", caught_by=("learns_from_every_sample_once_an_epoch",))
def adds_up_the_losses(model, x, y, attack, **options):
    """It adds the losses of an epoch's batches up. Their mean is wanted, which does not grow with their number."""
    return _train(model, x, y, attack, summary=sum, **options)


@chaff("adversarial_training", caught_by=("learns_from_every_sample_once_an_epoch",))
def gives_the_last_loss(model, x, y, attack, **options):
    """It gives the loss of each epoch's last batch. Wanted is the mean over the whole epoch."""
    return _train(model, x, y, attack, summary=lambda losses: losses[-1], **options)


@chaff("adversarial_training", caught_by=("learns_from_every_sample_once_an_epoch",))
def draws_with_replacement(model, x, y, attack, **options):
    """It draws samples anew for every batch, so some come twice and others never. An epoch is one order of them all."""

    def orders(n, epochs, generator):
        for _ in range(epochs):
            yield torch.randint(n, (n,), generator=generator)

    return _train(model, x, y, attack, orders=orders, **options)


@chaff("adversarial_training", caught_by=("makes_batches_of_the_size_asked_for",))
def leaves_out_the_last_batch_of_an_epoch(model, x, y, attack, **options):
    """It leaves out a last batch that is smaller than the others. Its samples are to be learnt from too."""

    def batches(order, size):
        whole = [each for each in order.split(size) if len(each) == size]
        return whole or [order]

    return _train(model, x, y, attack, batches=batches, **options)


@chaff("adversarial_training", caught_by=("makes_batches_of_the_size_asked_for",))
def learns_from_all_at_once(model, x, y, attack, **options):
    """It makes one batch of all samples, whatever batch_size says. Cut each epoch's order into batches."""
    return _train(model, x, y, attack, batches=lambda order, size: [order], **options)


@chaff("adversarial_training", caught_by=("keeps_samples_with_their_labels",))
def shuffles_images_alone(model, x, y, attack, *, generator=None, **options):
    """It shuffles the images but not their labels. One order has to pick both."""

    def orders(n, epochs, generator):
        for _ in range(epochs):
            x.copy_(clean[torch.randperm(n, generator=generator)])
            yield torch.arange(n)

    clean, x = x, x.clone()
    return _train(model, x, y, attack, orders=orders, generator=generator, **options)


@chaff("adversarial_training", caught_by=("reshuffles_every_epoch",))
def shuffles_once(model, x, y, attack, **options):
    """It draws one order for the whole training. Draw a new one every epoch, so that batches differ."""

    def orders(n, epochs, generator):
        return [torch.randperm(n, generator=generator)] * epochs

    return _train(model, x, y, attack, orders=orders, **options)


@chaff("adversarial_training", caught_by=("reshuffles_every_epoch",))
def never_shuffles(model, x, y, attack, **options):
    """It takes the samples in the order in which they come. Draw a new order every epoch."""
    return _train(model, x, y, attack, orders=lambda n, epochs, generator: [torch.arange(n)] * epochs, **options)


@chaff("adversarial_training", caught_by=("is_reproducible",))
def ignores_the_generator(model, x, y, attack, *, generator=None, **options):
    """It draws orders from the global random state. Hand the generator to what draws them."""
    return _train(model, x, y, attack, **options)


@chaff("adversarial_training", caught_by=("attacks_the_model_as_it_learns", "resists_a_stronger_attack"))
def attacks_once(model, x, y, attack, **options):
    """It attacks all images once, before training. What fooled the first weights need not fool the later ones."""
    with _mode(model, False):
        adversarial = attack(model, x, y).detach()
    return _train(model, adversarial, y, lambda model, x, y: x, **options)


@chaff("adversarial_training", caught_by=("attacks_the_model_as_it_learns",))
def attacks_once_an_epoch(model, x, y, attack, **options):
    """It attacks all images at the start of an epoch. Every batch has to be attacked just before its own step."""

    def orders(n, epochs, generator):
        for _ in range(epochs):
            with _mode(model, False):
                adversarial.copy_(attack(model, x, y).detach())
            yield torch.randperm(n, generator=generator)

    adversarial = x.clone()
    return _train(model, adversarial, y, lambda model, x, y: x, orders=orders, **options)


@chaff(
    "adversarial_training",
    caught_by=("learns_from_every_sample_once_an_epoch", "resists_a_stronger_attack", "learns_as_the_reference_learns"),
)
def trains_on_clean_images(model, x, y, attack, **options):
    """It trains on the clean images. Every batch is attacked, and the attacked images are learnt from."""
    return _train(model, x, y, lambda model, x, y: x, **options)


@chaff("adversarial_training", caught_by=("switches_modes_for_every_batch",))
def eval_mode_for_good(model, x, y, attack, **options):
    """It learns in eval mode, the mode of the attack. Go back to train mode for every update."""
    return _train(model, x, y, attack, step=lambda *batch: _step(*batch, learns=False), **options)


@chaff("adversarial_training", caught_by=("switches_modes_for_every_batch",))
def train_mode_throughout(model, x, y, attack, **options):
    """It attacks in train mode, the mode of the update. Go to eval mode for every attack."""
    return _train(model, x, y, attack, step=lambda *batch: _step(*batch, attacked=True), **options)


@chaff("adversarial_training", caught_by=("steps_with_one_adam", "learns_as_the_reference_learns"))
def a_new_adam_every_epoch(model, x, y, attack, **options):
    """It makes a new Adam every epoch, which forgets the slopes it has seen. Make one for the whole training."""
    return _train(model, x, y, attack, renew=True, **options)


@chaff("adversarial_training", caught_by=("leaves_everything_as_it_was",))
def ends_in_eval_mode(model, x, y, attack, **options):
    """It leaves the model in eval mode. Put every submodule back into the mode in which it came."""
    losses = _train(model, x, y, attack, **options)
    model.eval()
    return losses
