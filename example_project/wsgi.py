"""For a WSGI server: gunicorn example_project.wsgi."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
application = get_wsgi_application()

# Views load with the first request otherwise. What is loaded by now stays: without the freeze, Python's garbage
# collector looks through all of it again every few requests, for 60 ms and more.
get_resolver().url_patterns  # noqa: B018
gc.collect()
gc.freeze()
