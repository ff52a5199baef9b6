"""From updates to a callable.

A step (`step`) passes these stations, in this order. Its updates are checked (`check_updates`),
then its indices (`check_indices`, `hold_back`). It is compiled and audited (`compiled`, `audit`).
It is called (`callable`), and a call that fails names the table and the index (`failures`).

:func:`symgrad.function` is in `function`. `stacked` makes one call of many steps, and `flush`
brings the rows of all tables up to date.
"""

# Importing it tells `Updates.flush` how to compile.
from symgrad.compile import flush as flush
