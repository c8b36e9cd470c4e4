"""Deadlines that passed or come near, as reminders for the unit; and the working days that reviews are counted in."""
