"""Convolutions over two or three axes, their gradients, and upsampling by them."""
