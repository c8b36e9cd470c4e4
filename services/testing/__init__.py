"""The testing service: who must be tested when, what was collected, what came out, and which results a person disputes. It must never know
a name, an address or a location: it follows the registry's feed and speaks of persons by id.
"""
