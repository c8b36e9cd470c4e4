"""Screening of practitioners (行业人员普检): how many were screened where and when; no identity of a negative; a positive behind a seal (domain 10)."""
