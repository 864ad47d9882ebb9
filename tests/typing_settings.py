"""Django settings for the type checker's plug-in alone: the program itself is set up in ``store/setup.py``."""

INSTALLED_APPS = ["certwright.store"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
SECRET_KEY = "only for the type checker"
