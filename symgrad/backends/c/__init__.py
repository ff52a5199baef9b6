"""The C backend: PyTensor's virtual machine in C, with a BLAS and Ops of symgrad's own."""
