"""Calls that would be the answer itself are found by reading."""

from __future__ import annotations

import textwrap

import pytest

from autograder.forbidden import forbidden_calls

GUMBEL = "torch.nn.functional.gumbel_softmax"

CALLS = {
    "full name": """
        import torch
        def f(x):
            return torch.nn.functional.gumbel_softmax(x)
        """,
    "module alias": """
        import torch.nn.functional as F
        def f(x):
            return F.gumbel_softmax(x)
        """,
    "dotted import": """
        import torch.nn.functional
        def f(x):
            return torch.nn.functional.gumbel_softmax(x)
        """,
    "from a package": """
        from torch.nn import functional
        def f(x):
            return functional.gumbel_softmax(x)
        """,
    "from a module": """
        from torch.nn.functional import gumbel_softmax as g
        def f(x):
            return g(x)
        """,
    "star": """
        from torch.nn.functional import *
        def f(x):
            return gumbel_softmax(x)
        """,
    "alias at module level": """
        import torch.nn.functional as F
        g = F.gumbel_softmax
        def f(x):
            return g(x)
        """,
    "alias of an alias, before it": """
        def f(x):
            import torch.nn as nn
            h = nn.functional
            g = h.gumbel_softmax
            return g(x)
        """,
    "pairwise assignment": """
        import torch.nn.functional as F
        def f(x):
            a, g = F.relu, F.gumbel_softmax
            return g(x)
        """,
    "walrus": """
        import torch.nn.functional as F
        def f(x):
            return (g := F.gumbel_softmax)(x)
        """,
    "getattr": """
        import torch.nn.functional as F
        def f(x):
            return getattr(F, "gumbel_softmax")(x)
        """,
    "getattr of an alias": """
        import torch
        def f(x):
            g = getattr(torch.nn.functional, "gumbel_softmax", None)
            return g(x)
        """,
    "importlib": """
        import importlib
        def f(x):
            return importlib.import_module("torch.nn.functional").gumbel_softmax(x)
        """,
    "helper": """
        import torch.nn.functional as F
        def helper(x):
            return F.gumbel_softmax(x)
        def f(x):
            return helper(x)
        """,
    "helper of a helper": """
        import torch.nn.functional as F
        def f(x):
            return first(x)
        def first(x):
            return second(x)
        second = lambda x: F.gumbel_softmax(x)
        """,
    "class": """
        import torch.nn.functional as F
        class Helper:
            def __call__(self, x):
                return F.gumbel_softmax(x)
        def f(x):
            return Helper()(x)
        """,
    "nested": """
        import torch.nn.functional as F
        def f(x):
            def inner(y):
                return F.gumbel_softmax(y)
            return inner(x)
        """,
    "handed on": """
        import functools
        import torch.nn.functional as F
        def f(x):
            return functools.partial(F.gumbel_softmax, tau=1.0)(x)
        """,
    "default": """
        import torch.nn.functional as F
        def f(x, g=F.gumbel_softmax):
            return g(x)
        """,
    "import that may fail": """
        try:
            import torch.nn.functional as F
        except ImportError:
            F = None
        def f(x):
            return F.gumbel_softmax(x)
        """,
    "conditional": """
        import torch.nn.functional as F
        def f(x):
            return (F.softmax if x is None else F.gumbel_softmax)(x)
        """,
    "beside what does not parse": """
        import torch.nn.functional as F
        def broken(x:
            return x
        def f(x):
            return F.gumbel_softmax(x)
        """,
}

HONEST = {
    "another function": """
        import torch.nn.functional as F
        def f(x):
            return F.softmax(x, -1)
        def other(x):
            return F.gumbel_softmax(x)
        """,
    "a function of its own": """
        def gumbel_softmax(x):
            return x
        def f(x):
            return gumbel_softmax(x)
        """,
    "a parameter": """
        import torch.nn.functional as F
        def f(x, F):
            return F.gumbel_softmax(x)
        """,
    "in words": """
        import torch.nn.functional as F
        def f(x):
            '''Unlike F.gumbel_softmax(x).'''
            return x  # F.gumbel_softmax(x)
        """,
    "only asked about": """
        import torch.nn.functional as F
        def f(x):
            return isinstance(x, F.gumbel_softmax)
        """,
    "a longer name": """
        import torch.nn.functional as F
        def f(x):
            return F.gumbel_softmax_2(x)
        """,
    "absent": "x = 1",
    "no Python": "def f(x:\n    return torch.nn.functional.gumbel_softmax(x)",
}


@pytest.mark.parametrize("source", CALLS.values(), ids=CALLS)
def test_calls_are_found_in_many_disguises(source):
    """Each names the line and the documented name."""
    source = textwrap.dedent(source)
    lines = [number for number, line in enumerate(source.split("\n"), 1) if "return" in line]
    found = forbidden_calls(source, "f", (GUMBEL,))
    assert {name for _, name in found} == {GUMBEL}
    assert {line for line, _ in found} <= {*lines, source.count("\n")}


@pytest.mark.parametrize("source", HONEST.values(), ids=HONEST)
def test_honest_answers_are_left_alone(source):
    """What is not called is not found."""
    assert forbidden_calls(textwrap.dedent(source), "f", (GUMBEL,)) == []


def test_lines_are_those_of_the_file():
    """Also where lines end in another way."""
    source = "import torch\r\n\r\ndef f(x):\r\n    return torch.softmax(x, 0)\r\n"
    assert forbidden_calls(source, "f", ["torch.softmax"]) == [(4, "torch.softmax")]


def test_a_module_stands_for_all_that_is_in_it():
    """`torchattacks` forbids `torchattacks.FGSM`."""
    source = "from torchattacks import FGSM\ndef f(m, x, y):\n    return FGSM(m)(x, y)\n"
    assert forbidden_calls(source, "f", ("torchattacks",)) == [(3, "torchattacks.FGSM")]
    assert forbidden_calls(source, "f", ("torch",)) == []


@pytest.mark.parametrize(
    "call",
    [
        "x.softmax(-1)",
        "(x / 2).softmax(-1)",
        "torch.Tensor.softmax(x, -1)",
        "getattr(x, 'softmax')(-1)",
        "x.T.softmax(-1)",
    ],
)
def test_methods_are_found_whatever_they_are_called_on(call):
    """`torch.Tensor.softmax` is a method of anything that is no module."""
    source = f"import torch\ndef f(x):\n    return {call}\n"
    assert forbidden_calls(source, "f", ("torch.Tensor.softmax",)) == [(3, "torch.Tensor.softmax")]


def test_a_function_of_a_module_is_no_method():
    """`torch.softmax` is another name."""
    source = "import torch\ndef f(x):\n    return torch.softmax(x, -1)\n"
    assert forbidden_calls(source, "f", ("torch.Tensor.softmax",)) == []


def test_names_that_grow_for_ever_end():
    """Following `module = module.part` stops."""
    steps = "\n".join(f"    m = m.part{index}" for index in range(30))
    source = f"import torch\ndef f(x):\n    m = torch\n{steps}\n    return m(x)\n"
    assert forbidden_calls(source, "f", (GUMBEL,)) == []
