"""Other right ways to write the latent codes."""

from __future__ import annotations

import math
from collections import Counter

import torch
import torch.nn.functional as F

from autograder.wheats import wheat


@wheat("adain")
def with_torch_var(content, style, *, eps=1e-5):
    """torch.var without its correction, on flattened pixels."""
    pixels, colours = content.flatten(2), style.flatten(2)
    normal = (pixels - pixels.mean(-1, keepdim=True)) / (pixels.var(-1, correction=0, keepdim=True) + eps).sqrt()
    deviation = (colours.var(-1, unbiased=False, keepdim=True) + eps).sqrt()
    return (normal * deviation + colours.mean(-1, keepdim=True)).reshape(content.shape)


@wheat("adain")
def as_one_affine_map(content, style, *, eps=1e-5):
    """A factor and a shift for every channel, from first and second moments."""
    first, second = content.mean((-2, -1)), content.square().mean((-2, -1))
    shift, square = style.mean((-2, -1)), style.square().mean((-2, -1))
    factor = torch.sqrt(((square - shift**2).clamp(min=0) + eps) / ((second - first**2).clamp(min=0) + eps))
    return torch.einsum("nchw,nc->nchw", content, factor) + (shift - factor * first)[:, :, None, None]


@wheat("adain")
def one_channel_at_a_time(content, style, *, eps=1e-5):
    """Loops over samples and channels."""
    result = torch.empty_like(content)
    for n in range(content.shape[0]):
        for c in range(content.shape[1]):
            picture, colours = content[n, c], style[n, c]
            centred = picture - picture.sum() / picture.numel()
            deviation = torch.sqrt(torch.sum(centred**2) / picture.numel() + eps)
            spread = torch.sqrt(torch.sum((colours - colours.mean()) ** 2) / colours.numel() + eps)
            result[n, c] = spread * centred / deviation + colours.mean()
    return result


@wheat("binarize")
def sigmoid_plus_what_is_missing(logits):
    """The sigmoid plus the detached rest to 0 or 1."""
    probability = torch.sigmoid(logits)
    return probability + (torch.heaviside(logits, torch.zeros_like(logits)) - probability).detach()


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits):
        ctx.save_for_backward(logits)
        return torch.where(logits > 0, 1.0, 0.0).type_as(logits)

    @staticmethod
    def backward(ctx, gradient):
        (logits,) = ctx.saved_tensors
        return gradient * logits.sigmoid() * (-logits).sigmoid()


@wheat("binarize")
def as_an_autograd_function(logits):
    """A function with a backward of its own."""
    return _Step.apply(logits)


@wheat("binarize")
def rounded_probability(logits):
    """Rounds the probability: one half goes to the even number, which is 0."""
    probability = F.sigmoid(logits)
    return (probability.round() - probability).detach() + probability


@wheat("binarize")
def with_a_gradient_hook(logits):
    """A step times a ratio that is 1, with tanh for the sigmoid."""
    carrier = torch.tanh(logits / 2) / 2
    return logits.detach().gt(0).type(logits.dtype) + carrier - carrier.detach()


@wheat("vector_quantize")
def with_cdist(z, codebook, *, beta=0.25):
    """torch.cdist on flattened vectors, F.embedding for the codes."""
    flat = z.reshape(-1, z.shape[-1])
    indices = torch.cdist(flat.detach(), codebook.detach()).argmin(dim=1)
    codes = F.embedding(indices, codebook)
    loss = (codes - flat.detach()).pow(2).mean() + beta * (codes.detach() - flat).pow(2).mean()
    z_q = flat + (codes - flat).detach()
    return z_q.reshape(z.shape), indices.reshape(z.shape[:-1]), loss


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z, codes):
        return codes.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


@wheat("vector_quantize")
def as_an_autograd_function_of_codes(z, codebook, *, beta=0.25):
    """One code after the other, exact codes, and a backward of its own; answers with a list."""
    distances = torch.stack([torch.linalg.vector_norm(z.detach() - code, dim=-1) for code in codebook.detach()], -1)
    indices = distances.min(-1).indices
    codes = codebook[indices]
    loss = F.mse_loss(z.detach(), codes) + F.mse_loss(codes.detach(), z) * beta
    return [_StraightThrough.apply(z, codes.detach()), indices, loss]


@wheat("vector_quantize")
def around_the_centre_of_the_codebook(z, codebook, *, beta=0.25):
    """Expands the square, but around the codes' own centre; one-hot rows times the codebook."""
    centre = codebook.detach().mean(0)
    moved, codes = z.detach() - centre, codebook.detach() - centre
    distances = (moved**2).sum(-1, keepdim=True) - 2 * moved @ codes.T + (codes**2).sum(-1)
    indices = torch.argmin(distances, dim=-1)
    chosen = F.one_hot(indices, len(codebook)).to(z.dtype) @ codebook
    loss = torch.square(chosen - z.detach()).mean() + beta * torch.square(chosen.detach() - z).mean()
    return (chosen - z).detach() + z, indices, loss


@wheat("vector_quantize")
def with_index_select(z, codebook, *, beta=0.25):
    """A stable sort, and the loss with weights on one difference of which a side is held each time."""
    with torch.no_grad():
        gaps = z[..., None, :] - codebook
        indices = torch.einsum("...kd,...kd->...k", gaps, gaps).sort(dim=-1, stable=True).indices[..., 0]
    codes = codebook.index_select(0, indices.reshape(-1)).view(z.shape)
    pull, commit = codes - z.detach(), codes.detach() - z
    loss = ((pull * pull).sum() + beta * (commit * commit).sum()) / z.numel() if z.numel() else (pull + commit).sum()
    return z - z.detach() + codes.detach(), indices, loss


@wheat("codebook_perplexity")
def counting_in_python(indices, num_codes):
    """Counts with a Counter, and numbers of Python's own."""
    counts = Counter(indices.reshape(-1).tolist())
    total = sum(counts.values())
    entropy = -sum(count / total * math.log(count / total) for count in counts.values())
    return torch.tensor(math.exp(entropy), dtype=torch.float32)


@wheat("codebook_perplexity")
def with_one_hot_rows(indices, num_codes):
    """The mean of one-hot rows, and xlogy."""
    if indices.numel() == 0:
        return torch.ones(())
    shares = F.one_hot(indices.reshape(-1), num_codes).float().mean(0)
    return (-torch.special.xlogy(shares, shares).sum()).exp()


@wheat("codebook_perplexity")
def with_unique_values(indices, num_codes):
    """Only the codes that occur, log2, and a power of 2."""
    _, counts = indices.unique(return_counts=True)
    shares = counts / counts.sum()
    return torch.exp2(-(shares * torch.log2(shares)).sum()).float()


@wheat("codebook_perplexity")
def product_of_powers(indices, num_codes):
    """The product of p^(−p), in float64 and back, with scatter_add."""
    flat = indices.flatten()
    counts = torch.zeros(num_codes, dtype=torch.float64).scatter_add(0, flat, torch.ones(len(flat)).double())
    shares = counts / max(len(flat), 1)
    return shares.pow(-shares).prod().float()


@wheat("code_balance_loss")
def divergence_from_even_usage(probs):
    """The Kullback-Leibler divergence of the mean from the uniform distribution."""
    usage = probs.mean(dim=0)
    return torch.xlogy(usage, usage * probs.shape[1]).sum()


@wheat("code_balance_loss")
def with_entr(probs):
    """torch.special.entr of the mean."""
    usage = torch.einsum("nk->k", probs) / max(len(probs), 1)
    return math.log(probs.size(-1)) - torch.special.entr(usage).sum()


@wheat("code_balance_loss")
def codes_in_use_alone(probs):
    """Leaves out the codes that are never used."""
    usage = probs.mean(0)
    used = usage[usage > 0]
    return torch.log(torch.tensor(float(probs.shape[1]), dtype=probs.dtype)) + (used * used.log()).sum()


@wheat("code_balance_loss")
def with_a_clamped_logarithm(probs):
    """Clamps within the logarithm, well below what counts."""
    usage = probs.mean(dim=0)
    log_usage = torch.log(torch.clamp(usage, min=1e-10))
    return (usage * (log_usage + math.log(probs.shape[1]))).sum()
