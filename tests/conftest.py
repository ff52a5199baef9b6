"""What all tests share: the backends, and a BLAS for those that use plain PyTensor in C mode."""

import numpy as np
import pytensor
import pytest
from hypothesis import settings
from pytensor.compile.mode import Mode

import symgrad as sg
from symgrad.backends import BACKENDS
from symgrad.backends.c import blas

blas.configure()

# The first example of a test may have to compile.
settings.register_profile("symgrad", deadline=None)
settings.load_profile("symgrad")


def compile_on(backend, *args, **options):
    """``sg.function`` on a backend, or plain PyTensor without any rewrite."""
    if backend == "unoptimised":
        return pytensor.function(*args, **options, mode=Mode("py", None))
    return sg.function(*args, **options, backend=backend)


def evaluated(variable, values=None):
    """The value of a variable, computed in Python without any rewrite."""
    values = values or {}
    inputs = {v: np.asarray(value, v.type.dtype) for v, value in values.items()}
    f = compile_on("unoptimised", list(inputs), variable, on_unused_input="ignore")
    return f(*inputs.values())


@pytest.fixture(params=BACKENDS)
def backend(request):
    """Each compiled backend in turn."""
    return request.param
