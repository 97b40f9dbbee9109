"""The tables, once: SQLAlchemy models that the store, the catalog and the app share.

Times of events are integers, microseconds since 1970 UTC. Times of people's things (keys,
sessions) are integers too, so that no engine's idea of a datetime comes between.
"""

from djangalytics_server.store.tables.base import Base
from djangalytics_server.store.tables.blocks import (
    Block,
    BlockColumn,
    BlockDay,
    BlockNumber,
    BlockPeople,
    BlockProject,
)
from djangalytics_server.store.tables.events import (
    Cohort,
    EventCount,
    EventDefinition,
    EventRow,
    InsertKey,
    Producer,
    PropertyDefinition,
    RejectedEvent,
    VerdictCount,
)
from djangalytics_server.store.tables.jobs import Mark, SendingCount
from djangalytics_server.store.tables.people import (
    ApiKey,
    AuditRow,
    Identity,
    Invitation,
    LoginLink,
    Membership,
    Organisation,
    Project,
    RecoveryCode,
    SecondFactor,
    SignIn,
    SignInFailure,
    UsedSignIn,
    User,
)
from djangalytics_server.store.tables.removal import (
    ErasedKey,
    ErasureRow,
    ExpiredCount,
    ExpiredDay,
    ExpiredDefinition,
    Retention,
    RetentionRun,
)

__all__ = [
    "ApiKey",
    "AuditRow",
    "Base",
    "Block",
    "BlockColumn",
    "BlockDay",
    "BlockNumber",
    "BlockPeople",
    "BlockProject",
    "Cohort",
    "ErasedKey",
    "ErasureRow",
    "EventCount",
    "EventDefinition",
    "EventRow",
    "ExpiredCount",
    "ExpiredDay",
    "ExpiredDefinition",
    "Identity",
    "InsertKey",
    "Invitation",
    "LoginLink",
    "Mark",
    "Membership",
    "Organisation",
    "Producer",
    "Project",
    "PropertyDefinition",
    "RecoveryCode",
    "RejectedEvent",
    "Retention",
    "RetentionRun",
    "SecondFactor",
    "SendingCount",
    "SignIn",
    "SignInFailure",
    "UsedSignIn",
    "User",
    "VerdictCount",
]
