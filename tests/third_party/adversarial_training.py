"""Public libraries as right answers to adversarial training, through thin adapters.

scikit-learn's accuracy_score counts what the attack leaves, torch's DataLoader and samplers make the batches, and
torch.func calls the model as a function of its parameters for the update. Modes are ours throughout: no library puts
those of single submodules back. captum and torchattacks attack but do not train. Whole trainers, such as those of the
Adversarial Robustness Toolbox, bring attacks and data formats of their own and take no function for an attack.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from sklearn.metrics import accuracy_score
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

from autograder.wheats import wheat


def _modes(model):
    return [(module, module.training) for module in model.modules()]


def _put_back(modes):
    for module, mode in modes:
        module.training = mode


@wheat("robust_accuracy")
def sklearn_accuracy_score(model, x, y, attack, *, batch_size=256):
    """DataLoader for the batches, scikit-learn's accuracy_score for the share."""
    modes, seen = _modes(model), []
    model.eval()
    for images, labels in DataLoader(TensorDataset(x, y), batch_size=batch_size):
        adversarial = attack(model, images, labels)
        with torch.no_grad():
            seen += model(adversarial).argmax(-1).tolist()
    _put_back(modes)
    return accuracy_score(y.tolist(), seen)


@wheat("adversarial_training_step")
def torch_func_gradients(model, optimizer, x, y, attack):
    """torch.func.functional_call on parameters of its own, whose gradients it hands to the model's."""
    modes = _modes(model)
    model.eval()
    adversarial = attack(model, x, y).detach()
    model.train()
    parameters = dict(model.named_parameters())

    def loss_of(values):
        return F.cross_entropy(torch.func.functional_call(model, values, (adversarial,)), y)

    leaves = {name: parameter.detach().clone().requires_grad_() for name, parameter in parameters.items()}
    loss = loss_of(leaves)
    for parameter, gradient in zip(parameters.values(), torch.autograd.grad(loss, list(leaves.values())), strict=True):
        parameter.grad = gradient
    optimizer.step()
    _put_back(modes)
    return loss.item()


@wheat("adversarial_training")
def torch_batch_sampler(model, x, y, attack, *, epochs, batch_size, lr, generator=None):
    """RandomSampler and BatchSampler of torch for the batches."""
    modes = _modes(model)
    sampler = BatchSampler(RandomSampler(range(len(x)), generator=generator), batch_size, drop_last=False)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    means = []
    for _ in range(epochs):
        losses = []
        for chosen in sampler:
            model.eval()
            adversarial = attack(model, x[chosen], y[chosen]).detach()
            model.train()
            loss = F.cross_entropy(model(adversarial), y[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        means.append(sum(losses) / len(losses))
    _put_back(modes)
    return means
