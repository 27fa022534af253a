"""The same host with the second user model: e-mail login, UUID key, one `name` field."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.members"]
AUTH_USER_MODEL = "members.Member"
