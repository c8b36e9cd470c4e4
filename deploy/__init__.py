"""How the house is run: the `./dev` commands, the embedded Postgres, one process or several, packaging.

The only place that may import everything; nothing imports it. Each module here is loaded by the command that needs it.
"""
