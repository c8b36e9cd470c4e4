"""The testing service: who must be tested when, what was collected, what came out, what was objected to.

It must never know a name, an address or a location: it follows the registry's feed and speaks of persons by id.
"""
