# Two images from the same code: `web` is small and has no TensorFlow, `trainer` has all requirements.
# Neither stores anything; all state is in the database of DATABASE_URL.
FROM python:3.13-slim AS base
ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    BIND=0.0.0.0 \
    DATA_DIR=/data
WORKDIR /app
RUN useradd --system --create-home --uid 10001 digitsite \
    && install --directory --owner=digitsite /data

FROM base AS trainer
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes --requirement requirements.txt
COPY . .
USER digitsite
CMD ["python", "manage.py", "worker"]

# `docker build` without a target builds the last image.
FROM base AS web
COPY requirements-web.txt .
RUN pip install --no-cache-dir --require-hashes --requirement requirements-web.txt
COPY . .
USER digitsite
# Use a temporary key. Otherwise a generated key would be stored in the image.
RUN SECRET_KEY="$(head -c 64 /dev/zero | tr '\0' x)" python manage.py collectstatic --no-input
EXPOSE 8000
CMD ["python", "manage.py", "serve"]
