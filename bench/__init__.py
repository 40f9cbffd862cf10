"""How fast the worker is, beside others that do less, on the same broker, the same store and the same events.

Each candidate is a process of its own, on a fresh consumer group and an emptied store, one after another. All are
clocked alike, from outside: a rate is what was applied between the 5 % mark and the end, divided by the time between,
so that starting, joining the group and warming up count for nobody.
"""
