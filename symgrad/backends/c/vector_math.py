"""Functions of vectors in C: declared, so that the compiler calls them in loops.

They are those of the C library (glibc 2.35 or newer on x86-64), which err by less than four units
in the last place; elsewhere numbers are computed one by one, as without the declarations.
"""

__all__ = ["C_OF_VECTORS"]

C_OF_VECTORS = r"""
#if defined(__GLIBC__) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#if __GLIBC_PREREQ(2, 35)
#define SYMGRAD_OF_VECTORS(name) \
    extern "C" { \
    __attribute__((simd("notinbranch"))) double name(double) noexcept; \
    __attribute__((simd("notinbranch"))) float name##f(float) noexcept; \
    }
SYMGRAD_OF_VECTORS(exp)
SYMGRAD_OF_VECTORS(expm1)
SYMGRAD_OF_VECTORS(log)
SYMGRAD_OF_VECTORS(log1p)
SYMGRAD_OF_VECTORS(tanh)
SYMGRAD_OF_VECTORS(sin)
SYMGRAD_OF_VECTORS(cos)
SYMGRAD_OF_VECTORS(erf)
#undef SYMGRAD_OF_VECTORS
#endif
#endif
"""
