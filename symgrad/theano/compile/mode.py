"""``theano.compile.mode``: what a mode of Theano means here."""

from typing import Any

import pytensor.compile.mode as pytensor_mode
from pytensor.compile.mode import Mode as Mode

from symgrad.theano.configparser import config
from symgrad.theano.core import choose, mode_of, with_symgrad_rewrites
from symgrad.theano.differences import warn_once
from symgrad.theano.names import forward
from symgrad.theano.rewriting.register import tags

__all__ = ["Mode", "get_default_mode", "get_mode", "register_mode", "use_backend"]

_chosen: dict[str, str | None] = {"backend": None}
_registered: dict[str, Mode] = {}


def use_backend(backend: str | None) -> None:
    """Choose the backend of functions that ask for no mode; None chooses the default."""
    _chosen["backend"] = choose(backend)


def backend() -> str:
    """The backend in use: the chosen one, else "c" if there is a compiler, else "numba"."""
    return choose(_chosen["backend"])


def get_mode(mode: str | Mode | None = None) -> Mode:
    """The PyTensor Mode for what a program passes as ``mode=``.

    ``None``, ``"Mode"`` and ``"FAST_RUN"`` are symgrad's mode of the backend: updates of rows are
    fused, rewrites that miscompile repeated indices are left out, and repeated indices mean what
    they meant in Theano (see :mod:`symgrad.theano.rewriting.set_to_inc`).
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
        warn_once("ProfileMode is FAST_RUN here: write function(..., profile=True) to measure")
        return _flagged(_fast_run())
    return with_symgrad_rewrites(pytensor_mode.get_mode(mode))


def _fast_run():
    return mode_of(backend()).including(*tags(backend()))


def _flagged(mode):
    """`mode` with the rewrites that ``optimizer_including`` and ``optimizer_excluding`` name."""
    including = [tag for tag in config.optimizer_including.split(":") if tag]
    excluding = [tag for tag in config.optimizer_excluding.split(":") if tag]
    mode = mode.including(*including) if including else mode
    return mode.excluding(*excluding) if excluding else mode


def _linker(name):
    return name if name in pytensor_mode.predefined_linkers else "cvm"


def _optimizer(name):
    return None if name == "None" else name


def get_default_mode() -> Mode:
    """The mode of a function that asks for none."""
    return get_mode(None)


def register_mode(name: str, mode: Mode) -> None:
    """Give a mode a name for ``mode=`` and ``config.mode``."""
    if name in _registered:
        raise ValueError(f"a mode is already named {name!r}")
    _registered[name] = mode


_forward = forward("theano.compile.mode", "pytensor.compile.mode")


def __getattr__(name: str) -> Any:
    if name in ("FAST_RUN", "FAST_COMPILE"):
        return get_mode(name)
    return _forward(name)
