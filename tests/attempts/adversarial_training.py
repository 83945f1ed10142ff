"""Attempts at unit 14, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tests.attempts import attempt


@contextlib.contextmanager
def _modes_kept(model):
    before = {module: module.training for module in model.modules()}
    try:
        yield
    finally:
        for module, training in before.items():
            module.training = training


@attempt("robust_accuracy", mistake="averages_the_batches")
def takes_the_mean_of_the_accuracies(model, x, y, attack, *, batch_size=256):
    """The accuracy of every batch, and then the mean of these."""
    accuracies = []
    with _modes_kept(model):
        model.eval()
        for images, labels in zip(x.split(batch_size), y.split(batch_size), strict=True):
            adversarial = attack(model, images, labels).detach()
            with torch.no_grad():
                answers = model(adversarial).argmax(dim=1)
            accuracies.append((answers == labels).double().mean().item())
    return float(np.mean(accuracies))


@attempt("robust_accuracy", mistake="leaves_out_the_last_batch")
def divides_into_whole_batches(model, x, y, attack, *, batch_size=256):
    """There are N // batch_size batches, or a single one if there is less than one batch of data."""
    modes = [module.training for module in model.modules()]
    model.eval()
    right = 0
    seen = 0
    for i in range(max(1, len(x) // batch_size)):
        images = x[i * batch_size : (i + 1) * batch_size]
        labels = y[i * batch_size : (i + 1) * batch_size]
        fooling = attack(model, images, labels)
        with torch.no_grad():
            right += torch.sum(torch.argmax(model(fooling), dim=-1) == labels).item()
        seen += len(labels)
    for module, mode in zip(model.modules(), modes, strict=True):
        module.training = mode
    return right / seen


@attempt("robust_accuracy", mistake="attacks_all_at_once")
def makes_a_loader_of_attacked_images(model, x, y, attack, *, batch_size=256):
    """First make the adversarial data set, then evaluate on it with a DataLoader, as on any other."""
    hits = 0
    with _modes_kept(model):
        model.eval()
        attacked = TensorDataset(attack(model, x, y).detach(), y)
        for images, labels in DataLoader(attacked, batch_size=batch_size):
            with torch.no_grad():
                _, predicted = torch.max(model(images), 1)
            hits += int(predicted.eq(labels).sum())
    return hits / len(attacked)


@attempt("robust_accuracy", mistake="keeps_the_modes")
def only_switches_gradients_off(model, x, y, attack, *, batch_size=256):
    """For evaluation gradients are not needed, so switch them off, attack and count."""
    correct = 0
    for start in range(0, x.shape[0], batch_size):
        part = slice(start, start + batch_size)
        adversarial = attack(model, x[part], y[part])
        with torch.no_grad():
            logits = model(adversarial)
        correct += torch.count_nonzero(logits.argmax(1) == y[part]).item()
    return correct / x.shape[0]


@attempt("robust_accuracy", mistake="one_mode_for_all_afterwards")
def remembers_whether_it_was_training(model, x, y, attack, *, batch_size=256):
    """Remember whether the model was training, evaluate, and put that back."""
    was_training = model.training
    model.eval()
    verdicts = []
    for images, labels in zip(torch.split(x, batch_size), torch.split(y, batch_size), strict=True):
        adversarial = attack(model, images, labels)
        with torch.no_grad():
            verdicts.extend((model(adversarial).argmax(-1) == labels).tolist())
    model.train(was_training)
    return sum(verdicts) / len(verdicts)


@attempt("robust_accuracy", mistake="stays_in_eval_mode")
def evaluates(model, x, y, attack, *, batch_size=256):
    """The usual evaluation loop: eval, no gradients, count what is right."""
    model.eval()
    correct, total = 0, 0
    for n in range(math.ceil(len(y) / batch_size)):
        begin, end = n * batch_size, min((n + 1) * batch_size, len(y))
        adversarial = attack(model, x[begin:end], y[begin:end])
        with torch.no_grad():
            predicted = model(adversarial).argmax(dim=1)
        correct += (predicted == y[begin:end]).sum().item()
        total += end - begin
    return correct / total


@attempt("robust_accuracy", mistake="compares_with_the_clean_answer")
def counts_answers_that_stay(model, x, y, attack, *, batch_size=256):
    """A model is robust on a sample if the attack does not change what it says about it."""
    stayed = 0
    with _modes_kept(model):
        model.eval()
        for images, labels in zip(x.split(batch_size), y.split(batch_size), strict=True):
            adversarial = attack(model, images, labels)
            with torch.no_grad():
                before = F.softmax(model(images), dim=1).argmax(dim=1)
                after = F.softmax(model(adversarial), dim=1).argmax(dim=1)
            stayed += (before == after).sum().item()
    return stayed / len(x)


@attempt("robust_accuracy", mistake="attacks_in_inference_mode")
def wraps_the_evaluation(model, x, y, attack, *, batch_size=256):
    """Nothing is trained here, so wrap everything in inference mode, which is faster than no_grad."""
    modes = {name: module.training for name, module in model.named_modules()}
    model.eval()
    right = torch.zeros(len(x), dtype=torch.bool)
    with torch.inference_mode():
        for indices in torch.arange(len(x)).split(batch_size):
            adversarial = attack(model, x[indices], y[indices])
            right[indices] = model(adversarial).argmax(dim=1) == y[indices]
    for name, module in model.named_modules():
        module.training = modes[name]
    return right.double().mean().item()


@attempt("adversarial_training_step", mistake="clears_before_the_attack")
def starts_with_zero_grad(model, optimizer, x, y, attack):
    """Every training step begins with zero_grad, then comes the data, then the loss."""
    with _modes_kept(model):
        optimizer.zero_grad()
        model.eval()
        adversarial = attack(model, x, y).detach()
        model.train()
        loss = F.cross_entropy(model(adversarial), y)
        loss.backward()
        optimizer.step()
    return loss.item()


@attempt("adversarial_training_step", mistake="never_back_to_train_mode")
def evaluates_and_learns(model, optimizer, x, y, attack):
    """The attack wants eval mode; the modes are noted before and put back when the step is done."""
    noted = [(module, module.training) for module in model.modules()]
    model.eval()
    x_adv = attack(model, x, y).detach()
    optimizer.zero_grad()
    criterion = nn.CrossEntropyLoss()
    loss = criterion(model(x_adv), y)
    loss.backward()
    optimizer.step()
    for module, training in noted:
        module.training = training
    return loss.item()


@attempt("adversarial_training_step", mistake="attacks_in_train_mode")
def trains_from_the_first_line(model, optimizer, x, y, attack):
    """It is a training step, so the model is put in train mode, and afterwards back."""
    with _modes_kept(model):
        model.train()
        adversarial = attack(model, x, y).detach()
        model.zero_grad()
        loss = F.nll_loss(F.log_softmax(model(adversarial), dim=1), y)
        loss.backward()
        optimizer.step()
    return loss.item()


@attempt("adversarial_training_step", mistake="learns_through_the_attack")
def feeds_the_attack_into_the_model(model, optimizer, x, y, attack):
    """Attack in eval mode, then the loss of the attacked images in train mode, then step."""
    with _modes_kept(model):
        model.eval()
        adversarial = attack(model, x, y)
        model.train()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(adversarial), y)
        loss.backward()
        optimizer.step()
    return loss.item()


@attempt("adversarial_training_step", mistake="back_to_the_modes_as_they_came")
def borrows_the_model_for_the_attack(model, optimizer, x, y, attack):
    """Borrow the model in eval mode for the attack, give every submodule its mode back, and learn."""
    with _modes_kept(model):
        model.eval()
        adversarial = attack(model, x, y)
    adversarial = adversarial.clone().detach()
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None
    loss = F.cross_entropy(model(adversarial), y)
    loss.backward()
    optimizer.step()
    return loss.detach().item()


@attempt("adversarial_training_step", mistake="stays_in_train_mode")
def switches_to_eval_and_back(model, optimizer, x, y, attack):
    """Eval for the attack and back to train for the update."""
    model.eval()
    adversarial = attack(model, x, y).detach()
    model.train()
    optimizer.zero_grad(set_to_none=True)
    log_probs = torch.log_softmax(model(adversarial), dim=-1)
    loss = -log_probs.gather(1, y[:, None]).mean()
    loss.backward()
    optimizer.step()
    return loss.item()


@attempt("adversarial_training_step", mistake="learns_from_both")
def doubles_the_batch(model, optimizer, x, y, attack):
    """Put the attacked images next to the clean ones, so that it does not forget those, and take the mean loss."""
    with _modes_kept(model):
        model.eval()
        adversarial = attack(model, x, y).detach()
        images = torch.cat([x, adversarial])
        labels = torch.cat([y, y])
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
    return loss.item()


def _step(model, optimizer, x, y, attack):
    with _modes_kept(model):
        model.eval()
        adversarial = attack(model, x, y).detach()
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(adversarial), y)
        loss.backward()
        optimizer.step()
    return loss.item()


@attempt("adversarial_training", mistake="shuffles_once")
def shuffles_the_data(model, x, y, attack, *, epochs, batch_size, lr, generator=None):
    """Shuffle images and labels alike, cut them into batches, and train on those."""
    order = torch.randperm(len(x), generator=generator)
    batches = list(zip(x[order].split(batch_size), y[order].split(batch_size), strict=True))
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    history = []
    for _ in range(epochs):
        losses = [_step(model, optimizer, images, labels, attack) for images, labels in batches]
        history.append(sum(losses) / len(losses))
    return history


@attempt("adversarial_training", mistake="ignores_the_generator")
def leaves_the_order_to_the_loader(model, x, y, attack, *, epochs, batch_size, lr, generator=None):
    """A DataLoader with shuffle=True makes a new order every epoch."""
    loader = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    means = []
    for _ in range(epochs):
        total = 0.0
        for images, labels in loader:
            total += _step(model, optimizer, images, labels, attack) * len(labels)
        means.append(total / len(x))
    return means


@attempt("adversarial_training", mistake="leaves_out_the_last_batch_of_an_epoch")
def counts_whole_batches(model, x, y, attack, *, epochs, batch_size, lr, generator=None):
    """Each epoch has N // batch_size steps, and at least one."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    steps = max(1, x.shape[0] // batch_size)
    losses = np.zeros((epochs, steps))
    for epoch in range(epochs):
        order = torch.randperm(x.shape[0], generator=generator)
        for step in range(steps):
            chosen = order[step * batch_size : (step + 1) * batch_size]
            losses[epoch, step] = _step(model, optimizer, x[chosen], y[chosen], attack)
    return losses.mean(axis=1).tolist()


@attempt("adversarial_training", mistake="a_new_adam_every_epoch")
def sets_up_each_epoch(model, x, y, attack, *, epochs, batch_size, lr, generator=None):
    """An epoch needs an order and an optimizer, then it goes through the batches."""

    def epoch():
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        order = torch.randperm(len(y), generator=generator)
        total = 0.0
        for chosen in torch.split(order, batch_size):
            total += len(chosen) * _step(model, optimizer, x[chosen], y[chosen], attack)
        return total / len(y)

    return [epoch() for _ in range(epochs)]


@attempt("adversarial_training", mistake="attacks_once")
def makes_the_adversarial_data_first(model, x, y, attack, *, epochs, batch_size, lr, generator=None):
    """First make the adversarial images, batch by batch because of the memory, then train on them as usual."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    history = []
    with _modes_kept(model):
        model.eval()
        parts = zip(x.split(batch_size), y.split(batch_size), strict=True)
        adversarial = torch.cat([attack(model, images, labels).detach() for images, labels in parts])
        model.train()
        for _ in range(epochs):
            losses = []
            for chosen in torch.randperm(len(x), generator=generator).split(batch_size):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(adversarial[chosen]), y[chosen])
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            history.append(float(np.mean(losses)))
    return history


@attempt("adversarial_training", mistake="eval_mode_for_good")
def switches_to_eval_before_the_loop(model, x, y, attack, *, epochs, batch_size, lr, generator=None):
    """Every batch is attacked, which wants eval mode, so switch there once before the loop and back after it."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    adam = torch.optim.Adam(model.parameters(), lr=lr)
    criterion = nn.CrossEntropyLoss()
    history = []
    for _ in range(epochs):
        order = torch.randperm(len(x), generator=generator)
        summed = 0.0
        for start in range(0, len(x), batch_size):
            chosen = order[start : start + batch_size]
            x_adv = attack(model, x[chosen], y[chosen]).detach()
            adam.zero_grad()
            loss = criterion(model(x_adv), y[chosen])
            loss.backward()
            adam.step()
            summed += loss.item() * len(chosen)
        history.append(summed / len(x))
    for module, training in modes:
        module.training = training
    return history


@attempt("adversarial_training", mistake="adds_up_the_losses")
def keeps_a_running_loss(model, x, y, attack, *, epochs, batch_size, lr, generator=None):
    """Keep a running loss as in the tutorials, one for every epoch."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    running = [0.0] * epochs
    for epoch in range(epochs):
        order = torch.randperm(len(x), generator=generator)
        for chosen in order.split(batch_size):
            running[epoch] += _step(model, optimizer, x[chosen], y[chosen], attack)
    return running
