"""``theano.gof.optdb``: databases of rewrites, under their old names."""

from symgrad.theano.names import forward

RENAMED = {
    "DB": "RewriteDatabase",
    "Query": "RewriteDatabaseQuery",
    "EquilibriumDB": "EquilibriumDB",
    "LocalGroupDB": "LocalGroupDB",
    "SequenceDB": "SequenceDB",
}

__getattr__ = forward("theano.gof.optdb", "pytensor.graph.rewriting.db", renamed=RENAMED)
