"""Public libraries as right answers to the local explanations, through thin adapters.

What cannot stand here as it is, and why. captum's methods fail on an empty batch, so they are not asked for one. Its
IntegratedGradients has the midpoint rule as "riemann_middle", for two steps or more; with one step the default,
Gauss-Legendre, is the same rule, with more it is exact on a cubic, where the midpoint rule is not; its
"riemann_trapezoid" misses a parabola. Its Occlusion takes the mean in float32 whatever comes, so it adds up and the
division is ours; it lets the last window stand over the edge where windows do not fit. Its NoiseTunnel takes one
absolute standard deviation for a batch and draws from the global random state alone, so it explains one sample at a
time, in a random state that is made from the generator. Its LayerActivation takes a module, not a name, and gives the
layer's own output. torchvision's feature extractor traces the network, the layers behind the wanted one left out.
scikit-learn's logistic regression wants at least two classes, has no row for absent ones, and a single row for two;
penalised lightly, it is within reach of the minimum.
"""

from __future__ import annotations

import warnings

import torch
import torch.nn.functional as F
from captum.attr import IntegratedGradients, LayerActivation, NoiseTunnel, Occlusion, Saliency
from sklearn.linear_model import LogisticRegression
from torchvision.models.feature_extraction import create_feature_extractor

from autograder.wheats import wheat


@wheat("occlusion")
def captum_occlusion(model, x, target, *, window, stride, baseline=0.0):
    """captum.attr.Occlusion with windows through all channels; the sizes are checked here."""
    height, width = x.shape[-2:]
    if not 1 <= stride <= window <= min(height, width) or (height - window) % stride or (width - window) % stride:
        raise ValueError("windows must tile the image")
    if len(x) == 0:
        return x[:, 0]
    channels, tool = x.shape[1], Occlusion(model)
    tool.use_weights = False
    with torch.no_grad():
        total = tool.attribute(
            x.detach(),
            target=target,
            sliding_window_shapes=(channels, window, window),
            strides=(channels, stride, stride),
            baselines=baseline,
        )
    ones = torch.ones(1, 1, height, width, dtype=x.dtype)
    covers = F.fold(F.unfold(ones, window, stride=stride), (height, width), window, stride=stride)
    return (total / covers)[:, 0]  # each channel has the same


@wheat("saliency")
def captum_saliency(model, x, target):
    """captum.attr.Saliency, whose default is the absolute value."""
    if len(x) == 0:
        return x.detach().clone()
    with torch.enable_grad():
        return Saliency(model).attribute(x.detach().clone().requires_grad_(), target=target).detach()


@wheat("integrated_gradients")
def captum_integrated_gradients(model, x, target, *, baseline=None, steps=50):
    """captum.attr.IntegratedGradients with its midpoint rule."""
    if len(x) == 0:
        return x.detach().clone()
    options = {"target": target, "n_steps": steps, "method": "riemann_middle" if steps > 1 else "gausslegendre"}
    with torch.enable_grad():
        return IntegratedGradients(model).attribute(x.detach().clone(), baselines=baseline, **options).detach()


@wheat("smooth_grad")
def captum_noise_tunnel(model, x, target, *, num_samples=50, noise_level=0.1, generator=None):
    """captum.attr.NoiseTunnel around its Saliency without the absolute value."""
    tunnel, results = NoiseTunnel(Saliency(model)), [torch.zeros_like(x[:0])]
    seed = None if generator is None else int(torch.randint(2**31, (), generator=generator))
    with torch.random.fork_rng(devices=[], enabled=seed is not None), torch.enable_grad():
        if seed is not None:
            torch.manual_seed(seed)
        for image, label in zip(x.detach().split(1), target.split(1), strict=False) if len(x) else ():
            found = tunnel.attribute(
                image.clone().requires_grad_(),
                target=label,
                nt_type="smoothgrad",
                nt_samples=num_samples,
                stdevs=noise_level * float(image.max() - image.min()),
                abs=False,
            )
            results.append(found.detach())
    return torch.cat(results)


@wheat("layer_features")
def captum_layer_activation(model, layer, x):
    """captum.attr.LayerActivation of the module that torch finds by its name."""
    parts = dict(model.named_modules())
    if layer not in parts or parts[layer] is model:
        raise ValueError(layer)
    with torch.no_grad():
        return LayerActivation(model, parts[layer]).attribute(x).detach().clone()


@wheat("layer_features")
def torchvision_feature_extractor(model, layer, x):
    """Torchvision's feature extractor, which makes a network that ends at the layer."""
    if layer not in {name for name, _ in model.named_modules() if name}:
        raise ValueError(layer)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()  # else it wants to trace the network in either mode
    try:
        with torch.no_grad():
            return create_feature_extractor(model, [layer])(x)[layer].clone()
    finally:
        for module, mode in modes:
            module.training = mode


@wheat("fit_linear_probe")
def sklearn_logistic_regression(features, labels, num_classes):
    """scikit-learn's LogisticRegression for the classes that occur, next to no penalty, weights in float64."""
    weight = torch.zeros(num_classes, features.shape[1], dtype=torch.float64)
    bias = torch.full((num_classes,), -1e4, dtype=torch.float64)
    present = labels.unique()
    if len(present) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells that separable classes need many steps
            fitted = LogisticRegression(C=1e5, max_iter=2000).fit(features.double().numpy(), labels.numpy())
        coefficients, intercepts = (torch.from_numpy(each.copy()) for each in (fitted.coef_, fitted.intercept_))
        if len(present) == 2:  # one row, for the second of them
            coefficients = torch.cat([torch.zeros_like(coefficients), coefficients])
            intercepts = torch.cat([torch.zeros_like(intercepts), intercepts])
        weight[present], bias[present] = coefficients, intercepts
    elif len(present) == 1:
        bias[present] = 0.0
    return weight.to(features.dtype), bias.to(features.dtype)
