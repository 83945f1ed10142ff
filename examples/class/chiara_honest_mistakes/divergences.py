import torch


def kl_divergence(p, q):
    return (p * torch.log(p / q)).sum(-1)


def js_divergence(p, q):
    m = 0.5 * (p + q)
    js = 0.5 * kl_divergence(p, m) + 0.5 * kl_divergence(q, m)
    return torch.sqrt(js)


def critic_loss(real_scores, fake_scores):
    return real_scores.mean() - fake_scores.mean()


def clip_weights(module, limit):
    for p in module.parameters():
        p.data.clamp_(-limit, limit)
