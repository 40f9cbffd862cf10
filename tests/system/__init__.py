"""The whole product, as processes on real servers, and what goes wrong around them."""
