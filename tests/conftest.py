"""What all tests share: the backends, and a BLAS for those that use plain PyTensor in C mode."""

import pytensor
import pytest
from pytensor.compile.mode import Mode

import symgrad as sg
from symgrad.backends import BACKENDS
from symgrad.backends.c import blas

blas.configure()


def compile_on(backend, *args, **options):
    """``sg.function`` on a backend, or plain PyTensor without any rewrite."""
    if backend == "unoptimised":
        return pytensor.function(*args, **options, mode=Mode("py", None))
    return sg.function(*args, **options, backend=backend)


@pytest.fixture(params=BACKENDS)
def backend(request):
    """Each compiled backend in turn."""
    return request.param
