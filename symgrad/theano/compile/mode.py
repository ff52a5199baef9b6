"""``theano.compile.mode``: what a mode of Theano means here."""

import pytensor.compile.mode as pytensor_mode
from pytensor.compile.mode import Mode as Mode

from symgrad.backends import choose, mode_of
from symgrad.backends.rewrite_order import EXCLUDED_ON_JAX, UNSOUND, with_symgrad_rewrites
from symgrad.backends.scans import scans_in_mode
from symgrad.pytensor_compat import STEPS_HAVE_OWN_MODE, optdb
from symgrad.theano.compile import picked_log as picked_log
from symgrad.theano.compile import written_softmax as written_softmax
from symgrad.theano.compile.set_to_inc import TAG
from symgrad.theano.configparser import config
from symgrad.theano.difference import tell_once
from symgrad.theano.names import forward

__all__ = ["Mode", "get_default_mode", "get_mode", "register_mode", "use_backend"]

# Theano's meaning holds inside of a scan, too: before symgrad's modes of it, at 101.
for _mode, _backend, _excluded in (
    ("CVM", "c", UNSOUND),
    ("NUMBA", "numba", UNSOUND),
    ("JAX", "jax", (*UNSOUND, *EXCLUDED_ON_JAX)),
):
    _tag = f"{TAG}_{_backend}"
    _scans = scans_in_mode(_mode, _tag, f"symgrad_{_backend}", TAG, excluded=_excluded)
    if STEPS_HAVE_OWN_MODE:
        optdb.register(f"{_tag}_scans", _scans, _tag, position=100.9)

_chosen = {"backend": None}
_registered = {}


def use_backend(backend):
    """Compile what asks for no mode of its own with this backend, until told otherwise."""
    _chosen["backend"] = choose(backend)


def backend():
    """The backend in use: "c" if there is a compiler, else "numba", unless chosen."""
    return choose(_chosen["backend"])


def get_mode(mode=None):
    """The PyTensor Mode for what a program passes as ``mode=``.

    ``None``, ``"Mode"`` and ``"FAST_RUN"`` are symgrad's mode of the backend, so that updates of
    rows are fused, rewrites that miscompile repeated indices are left out, and what Theano made of
    these is done (see :mod:`symgrad.theano.compile.set_to_inc`).
    """
    if mode is None:
        mode = config.mode
        if mode == "Mode" and (config.linker, config.optimizer) != ("cvm", "fast_run"):
            return _flagged(Mode(_linker(config.linker), _optimizer(config.optimizer)))
    if not isinstance(mode, str):
        return mode
    if mode in _registered:
        return _registered[mode]
    if mode in ("Mode", "FAST_RUN", "FAST_RUN_NOGC", "FAST_RUN_STABLE"):
        return _flagged(_fast_run())
    if mode in ("DebugMode", "DEBUG_MODE"):
        from symgrad.theano.compile.debugmode import DebugMode

        return DebugMode()
    if mode == "NanGuardMode":
        from symgrad.theano.compile.nanguardmode import NanGuardMode

        return NanGuardMode(
            nan_is_error=config.NanGuardMode.nan_is_error,
            inf_is_error=config.NanGuardMode.inf_is_error,
            big_is_error=config.NanGuardMode.big_is_error,
        )
    if mode in ("ProfileMode", "PROFILE_MODE"):
        tell_once("ProfileMode is FAST_RUN here: write function(..., profile=True) to measure")
        return _flagged(_fast_run())
    return with_symgrad_rewrites(pytensor_mode.get_mode(mode))


def _fast_run():
    return mode_of(backend()).including(TAG, f"{TAG}_{backend()}")


def _flagged(mode):
    """With the rewrites that ``optimizer_including`` and ``optimizer_excluding`` name."""
    including = [tag for tag in config.optimizer_including.split(":") if tag]
    excluding = [tag for tag in config.optimizer_excluding.split(":") if tag]
    mode = mode.including(*including) if including else mode
    return mode.excluding(*excluding) if excluding else mode


def _linker(name):
    return name if name in pytensor_mode.predefined_linkers else "cvm"


def _optimizer(name):
    known = {"None": None, "fast_run": "fast_run", "fast_compile": "fast_compile"}
    return known.get(name, name)


def get_default_mode():
    """The mode of a function that asks for none."""
    return get_mode(None)


def register_mode(name, mode):
    """Give a mode a name that ``mode=`` and ``config.mode`` take."""
    if name in _registered:
        raise ValueError(f"a mode is already named {name!r}")
    _registered[name] = mode


def _module_getattr(name):
    if name in ("FAST_RUN", "FAST_COMPILE"):
        return get_mode(name)
    return _pytensor(name)


_pytensor = forward("theano.compile.mode", "pytensor.compile.mode")
__getattr__ = _module_getattr
