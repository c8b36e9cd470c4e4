"""The registry: who is under which lawful measure, who cares for them, what help they get, who else co-manages them.

It must never know a test's analytes, a location, or a firm. It follows nobody's tables: neighbours hear of it through its events.
"""
