"""Answers at once, and never ends when its gradient is asked for."""

import time

import torch


class Slow(torch.autograd.Function):
    """The identity, whose backward takes for ever."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        while True:
            time.sleep(1000)


def kl_divergence(p, q):
    return Slow.apply((p - q).sum(-1))
