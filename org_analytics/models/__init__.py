"""Models: repositories, sessions, their usage by model, and the state of imports."""

from .imports import ImportedLine as ImportedLine
from .imports import ImportedSession as ImportedSession
from .recording import UserDeletedError as UserDeletedError
from .repos import ForkSighting as ForkSighting
from .repos import Repo as Repo
from .sessions import CodingSession as CodingSession
from .usage import ModelUsage as ModelUsage
