"""The image and the composition, as far as they can be judged without an engine that runs them."""
