"""The names of what is stored. One namespace is one hash tag, so that all of it is one slot of a cluster."""

FIRST_GENERATION = "1"


def namespace_prefix(namespace: str) -> str:
    """What every key of a namespace begins with."""
    return f"{{{namespace}}}:"


def pointer_key(namespace: str) -> str:
    """The hash that says which generation serves and which is being rebuilt."""
    return f"{namespace_prefix(namespace)}generations"


def generation_prefix(namespace: str, generation: str) -> str:
    """What every other key of a generation begins with."""
    return f"{namespace_prefix(namespace)}{generation}:"
