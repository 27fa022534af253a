"""Models: repositories, sessions with usage by model and recaps, the state of imports, and the access log."""

from .access_log import AccessLogEntry as AccessLogEntry
from .errors import UserDeletedError as UserDeletedError
from .imports import ConfabulousSession as ConfabulousSession
from .imports import ImportedLine as ImportedLine
from .imports import ImportedSession as ImportedSession
from .new_repos import NewRepoCount as NewRepoCount
from .recaps import RecapCount as RecapCount
from .recaps import SessionRecap as SessionRecap
from .repos import Repo as Repo
from .sessions import CodingSession as CodingSession
from .sightings import ForkSighting as ForkSighting
from .usage import ModelUsage as ModelUsage
