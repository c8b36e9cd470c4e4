"""Questions to the schemes and the due tests: to one of them (`single`), and to many at once (`many`)."""

from services.testing.plans.repository.single import DUE, history_of, neighbours_of, plan, plans_of, schemes_on

__all__ = ["DUE", "history_of", "neighbours_of", "plan", "plans_of", "schemes_on"]
