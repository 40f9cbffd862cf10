"""The audit's recount, held against stories that were counted by hand."""
