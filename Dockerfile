# Two images of one code: `web`, small, without TensorFlow, and `trainer`, with all of it.
# Neither keeps anything: what is stored is in the database that DATABASE_URL names.
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

# The last one is what `docker build` makes when nothing else is asked for.
FROM base AS web
COPY requirements-web.txt .
RUN pip install --no-cache-dir --require-hashes --requirement requirements-web.txt
COPY . .
USER digitsite
# A key for this moment only: the one that would be made otherwise would stay in the image.
RUN SECRET_KEY="$(head -c 64 /dev/zero | tr '\0' x)" python manage.py collectstatic --no-input
EXPOSE 8000
CMD ["gunicorn", "digitsite.wsgi"]
