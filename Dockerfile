# One image for all processes: pages and API (WSGI), sockets (ASGI), worker, beat. compose.yaml says which is which.
FROM python:3.12-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements/prod.txt requirements/prod.txt
RUN /venv/bin/pip install --no-cache-dir --require-hashes --disable-pip-version-check -r requirements/prod.txt

FROM python:3.12-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/venv/bin:$PATH DJANGO_SETTINGS_MODULE=config.settings \
    ANXIN_VAR_DIR=/data STATIC_ROOT=/static MEDIA_ROOT=/data/media
RUN useradd --system --uid 1000 --home /app anxin && mkdir -p /data/media /static && chown -R anxin /data /static
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# the image holds what does not change at run time: compiled catalogues and the collected static files
RUN ANXIN_ENV=local SECRET_KEY=only-for-building python manage.py compile_translations && \
    ANXIN_ENV=production SECRET_KEY=only-for-building-the-image-and-never-used-to-serve-anything \
    ALLOWED_HOSTS=build DATABASE_URL=postgres://build@build/build METRICS_TOKEN=build \
    python manage.py collectstatic --noinput --verbosity 0 && chown -R anxin /static /data
USER anxin
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "1", "--no-access-log", "config.wsgi:application"]
