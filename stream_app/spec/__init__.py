"""The vocabulary of declarations: what a metric, an expression, a panel or an alert is. It has no content."""
