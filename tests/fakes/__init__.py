"""A world that costs next to nothing, for tests of what is done with cases: its truth is exact by construction.

`truth` has the rows and images that all of it is made of; `cases` a recipe whose cases are dots on a half disc; `rich`
images with everything that an export or a scorer may stumble over; `solids` solids with known answers.
"""

from fakes.cases import FakeRecipe, simulate, tells_threads, woman
from fakes.rich import RICH, crowd, make_rich, of_truth, rich, rich_cases, rich_views, write_rich
from fakes.solids import Bar, Ellipsoid, Rim, pose_at
from fakes.truth import blank, disc, finding, grain, image_row, ring, view

__all__ = [
    "RICH",
    "Bar",
    "Ellipsoid",
    "FakeRecipe",
    "Rim",
    "blank",
    "crowd",
    "disc",
    "finding",
    "grain",
    "image_row",
    "make_rich",
    "of_truth",
    "pose_at",
    "rich",
    "rich_cases",
    "rich_views",
    "ring",
    "simulate",
    "tells_threads",
    "view",
    "woman",
    "write_rich",
]
