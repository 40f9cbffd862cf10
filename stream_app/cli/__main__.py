"""`python -m stream_app.cli`, for where the script is not on the path."""

from stream_app.cli.main import main

main()
