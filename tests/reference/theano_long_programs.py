# ruff: noqa: E501
"""Longer programs in the style of their time, most of them in Python 2.

A division that Python 2 rounds down says so: ``# integers``.
"""

LENET = """
import cPickle, gzip, os, sys, tempfile
import numpy
import theano
import theano.tensor as T
from theano.tensor.nnet import conv
from theano.tensor.signal import pool

class LeNetConvPoolLayer(object):
    def __init__(self, rng, input, filter_shape, image_shape, poolsize=(2, 2)):
        fan_in = numpy.prod(filter_shape[1:])
        fan_out = filter_shape[0] * numpy.prod(filter_shape[2:]) / numpy.prod(poolsize)  # integers
        bound = numpy.sqrt(6. / (fan_in + fan_out))
        self.W = theano.shared(numpy.asarray(rng.uniform(-bound, bound, filter_shape), dtype=theano.config.floatX), borrow=True)
        self.b = theano.shared(numpy.zeros((filter_shape[0],), dtype=theano.config.floatX), borrow=True)
        out = conv.conv2d(input=input, filters=self.W, filter_shape=filter_shape, image_shape=image_shape)
        pooled = pool.pool_2d(input=out, ds=poolsize, ignore_border=True)
        self.output = T.tanh(pooled + self.b.dimshuffle('x', 0, 'x', 'x'))
        self.params = [self.W, self.b]

def shared_dataset(data_xy):
    x, y = [theano.shared(numpy.asarray(d, dtype=theano.config.floatX), borrow=True) for d in data_xy]
    return x, T.cast(y, 'int32')

rng = numpy.random.RandomState(23455)
batch_size, n_batches = 5, 15 / 5  # integers
path = os.path.join(tempfile.mkdtemp(), 'digits.pkl.gz')
with gzip.open(path, 'wb') as f:
    cPickle.dump((rng.rand(15, 14 * 14), rng.randint(0, 4, 15)), f, protocol=2)
train_x, train_y = shared_dataset(cPickle.load(gzip.open(path, 'rb')))

index, x, y = T.lscalar(), T.matrix('x'), T.ivector('y')
layer0 = LeNetConvPoolLayer(rng, x.reshape((batch_size, 1, 14, 14)), (3, 1, 5, 5), (batch_size, 1, 14, 14))
layer1 = LeNetConvPoolLayer(rng, layer0.output, (4, 3, 2, 2), (batch_size, 3, 5, 5))
hidden = layer1.output.flatten(2)
W = theano.shared(numpy.zeros((4 * 2 * 2, 4), dtype=theano.config.floatX))
b = theano.shared(numpy.zeros((4,), dtype=theano.config.floatX))
p_y = T.nnet.softmax(T.dot(hidden, W) + b)
cost = -T.mean(T.log(p_y)[T.arange(y.shape[0]), y])
params = [W, b] + layer1.params + layer0.params
train = theano.function([index], [cost, T.mean(T.neq(T.argmax(p_y, axis=1), y))],
                        updates=[(p, p - 0.1 * g) for p, g in zip(params, T.grad(cost, params))],
                        givens={x: train_x[index * batch_size: (index + 1) * batch_size],
                                y: train_y[index * batch_size: (index + 1) * batch_size]})
for epoch in xrange(4):
    for k in xrange(n_batches):
        c, error = train(k)
        if (k + 1) % n_batches == 0:
            print >> sys.stderr, 'epoch %i, error %.2f %%' % (epoch, error * 100.)
print repr(float(c)), float(error), layer0.W.get_value(borrow=True).sum(), abs(W.get_value()).sum()
"""

DENOISING = """
import numpy, theano
import theano.tensor as T
from theano.tensor.shared_randomstreams import RandomStreams

class dA(object):
    def __init__(self, numpy_rng, theano_rng=None, input=None, n_visible=12, n_hidden=7, W=None):
        if not theano_rng:
            theano_rng = RandomStreams(numpy_rng.randint(2 ** 30))
        if not W:
            scale = 4 * numpy.sqrt(6. / (n_hidden + n_visible))
            initial = numpy.asarray(numpy_rng.uniform(low=-scale, high=scale, size=(n_visible, n_hidden)), dtype=theano.config.floatX)
            W = theano.shared(value=initial, name='W', borrow=True)
        self.W, self.W_prime = W, W.T
        self.b = theano.shared(value=numpy.zeros(n_hidden, dtype=theano.config.floatX), name='b', borrow=True)
        self.b_prime = theano.shared(value=numpy.zeros(n_visible, dtype=theano.config.floatX), borrow=True)
        self.theano_rng = theano_rng
        self.x = T.dmatrix(name='input') if input is None else input
        self.params = [self.W, self.b, self.b_prime]

    def get_cost_updates(self, corruption_level, learning_rate):
        mask = self.theano_rng.binomial(size=self.x.shape, n=1, p=1 - corruption_level, dtype=theano.config.floatX)
        y = T.nnet.sigmoid(T.dot(mask * self.x, self.W) + self.b)
        z = T.nnet.sigmoid(T.dot(y, self.W_prime) + self.b_prime)
        L = - T.sum(self.x * T.log(z) + (1 - self.x) * T.log(1 - z), axis=1)
        cost = T.mean(L)
        return cost, [(p, p - learning_rate * g) for p, g in zip(self.params, T.grad(cost, self.params))]

rng = numpy.random.RandomState(123)
data = theano.shared(numpy.asarray(rng.rand(40, 12) > .5, dtype=theano.config.floatX), borrow=True)
index, x = T.lscalar(), T.matrix('x')
da = dA(numpy_rng=rng, input=x)
cost, updates = da.get_cost_updates(corruption_level=0.3, learning_rate=0.1)
train_da = theano.function([index], cost, updates=updates, givens={x: data[index * 10: (index + 1) * 10]})
for epoch in range(5):
    c = [train_da(k) for k in range(4)]
print(numpy.mean(c), da.W.get_value().sum(), da.b_prime.get_value().sum())
"""

RBM = """
import numpy
import theano
import theano.tensor as T
from theano.tensor.shared_randomstreams import RandomStreams

class RBM(object):
    def __init__(self, input, n_visible, n_hidden, numpy_rng, theano_rng):
        self.W = theano.shared(numpy.asarray(numpy_rng.uniform(-.5, .5, (n_visible, n_hidden)), dtype=theano.config.floatX), name='W')
        self.hbias = theano.shared(numpy.zeros(n_hidden, dtype=theano.config.floatX), name='hbias')
        self.vbias = theano.shared(numpy.zeros(n_visible, dtype=theano.config.floatX), name='vbias')
        self.input, self.theano_rng = input, theano_rng
        self.params = [self.W, self.hbias, self.vbias]

    def free_energy(self, v):
        wx_b = T.dot(v, self.W) + self.hbias
        return -T.sum(T.log(1 + T.exp(wx_b)), axis=1) - T.dot(v, self.vbias)

    def sample_h_given_v(self, v):
        pre = T.dot(v, self.W) + self.hbias
        mean = T.nnet.sigmoid(pre)
        return [pre, mean, self.theano_rng.binomial(size=mean.shape, n=1, p=mean, dtype=theano.config.floatX)]

    def sample_v_given_h(self, h):
        pre = T.dot(h, self.W.T) + self.vbias
        mean = T.nnet.sigmoid(pre)
        return [pre, mean, self.theano_rng.binomial(size=mean.shape, n=1, p=mean, dtype=theano.config.floatX)]

    def gibbs_hvh(self, h):
        pre_v, v_mean, v_sample = self.sample_v_given_h(h)
        pre_h, h_mean, h_sample = self.sample_h_given_v(v_sample)
        return [pre_v, v_mean, v_sample, pre_h, h_mean, h_sample]

    def get_cost_updates(self, lr, persistent, k):
        ([pre_v, _, nv, _, _, nh], updates) = theano.scan(
            self.gibbs_hvh, outputs_info=[None, None, None, None, None, persistent], n_steps=k, name='gibbs_hvh')
        chain_end = nv[-1]
        cost = T.mean(self.free_energy(self.input)) - T.mean(self.free_energy(chain_end))
        gparams = T.grad(cost, self.params, consider_constant=[chain_end])
        for gparam, param in zip(gparams, self.params):
            updates[param] = param - gparam * T.cast(lr, dtype=theano.config.floatX)
        updates[persistent] = nh[-1]
        flipped = T.set_subtensor(T.round(self.input)[:, 2], 1 - T.round(self.input)[:, 2])
        monitoring = T.mean(T.log(T.nnet.sigmoid(self.free_energy(flipped) - self.free_energy(T.round(self.input)))))
        entropy = T.mean(T.sum(self.input * T.log(T.nnet.sigmoid(pre_v[-1]))
                               + (1 - self.input) * T.log(1 - T.nnet.sigmoid(pre_v[-1])), axis=1))
        return [monitoring, entropy, cost], updates

rng = numpy.random.RandomState(123)
index, x = T.lscalar(), T.matrix('x')
rbm = RBM(x, 10, 6, rng, RandomStreams(rng.randint(2 ** 30)))
chain = theano.shared(numpy.zeros((8, 6), dtype=theano.config.floatX), borrow=True)
data = theano.shared(numpy.asarray(rng.rand(24, 10) > .6, dtype=theano.config.floatX))
costs, updates = rbm.get_cost_updates(lr=0.1, persistent=chain, k=3)
train_rbm = theano.function([index], costs, updates=updates, givens={x: data[index * 8: (index + 1) * 8]}, name='train_rbm')
for epoch in xrange(3):
    for batch in xrange(24 / 8):  # integers
        monitored = train_rbm(batch)
print ' '.join(repr(float(c)) for c in monitored), rbm.W.get_value().sum(), chain.get_value().sum()
"""

ATTENTION = """
import numpy, theano
import theano.tensor as tensor
from collections import OrderedDict
from theano.sandbox.rng_mrg import MRG_RandomStreams as RandomStreams

def norm_weight(nin, nout, scale=0.3):
    return (scale * numpy.random.randn(nin, nout)).astype(theano.config.floatX)

def _p(pp, name):
    return '%s_%s' % (pp, name)

numpy.random.seed(1234)
V, E, D = 11, 5, 6
trng = RandomStreams(1234)
use_noise = theano.shared(numpy.asarray(0., dtype=theano.config.floatX))
params = OrderedDict()
params['Wemb'], params['Wemb_dec'] = norm_weight(V, E), norm_weight(V, E)
params[_p('encoder', 'W')], params[_p('encoder', 'U')] = norm_weight(E, D), norm_weight(D, D)
for name, (nin, nout) in [('Wx', (E, D)), ('U', (D, D)), ('Wc', (D, D)), ('Wc_att', (D, D)), ('Wd_att', (D, D))]:
    params[_p('decoder', name)] = norm_weight(nin, nout)
params[_p('decoder', 'U_att')] = norm_weight(D, 1)
params[_p('logit', 'W')], params[_p('logit', 'b')] = norm_weight(D, V), numpy.zeros((V,), dtype=theano.config.floatX)
tparams = OrderedDict()
for kk, pp in params.iteritems():
    tparams[kk] = theano.shared(pp, name=kk)

x, y = tensor.matrix('x', dtype='int64'), tensor.matrix('y', dtype='int64')
x_mask, y_mask = tensor.matrix('x_mask'), tensor.matrix('y_mask')
n_samples = x.shape[1]
emb = tparams['Wemb'][x.flatten()].reshape([x.shape[0], n_samples, E])

def encode(m_, x_, h_, U):
    h = tensor.tanh(x_ + tensor.dot(h_, U))
    return m_[:, None] * h + (1. - m_)[:, None] * h_

ctx, _ = theano.scan(encode, sequences=[x_mask, tensor.dot(emb, tparams['encoder_W'])],
                     outputs_info=[tensor.alloc(numpy.asarray(0., dtype=theano.config.floatX), n_samples, D)],
                     non_sequences=[tparams['encoder_U']], name='encoder', strict=True)
ctx_mean = (ctx * x_mask[:, :, None]).sum(0) / x_mask.sum(0)[:, None]
emb_y = tparams['Wemb_dec'][y.flatten()].reshape([y.shape[0], n_samples, E])
shifted = tensor.set_subtensor(tensor.zeros_like(emb_y)[1:], emb_y[:-1])

def decode(m_, x_, h_, context, pctx, U, Wc, Wd_att, U_att):
    pstate = tensor.dot(h_, Wd_att)
    alpha = tensor.dot(tensor.tanh(pctx + pstate[None, :, :]), U_att)
    alpha = alpha.reshape([alpha.shape[0], alpha.shape[1]])
    alpha = tensor.exp(alpha - alpha.max(0, keepdims=True)) * x_mask
    alpha = alpha / alpha.sum(0, keepdims=True)
    ctx_ = tensor.batched_dot(alpha.T.dimshuffle(0, 'x', 1), context.dimshuffle(1, 0, 2))[:, 0]
    h = tensor.tanh(x_ + tensor.dot(h_, U) + tensor.dot(ctx_, Wc))
    return m_[:, None] * h + (1. - m_)[:, None] * h_, alpha.T

(proj, alphas), _ = theano.scan(
    decode, sequences=[y_mask, tensor.dot(shifted, tparams['decoder_Wx'])], outputs_info=[ctx_mean, None],
    non_sequences=[ctx, tensor.dot(ctx, tparams['decoder_Wc_att']), tparams['decoder_U'], tparams['decoder_Wc'],
                   tparams['decoder_Wd_att'], tparams['decoder_U_att']], name='decoder')
dropped = tensor.switch(use_noise, proj * trng.binomial(proj.shape, p=0.5, n=1, dtype=proj.dtype), proj * 0.5)
logit = tensor.dot(dropped, tparams['logit_W']) + tparams['logit_b']
probs = tensor.nnet.softmax(logit.reshape([logit.shape[0] * logit.shape[1], logit.shape[2]]))
nll = tensor.nnet.categorical_crossentropy(probs, y.flatten()).reshape([y.shape[0], y.shape[1]])
cost = (nll * y_mask).sum(0).mean() + 0.1 * ((1. - alphas.sum(0)) ** 2).mean()

grads = tensor.grad(cost, wrt=tparams.values())
g2 = sum((g ** 2).sum() for g in grads)
grads = [tensor.switch(g2 > 4., g / tensor.sqrt(g2) * 2., g) for g in grads]
gshared = [theano.shared(p.get_value() * 0., name='%s_grad' % k) for k, p in tparams.iteritems()]
f_grad_shared = theano.function([x, x_mask, y, y_mask], cost, updates=zip(gshared, grads))
lr = tensor.scalar(name='lr')
f_update = theano.function([lr], [], updates=[(p, p - lr * g) for p, g in zip(tparams.itervalues(), gshared)])

use_noise.set_value(1.)
for uidx in xrange(6):
    xs, ys = numpy.random.randint(0, V, (5, 3)), numpy.random.randint(0, V, (4, 3))
    xm, ym = [(numpy.random.rand(*s.shape) > .2).astype(theano.config.floatX) for s in (xs, ys)]
    xm[0], ym[0] = 1., 1.
    value = f_grad_shared(xs, xm, ys, ym)
    f_update(0.5)
    print repr(float(value)),
print tparams['Wemb'].get_value().sum(), abs(tparams['decoder_U_att'].get_value()).sum()
"""

SESSIONS = """
import numpy as np
import theano
from theano import tensor as T
from theano import function
from theano.sandbox.rng_mrg import MRG_RandomStreams as RandomStreams
from collections import OrderedDict
srng = RandomStreams(42)

class Sessions:
    def __init__(self, n_items, layer, batch, loss, adapt, momentum=0.0, lmbd=0.0, drop=0.0, learning_rate=0.2):
        self.n_items, self.layer, self.batch = n_items, layer, batch
        self.loss, self.adapt, self.momentum, self.lmbd = getattr(self, loss), adapt, momentum, lmbd
        self.drop, self.learning_rate = drop, learning_rate
        np.random.seed(42)
        self.Wx, self.Wr, self.Wz, self.Wy = [self.weights((n_items, layer)) for _ in range(4)]
        self.Wh, self.Whr, self.Whz = [self.weights((layer, layer)) for _ in range(3)]
        self.By = theano.shared(value=np.zeros((n_items, 1), dtype=theano.config.floatX), borrow=True)
        self.H = theano.shared(value=np.zeros((batch, layer), dtype=theano.config.floatX), borrow=True)

    def weights(self, shape):
        sigma = np.sqrt(6.0 / (shape[0] + shape[1]))
        return theano.shared(np.asarray(np.random.rand(*shape) * sigma * 2 - sigma, dtype=theano.config.floatX), borrow=True)

    def cross_entropy(self, yhat):
        e = T.exp(yhat - yhat.max(axis=1).dimshuffle(0, 'x'))
        return T.cast(T.mean(-T.log(T.diag(e / e.sum(axis=1).dimshuffle(0, 'x')) + 1e-24)), theano.config.floatX)

    def top1(self, yhat):
        yhat = T.tanh(yhat)
        return T.cast(T.mean(T.mean(T.nnet.sigmoid(-T.diag(yhat) + yhat.T) + T.nnet.sigmoid(yhat.T ** 2), axis=0)
                             - T.nnet.sigmoid(T.diag(yhat) ** 2) / self.batch), theano.config.floatX)

    def updates(self, cost, dense, full, sampled, sidxs, epsilon=1e-6):
        v1 = np.float32(0.9 if self.adapt == 'rmsprop' else 1)
        v2 = np.float32(1.0 - 0.9 if self.adapt == 'rmsprop' else 1)
        updates = OrderedDict()
        for p in dense:
            acc = theano.shared(p.get_value(borrow=False) * 0., borrow=True)
            g = T.grad(cost, p)
            updates[acc] = v1 * acc + v2 * g ** 2
            updates[p] = p - np.float32(self.learning_rate) * g / T.cast(T.sqrt(updates[acc] + epsilon), theano.config.floatX)
        for fullP, sparam, sample_idx in zip(full, sampled, sidxs):
            g = T.grad(cost, sparam)
            acc = theano.shared(fullP.get_value(borrow=False) * 0., borrow=True)
            acc_s = acc[sample_idx]
            acc_new = v1 * acc_s + v2 * g ** 2
            updates[acc] = T.set_subtensor(acc_s, acc_new)
            g = g / T.cast(T.sqrt(acc_new + epsilon), theano.config.floatX)
            delta = np.float32(self.learning_rate) * (g + self.lmbd * sparam if self.lmbd > 0 else g)
            if self.momentum > 0:
                velocity = theano.shared(fullP.get_value(borrow=False) * 0., borrow=True)
                vs = velocity[sample_idx]
                velocity2 = np.float32(self.momentum) * vs - delta
                updates[velocity] = T.set_subtensor(vs, velocity2)
                updates[fullP] = T.inc_subtensor(sparam, velocity2)
            else:
                updates[fullP] = T.inc_subtensor(sparam, -delta)
        return updates

    def compile(self):
        X, Y = T.ivectors('X', 'Y')
        Sx, Sr, Sz, Sy, SBy = self.Wx[X], self.Wr[X], self.Wz[X], self.Wy[Y], self.By[Y]
        r = T.nnet.sigmoid(Sr + T.dot(self.H, self.Whr))
        z = T.nnet.sigmoid(Sz + T.dot(self.H, self.Whz))
        h = (1.0 - z) * self.H + z * T.tanh(Sx + T.dot(self.H * r, self.Wh))
        if self.drop > 0:
            h *= srng.binomial(h.shape, p=1 - self.drop, dtype=theano.config.floatX) / (1 - self.drop)
        cost = self.loss(T.dot(h, Sy.T) + SBy.flatten())
        updates = self.updates(cost, [self.Wh, self.Whr, self.Whz], [self.Wx, self.Wr, self.Wz, self.Wy, self.By],
                               [Sx, Sr, Sz, Sy, SBy], [X, X, X, Y, Y])
        updates[self.H] = h
        return function(inputs=[X, Y], outputs=cost, updates=updates, allow_input_downcast=True)

for options in (dict(loss='top1', adapt='adagrad', drop=0.25), dict(loss='cross_entropy', adapt='rmsprop', momentum=0.2, lmbd=0.01)):
    model = Sessions(12, 5, 4, **options)
    train = model.compile()
    items = np.random.RandomState(5).randint(0, 12, (7, 4))
    for epoch in range(2):
        model.H.set_value(np.zeros((4, 5), dtype=theano.config.floatX), borrow=True)
        for now, following in zip(items[:-1], items[1:]):
            y = np.hstack([following, np.random.choice(12, 3)])
            cost = train(now, y)
            ended = np.arange(4)[now > 9]
            state = model.H.get_value(borrow=True)
            state[ended] = 0
            model.H.set_value(state, borrow=True)
    print(repr(float(cost)), abs(model.Wx.get_value()).sum(), abs(model.Wy.get_value()).sum(), abs(model.By.get_value()).sum())
"""

TAGGER = """
import numpy as np
import theano
import theano.tensor as T
import cPickle
floatX = theano.config.floatX
rng = np.random.RandomState(7)

def shared(shape, name):
    if len(shape) == 1:
        value = np.zeros(shape)
    else:
        drange = np.sqrt(6. / np.sum(shape))
        value = drange * rng.uniform(low=-1.0, high=1.0, size=shape)
    return theano.shared(value=value.astype(floatX), name=name)

def log_sum_exp(x, axis=None):
    xmax = x.max(axis=axis, keepdims=True)
    xmax_ = x.max(axis=axis)
    return xmax_ + T.log(T.exp(x - xmax).sum(axis=axis))

def forward(observations, transitions, viterbi=False, return_alpha=False, return_best_sequence=False):
    assert not return_best_sequence or (viterbi and not return_alpha)

    def recurrence(obs, previous, transitions):
        previous = previous.dimshuffle(0, 'x')
        obs = obs.dimshuffle('x', 0)
        if viterbi:
            scores = previous + obs + transitions
            out = scores.max(axis=0)
            return (out, scores.argmax(axis=0)) if return_best_sequence else out
        return log_sum_exp(previous + obs + transitions, axis=0)

    initial = observations[0]
    alpha, _ = theano.scan(fn=recurrence, outputs_info=(initial, None) if return_best_sequence else initial,
                           sequences=[observations[1:]], non_sequences=transitions)
    if return_alpha:
        return alpha
    if return_best_sequence:
        sequence, _ = theano.scan(fn=lambda beta_i, previous: beta_i[previous],
                                  outputs_info=T.cast(T.argmax(alpha[0][-1]), 'int32'), sequences=T.cast(alpha[1][::-1], 'int32'))
        return T.concatenate([sequence[::-1], [T.argmax(alpha[0][-1])]])
    return log_sum_exp(alpha[-1], axis=0)

class RNN(object):
    def __init__(self, input_dim, hidden_dim, name):
        self.W = shared((input_dim, hidden_dim), name + '__W')
        self.U = shared((hidden_dim, hidden_dim), name + '__U')
        self.b = shared((hidden_dim,), name + '__b')
        self.h_0 = shared((hidden_dim,), name + '__h_0')
        self.params = [self.W, self.U, self.b, self.h_0]

    def link(self, input, backwards=False):
        h, _ = theano.scan(fn=lambda x_t, h_tm1: T.tanh(T.dot(x_t, self.W) + T.dot(h_tm1, self.U) + self.b),
                           sequences=input, outputs_info=[self.h_0], go_backwards=backwards)
        return h

V, D, N, TAGS = 20, 4, 5, 3
words, tags = T.imatrix('words'), T.ivector('tags')
emb = shared((V + 1, D), 'emb')
x = emb[words].reshape((words.shape[0], D * 3))
left, right = RNN(D * 3, N, 'left'), RNN(D * 3, N, 'right')
h = T.concatenate([left.link(x), right.link(x, backwards=True)[::-1]], axis=1)
W, b, transitions = shared((2 * N, TAGS), 'W'), shared((TAGS,), 'b'), shared((TAGS + 2, TAGS + 2), 'transitions')
scores = T.dot(h, W) + b
small = -1000
b_s = np.array([[small] * TAGS + [0, small]]).astype(np.float32)
e_s = np.array([[small] * TAGS + [small, 0]]).astype(np.float32)
observations = T.concatenate([scores, small * T.ones((words.shape[0], 2))], axis=1)
observations = T.concatenate([b_s, observations, e_s], axis=0)
path = T.concatenate([np.array([TAGS], dtype=np.int32), tags, np.array([TAGS + 1], dtype=np.int32)], axis=0)
real = scores[T.arange(words.shape[0]), tags].sum() + transitions[path[:-1], path[1:]].sum()
cost = -(real - forward(observations, transitions))
params = [emb, W, b, transitions] + left.params + right.params
lr = theano.shared(np.float32(0.1).astype(floatX))
gradients = T.grad(theano.gradient.grad_clip(cost, -5, 5), params)
accumulated = [theano.shared(np.zeros_like(p.get_value(borrow=True)).astype(floatX)) for p in params]
updates = []
for p, g, a in zip(params, gradients, accumulated):
    updates.append((a, a + T.sqr(g)))
    updates.append((p, p - lr / T.sqrt(a + T.sqr(g) + 1e-6) * g))
f_train = theano.function(inputs=[words, tags], outputs=cost, updates=updates, on_unused_input='ignore')
f_eval = theano.function(inputs=[words], outputs=forward(observations, transitions, viterbi=True, return_best_sequence=True))

def contextwin(l, win):
    lpadded = win / 2 * [-1] + list(l) + win / 2 * [-1]  # integers
    return np.asarray([lpadded[i:i + win] for i in xrange(len(l))]).astype('int32')

sentences = [rng.randint(0, V, rng.randint(3, 7)) for _ in xrange(4)]
labels = [np.asarray(map(lambda w: w % TAGS, s)).astype('int32') for s in sentences]
for epoch in xrange(8):
    costs = [f_train(contextwin(s, 3), l) for s, l in zip(sentences, labels)]
found = [list(f_eval(contextwin(s, 3))[1:-1]) for s in sentences]
right_ones = sum(sum(1 for one, other in zip(f, l) if one == other) for f, l in zip(found, labels))
state = cPickle.loads(cPickle.dumps(dict((p.name, p.get_value()) for p in params)))
print repr(float(np.mean(costs))), right_ones, reduce(lambda a, k: a + state[k].sum(), sorted(state.keys()), 0.)
"""

HESSIAN_FREE = """
import numpy, sys
import theano
import theano.tensor as T

def gauss_newton_product(cost, p, v, s):  # Gv = J'HJv
    Jv = T.Rop(s, p, v)
    HJv = T.grad(T.sum(T.grad(cost, s) * Jv), s, consider_constant=[Jv], disconnected_inputs='ignore')
    Gv = T.grad(T.sum(HJv * s), p, consider_constant=[HJv, Jv], disconnected_inputs='ignore')
    return map(T.as_tensor_variable, Gv)

class hf_optimizer:
    def __init__(self, p, inputs, s, costs):
        self.p, self.lambda_ = p, 1.0
        self.shapes = [i.get_value().shape for i in p]
        self.sizes = map(numpy.prod, self.shapes)
        self.positions = numpy.cumsum([0] + self.sizes)[:-1]
        g = map(T.as_tensor_variable, T.grad(costs[0], p))
        self.f_gc = theano.function(inputs, g + costs, on_unused_input='ignore')
        self.f_cost = theano.function(inputs, costs, on_unused_input='ignore')
        symbolic_types = T.scalar, T.vector, T.matrix, T.tensor3
        v = [symbolic_types[len(i)]() for i in self.shapes]
        self.function_Gv = theano.function(inputs + v, gauss_newton_product(costs[0], p, v, s), on_unused_input='ignore')
        direct = T.Lop(s, p, T.grad(costs[0], s))
        self.same = theano.function(inputs, sum(abs(a - b).sum() for a, b in zip(direct, g)))

    def flat_to_list(self, vector):
        return [vector[at:at + size].reshape(shape) for shape, size, at in zip(self.shapes, self.sizes, self.positions)]

    def list_to_flat(self, l):
        return numpy.concatenate([i.flatten() for i in l])

    def batch_Gv(self, vector, data):
        return self.lambda_ * vector + self.list_to_flat(self.function_Gv(*(data + self.flat_to_list(vector))))

    def cg(self, b, data, n):
        x, r = numpy.zeros_like(b), b.copy()
        d, delta = r, numpy.dot(r, r)
        for i in xrange(n):
            q = self.batch_Gv(d, data)
            alpha = delta / numpy.dot(d, q)
            x, r = x + alpha * d, r - alpha * q
            delta_old, delta = delta, numpy.dot(r, r)
            d = r + (delta / delta_old) * d
        return x

    def train(self, data, num_updates):
        for u in xrange(num_updates):
            result = self.f_gc(*data)
            gradient, before = self.list_to_flat(result[:len(self.p)]), result[len(self.p)]
            delta = self.cg(-gradient, data, 5)
            curvature = numpy.dot(delta, gradient + 0.5 * (self.batch_Gv(delta, data) - self.lambda_ * delta))
            for i, d in zip(self.p, self.flat_to_list(delta)):
                i.set_value(i.get_value() + d)
            rho = (self.f_cost(*data)[0] - before) / curvature
            self.lambda_ *= 1.5 if rho < 0.25 else 1 / 1.5 if rho > 0.75 else 1
            print >> sys.stderr, 'update %i/%i, cost=' % (u + 1, num_updates), before
        return before

numpy.random.seed(3)
nh = 4
Wx, Wh, Wy = [theano.shared(0.5 * numpy.random.uniform(-1., 1., s).astype(theano.config.floatX)) for s in ((1, nh), (nh, nh), (nh, 1))]
bh, by, h0 = [theano.shared(numpy.zeros(n, dtype=theano.config.floatX)) for n in (nh, 1, nh)]
x = T.matrix()

def recurrence(x_t, h_tm1):
    ha_t = T.dot(x_t, Wx) + T.dot(h_tm1, Wh) + bh
    h_t = T.tanh(ha_t)
    return [ha_t, h_t, T.dot(h_t, Wy) + by]

([ha, h, activations], updates) = theano.scan(fn=recurrence, sequences=x, outputs_info=[dict(), h0, dict()])
t, s = x[0, 0], activations[-1, 0]
y = T.nnet.sigmoid(s)
loss = -t * T.log(y + 1e-14) - (1 - t) * T.log((1 - y) + 1e-14)
hf = hf_optimizer([Wx, Wh, Wy, bh, by, h0], [x], s, [loss, T.neq(T.round(y), t)])
data = [numpy.random.randint(2, size=(6, 1)).astype(theano.config.floatX)]
print repr(float(hf.train(data, 3))), hf.lambda_, Wh.get_value().sum(), float(hf.same(*data)) < 1e-5 and 1
"""

CUSTOM_OP = """
import numpy
import theano
import theano.tensor as T
from theano import gof
from theano.gof import Apply, Op

class SoftThreshold(Op):
    '''sign(x) max(|x| - t, 0), with its own C code.'''
    __props__ = ('inplace',)

    def __init__(self, inplace=False):
        self.inplace = inplace
        if inplace:
            self.destroy_map = {0: [0]}

    def make_node(self, x, t):
        x, t = T.as_tensor_variable(x), T.as_tensor_variable(t)
        if x.ndim != 2 or t.ndim != 0:
            raise TypeError('a matrix and a number', x.type, t.type)
        return Apply(self, [x, T.cast(t, x.dtype)], [x.type()])

    def perform(self, node, inputs, output_storage):
        x, t = inputs
        (z,) = output_storage
        z[0] = numpy.sign(x) * numpy.maximum(abs(x) - t, numpy.asarray(0, dtype=x.dtype))

    def infer_shape(self, node, i0_shapes):
        return [i0_shapes[0]]

    def grad(self, inputs, output_gradients):
        x, t = inputs
        (gz,) = output_gradients
        inside = T.cast(T.gt(abs(x), t), x.dtype)
        return [gz * inside, -(gz * inside * T.sgn(x)).sum()]

    def R_op(self, inputs, eval_points):
        x, t = inputs
        if eval_points[0] is None:
            return [None]
        return [eval_points[0] * T.cast(T.gt(abs(x), t), x.dtype)]

    def c_headers(self):
        return ['<math.h>']

    def c_code_cache_version(self):
        return (3,)

    def c_code(self, node, name, inp, out, sub):
        x, t = inp
        z, = out
        fail = sub['fail']
        dtype = node.inputs[0].type.dtype_specs()[1]
        return '''
        if (!%(z)s || PyArray_DIM(%(z)s, 0) != PyArray_DIM(%(x)s, 0) || PyArray_DIM(%(z)s, 1) != PyArray_DIM(%(x)s, 1)) {
            Py_XDECREF(%(z)s);
            %(z)s = (PyArrayObject*)PyArray_EMPTY(2, PyArray_DIMS(%(x)s), PyArray_TYPE(%(x)s), 0);
            if (!%(z)s) { PyErr_NoMemory(); %(fail)s; }
        }
        {
            const double t = *(%(dtype)s*)PyArray_DATA(%(t)s);
            for (npy_intp i = 0; i < PyArray_DIM(%(x)s, 0); i++)
                for (npy_intp j = 0; j < PyArray_DIM(%(x)s, 1); j++) {
                    const double v = *(%(dtype)s*)PyArray_GETPTR2(%(x)s, i, j);
                    const double left = fabs(v) - t;
                    *(%(dtype)s*)PyArray_GETPTR2(%(z)s, i, j) = left <= 0 ? 0 : v > 0 ? left : -left;
                }
        }
        ''' % locals()

class Distance(Op):
    '''The squared distance of rows to their mean, in Python.'''
    def __eq__(self, other):
        return type(self) == type(other)

    def __hash__(self):
        return hash(type(self))

    def __str__(self):
        return self.__class__.__name__

    def make_node(self, x):
        x = T.as_tensor_variable(x)
        return gof.Apply(self, [x], [T.TensorType(x.dtype, (False,))()])

    def perform(self, node, (x,), (z,)):
        z[0] = ((x - x.mean(axis=0)) ** 2).sum(axis=1).astype(x.dtype)

    def infer_shape(self, node, shapes):
        return [(shapes[0][0],)]

    def grad(self, (x,), (gz,)):
        centred = x - x.mean(axis=0, keepdims=True)
        each = 2 * gz.dimshuffle(0, 'x') * centred
        return [each - each.mean(axis=0, keepdims=True)]

rng = numpy.random.RandomState(11)
D, code = [theano.shared(rng.randn(*s).astype(theano.config.floatX)) for s in ((6, 4), (9, 6))]
X, t = T.matrix('X'), theano.shared(numpy.asarray(0.1, dtype=theano.config.floatX))
shrunk = SoftThreshold()(code, t)
cost = ((X - T.dot(shrunk, D)) ** 2).mean() + 0.01 * Distance()(shrunk).sum()
grads = T.grad(cost, [D, code, t])
train = theano.function([X], [cost, shrunk.shape[0]], updates=[(p, p - 0.05 * g) for p, g in zip([D, code, t], grads)])
V = T.matrix('V')
product = theano.function([V], T.Rop(shrunk, code, V))
data = rng.randn(9, 4).astype(theano.config.floatX)
for step in xrange(10):
    c, rows = train(data)
print repr(float(c)), int(rows), D.get_value().sum(), float(t.get_value()),
print abs(product(numpy.ones((9, 6), dtype=theano.config.floatX))).sum(), SoftThreshold() == SoftThreshold(False)
"""

LONG_PROGRAMS = {
    "lenet": LENET,
    "denoising": DENOISING,
    "rbm": RBM,
    "attention": ATTENTION,
    "sessions": SESSIONS,
    "tagger": TAGGER,
    "hessian_free": HESSIAN_FREE,
    "custom_op": CUSTOM_OP,
}
PYTHON_2 = {"lenet", "rbm", "attention", "tagger", "hessian_free", "custom_op"}
