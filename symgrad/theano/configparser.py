"""``theano.configparser``: flags by Theano's names, over PyTensor's where it has them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import pytensor

from symgrad.theano.differences import warn_once
from symgrad.theano.flags import DEFAULTS, OBEYED, is_without_effect
from symgrad.theano.pytensor_compat import config_flags
from symgrad.theano.test_values import compute_test_values

__all__ = ["AddConfigVar", "TheanoConfigParser", "TheanoConfigWarning", "change_flags"]


class TheanoConfigWarning(Warning):
    """A flag of Theano that has no effect here."""


class Section:
    """Flags with a common prefix: ``config.gcc.cxxflags``."""

    def __init__(self, path: tuple[str, ...], defaults: Mapping[str, Any]):
        object.__setattr__(self, "_path", path)
        for name, default in defaults.items():
            nested = isinstance(default, dict)
            value = Section((*path, name), default) if nested else default
            object.__setattr__(self, name, value)

    def __getattr__(self, name):
        """A flag that is not Theano's own is PyTensor's, or a section of PyTensor's flags."""
        key = "__".join((*self._path, name))
        known = config_flags()
        if key in known and not name.startswith("__"):
            return getattr(pytensor.config, key)
        if any(flag.startswith(key + "__") for flag in known):
            return Section((*self._path, name), {})
        raise AttributeError(f"theano.config.{'.'.join((*self._path, name))} is not a flag")

    def __setattr__(self, name, value):
        key = "__".join((*self._path, name))
        if name not in self.__dict__ and key in config_flags():
            setattr(pytensor.config, key, value)
            return
        dotted = ".".join((*self._path, name))
        if value != self.__dict__.get(name, value) and is_without_effect(dotted):
            message = f"the flag {dotted} is kept, and has no effect here"
            warn_once(message, category=TheanoConfigWarning)
        object.__setattr__(self, name, value)

    def _subsection(self, path: Iterable[str]) -> "Section":
        """The section at a path below this; it is made where it is missing."""
        section = self
        for part in path:
            if part not in section.__dict__:
                object.__setattr__(section, part, Section((*section._path, part), {}))
            section = section.__dict__[part]
        return section


class TheanoConfigParser(Section):
    """``theano.config``."""

    def __init__(self):
        super().__init__((), DEFAULTS)

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if name == "compute_test_value":
            compute_test_values(value)

    def change_flags(self, **flags: Any) -> "change_flags":
        """A context, or a decorator, in which flags have other values."""
        return change_flags(**flags)

    def set(self, dotted: str, text: str) -> bool:
        """Set a flag as ``THEANO_FLAGS`` does.

        Returns
        -------
        bool
            Whether it has an effect here.
        """
        *path, name = dotted.split(".")
        section = self._subsection(path)
        if name in section.__dict__:
            value = _converted(text, like=section.__dict__[name])
            if dotted in OBEYED:
                setattr(section, name, value)
            else:
                object.__setattr__(section, name, value)
            return dotted in OBEYED
        if "__".join((*path, name)) not in config_flags():
            object.__setattr__(section, name, text)
            return False
        setattr(section, name, _converted(text, like=getattr(section, name)))
        return True


class change_flags:
    """A context, or a decorator, in which flags have other values: ``floatX="float32"``.

    Flags may also be given as a list of pairs, ``("conv.assert_shape", True)``.
    """

    def __init__(self, args: Iterable[tuple[str, Any]] = (), **flags: Any):
        self._flags = dict(args) | flags

    def __call__(self, function: Callable) -> Callable:
        def changed(*args, **kwargs):
            with self:
                return function(*args, **kwargs)

        changed.__name__, changed.__doc__ = function.__name__, function.__doc__
        return changed

    def __enter__(self):
        self._old = {name: _get(name) for name in self._flags}
        for name, value in self._flags.items():
            _set_quietly(name, value)

    def __exit__(self, *_):
        for name, value in self._old.items():
            _set_quietly(name, value)


def _section_and_name(flag):
    """The section of a flag and its name in it; sections end at a dot or at ``__``."""
    *path, name = flag.replace("__", ".").split(".")
    section = config
    for part in path:
        section = getattr(section, part)
    return section, name


def _get(flag):
    section, name = _section_and_name(flag)
    return getattr(section, name)


def _set_quietly(flag, value):
    """Set a flag for a while, without a warning that it has no effect; None leaves it."""
    if value is None:
        return
    section, name = _section_and_name(flag)
    with catch_warnings():
        simplefilter("ignore", TheanoConfigWarning)
        setattr(section, name, value)


def AddConfigVar(
    name: str, doc: str, configparam: Any, root: Section | None = None, in_c_key: bool = True
) -> None:
    """Add a flag of the program's own; its default is that of the parameter."""
    *path, last = name.split(".")
    section = (root or config)._subsection(path)
    object.__setattr__(section, last, getattr(configparam, "default", configparam))


class ConfigParam:
    """The default of a flag that a program adds."""

    def __init__(self, default, *_, **__):
        self.default = default() if callable(default) else default


class EnumStr(ConfigParam):
    """A flag that is one of several words."""


class TypedParam(ConfigParam):
    """A flag of one type."""


BoolParam = IntParam = FloatParam = StrParam = TypedParam


def _converted(text, like):
    """`text` as a value of the type that the flag has now."""
    if isinstance(like, bool):
        return text.strip().lower() in ("1", "true", "yes")
    if isinstance(like, (int, float)):
        return type(like)(float(text))
    return Path(text) if isinstance(like, Path) else text


class _Flag:
    """A flag as an object; libraries look for these in ``_config_var_list``."""

    def __init__(self, fullname):
        self.fullname = fullname

    def __get__(self, section, owner=None):
        return _get(self.fullname)

    def __set__(self, section, value):
        _set_quietly(self.fullname, value)


def _dotted_names(defaults: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in defaults.items():
        if isinstance(value, dict):
            yield from _dotted_names(value, f"{prefix}{name}.")
        else:
            yield prefix + name


config = TheanoConfigParser()
_names = [*_dotted_names(DEFAULTS), *(name.replace("__", ".") for name in config_flags())]
_config_var_list = [_Flag(name) for name in dict.fromkeys(_names)]
