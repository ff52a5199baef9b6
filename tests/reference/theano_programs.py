# ruff: noqa: E501
"""Small programs in the style of their time; read by Python 3.7, too. MLP is Python 2."""

LOGISTIC = """
import numpy
import theano
import theano.tensor as T
rng = numpy.random.RandomState(0)
N, feats = 40, 6
D = (rng.randn(N, feats), rng.randint(size=N, low=0, high=2))
x, y = T.matrix("x"), T.vector("y")
w = theano.shared(rng.randn(feats), name="w")
b = theano.shared(0., name="b")
p_1 = 1 / (1 + T.exp(-T.dot(x, w) - b))
xent = -y * T.log(p_1) - (1 - y) * T.log(1 - p_1)
cost = xent.mean() + 0.01 * (w ** 2).sum()
gw, gb = T.grad(cost, [w, b])
train = theano.function(inputs=[x, y], outputs=[p_1 > 0.5, xent.sum()],
                        updates=((w, w - 0.1 * gw), (b, b - 0.1 * gb)))
for i in range(20):
    pred, err = train(D[0], D[1])
print(repr(float(err)), w.get_value().sum(), b.get_value())
"""

MLP = """
import cPickle, sys
import numpy
import theano
import theano.tensor as T

class Layer(object):
    def __init__(self, rng, input, n_in, n_out, W=None, activation=T.tanh):
        if W is None:
            values = numpy.asarray(rng.uniform(-1, 1, (n_in, n_out)), dtype=theano.config.floatX)
            W = theano.shared(value=values, name='W', borrow=True)
        self.W, self.b = W, theano.shared(numpy.zeros(n_out, dtype='float64'), name='b')
        lin = T.dot(input, self.W) + self.b
        self.output = lin if activation is None else activation(lin)
        self.params = [self.W, self.b]

rng = numpy.random.RandomState(1)
x, y, i = T.matrix('x'), T.ivector('y'), T.lscalar()
hidden = Layer(rng, x, 5, 4)
top = Layer(rng, hidden.output, 4, 3, activation=None)
p = T.exp(top.output) / T.exp(top.output).sum(axis=1, keepdims=True)
cost = -T.mean(T.log(p)[T.arange(y.shape[0]), y])
params = hidden.params + top.params
data = theano.shared(rng.randn(60, 5))
labels = T.cast(theano.shared(rng.randint(0, 3, 60).astype('float64')), 'int32')
updates = [(q, q - numpy.float64(0.2) * g) for q, g in zip(params, T.grad(cost, params))]
train = theano.function([i], cost, updates=updates,
                        givens={x: data[i * 20: (i + 1) * 20], y: labels[i * 20: (i + 1) * 20]})
for epoch in xrange(5):
    costs = [train(k) for k in xrange(60 / 20)]
    print >> sys.stderr, 'epoch', epoch
if params and hidden.W:
    print repr(float(numpy.mean(costs))),
print cPickle.loads(cPickle.dumps(params))[0].get_value().sum()
"""

LSTM = """
import numpy, theano
import theano.tensor as tensor
from collections import OrderedDict
rng = numpy.random.RandomState(2)
n = 4
params = OrderedDict((k, theano.shared(rng.uniform(-.5, .5, s), name=k)) for k, s in
                     [('W', (n, 4 * n)), ('U', (n, 4 * n)), ('b', (4 * n,)), ('V', (n,))])
x, mask, y = tensor.tensor3('x'), tensor.matrix('mask'), tensor.vector('y')

def _slice(_x, k, dim):
    if _x.ndim == 3:
        return _x[:, :, k * dim:(k + 1) * dim]
    return _x[:, k * dim:(k + 1) * dim]

def sigmoid(v):
    return 1. / (1. + tensor.exp(-v))

def step(m_, x_, h_, c_):
    preact = tensor.dot(h_, params['U']) + x_
    i, f, o = [sigmoid(_slice(preact, k, n)) for k in (0, 1, 2)]
    c = f * c_ + i * tensor.tanh(_slice(preact, 3, n))
    c = m_[:, None] * c + (1. - m_)[:, None] * c_
    h = o * tensor.tanh(c)
    return m_[:, None] * h + (1. - m_)[:, None] * h_, c

samples = x.shape[1]
zeros = tensor.alloc(numpy.asarray(0., dtype=theano.config.floatX), samples, n)
rval, updates = theano.scan(step, sequences=[mask, tensor.dot(x, params['W']) + params['b']],
                            outputs_info=[zeros, zeros], name='lstm', n_steps=x.shape[0])
pred = tensor.dot(rval[0].mean(axis=0), params['V'])
cost = ((pred - y) ** 2).mean()
grads = tensor.grad(cost, wrt=list(params.values()))
f = theano.function([x, mask, y], cost, updates=[(p, p - 0.3 * g) for p, g in zip(params.values(), grads)])
X, M, Y = rng.randn(6, 3, n), (rng.rand(6, 3) > .2).astype('float64'), rng.randn(3)
for _ in range(10):
    c = f(X, M, Y)
print(repr(float(c)), params['U'].get_value().sum())
"""

WORD2VEC = """
import numpy as np, theano
import theano.tensor as T
rng = np.random.RandomState(3)
floatX = theano.config.floatX
V, D = 30, 5
W = theano.shared(rng.uniform(-.1, .1, (V, D)).astype(floatX))
C = theano.shared(rng.uniform(-.1, .1, (V, D)).astype(floatX))
center, context, label = T.ivector(), T.ivector(), T.vector()
w, c = W[center], C[context]
assert isinstance(w.owner.op, T.AdvancedSubtensor1)
p = 1 / (1 + T.exp(-T.sum(w * c, axis=1)))
cost = -T.sum(label * T.log(p) + (1 - label) * T.log(1 - p))
gw, gc = T.grad(cost, [w, c])
train = theano.function([center, context, label], cost, allow_input_downcast=True,
                        updates=[(W, T.inc_subtensor(w, -0.5 * gw)), (C, T.inc_subtensor(c, -0.5 * gc))])
for k in range(30):
    cost = train(rng.randint(0, V, 8), rng.randint(0, V, 8), rng.randint(0, 2, 8))
print(repr(float(cost)), W.get_value().sum(), C.get_value().sum())
"""

PROGRAMS = {"logistic": LOGISTIC, "mlp": MLP, "lstm": LSTM, "word2vec": WORD2VEC}
