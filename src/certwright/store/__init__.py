"""Our tables: the truth. The only room with SQL or ORM calls.

Django wants to know its apps before it sees a model, so importing this room makes them known; which database they
live in is said later, by :func:`certwright.store.setup.use`.
"""

import django
from django.conf import settings

if not settings.configured:  # a type checker brings settings of its own
    settings.configure(
        DATABASES={},
        INSTALLED_APPS=["certwright.store"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        TIME_ZONE="UTC",
        LOGGING_CONFIG=None,
    )
    django.setup()
