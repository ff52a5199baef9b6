"""A perceptron of one hidden layer on pictures of 784 points, gradient descent by 20."""

import clock
import numpy
import theano
import theano.tensor as T

N_IN, N_HIDDEN, N_OUT, BATCH = 784, 500, 10, 20
rng = numpy.random.RandomState(1234)


def weights(n_in, n_out):
    bound = numpy.sqrt(6.0 / (n_in + n_out))
    values = rng.uniform(-bound, bound, (n_in, n_out)).astype(theano.config.floatX)
    return theano.shared(values, name="W", borrow=True)


def zeros(n):
    return theano.shared(numpy.zeros(n, dtype=theano.config.floatX), name="b", borrow=True)


def compile_step():
    x, y, index = T.matrix("x"), T.ivector("y"), T.lscalar("index")
    data = theano.shared(rng.rand(50 * BATCH, N_IN).astype(theano.config.floatX), borrow=True)
    labels = theano.shared(rng.randint(0, N_OUT, 50 * BATCH).astype("int32"), borrow=True)
    params = [weights(N_IN, N_HIDDEN), zeros(N_HIDDEN), weights(N_HIDDEN, N_OUT), zeros(N_OUT)]
    W1, b1, W2, b2 = params
    hidden = T.tanh(T.dot(x, W1) + b1)
    p = T.nnet.softmax(T.dot(hidden, W2) + b2)
    cost = -T.mean(T.log(p)[T.arange(y.shape[0]), y])
    cost = cost + 0.0001 * ((W1**2).sum() + (W2**2).sum())
    updates = [(one, one - 0.01 * T.grad(cost, one)) for one in params]
    rows = slice(index * BATCH, (index + 1) * BATCH)
    return theano.function([index], cost, updates=updates, givens={x: data[rows], y: labels[rows]})


def feed():
    while True:
        for k in range(50):
            yield (k,)


if __name__ == "__main__":
    clock.report(compile_step, feed())
