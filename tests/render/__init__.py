"""What is rendered: schemas and pages, against the types they come from and against the contract."""
