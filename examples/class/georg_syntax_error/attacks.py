import torch
import torch.nn.functional as F


def project_linf(x_adv, x, eps, *, low=0.0, high=1.0):
    return torch.clamp(torch.max(torch.min(x_adv, x + eps), x - eps), low, high)


def fgsm(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        loss = F.cross_entropy(model(x), y
        gradient = torch.autograd.grad(loss, x)[0]
    return (x + eps * gradient.sign()).clamp(low, high).detach()


def attack_success_rate(labels, clean_predictions, adversarial_predictions):
    right = clean_predictions == labels
    wrong = adversarial_predictions != labels
    return (right & wrong).sum().item() / max(1, right.sum().item())
