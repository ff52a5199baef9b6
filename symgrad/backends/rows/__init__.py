"""One pass over the rows: read them, apply the rule, write them."""
