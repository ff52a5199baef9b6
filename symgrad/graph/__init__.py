"""Questions to any PyTensor graph, and replacement in it.

- `coordinates`: NumPy's rules for index tuples, and tuples of coordinates as one number
- `index_reads`: which nodes read or write by index, and which table they read
- `walk`: the walk from a cost back along its gradients
- `distinct`: whether an index can choose an entry twice
- `static_slices`: the constant length of slices with variable bounds
- `replace`: variables replaced, and everything else left as it is
"""
