"""The edge: one request in, one decision, one way on (DESIGN 4, SECURITY 4.1 and 4.7).

protocol   bytes     what ASGI cannot see any more: doubled lengths, slow or endless heads
http       headers   hygiene, and what of the outside may pass inward
routes     table     method + path template → service, roles, limits; deny by default
guard      token     outer token → visitor → inner token
limits     numbers   how often, how much
upstream   way on    an app in this process, or `pool`: kept-alive connections to another
answer     way back  security headers, request id, problems
edge       all of it in order
"""
