"""A county's ledgers on their way into the register: matched, compared, decided by a person where they contradict, taken over all or nothing."""
