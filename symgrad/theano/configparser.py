"""Theano's configuration: its flags by their names, over PyTensor's where that has them."""

import configparser
import os
from pathlib import Path
from warnings import catch_warnings, simplefilter, warn

import pytensor

from symgrad.errors import SymgradError
from symgrad.theano.difference import tell_once
from symgrad.theano.names import GUIDE

__all__ = ["AddConfigVar", "TheanoConfigParser", "TheanoConfigWarning", "change_flags"]

# What PyTensor no longer has, or what a program may set for itself alone.
DEFAULTS = {
    "mode": "Mode",
    "linker": "cvm",
    "optimizer": "fast_run",
    "device": "cpu",
    "force_device": False,
    "init_gpu_device": "",
    "contexts": "",
    "print_active_device": True,
    "print_test_value": False,
    "compute_test_value": "off",
    "compute_test_value_opt": "off",
    "pickle_test_value": True,
    "assert_no_cpu_op": "ignore",
    "reoptimize_unpickled_function": False,
    "cache_optimizations": False,
    "int_division": "int",
    "deterministic": "default",
    "enable_initial_driver_test": True,
    "unpickle_function": True,
    "max_remote_conditions": 0,
    "conv": {"assert_shape": False},
    "scan": {"debug": False},
    "lib": {"cnmem": 0.0, "amdlibm": False},
    "nvcc": {"fastmath": False, "flags": "", "compiler_bindir": "", "cudafe": ""},
    "cuda": {"root": "", "enabled": False, "disabled": "", "include_path": ""},
    "dnn": {
        "enabled": "auto",
        "base_path": "",
        "bin_path": "",
        "include_path": "",
        "library_path": "",
        "conv": {
            "algo_fwd": "small",
            "algo_bwd": True,
            "algo_bwd_filter": "none",
            "algo_bwd_data": "none",
            "precision": "as_input_f32",
            "workmem": True,
            "workmem_bwd": True,
        },
    },
    "gpuarray": {
        "preallocate": 0.0,
        "sched": "default",
        "single_stream": True,
        "sync": False,
        "cache_path": "",
    },
    "gpu": {"local_elemwise_fusion": True},
    "gpuelemwise": {"sync": True},
    "magma": {"enabled": False, "include_path": "", "library_path": ""},
    "experimental": {
        "local_alloc_elemwise": False,
        "local_alloc_elemwise_assert": True,
        "unpickle_gpu_on_cpu": False,
    },
    "metaopt": {"optimizer_including": "", "optimizer_excluding": "", "verbose": 0},
    "numpy": {f"seterr_{kind}": "None" for kind in ("all", "divide", "over", "under", "invalid")},
    "unittests": {"rseed": 666},
    "ctc": {"root": ""},
    "tensor": {"local_elemwise_fusion": True},
    "warn": {"ignore_bug_before": "0.9"}
    | dict.fromkeys(
        (
            "argmax_pushdown_bug",
            "gpusum_01_011_0111_bug",
            "identify_1pexp_bug",
            "sum_sum_bug",
            "sum_div_dimshuffle_bug",
            "subtensor_merge_bug",
            "gpu_set_subtensor1",
            "vm_gc_bug",
            "signal_conv2d_interface",
            "reduce_join",
            "inc_set_subtensor1",
            "inc_subtensor1_opt",
            "round",
        ),
        False,
    ),
}


class TheanoConfigWarning(Warning):
    """A flag of Theano that has no effect here."""


class Section:
    """Flags with a common prefix: ``config.gcc.cxxflags``."""

    def __init__(self, path, defaults):
        object.__setattr__(self, "_path", path)
        for name, value in defaults.items():
            nested = isinstance(value, dict)
            value = Section((*path, name), value) if nested else value
            object.__setattr__(self, name, value)

    def __getattr__(self, name):
        """What is not Theano's own is PyTensor's, or a section of that."""
        key = "__".join((*self._path, name))
        known = _pytensor_flags()
        if key in known and not name.startswith("__"):
            return getattr(pytensor.config, key)
        if any(flag.startswith(key + "__") for flag in known):
            return Section((*self._path, name), {})
        raise AttributeError(f"theano.config.{'.'.join((*self._path, name))} is not a flag")

    def __setattr__(self, name, value):
        key = "__".join((*self._path, name))
        if name not in self.__dict__ and key in _pytensor_flags():
            setattr(pytensor.config, key, value)
        else:
            dotted = ".".join((*self._path, name))
            if value != self.__dict__.get(name, value) and is_without_effect(dotted):
                message = f"the flag {dotted} is kept, and has no effect here"
                tell_once(message, kind=TheanoConfigWarning)
            object.__setattr__(self, name, value)


class TheanoConfigParser(Section):
    """``theano.config``."""

    def __init__(self):
        super().__init__((), DEFAULTS)

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if name == "compute_test_value":
            from symgrad.theano.gof import test_values

            test_values.install(value)

    def change_flags(self, **flags):
        """A context, or a decorator, in which flags have other values."""
        return change_flags(**flags)

    def set(self, dotted, text):
        """Set a flag as ``THEANO_FLAGS`` does.

        Returns
        -------
        bool
            Whether it has an effect here.
        """
        *path, name = dotted.split(".")
        section = self
        for part in path:
            if part not in section.__dict__:
                object.__setattr__(section, part, Section((*section._path, part), {}))
            section = section.__dict__[part]
        key = "__".join((*path, name))
        if name in section.__dict__:
            value = _like(section.__dict__[name], text)
            if dotted in OBEYED:
                setattr(section, name, value)
            else:
                object.__setattr__(section, name, value)
            return dotted in OBEYED
        if key not in _pytensor_flags():
            object.__setattr__(section, name, text)
            return False
        setattr(section, name, _like(getattr(section, name), text))
        return True


# Flags of our own that `theano.function` reads; device=cpu is what is done anyway.
OBEYED = {"mode", "linker", "optimizer", "int_division", "compute_test_value", "conv.assert_shape"}
SILENT = {"device", "force_device", "base_compiledir", "compiledir", "nvcc.fastmath"}


def is_without_effect(dotted):
    """Whether a flag is Theano's, and nothing here asks for it."""
    known = DEFAULTS
    for part in dotted.split("."):
        known = known.get(part) if isinstance(known, dict) else None
    silent = dotted in OBEYED or dotted in SILENT - {"device"} or dotted.startswith("warn.")
    return known is not None and not isinstance(known, dict) and not silent


class change_flags:
    """A context, or a decorator, in which flags have other values: ``floatX="float32"``.

    A list of pairs ``("conv.assert_shape", True)`` does, too.
    """

    def __init__(self, args=(), **flags):
        self._flags = dict(args) | flags

    def __call__(self, function):
        def changed(*args, **kwargs):
            with self:
                return function(*args, **kwargs)

        changed.__name__, changed.__doc__ = function.__name__, function.__doc__
        return changed

    def __enter__(self):
        self._old = {name: _locate(name)(None) for name in self._flags}
        for name, value in self._flags.items():
            _locate(name)(value)

    def __exit__(self, *_):
        for name, value in self._old.items():
            _locate(name)(value)


def _locate(name):
    """A function that reads a flag (None) or sets it; sections are split by ``__``."""
    *path, last = name.replace("__", ".").split(".")
    section = config
    for part in path:
        section = getattr(section, part)

    def access(value):
        if value is None:
            return getattr(section, last)
        with catch_warnings():
            simplefilter("ignore", TheanoConfigWarning)  # it is for a while only
            setattr(section, last, value)
        return value

    return access


def AddConfigVar(name, doc, configparam, root=None, in_c_key=True):
    """Add a flag of a program's own; its default is the parameter's."""
    *path, last = name.split(".")
    section = root or config
    for part in path:
        if part not in section.__dict__:
            object.__setattr__(section, part, Section((*section._path, part), {}))
        section = section.__dict__[part]
    object.__setattr__(section, last, getattr(configparam, "default", configparam))


class ConfigParam:
    """The default of a flag that a program adds."""

    def __init__(self, default, *_, **__):
        self.default = default() if callable(default) else default


class EnumStr(ConfigParam):
    """One of several words."""


class TypedParam(ConfigParam):
    """A value of one type."""


BoolParam = IntParam = FloatParam = StrParam = TypedParam


def _pytensor_flags():
    return pytensor.config._config_var_dict


def _like(old, text):
    """`text` as a value of the type that the flag has now."""
    if isinstance(old, bool):
        return text.strip().lower() in ("1", "true", "yes")
    if isinstance(old, (int, float)) and not isinstance(old, bool):
        return type(old)(float(text))
    return Path(text) if isinstance(old, Path) else text


def read_flags():
    """``THEANO_FLAGS`` over ``.theanorc``, as ``{dotted name: text}``."""
    flags = {}
    files = os.environ.get("THEANORC", "~/.theanorc").split(os.pathsep)
    parser = configparser.RawConfigParser()
    parser.optionxform = str
    try:
        parser.read([Path(name).expanduser() for name in files])
    except configparser.Error as error:
        warn(f".theanorc cannot be read: {error}", TheanoConfigWarning, stacklevel=2)
    for section in parser.sections():
        prefix = "" if section == "global" else section + "."
        flags.update({prefix + name: text for name, text in parser.items(section)})
    for pair in os.environ.get("THEANO_FLAGS", "").split(","):
        name, equals, text = pair.strip().partition("=")
        if equals:
            flags[name.strip()] = text.strip()
    return flags


def apply_flags():
    """Set the flags of the environment; warn once of those that have no effect here."""
    ignored = []
    for name, text in read_flags().items():
        try:
            obeyed = name not in SILENT and config.set(name, text)
        except (ValueError, TypeError, SymgradError) as error:
            warn(f"{name}={text}: {error}", TheanoConfigWarning, stacklevel=2)
            continue
        if not obeyed and not (name in SILENT and text in ("cpu", "False", "0")):
            ignored.append(f"{name}={text}")
    if ignored:
        warn(
            f"flags of Theano without effect here: {', '.join(ignored)}. See {GUIDE}",
            TheanoConfigWarning,
            stacklevel=2,
        )


class _Flag:
    """A flag as an object; libraries look for these in ``_config_var_list``."""

    def __init__(self, fullname):
        self.fullname = fullname

    def __get__(self, section, kind=None):
        return _locate(self.fullname)(None)

    def __set__(self, section, value):
        _locate(self.fullname)(value)


def _dotted(flags, prefix=""):
    for name, value in flags.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{name}.")
        else:
            yield prefix + name


config = TheanoConfigParser()
_names = [*_dotted(DEFAULTS), *(name.replace("__", ".") for name in _pytensor_flags())]
_config_var_list = [_Flag(name) for name in dict.fromkeys(_names)]
