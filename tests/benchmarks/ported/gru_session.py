"""The next item of a session: a GRU of one layer, one step in time, Adagrad on the rows in use.

The rows of the input and of the output table are updated by pairs of set_subtensor and
inc_subtensor, as people wrote it by hand.
"""

from collections import OrderedDict

import clock
import numpy
import theano
import theano.tensor as T

N_ITEMS, HIDDEN, BATCH, SAMPLES, RATE = 37000, 100, 32, 512, 0.05
rng = numpy.random.RandomState(42)


def floatX(value):
    return numpy.asarray(value, dtype=theano.config.floatX)


def shared(*shape):
    bound = numpy.sqrt(6.0 / sum(shape))
    return theano.shared(floatX(rng.uniform(-bound, bound, shape)), borrow=True)


def zeros_of(param):
    return theano.shared(param.get_value(borrow=False) * floatX(0.0), borrow=True)


def compile_step():
    X, Y = T.ivector("X"), T.ivector("Y")
    Wx, Wrz, Wh = shared(N_ITEMS, 3 * HIDDEN), shared(HIDDEN, 2 * HIDDEN), shared(HIDDEN, HIDDEN)
    Bh = theano.shared(floatX(numpy.zeros(3 * HIDDEN)), borrow=True)
    Wy, By = shared(N_ITEMS, HIDDEN), theano.shared(floatX(numpy.zeros((N_ITEMS, 1))), borrow=True)
    H = theano.shared(floatX(numpy.zeros((BATCH, HIDDEN))), borrow=True)

    Sx, Sy, SBy = Wx[X], Wy[Y], By[Y]
    vec = Sx + Bh
    rz = T.nnet.sigmoid(vec[:, HIDDEN:] + T.dot(H, Wrz))
    h = T.tanh(T.dot(H * rz[:, :HIDDEN], Wh) + vec[:, :HIDDEN])
    z = rz[:, HIDDEN:]
    H_new = (1.0 - z) * H + z * h
    yhat = T.nnet.softmax(T.dot(H_new, Sy.T) + SBy.flatten())
    cost = T.cast(T.mean(-T.log(T.diag(yhat) + 1e-24)), theano.config.floatX)

    updates = OrderedDict()
    for param in (Wrz, Wh, Bh):
        grad = T.grad(cost, param)
        acc = zeros_of(param)
        acc_new = acc + grad**2
        updates[acc] = acc_new
        updates[param] = param - RATE * grad / T.sqrt(acc_new + 1e-6)
    for param, subset, index in ((Wx, Sx, X), (Wy, Sy, Y), (By, SBy, Y)):
        grad = T.grad(cost, subset)
        acc = zeros_of(param)
        acc_new = acc[index] + grad**2
        updates[acc] = T.set_subtensor(acc[index], acc_new)
        updates[param] = T.inc_subtensor(subset, -RATE * grad / T.sqrt(acc_new + 1e-6))
    updates[H] = H_new
    return theano.function([X, Y], cost, updates=updates)


def feed():
    draw = numpy.random.RandomState(0)
    popular = 1.0 / numpy.arange(1, N_ITEMS + 1)
    shares = numpy.cumsum(popular / popular.sum())
    while True:
        x, y = (numpy.searchsorted(shares, draw.rand(n)) for n in (BATCH, BATCH + SAMPLES))
        yield x.astype("int32"), y.astype("int32")


if __name__ == "__main__":
    clock.report(compile_step, feed())
