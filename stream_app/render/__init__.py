"""From declarations to the files that are shown: pure functions of the declarations."""
