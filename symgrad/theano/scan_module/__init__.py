"""``theano.scan_module``: loops."""

from symgrad.theano.names import forward
from symgrad.theano.scan_module.scan import scan
from symgrad.theano.scan_module.scan_checkpoints import scan_checkpoints
from symgrad.theano.scan_module.scan_utils import clone, until
from symgrad.theano.scan_module.scan_views import foldl, foldr, map, reduce

__getattr__ = forward("theano.scan_module", "pytensor.scan")
