"""The update rules, one file a family; :data:`RULES` is the table of all of them."""

from collections.abc import Callable

from symgrad.emit.updates import Updates
from symgrad.rules.adam import adam, adamax, adamw, amsgrad
from symgrad.rules.adam_scheduled import adam_decayed, nadam, radam
from symgrad.rules.adaptive import adadelta, adagrad, rmsprop, rowwise_adagrad
from symgrad.rules.linear import ftrl, proximal_sgd
from symgrad.rules.momentum import momentum, nesterov_momentum, sgd
from symgrad.rules.sign import lion, rprop

__all__ = [
    "RULES",
    "adadelta",
    "adagrad",
    "adam",
    "adam_decayed",
    "adamax",
    "adamw",
    "amsgrad",
    "ftrl",
    "lion",
    "momentum",
    "nadam",
    "nesterov_momentum",
    "proximal_sgd",
    "radam",
    "rmsprop",
    "rowwise_adagrad",
    "rprop",
    "sgd",
]

RULES: dict[str, Callable[..., Updates]] = {
    "sgd": sgd,
    "proximal_sgd": proximal_sgd,
    "momentum": momentum,
    "nesterov_momentum": nesterov_momentum,
    "adagrad": adagrad,
    "rowwise_adagrad": rowwise_adagrad,
    "rmsprop": rmsprop,
    "adadelta": adadelta,
    "adam": adam,
    "adamax": adamax,
    "amsgrad": amsgrad,
    "adamw": adamw,
    "nadam": nadam,
    "radam": radam,
    "adam_decayed": adam_decayed,
    "lion": lion,
    "rprop": rprop,
    "ftrl": ftrl,
}
