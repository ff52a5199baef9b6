"""Questions to any PyTensor graph, and replacement in it."""
