"""What the updates of a function do, call by call: as outputs, log lines, a table, a plot."""

from symgrad.training.monitor.monitored import Monitored as Monitored
from symgrad.training.monitor.monitored import monitor as monitor
