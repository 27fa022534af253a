"""Models: repositories, sessions, their usage by model, the state of imports, and the access log."""

from .access_log import AccessLogEntry as AccessLogEntry
from .imports import ConfabulousSession as ConfabulousSession
from .imports import ImportedLine as ImportedLine
from .imports import ImportedSession as ImportedSession
from .recording import UserDeletedError as UserDeletedError
from .repos import ForkSighting as ForkSighting
from .repos import Repo as Repo
from .sessions import CodingSession as CodingSession
from .usage import ModelUsage as ModelUsage
