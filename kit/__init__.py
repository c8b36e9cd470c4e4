"""What every service stands on and what knows no domain word: database, tokens, outbox, audit, sealed values.

Entry rule: no domain noun, used by three or more, no flag that serves one caller. Otherwise duplicate.
"""
