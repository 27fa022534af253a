"""Models: repositories, sessions, their usage by model and recaps, and the state of imports."""

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
