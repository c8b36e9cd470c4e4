"""Handover from institutions (出所衔接): a release that is announced, received by the town, and acknowledged (DRR art. 34, 38; domain 2.6).

Not to be confused with `comanagement`'s transfer out of a person to another county (移交).
"""
