"""Figures of the field work by town and period, for the bulletin and for leaders: numbers only."""
