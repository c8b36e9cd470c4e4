"""Screening of practitioners (行业人员普检): how many were screened, where and when.

Negatives have no identity here; the identity of a positive is sealed (domain 10).
"""
