"""Lots of rapid test kits: what each can show, from which value on, until when (DTP art. 5; domain 3.3)."""
