"""From a cost to blocks: the rows of each table that move, and the gradient of each.

- `lookups`: which rows of a table the cost reads, and what else of the table reaches it
- `place`: where a block lies in its table
- `join`: all reads of a table as one block
- `gradients`: the gradient, with the checks that PyTensor lacks for subsets
- `connected`: on which entries the cost of a call depends by structure
- `blocks`: all of this for the parameters of a rule
"""
