"""From blocks and a rule to updates: plain PyTensor expressions."""
