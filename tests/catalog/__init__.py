"""What is measured: the declarations against what is shown."""
