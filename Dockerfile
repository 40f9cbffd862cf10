# One image for worker, exporter, gateway and the one-shot commands: `docker run stream-app:VERSION worker`.

# 3.11 because all tests run on it.
FROM python:3.11.15-slim-bookworm AS build
WORKDIR /src
# All that .dockerignore lets in.
COPY . .
# Wheels only: what would need a compiler fails here and not in front of a user.
RUN python -m venv /app \
    && PYTHONWARNINGS=ignore /app/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary=:all: .

FROM python:3.11.15-slim-bookworm
# A number, because Kubernetes cannot tell of a name that it is not root's. A new volume gets the owner of the folder that it
# is first mounted on.
RUN groupadd --gid 10001 stream-app && useradd --uid 10001 --gid 10001 --no-create-home stream-app \
    && install --directory --owner 10001 --group 10001 --mode 755 /rendered \
    && install --directory --owner 10001 --group 10001 --mode 755 /history \
    && install --directory --owner 10001 --group 10001 --mode 700 /sources
COPY --from=build /app /app
COPY deploy/healthcheck.py /healthcheck.py
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 9464 9465 9466 9468
HEALTHCHECK --interval=15s --timeout=12s --start-period=60s --retries=3 CMD ["python", "/healthcheck.py"]
ENTRYPOINT ["stream-app"]
CMD ["--help"]
