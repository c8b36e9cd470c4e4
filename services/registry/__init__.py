"""The registry: who is under which lawful measure, who cares for them, what help they get, who else co-manages them.

It must never know a test's analytes, a location, or a firm. Neighbours learn of its changes only through its events.
"""
