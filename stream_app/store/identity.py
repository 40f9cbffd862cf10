"""Which identity key a namespace's ids are made with: its fingerprint stands in the store.

It is not in the log, which holds nothing but events, and it outlives generations. After a store was lost, the first who
asks registers a key again.
"""

from typing import Any

from redis import Redis

from stream_app.store.keys import identity_key


def registered_fingerprint(redis: Redis, namespace: str, fingerprint: str) -> str:
    """The fingerprint that the namespace has, which is this one if it had none. Raises redis.RedisError."""
    key = identity_key(namespace)
    # The first one wins, however many start at once.
    redis.set(key, fingerprint, nx=True)
    found: Any = redis.get(key)
    return found.decode() if found else fingerprint
