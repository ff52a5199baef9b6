"""From updates to a callable.

A step (`step`) passes these stations, in this order: its updates are checked (`check_updates`), its
indices are checked (`check_indices`, `hold_back`), it is compiled and audited (`compiled`, `audit`),
and it is called (`callable`), where errors name tables and indices (`failures`).
:func:`symgrad.function` is in `function`. `stacked` makes one call of many steps, and `flush` brings
the rows of all tables up to date.
"""

# Importing it tells `Updates.flush` how to compile.
from symgrad.compile import flush as flush
