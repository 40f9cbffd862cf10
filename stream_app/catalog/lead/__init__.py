"""The lead: its state, the facts that follow from it, how events merge into it, and what it forgets."""
