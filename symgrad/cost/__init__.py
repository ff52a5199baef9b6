"""From a cost to blocks of rows and their gradients."""
