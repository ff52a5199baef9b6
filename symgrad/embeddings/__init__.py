"""What tables of vectors need besides their updates: files, noise, costs, vocabularies.

Examples
--------
>>> import numpy as np, pytensor.tensor as pt, symgrad as sg
>>> from symgrad import embeddings
>>> W, words = sg.shared(np.eye(4), name="W"), pt.lmatrix("words")
>>> positive = (W[words[:, 0]] * W[words[:, 1]]).sum(axis=-1)
>>> negative = pt.matmul(W[words[:, 2:]], W[words[:, 0]][:, :, None])[:, :, 0]
>>> cost = embeddings.logistic_cost(positive, negative).mean()
>>> updates = sg.adagrad(cost, W, learning_rate=0.1, constraint=sg.max_norm(1.0))
>>> round(float(sg.function([words], cost, updates=updates)([[0, 1, 2, 3]])), 3)
2.079
"""

from symgrad.embeddings.costs import hard_negatives as hard_negatives
from symgrad.embeddings.costs import logistic_cost as logistic_cost
from symgrad.embeddings.costs import margin_cost as margin_cost
from symgrad.embeddings.costs import picked as picked
from symgrad.embeddings.costs import triplet_cost as triplet_cost
from symgrad.embeddings.encodings import positional_encoding as positional_encoding
from symgrad.embeddings.encodings import winner_take_all as winner_take_all
from symgrad.embeddings.formats import read_vectors as read_vectors
from symgrad.embeddings.formats import stream_vectors as stream_vectors
from symgrad.embeddings.formats import write_vectors as write_vectors
from symgrad.embeddings.sampling import NoiseSampler as NoiseSampler
from symgrad.embeddings.sampling import keep_probability as keep_probability
from symgrad.embeddings.vocabulary import move_rows as move_rows
from symgrad.embeddings.vocabulary import origins as origins
from symgrad.embeddings.vocabulary import pretrained_table as pretrained_table
