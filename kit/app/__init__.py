"""How a service becomes an ASGI app.

assembly   the app from its parts, and the tasks that live with it
problems   every error in one shape
feed       what neighbours read: events, published language
health     /livez, /readyz, /metrics
"""

from kit.app.assembly import Parts, PeriodicJob, assemble
from kit.app.feed import language_of_app
from kit.app.problems import validation_problem

__all__ = ["Parts", "PeriodicJob", "assemble", "language_of_app", "validation_problem"]
