"""symgrad: gradients of the rows you use, and updates that touch only those rows."""

from importlib import import_module
from typing import TYPE_CHECKING

from pytensor import shared
from pytensor.tensor import inc_subtensor, set_subtensor

from symgrad import embeddings, errors
from symgrad.compile.callable import Function
from symgrad.compile.function import function
from symgrad.cost.connected import connected
from symgrad.cost.gradients import grad
from symgrad.cost.lookups import Subset, lookups
from symgrad.emit.closed_form import ClosedForm
from symgrad.emit.constraints import max_norm, nonnegative, unit_norm
from symgrad.emit.groups import (
    decoupled_decay_groups,
    freeze,
    freeze_rows,
    weight_decay_groups,
)
from symgrad.emit.hyperparameter import Hyperparameter
from symgrad.emit.rule import Rule
from symgrad.emit.transforms import (
    Transform,
    clip,
    clip_norms,
    total_norm_constraint,
    weight_decay,
)
from symgrad.emit.updates import Updates
from symgrad.explain import explain
from symgrad.ops.coalesce import coalesce
from symgrad.rules import (
    RULES,
    adadelta,
    adagrad,
    adam,
    adam_decayed,
    adamax,
    adamw,
    amsgrad,
    ftrl,
    lion,
    momentum,
    nadam,
    nesterov_momentum,
    proximal_sgd,
    radam,
    rmsprop,
    rowwise_adagrad,
    rprop,
    sgd,
)
from symgrad.second_order import (
    conjugate_gradient,
    gauss_newton_vp,
    hessian_free,
    hvp,
    lbfgs,
    newton,
)
from symgrad.training import schedules
from symgrad.training.averages import Averages, ema, polyak
from symgrad.training.checkpoint import load, save
from symgrad.training.monitor import monitor
from symgrad.version import __version__ as __version__

if TYPE_CHECKING:
    from symgrad.explain import Explanation, notation
    from symgrad.theano.install import install_as_theano

__all__ = [
    "RULES",
    "Averages",
    "ClosedForm",
    "Explanation",
    "Function",
    "Hyperparameter",
    "Rule",
    "Subset",
    "Transform",
    "Updates",
    "adadelta",
    "adagrad",
    "adam",
    "adam_decayed",
    "adamax",
    "adamw",
    "amsgrad",
    "clip",
    "clip_norms",
    "coalesce",
    "conjugate_gradient",
    "connected",
    "decoupled_decay_groups",
    "ema",
    "embeddings",
    "errors",
    "explain",
    "freeze",
    "freeze_rows",
    "ftrl",
    "function",
    "gauss_newton_vp",
    "grad",
    "hessian_free",
    "hvp",
    "inc_subtensor",
    "install_as_theano",
    "lbfgs",
    "lion",
    "load",
    "lookups",
    "max_norm",
    "momentum",
    "monitor",
    "nadam",
    "nesterov_momentum",
    "newton",
    "nonnegative",
    "notation",
    "polyak",
    "proximal_sgd",
    "radam",
    "rmsprop",
    "rowwise_adagrad",
    "rprop",
    "save",
    "schedules",
    "set_subtensor",
    "sgd",
    "shared",
    "total_norm_constraint",
    "unit_norm",
    "weight_decay",
    "weight_decay_groups",
]

# Loaded when they are used: few programs explain gradients, or run Theano's.
_ON_DEMAND = {
    "Explanation": "symgrad.explain",
    "notation": "symgrad.explain",
    "install_as_theano": "symgrad.theano.install",
}


def __getattr__(name: str) -> object:
    if name not in _ON_DEMAND:
        raise AttributeError(f"module 'symgrad' has no attribute {name!r}")
    return getattr(import_module(_ON_DEMAND[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
