"""Pages behind the numbers: who is in a step, what a metric means, where an alert holds. They show identifiers."""
