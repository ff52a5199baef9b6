"""Sentences to one of two classes: embeddings, an LSTM by scan, mean over time, Adadelta."""

from collections import OrderedDict

import clock
import numpy
import theano
import theano.tensor as T

N_WORDS, DIM, BATCH, STEPS = 10000, 128, 16, 50
rng = numpy.random.RandomState(123)


def floatX(value):
    return numpy.asarray(value, dtype=theano.config.floatX)


def shared(*shape):
    return theano.shared(floatX(0.1 * rng.randn(*shape)))


def lstm(emb, mask, W, U, b):
    def part(x, n):
        return x[:, n * DIM : (n + 1) * DIM]

    def step(m_, x_, h_, c_):
        preact = T.dot(h_, U) + x_
        i = T.nnet.sigmoid(part(preact, 0))
        f = T.nnet.sigmoid(part(preact, 1))
        o = T.nnet.sigmoid(part(preact, 2))
        c = f * c_ + i * T.tanh(part(preact, 3))
        c = m_[:, None] * c + (1.0 - m_)[:, None] * c_
        h = o * T.tanh(c)
        h = m_[:, None] * h + (1.0 - m_)[:, None] * h_
        return h, c

    start = T.alloc(floatX(0.0), mask.shape[1], DIM)
    (h, _), _ = theano.scan(step, sequences=[mask, T.dot(emb, W) + b], outputs_info=[start, start])
    return h


def adadelta(cost, params):
    updates = OrderedDict()
    for param in params:
        grad = T.grad(cost, param)
        zero = param.get_value() * floatX(0.0)
        acc, delta = theano.shared(zero), theano.shared(zero)
        new_acc = 0.95 * acc + 0.05 * grad**2
        step = T.sqrt(delta + 1e-6) / T.sqrt(new_acc + 1e-6) * grad
        updates[acc] = new_acc
        updates[delta] = 0.95 * delta + 0.05 * step**2
        updates[param] = param - step
    return updates


def compile_step():
    x, mask, y = T.matrix("x", dtype="int64"), T.matrix("mask"), T.vector("y", dtype="int64")
    Wemb, W, U = shared(N_WORDS, DIM), shared(DIM, 4 * DIM), shared(DIM, 4 * DIM)
    b, V, c = shared(4 * DIM), shared(DIM, 2), shared(2)
    emb = Wemb[x.flatten()].reshape([x.shape[0], x.shape[1], DIM])
    h = lstm(emb, mask, W, U, b)
    mean = (h * mask[:, :, None]).sum(axis=0) / mask.sum(axis=0)[:, None]
    p = T.nnet.softmax(T.dot(mean, V) + c)
    cost = -T.log(p[T.arange(x.shape[1]), y] + 1e-8).mean()
    updates = adadelta(cost, [Wemb, W, U, b, V, c])
    return theano.function([x, mask, y], cost, updates=updates)


def feed():
    draw = numpy.random.RandomState(0)
    while True:
        x = draw.randint(0, N_WORDS, (STEPS, BATCH)).astype("int64")
        lengths = draw.randint(STEPS // 2, STEPS + 1, BATCH)
        mask = floatX(numpy.arange(STEPS)[:, None] < lengths)
        yield x, mask, draw.randint(0, 2, BATCH).astype("int64")


if __name__ == "__main__":
    clock.report(compile_step, feed())
