"""What rows that a call does not read would have done, in closed form, before they are read again.

Under a dense rule a row whose gradient is zero still moves: by its velocity, by its averages, by
weight decay. With ``unused="exact"`` a row keeps the call that it was last brought up to date in,
and what it missed since is made up for before the next call reads it.
"""

from symgrad.catchup.forms import closed_form as closed_form
from symgrad.catchup.lag import CatchUp as CatchUp
from symgrad.catchup.lag import Tracked as Tracked
