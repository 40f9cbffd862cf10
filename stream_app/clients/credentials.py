"""Who a worker is to Kafka, in Faust's terms. Apart from the other clients, because Faust takes long to import."""

from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from stream_app.clients.settings import Settings


def faust_credentials(settings: Settings) -> CredentialsT | None:
    """The worker's credentials. Without an SSL context Faust would silently send a password in the clear."""
    context = settings.tls()
    if settings.kafka_password and settings.kafka_security.startswith("sasl"):
        return SASLCredentials(
            username=settings.kafka_username,
            password=settings.kafka_password.get_secret_value(),
            ssl_context=context,
            mechanism=settings.kafka_sasl_mechanism,
        )
    return SSLCredentials(context) if context else None
