"""Second order on the rows: products with the Hessian, and the methods that solve with them.

The Hessian of a cost with respect to a whole table is singular, because unused rows are rows and
columns of zeros. So the unknowns here are the distinct rows that a call uses: the cost is written
as a function of those, with no table left in it and no repeated row (`rows.Problem`).
"""

from symgrad.second_order.conjugate import conjugate_gradient as conjugate_gradient
from symgrad.second_order.products import gauss_newton_vp as gauss_newton_vp
from symgrad.second_order.products import hvp as hvp
from symgrad.second_order.solvers import hessian_free as hessian_free
from symgrad.second_order.solvers import lbfgs as lbfgs
from symgrad.second_order.solvers import newton as newton
