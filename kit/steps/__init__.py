"""Declared steps, once for every noun that has a state (DESIGN laws 5 and 13).

1. `rules.py` declares the machine as pure data (`kit.steps.machine`): states, and steps with event, origins, target, who may take it, which fields it needs,
   its legal source, and the deadline that it starts. What is not declared cannot happen.
2. `tables.py` gives the noun a history that is only ever added to: a class with `History` before the base, `class PlanChange(History, SCHEMA.base, table=True)`.
3. `service.py` takes a step with `kit.steps.taking.take`: the state is checked and changed, the version raised, the history row written, the audit row noted.
4. An answer shows `next_steps(MACHINE, row.state, work.principal, blocked)`: what can be done now, by whom, with which fields, and what stands in the way.
"""
