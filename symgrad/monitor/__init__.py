"""What the updates of a function do, call by call: as outputs, log lines, a table, a plot."""

from symgrad.monitor.monitored import Monitored as Monitored
from symgrad.monitor.monitored import monitor as monitor
