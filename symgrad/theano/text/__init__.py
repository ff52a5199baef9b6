"""Graphs as text, in Theano's words."""
