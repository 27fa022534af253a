"""Models: repositories, sessions with usage by model and recaps, the state of imports, and the access log."""

from .access_log import AccessLogEntry as AccessLogEntry
from .imports import ConfabulousSession as ConfabulousSession
from .imports import ImportedLine as ImportedLine
from .imports import ImportedSession as ImportedSession
from .recaps import RecapCount as RecapCount
from .recaps import SessionRecap as SessionRecap
from .recording import UserDeletedError as UserDeletedError
from .repos import ForkSighting as ForkSighting
from .repos import Repo as Repo
from .sessions import CodingSession as CodingSession
from .usage import ModelUsage as ModelUsage
