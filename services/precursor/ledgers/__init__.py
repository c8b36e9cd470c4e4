"""Ledgers of firms, couriers and venues on their way into the register of places to inspect."""
