"""``theano.compile.pfunc``: older names of ``In`` and ``function``."""

from symgrad.theano.compile.function import function
from symgrad.theano.compile.io import In
from symgrad.theano.names import forward


def Param(
    variable,
    default=None,
    name=None,
    mutable=False,
    strict=False,
    allow_downcast=None,
    implicit=None,
    borrow=None,
):
    """An input with a default: the older way to write ``In(variable, value=default)``."""
    return In(
        variable,
        name=name,
        value=default,
        mutable=mutable,
        strict=strict,
        allow_downcast=allow_downcast,
        implicit=implicit,
        borrow=mutable if borrow is None else borrow,
    )


def pfunc(params, *args, **options):
    """Compile a graph: the name of ``function`` inside Theano."""
    options.pop("output_keys", None)
    return function(params, *args, **options)


__getattr__ = forward("theano.compile.pfunc", "pytensor.compile.rebuild")
