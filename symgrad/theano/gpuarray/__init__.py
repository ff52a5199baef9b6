"""``theano.gpuarray``: present, and not available."""

from symgrad.theano.gpuarray import dnn as dnn
from symgrad.theano.gpuarray import type as type
from symgrad.theano.gpuarray.type import ContextNotDefined as ContextNotDefined
from symgrad.theano.gpuarray.type import GpuArraySharedVariable as GpuArraySharedVariable
from symgrad.theano.gpuarray.type import GpuArrayType as GpuArrayType
from symgrad.theano.gpuarray.type import GpuArrayVariable as GpuArrayVariable
from symgrad.theano.gpuarray.type import get_context as get_context
from symgrad.theano.gpuarray.type import list_contexts as list_contexts
from symgrad.theano.names import forward

pygpu = None
pygpu_activated = False

__getattr__ = forward("theano.gpuarray")
