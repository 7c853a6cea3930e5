"""Every image of a case: the views, their twins, earlier years, the magnified finding, patches."""

from __future__ import annotations

from collections.abc import Iterator

from phantom.calcifications.finding import Finding
from phantom.exam import patch as patches
from phantom.exam.acquisition import magnified, position_breast, prior_exam
from phantom.exam.mammogram import ViewImage, highest_class
from phantom.exam.render import TWINS, every, present_in, render_acquisition
from phantom.exam.scene import Scene


def images(scene: Scene) -> Iterator[ViewImage]:
    """The images of a scene, view by view. Only the quantum noise and where patches lie are random here.

    The words of a variant come in this order: twin, years, magnification, patch.
    """
    exam, target = scene.preset.exam, _finding_to_magnify(scene)
    twins = {"": every} | {twin: TWINS[twin] for twin in exam.twins}
    for number, view in enumerate(scene.views):
        acquisition, density = position_breast(scene, view), 0.0
        corners: list[tuple[int, patches.Corner]] = []
        for image in render_acquisition(acquisition, twins):
            if not image.row.variant:
                corners, density = list(_corners(scene, image, number)), image.row.density
            if exam.whole_views:
                yield image
            for patch, corner in corners:
                yield patches.cut(image, *corner, exam.patch_px, f"patch{patch:02d}")
        for years in exam.prior_years:
            yield from render_acquisition(prior_exam(acquisition, years), twins)
        if target is not None and present_in(target, view):
            closer = magnified(acquisition, target, density)
            if closer is not None:
                yield from render_acquisition(closer, twins)


def _corners(scene: Scene, image: ViewImage, number: int) -> Iterator[tuple[int, patches.Corner]]:
    """The patches of a plain view, and where they lie: the case's views have them in turn."""
    exam = scene.preset.exam
    for patch in range(number, exam.patches, len(scene.views)):
        seed = scene.seed.child("patch", patch)
        yield patch, patches.place_patch(image, exam.patch_px, seed, exam.patches_on_findings)


def _finding_to_magnify(scene: Scene) -> Finding | None:
    """The finding a radiologist would magnify: of the highest class, then category, then the one with the most
    grains."""
    if not scene.preset.exam.magnification or not scene.findings:
        return None
    top = highest_class(finding.finding_class for finding in scene.findings)
    candidates = [finding for finding in scene.findings if finding.finding_class == top]
    return max(candidates, key=lambda finding: (finding.category, len(finding.calcifications), -finding.finding_id))
