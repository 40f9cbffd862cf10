"""From declarations to the files that are shown: pure functions, told everything, asking nobody."""
