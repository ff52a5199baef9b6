# ruff: noqa
"""Prints how graphs, Ops, types and classes read; Python 3.7 reads it, too.

``python -W ignore theano_texts.py > theano_texts.txt``, where Theano 1.0.5 is installed; the test
runs it by ``symgrad run``.
"""

import numpy
import theano
import theano.tensor as T
from theano.gof.opt import TopoOptimizer, local_optimizer

x, v, w = T.matrix("x"), T.vector("v"), T.vector("w")
y = x * 2.0
print(y.owner.op.name, y, y.owner, y.owner.inputs, [T.constant([1.0, 1.0]), T.constant([1.5, 2.0])])
print(type(x), type(y.owner), type(theano.shared(numpy.ones(2))), type(T.constant(2)), type(x.type))
print(x.type, T.row().type, T.tensor4().type, T.dmatrices("ab"), x.sum(), x.sum(axis=1), x.T)
print(T.shape_padaxis(x, 1), x.dimshuffle(1, "x", 0), v.dimshuffle("x", 0))

print("-- expressions")
p = 1 / (1 + T.exp(-T.dot(x, w) - v))
for one in (p > 0.5, T.dot(v, x), T.dot(v, w) * 2, T.dot(x, x), x + v, x**2 - T.sqrt(x), T.tanh(x)):
    print(theano.pp(one))

print("-- trees")
theano.printing.debugprint(p > 0.5)
theano.printing.debugprint(T.dot(v, w) + x.sum(axis=0), print_type=True)
z = T.scalar("z")
theano.printing.debugprint(theano.grad(z * T.exp(z), z), depth=2)

print("-- functions")
f = theano.function(
    [v], (v + 1).sum(), mode=theano.compile.get_default_mode().excluding("fusion", "inplace")
)
theano.printing.debugprint(f)
nodes = f.maker.fgraph.toposort()
print(nodes[0].outputs[0].clients, nodes[-1].outputs[0].clients)
print(nodes[0].outputs[0].fgraph is f.maker.fgraph)
n = T.vector("n")
theano.printing.debugprint(theano.function([v, n], T.stack([v.shape[0] + n.shape[0], v.shape[0]])))


@local_optimizer([T.exp])
def clients_of_exp(node):
    found.append(len(node.outputs[0].clients))


found = []
print(repr(TopoOptimizer(clients_of_exp)).split(" at ")[0])
e = T.exp(z)
TopoOptimizer(clients_of_exp).optimize(theano.FunctionGraph([z], [e + 1, e * z]))
print(max(found))
