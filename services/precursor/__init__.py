"""The precursor service: places and things that officers inspect - chemical firms, couriers, venues - and how they were drawn.

It must never know who is under a measure: an inspector of firms sees no drug-user data at all (domain 11.1).
"""
