"""Bodies, one file per noun. In those that are sent all members are always there; what is unknown is null."""

from api.schemas.base import Body, Taken
from api.schemas.problems import FaultOut, ProblemMeaning, ProblemOut, TombstoneOut
from api.schemas.resources import (
    AccessOut,
    FacetOut,
    FacetValueOut,
    FileOut,
    FoundOut,
    InsideOut,
    InstitutionOut,
    MeantOut,
    PartOut,
    PieceOut,
    ResourceList,
    ResourceOut,
    VersionLink,
    VersionList,
    VersionOut,
)

__all__ = [
    "AccessOut",
    "Body",
    "FacetOut",
    "FacetValueOut",
    "FaultOut",
    "FileOut",
    "FoundOut",
    "InsideOut",
    "InstitutionOut",
    "MeantOut",
    "PartOut",
    "PieceOut",
    "ProblemMeaning",
    "ProblemOut",
    "ResourceList",
    "ResourceOut",
    "Taken",
    "TombstoneOut",
    "VersionLink",
    "VersionList",
    "VersionOut",
]
