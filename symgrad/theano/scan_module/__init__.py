"""``theano.scan_module``: loops."""

from symgrad.theano.names import forward
from symgrad.theano.scan_module.scan import scan as scan
from symgrad.theano.scan_module.scan_checkpoints import scan_checkpoints as scan_checkpoints
from symgrad.theano.scan_module.scan_utils import clone as clone
from symgrad.theano.scan_module.scan_utils import until as until
from symgrad.theano.scan_module.scan_views import foldl as foldl
from symgrad.theano.scan_module.scan_views import foldr as foldr
from symgrad.theano.scan_module.scan_views import map as map
from symgrad.theano.scan_module.scan_views import reduce as reduce

__getattr__ = forward("theano.scan_module", "pytensor.scan")
