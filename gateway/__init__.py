"""The gateway (DESIGN 1, 4, 6): who may call which route, and nothing else.

`edge` takes every request from outside: hygiene, request id, limits, token, role table, then on to the app that serves it. `identity` keeps accounts,
sessions, clients and keys. `app` puts both together. The gateway must never know what a person, a measure or a test is.
"""
