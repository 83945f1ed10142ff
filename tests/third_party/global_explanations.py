"""Public libraries as right answers to the global explanations, through thin adapters.

torchvision's feature extractor traces a copy of the network, since it wants both modes, and the layers behind the
wanted one are left out. captum's Lime as it comes has its own masks, a kernel of another width, a Lasso and no row that
is surely the input itself. Its base, LimeBase, takes all of these from outside, and then fits what the contract says.
It loads its rows in an order from the global random state, which is put back here. scikit-learn's Ridge penalises no
intercept and weighs squares, as the contract does; captum calls it as well. captum has no activation maximisation, and
torchvision no total variation.
"""

from __future__ import annotations

import copy

import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import LimeBase
from sklearn.linear_model import Ridge
from torchvision.models.feature_extraction import create_feature_extractor

from autograder.wheats import wheat


@wheat("channel_activation")
def torchvision_feature_extractor(model, layer, channel, x):
    """Torchvision's feature extractor, which makes a network that ends at the layer."""
    if layer not in {name for name, _ in model.named_modules() if name}:
        raise ValueError(layer)
    output = create_feature_extractor(copy.deepcopy(model).eval(), [layer])(x)[layer]
    part = output[:, channel]
    return part.mean((1, 2)) if part.ndim == 3 else part.clone()


def _draw(num_samples, count, generator):
    """Masks in float64, the first of them all ones."""
    masks = torch.randint(2, (num_samples, count), generator=generator).double()
    masks[0] = 1
    return masks


@wheat("lime_weights")
def captum_lime(predict, x, segments, *, num_samples=500, kernel_width=0.25, ridge=1e-3, baseline=0.0, generator=None):
    """captum.attr.LimeBase with scikit-learn's Ridge, these masks and this kernel."""
    masks = _draw(num_samples, int(segments.max()) + 1, generator)

    def perturb(image, **options):
        yield from masks.split(1)

    def show(mask, image, **options):
        return torch.where(mask[0, segments] == 1, image, torch.full_like(image, baseline))

    def near(image, shown, mask, **options):
        return torch.exp(-((1 - mask.mean().sqrt()) ** 2) / kernel_width**2)

    lime = LimeBase(
        forward_func=lambda rows: predict(rows).double(),
        interpretable_model=SkLearnRidge(alpha=ridge),
        similarity_func=near,
        perturb_func=perturb,
        perturb_interpretable_space=True,
        from_interp_rep_transform=show,
        to_interp_rep_transform=None,
    )
    with torch.random.fork_rng(devices=[]):
        found = lime.attribute(x.detach()[None], n_samples=num_samples, perturbations_per_eval=25)
    return found.reshape(-1).to(x.dtype)


@wheat("lime_weights")
def sklearn_ridge(
    predict, x, segments, *, num_samples=500, kernel_width=0.25, ridge=1e-3, baseline=0.0, generator=None
):
    """scikit-learn's Ridge with a weight for each row."""
    masks = _draw(num_samples, int(segments.max()) + 1, generator)
    rows = torch.where(masks[:, segments][:, None] == 1, x, torch.full_like(x, baseline))
    with torch.no_grad():
        said = predict(rows).double()
    near = torch.exp(-((1 - masks.mean(1).sqrt()) ** 2) / kernel_width**2)
    fitted = Ridge(alpha=ridge, solver="cholesky").fit(masks.numpy(), said.numpy(), sample_weight=near.numpy())
    return torch.from_numpy(fitted.coef_.copy()).to(x.dtype)
