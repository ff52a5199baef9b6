"""Record what Theano 1.0.5 pickles: run by a Python that has it, and commit what is written.

python tests/reference/make_theano_pickles.py
"""

import base64
import io
import json
import os
import pickle

import numpy
import theano
import theano.tensor as T
from theano.misc import pkl_utils
from theano.tensor.shared_randomstreams import RandomStreams


def main():
    table = theano.shared(numpy.arange(6.0).reshape(2, 3), name="table")
    kinds = {"step": theano.shared(3), "col": T.TensorType("float32", (False, True))}
    archive = io.BytesIO()
    pkl_utils.dump((table, table, kinds["step"]), archive)
    found = {
        "shared": pickle.dumps(dict(kinds, table=table), 2),
        "oldest": pickle.dumps(table, 0),
        "streams": pickle.dumps(RandomStreams(3), 2),
        "archive": archive.getvalue(),
    }
    path = os.path.join(os.path.dirname(__file__), "theano_pickles.json")
    with open(path, "w") as file:
        text = {name: base64.b64encode(data).decode() for name, data in sorted(found.items())}
        json.dump(text, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
