"""Attempts at unit 03, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from tests.attempts import attempt


@attempt("push_forward_log_prob", mistake="forgets_the_volume")
def asks_the_normal_distribution(y, A, b):
    """The point came from z, so it is as likely as its z, and torch knows the normal distribution."""
    z = torch.linalg.solve(A, (y - b).T).T
    normal = torch.distributions.Normal(torch.zeros_like(b), torch.ones_like(b))
    return normal.log_prob(z).sum(dim=-1)


@attempt("push_forward_log_prob", mistake="adds_the_volume")
def adds_the_log_determinant_as_flows_do(y, A, b):
    """Like a normalizing flow: the log density of the noise plus the log determinant of the Jacobian."""
    inverse = torch.linalg.inv(A)
    z = torch.einsum("ij,nj->ni", inverse, y - b)
    log_noise = -0.5 * torch.einsum("nd,nd->n", z, z) - 0.5 * A.shape[0] * math.log(2 * math.pi)
    log_jacobian = torch.linalg.slogdet(A).logabsdet
    return log_noise + log_jacobian


@attempt("push_forward_log_prob", mistake="trusts_the_sign_of_the_determinant")
def uses_logdet(y, A, b):
    """There is torch.logdet, which gives the logarithm of a determinant without overflow."""
    dimensions = y.shape[1]
    z = torch.linalg.solve(A, (y - b).transpose(0, 1))
    energy = z.pow(2).sum(dim=0) / 2
    return -(energy + dimensions / 2 * math.log(2 * math.pi) + torch.logdet(A))


@attempt("push_forward_log_prob", mistake="determinant_before_its_logarithm")
def writes_the_formula_down(y, A, b):
    """Exactly the formula: log p(z) - log |det A|."""
    lu, pivots = torch.linalg.lu_factor(A)
    z = torch.linalg.lu_solve(lu, pivots, (y - b).mT).mT
    volume = torch.det(A).abs()
    log_p = torch.sum(-(z**2) / 2 - math.log(math.sqrt(2 * math.pi)), dim=1)
    return log_p - torch.log(volume)


@attempt("push_forward_log_prob", mistake="one_two_pi_for_all_features")
def subtracts_the_constant_of_the_bell_curve(y, A, b):
    """The bell curve is exp(-z^2 / 2) / sqrt(2 pi); with a vector, z^2 is the squared length."""
    z = torch.linalg.solve(A, (y - b).T).T
    squared_length = torch.linalg.vecdot(z, z)
    log_bell = -0.5 * squared_length - math.log(math.sqrt(2 * math.pi))
    _, log_volume = torch.slogdet(A)
    return log_bell - log_volume


@attempt("push_forward_log_prob", mistake="solves_with_the_transpose")
def multiplies_by_the_inverse(y, A, b):
    """Undo the map by z = A^-1 (y - b), for all points in one matrix product."""
    centered = y - b[None, :]
    z = torch.matmul(centered, torch.inverse(A))
    log_p = -0.5 * (torch.square(z) + math.log(2 * math.pi)).sum(1)
    return log_p - torch.linalg.slogdet(A)[1]


@attempt("push_forward_log_prob", mistake="holds_the_map_constant")
def prepares_the_map_without_gradients(y, A, b):
    """The map is given, so prepare its inverse and its volume once without gradients and only follow y."""
    with torch.no_grad():
        inverse = torch.linalg.inv(A)
        log_volume = torch.linalg.slogdet(A)[1]
        shift = b.clone()
    z = (y - shift) @ inverse.T
    constant = 0.5 * z.shape[-1] * math.log(2 * math.pi)
    return -0.5 * (z * z).sum(-1) - constant - log_volume


@attempt("inverse_cdf_sample", mistake="stops_at_an_edge")
def counts_the_sums_below(u, probs):
    """Every cumulative sum below u has been passed, so their number is the category."""
    possible = torch.nonzero(probs > 0)[:, 0]
    cumulative = torch.cumsum(probs, dim=0)
    passed = torch.sum(cumulative[None, :] < u[:, None], dim=1)
    return torch.minimum(passed, possible[-1])


@attempt("inverse_cdf_sample", mistake="runs_past_the_end")
def uses_bucketize(u, probs):
    """The pieces are buckets, and torch sorts numbers into buckets; right=True leaves out the upper ends."""
    upper_ends = torch.cumsum(probs, dim=0)
    return torch.bucketize(u, upper_ends, right=True)


@attempt("inverse_cdf_sample", mistake="falls_back_to_the_last")
def repairs_the_last_sum(u, probs):
    """The sum of all probabilities is 1, so write it there in case rounding made it smaller."""
    cdf = probs.cumsum(0)
    cdf[-1] = 1.0
    exceeds = cdf > u.reshape(-1, 1)
    return exceeds.to(torch.uint8).argmax(dim=1)


@attempt("inverse_cdf_sample", mistake="begins_again")
def walks_along_the_pieces(u, probs):
    """For each number walk along the pieces and stop at the first whose end is greater."""
    ends = torch.cumsum(probs, dim=0).tolist()
    categories = torch.zeros(len(u), dtype=torch.int64)
    for i, number in enumerate(u.tolist()):
        for k, end in enumerate(ends):
            if end > number:
                categories[i] = k
                break
    return categories


@attempt("inverse_cdf_sample", mistake="sorted_first")
def puts_the_likely_ones_in_front(u, probs):
    """Sort as in nucleus sampling, so that the likeliest category comes first, then sum and compare."""
    ordered, _ = torch.sort(probs, descending=True)
    passed = (ordered.cumsum(0) <= u.unsqueeze(-1)).sum(dim=-1)
    last = torch.count_nonzero(ordered) - 1
    return torch.minimum(passed, last)


@attempt("inverse_cdf_sample", mistake="counts_one_too_few")
def digitizes_and_subtracts_one(u, probs):
    """numpy.digitize counts bins from 1 and categories count from 0, so subtract 1."""
    cdf = torch.cumsum(probs, dim=0).numpy()
    last = int(np.flatnonzero(probs.numpy() > 0)[-1])
    categories = np.digitize(u.numpy(), cdf) - 1
    return torch.from_numpy(np.minimum(categories, last))


@attempt("inverse_cdf_sample", mistake="sums_in_place")
def adds_the_one_before(u, probs):
    """A cumulative sum: add to each probability everything before it."""
    last = int(torch.nonzero(probs).max())
    for k in range(1, len(probs)):
        probs[k] += probs[k - 1]
    return (probs <= u[:, None]).sum(dim=1).clamp(max=last)


def _rows(images):
    return images.reshape(len(images), math.prod(images.shape[1:]))


@attempt("image_entropy", mistake="drops_the_brightest")
def counts_from_edge_to_edge(images, bins, *, low=0.0, high=1.0):
    """Bin i holds the pixels from its lower edge up to its upper edge, which already belongs to the next."""
    pixels = _rows(images)
    edges = np.linspace(low, high, bins + 1).tolist()
    entropy = torch.zeros(len(images), dtype=images.dtype)
    for i in range(bins):
        inside = (pixels >= edges[i]) & (pixels < edges[i + 1])
        share = inside.to(images.dtype).mean(dim=1)
        entropy -= torch.xlogy(share, share)
    return entropy


@attempt("image_entropy", mistake="in_bits")
def takes_shannons_logarithm(images, bins, *, low=0.0, high=1.0):
    """Shannon's entropy of numpy's histogram, image by image, over the bins that hold anything."""
    entropies = torch.zeros(len(images), dtype=images.dtype)
    for n, image in enumerate(images.detach()):
        counts, _ = np.histogram(image.numpy(), bins=bins, range=(low, high))
        q = counts[counts > 0] / counts.sum()
        entropies[n] = float(np.sum(q * np.log2(1 / q)))
    return entropies


@attempt("image_entropy", mistake="logarithm_of_zero")
def scatters_and_sums(images, bins, *, low=0.0, high=1.0):
    """Count with scatter_add, divide by the pixels, and then it is -sum q log q."""
    pixels = _rows(images)
    index = ((pixels - low) / (high - low) * bins).long().clamp(0, bins - 1)
    counts = torch.zeros(len(images), bins, dtype=images.dtype)
    counts.scatter_add_(1, index, torch.ones_like(pixels))
    q = counts / pixels.shape[1]
    return -torch.einsum("nb,nb->n", q, torch.log(q))


@attempt("image_entropy", mistake="bins_from_its_own_range")
def leaves_the_bins_to_histc(images, bins, *, low=0.0, high=1.0):
    """torch.histc makes the histogram of one image; give it the number of bins."""
    result = torch.empty(images.shape[0], dtype=images.dtype)
    for n in range(images.shape[0]):
        counts = torch.histc(images[n], bins)
        result[n] = torch.special.entr(counts / counts.sum()).sum()
    return result


@attempt("image_entropy", mistake="bins_from_zero_to_one")
def multiplies_by_the_bins(images, bins, *, low=0.0, high=1.0):
    """A pixel times the number of bins, rounded down, is its bin; whatever is outside goes to the nearest."""
    index = torch.floor(_rows(images) * bins).long()
    index = torch.clamp(index, 0, bins - 1)
    is_in = index.unsqueeze(-1) == torch.arange(bins)
    q = is_in.to(images.dtype).mean(dim=1)
    return -torch.xlogy(q, q).sum(dim=-1)


@attempt("image_entropy", mistake="one_histogram_for_the_batch")
def counts_all_pixels(images, bins, *, low=0.0, high=1.0):
    """Count the greys with histc, take the entropy, and hand it out in the shape that is asked for."""
    counts = torch.histc(images, bins=bins, min=low, max=high)
    q = counts / images.numel()
    filled = q[q > 0]
    entropy = -(filled * filled.log()).sum()
    return entropy.repeat(images.shape[0])


@attempt("image_entropy", mistake="shares_in_float32")
def counts_with_bincount(images, bins, *, low=0.0, high=1.0):
    """One bincount for all images: every image gets bins of its own by an offset."""
    pixels = _rows(images)
    number, size = pixels.shape
    index = (bins * (pixels - low) / (high - low)).to(torch.int64).clamp(0, bins - 1)
    index = index + bins * torch.arange(number)[:, None]
    counts = torch.bincount(index.flatten(), minlength=number * bins).reshape(number, bins)
    q = counts / size
    return torch.special.entr(q).sum(dim=1)


@attempt("slerp", mistake="goes_straight")
def walks_towards_the_end(z0, z1, t):
    """Interpolating means to start at z0 and walk the share t of the way to z1."""
    return z0 + torch.einsum("n,d->nd", t, z1 - z0)


@attempt("slerp", mistake="divides_by_the_sine_of_zero")
def takes_the_angle_from_two_lengths(z0, z1, t):
    """The half angle between unit vectors has a tangent, |a - b| / |a + b|, that is exact even for small angles."""
    if not z0.any() or not z1.any():
        return torch.outer(1 - t, z0) + torch.outer(t, z1)
    a, b = z0 / z0.norm(), z1 / z1.norm()
    omega = 2 * torch.atan2(torch.norm(a - b), torch.norm(a + b))
    weights = torch.stack([torch.sin((1 - t) * omega), torch.sin(t * omega)], dim=1)
    return weights / torch.sin(omega) @ torch.stack([z0, z1])


@attempt("slerp", mistake="divides_by_a_length_of_zero")
def treats_parallel_vectors_apart(z0, z1, t):
    """The cosine is the product over both lengths; where the angle is small the path is straight."""
    cosine = torch.dot(z0, z1) / (torch.linalg.norm(z0) * torch.linalg.norm(z1))
    omega = torch.arccos(cosine.clamp(-1.0, 1.0))
    time = t.unsqueeze(1)
    if omega < 0.01:
        return (1 - time) * z0 + time * z1
    return (torch.sin((1 - time) * omega) * z0 + torch.sin(time * omega) * z1) / torch.sin(omega)


@attempt("slerp", mistake="angle_beyond_its_cosine")
def asks_the_cosine_whether_to_turn(z0, z1, t):
    """Parallel means that the cosine is above cos 0.01, and everything else has an angle by acos."""
    length0, length1 = z0.norm(), z1.norm()
    straight = torch.outer(1 - t, z0) + torch.outer(t, z1)
    if length0 == 0 or length1 == 0:
        return straight
    cosine = torch.sum((z0 / length0) * (z1 / length1))
    if cosine > math.cos(0.01):
        return straight
    omega = torch.acos(cosine)
    w0 = torch.sin(omega - t * omega) / torch.sin(omega)
    w1 = torch.sin(t * omega) / torch.sin(omega)
    return w0[:, None] * z0[None, :] + w1[:, None] * z1[None, :]


@attempt("slerp", mistake="runs_backwards")
def weighs_both_ends(z0, z1, t):
    """Each end has its weight, t for one and 1 - t for the other, and on the sphere the sines of these."""
    w0, w1 = t[:, None], 1 - t[:, None]
    lengths = z0.norm() * z1.norm()
    if lengths > 0:
        omega = torch.acos(torch.clamp(z0 @ z1 / lengths, -1, 1))
        if omega >= 0.01:
            w0, w1 = torch.sin(w0 * omega) / torch.sin(omega), torch.sin(w1 * omega) / torch.sin(omega)
    return w0 * z0 + w1 * z1


@attempt("slerp", mistake="loses_the_lengths")
def normalizes_both_first(z0, z1, t):
    """Slerp is for points of the sphere, so put both on it first; zeros stay zeros."""
    z0 = F.normalize(z0, dim=0)
    z1 = F.normalize(z1, dim=0)
    omega = torch.arccos((z0 * z1).sum().clamp(-1, 1))
    if omega < 0.01 or not z0.any() or not z1.any():
        return torch.einsum("n,d->nd", 1 - t, z0) + torch.einsum("n,d->nd", t, z1)
    first = torch.sin((1 - t) * omega) / torch.sin(omega)
    second = torch.sin(t * omega) / torch.sin(omega)
    return torch.einsum("n,d->nd", first, z0) + torch.einsum("n,d->nd", second, z1)


@attempt("slerp", mistake="angle_of_unscaled_vectors")
def takes_the_arccosine_of_the_dot_product(z0, z1, t):
    """The dot product gives the angle; keep it between -1 and 1, where acos is defined."""
    t = t.reshape(-1, 1)
    omega = torch.acos(torch.clip(z0 @ z1, -1.0, 1.0))
    if omega < 0.01 or torch.count_nonzero(z0) == 0 or torch.count_nonzero(z1) == 0:
        return z0 * (1 - t) + z1 * t
    return z0 * (torch.sin((1 - t) * omega) / torch.sin(omega)) + z1 * (torch.sin(t * omega) / torch.sin(omega))


@attempt("slerp", mistake="straight_and_then_to_the_sphere")
def lifts_the_line(z0, z1, t):
    """The middle of the line is too short, so give each of its points the length it should have there."""
    t = t[:, None]
    line = (1 - t) * z0 + t * z1
    lengths = (1 - t) * z0.norm() + t * z1.norm()
    return F.normalize(line, dim=1) * lengths


@attempt("slerp", mistake="path_in_float32")
def fills_in_the_path(z0, z1, t):
    """Make room for the path and compute it point by point."""
    path = torch.zeros(len(t), len(z0))
    lengths = z0.norm().item() * z1.norm().item()
    omega = 0.0
    if lengths > 0:
        omega = math.acos(max(-1.0, min(1.0, torch.dot(z0, z1).item() / lengths)))
    for i, time in enumerate(t.tolist()):
        if omega < 0.01:
            path[i] = (1 - time) * z0 + time * z1
        else:
            path[i] = (math.sin((1 - time) * omega) * z0 + math.sin(time * omega) * z1) / math.sin(omega)
    return path
