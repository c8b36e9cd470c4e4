"""Alerts: where supervised people checked in, what looks wrong, who must look at it by when, how each town does its work.

Owns check-ins, detectors, deadlines, alerts, supervision orders and bulletins. Must never know a person's name, ID number or phone:
it holds person ids and division codes alone, and no alert, score or colour of its own changes anybody's legal status.
"""
