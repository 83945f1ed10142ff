"""Other right ways to train adversarially."""

from __future__ import annotations

import copy
import math

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from autograder.wheats import wheat


@wheat("robust_accuracy")
def on_a_copy(model, x, y, attack, *, batch_size=256):
    """Attacks and judges a copy in eval mode, so that nothing has to be put back."""
    twin = copy.deepcopy(model).eval()
    right = []
    for start in range(0, len(x), batch_size):
        images, labels = x[start : start + batch_size], y[start : start + batch_size]
        right += (twin(attack(twin, images, labels)).argmax(1) == labels).tolist()
    return sum(right) / len(right)


@wheat("robust_accuracy")
def sample_by_sample(model, x, y, attack, *, batch_size=256):
    """Attacks one sample at a time, which is at most batch_size, all of it under no_grad."""
    modes = {name: module.training for name, module in model.named_modules()}
    model.eval()
    right = 0
    with torch.no_grad():
        for image, label in zip(x, y, strict=True):
            logits = model(attack(model, image.unsqueeze(0), label.unsqueeze(0)))[0]
            right += int(logits.argmax()) == int(label)
    for name, module in model.named_modules():
        module.training = modes[name]
    return right / y.numel()


@wheat("robust_accuracy")
def attacks_all_batches_first(model, x, y, attack, *, batch_size=256):
    """Gathers all attacked images, frozen weights, then weighs the accuracy of each batch by its size."""
    modes = [module.training for module in model.modules()]
    wanted = [parameter.requires_grad for parameter in model.parameters()]
    model.eval().requires_grad_(False)
    count = math.ceil(len(x) / batch_size)
    pieces = list(zip(x.tensor_split(count), y.tensor_split(count), strict=True))
    attacked = [attack(model, images, labels) for images, labels in pieces]
    total = 0.0
    for adversarial, (_, labels) in zip(attacked, pieces, strict=True):
        total += len(labels) * (model(adversarial).max(dim=1).indices == labels).float().mean().item()
    for module, mode in zip(model.modules(), modes, strict=True):
        module.training = mode
    for parameter, flag in zip(model.parameters(), wanted, strict=True):
        parameter.requires_grad_(flag)
    return total / len(x)


def _modes(model):
    return [(module, module.training) for module in model.modules()]


def _put_back(modes):
    for module, mode in modes:
        module.training = mode


@wheat("adversarial_training_step")
def attacks_a_copy(model, optimizer, x, y, attack):
    """Attacks a copy in eval mode, whose gradients nobody sees, and clears the model's own before the attack."""
    for parameter in model.parameters():
        parameter.grad = None
    twin = copy.deepcopy(model).eval()
    adversarial = attack(twin, x, y).detach().clone()
    modes = _modes(model)
    model.train()
    log_probabilities = model(adversarial).log_softmax(-1)
    loss = -log_probabilities.gather(1, y[:, None]).mean()
    loss.backward()
    optimizer.step()
    _put_back(modes)
    return float(loss.detach())


@wheat("adversarial_training_step")
def without_backward(model, optimizer, x, y, attack):
    """Asks torch.autograd.grad for the gradients and sets them, whatever was there before."""
    modes = _modes(model)
    model.eval()
    with torch.no_grad():
        adversarial = attack(model, x, y)
    model.train()
    parameters = list(model.parameters())
    loss = F.nll_loss(F.log_softmax(model(adversarial.detach()), dim=1), y)
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
    _put_back(modes)
    return loss.item()


@wheat("adversarial_training_step")
def with_a_closure(model, optimizer, x, y, attack):
    """Hands the optimizer a closure that clears, computes and goes backwards; the modes go by hand."""
    modes = _modes(model)
    for module, _ in modes:
        module.training = False
    adversarial = torch.tensor(attack(model, x, y).tolist(), dtype=x.dtype, device=x.device)
    for module, _ in modes:
        module.training = True

    def closure():
        model.zero_grad(set_to_none=False)
        with torch.enable_grad():
            logits = model(adversarial)
            loss = (logits.logsumexp(1) - logits[torch.arange(len(y)), y]).sum() / len(y)
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    _put_back(modes)
    return float(loss.detach())


def _one_step(model, optimizer, x, y, attack):
    model.eval()
    adversarial = attack(model, x, y).detach()
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(adversarial), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@wheat("adversarial_training")
def with_a_data_loader(model, x, y, attack, *, epochs, batch_size, lr, generator=None):
    """Lets torch's DataLoader shuffle with the generator; means over batches."""
    modes = _modes(model)
    loader = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True, generator=generator)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    history = []
    for _ in range(epochs):
        losses = [_one_step(model, optimizer, images, labels, attack) for images, labels in loader]
        history.append(sum(losses) / len(losses))
    _put_back(modes)
    return history


@wheat("adversarial_training")
def with_shuffled_copies(model, x, y, attack, *, epochs, batch_size, lr, generator=None):
    """Shuffles copies of images and labels by sorting random numbers, and walks over them; means over samples."""
    modes = _modes(model)
    optimizer = torch.optim.Adam(model.parameters(), lr)
    means = []
    for _ in range(epochs):
        order = torch.rand(len(x), generator=generator).argsort()
        images, labels, total = x[order], y[order], 0.0
        for start in range(0, len(x), batch_size):
            batch = images[start : start + batch_size], labels[start : start + batch_size]
            total += _one_step(model, optimizer, *batch, attack) * len(batch[1])
        means.append(total / len(x))
    _put_back(modes)
    return means


@wheat("adversarial_training")
def with_an_adam_of_its_own(model, x, y, attack, *, epochs, batch_size, lr, generator=None):
    """Attacks copies, and makes Adam's steps itself from the gradients of the mean log-likelihood."""
    modes, parameters = _modes(model), list(model.parameters())
    moments = [(torch.zeros_like(each), torch.zeros_like(each)) for each in parameters]
    count, history = 0, []
    model.train()
    for _ in range(epochs):
        losses = torch.zeros(len(x), dtype=torch.float64, device=x.device)
        for chosen in torch.randperm(len(x), generator=generator).to(x.device).split(batch_size):
            adversarial = attack(copy.deepcopy(model).eval(), x[chosen], y[chosen]).detach()
            each_loss = F.cross_entropy(model(adversarial), y[chosen], reduction="none")
            gradients = torch.autograd.grad(each_loss.mean(), parameters)
            losses[chosen] = each_loss.detach().double()
            count += 1
            with torch.no_grad():
                for parameter, gradient, (mean, square) in zip(parameters, gradients, moments, strict=True):
                    mean.mul_(0.9).add_(0.1 * gradient)
                    square.mul_(0.999).add_(0.001 * gradient**2)
                    root = (square / (1 - 0.999**count)).sqrt() + 1e-8
                    parameter -= lr * mean / (1 - 0.9**count) / root
        history.append(losses.mean().item())
    _put_back(modes)
    return history
