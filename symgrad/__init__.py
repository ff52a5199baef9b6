"""symgrad: gradients of the rows you use, and updates that touch only those rows."""

__version__ = "0.1.0"

from importlib import import_module
from typing import TYPE_CHECKING

from pytensor import shared as shared
from pytensor.tensor import inc_subtensor as inc_subtensor
from pytensor.tensor import set_subtensor as set_subtensor

from symgrad import embeddings as embeddings
from symgrad import errors as errors
from symgrad import schedules as schedules
from symgrad.averages import Averages as Averages
from symgrad.averages import ema as ema
from symgrad.averages import polyak as polyak
from symgrad.call import Function as Function
from symgrad.checkpoint import load as load
from symgrad.checkpoint import save as save
from symgrad.connected import connected as connected
from symgrad.constraints import max_norm as max_norm
from symgrad.constraints import nonnegative as nonnegative
from symgrad.constraints import unit_norm as unit_norm
from symgrad.explain import explain as explain
from symgrad.function import function as function
from symgrad.gradients import grad as grad
from symgrad.groups import decoupled_decay_groups as decoupled_decay_groups
from symgrad.groups import freeze as freeze
from symgrad.groups import freeze_rows as freeze_rows
from symgrad.groups import weight_decay_groups as weight_decay_groups
from symgrad.install import install_as_theano as install_as_theano
from symgrad.monitor import monitor as monitor
from symgrad.ops.coalesce import coalesce as coalesce
from symgrad.rules import RULES as RULES
from symgrad.rules import adadelta as adadelta
from symgrad.rules import adagrad as adagrad
from symgrad.rules import adam as adam
from symgrad.rules import adam_decayed as adam_decayed
from symgrad.rules import adamax as adamax
from symgrad.rules import adamw as adamw
from symgrad.rules import amsgrad as amsgrad
from symgrad.rules import ftrl as ftrl
from symgrad.rules import lion as lion
from symgrad.rules import momentum as momentum
from symgrad.rules import nadam as nadam
from symgrad.rules import nesterov_momentum as nesterov_momentum
from symgrad.rules import proximal_sgd as proximal_sgd
from symgrad.rules import radam as radam
from symgrad.rules import rmsprop as rmsprop
from symgrad.rules import rowwise_adagrad as rowwise_adagrad
from symgrad.rules import rprop as rprop
from symgrad.rules import sgd as sgd
from symgrad.second_order import conjugate_gradient as conjugate_gradient
from symgrad.second_order import gauss_newton_vp as gauss_newton_vp
from symgrad.second_order import hessian_free as hessian_free
from symgrad.second_order import hvp as hvp
from symgrad.second_order import lbfgs as lbfgs
from symgrad.second_order import newton as newton
from symgrad.subsets import Subset as Subset
from symgrad.subsets import lookups as lookups
from symgrad.transforms import clip as clip
from symgrad.transforms import clip_norms as clip_norms
from symgrad.transforms import total_norm_constraint as total_norm_constraint
from symgrad.transforms import weight_decay as weight_decay
from symgrad.updates import Updates as Updates

if TYPE_CHECKING:
    from symgrad.explain import Explanation as Explanation
    from symgrad.explain import notation as notation


def __getattr__(name):
    # These load the machinery of explanations, which takes a while.
    if name in ("Explanation", "notation"):
        return getattr(import_module("symgrad.explain"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
