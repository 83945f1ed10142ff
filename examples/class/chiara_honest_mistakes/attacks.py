import torch
import torch.nn.functional as F


def project_linf(x_adv, x, eps, *, low=0.0, high=1.0):
    # allowed range of every pixel
    delta = torch.clamp(x_adv - x, -eps, eps)
    return torch.clamp(x + delta, low, high)


def project_l2(delta, eps):
    norm = delta.view(delta.shape[0], -1).norm(p=2, dim=1)
    norm = norm.view(-1, *[1] * (delta.dim() - 1))
    # always bring it to length eps, that is the strongest attack
    return delta / (norm + 1e-12) * eps


def fgsm(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    with torch.enable_grad():
        x_in = x.clone().detach()
        x_in.requires_grad = True
        loss = F.cross_entropy(model(x_in), y)
        grad, = torch.autograd.grad(loss, x_in)
    step = eps * grad.sign()
    if targeted:
        step = -step
    return (x_in + step).detach()


def ensemble_logits(models, x):
    probabilities = 0
    for model in models:
        probabilities = probabilities + F.softmax(model(x), dim=-1)
    return probabilities / len(models)


def attack_success_rate(labels, clean_predictions, adversarial_predictions):
    fooled = (clean_predictions == labels) & (adversarial_predictions != labels)
    return fooled.float().mean().item()
