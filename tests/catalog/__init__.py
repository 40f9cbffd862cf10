"""What the catalog declares, what each kind of entity contributes to the numbers, and what is shown of it."""
