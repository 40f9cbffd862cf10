"""Where the product touches the world: brokers, stores, clocks and processes."""
