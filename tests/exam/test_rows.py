"""Every column of images, findings and objects against the scene that the image shows."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from phantom import tables
from phantom.anatomy.patient import birads_density
from phantom.exam import preset as presets
from phantom.exam import render
from phantom.exam import scene as scenes
from phantom.exam.acquisition import position_breast, prior_exam
from phantom.exam.case import case_seed, render_case
from phantom.imaging.beam import collapse

RECIPE = {
    "name": "rows",
    "description": "a finding in a cyst, one of several grains, an artefact",
    "anatomy": {"ligaments": 20, "fibres": 20, "area_cm2": [90, 130], "density": 0.12},
    "exam": {"breasts": ["R"], "twins": ["clean"], "prior_years": [3], "magnification": 1.8, "patches": 2,
             "patch_px": 120},
    "detector": {"binning": 8, "name": "ge-senographe-essential"},
    "finding": [{"kind": "fine_pleomorphic", "grains": 14}, {"kind": "rim"}, {"kind": "milk_of_calcium"}],
}  # fmt: skip
CLASSES = ("normal", "artefact", "benign", "suspicious")


@pytest.fixture(scope="module")
def scene():
    preset = presets.from_dict(RECIPE)
    return scenes.grow(preset, case_seed(preset.name, 3, 2), 2)


@pytest.fixture(scope="module")
def views(scene):
    return render_case(scene).views


@pytest.fixture(scope="module")
def acquisitions(scene):
    return {view.name: position_breast(scene, view) for view in scene.views}


def _plain(views, view):
    return next(one for one in views if one.row.view == view.row.view and not one.row.variant)


def _words(view, scene):
    row = view.row
    words = [row.twin, f"prior{row.years_before}" if row.years_before else ""]
    words += [f"mag{row.magnification:g}" if row.magnification != 1 else ""]
    return "+".join(word for word in words if word)


# of each column of the images' table: what it must be
IMAGES = {
    "image_id": lambda v, s, a: f"000002-R-{v.row.view}" + (f"+{v.row.variant}" if v.row.variant else ""),
    "case": lambda v, s, a: 2,
    "woman_id": lambda v, s, a: s.woman_id,
    "source": lambda v, s, a: "grown",
    "modality": lambda v, s, a: "MG",
    "variant": lambda v, s, a: _words(v, s) + v.row.variant[v.row.variant.rfind("patch") - 1 :] * v.row.patch
    if _words(v, s) else v.row.variant if v.row.patch else "",
    "twin": lambda v, s, a: "clean" if v.image_id.partition("+clean")[1] else "",
    "years_before": lambda v, s, a: 3 if "prior3" in v.image_id else 0,
    "magnification": lambda v, s, a: 1.8 if "mag1.8" in v.image_id else 1.0,
    "patch": lambda v, s, a: "patch" in v.image_id,
    "laterality": lambda v, s, a: "R",
    "view": lambda v, s, a: a.view.name,
    "rows": lambda v, s, a: v.for_presentation.shape[0],
    "columns": lambda v, s, a: v.for_presentation.shape[1],
    "pixel_spacing_mm": lambda v, s, a: 8 * 0.1 / v.row.magnification,  # the unit's pixels are 100 um
    "detector": lambda v, s, a: "ge-senographe-essential",
    "converter": lambda v, s, a: "CsI",
    "thickness_mm": lambda v, s, a: s.breasts["R"].compress(a.view).thickness_mm,
    "birads_density": lambda v, s, a: birads_density(v.row.density),
    "age": lambda v, s, a: s.breasts["R"].age - v.row.years_before,
    "angle_deg": lambda v, s, a: {"CC": 0.0}.get(a.view.name, a.view.angle_deg),
    "calcium_mg": lambda v, s, a: sum(grain.row.mass_mg for grain in v.calcifications),
    "class": lambda v, s, a: max((f.row.class_ for f in v.findings), key=CLASSES.index, default="normal"),
    "n_findings": lambda v, s, a: len(v.findings),
    "n_calcifications": lambda v, s, a: len(v.calcifications),
}
TECHNIQUE = ("target_filter", "tube_kv", "mas", "entrance_kerma_mgy", "detector_kerma_ugy", "mgd_mgy")
# of a patch the calcium is that of whole grains where the image shows a part; the density is measured below
MEASURED = ("density", *TECHNIQUE)


@pytest.mark.parametrize("column", IMAGES)
def test_a_column_of_the_images_is_what_the_scene_says(column, views, scene, acquisitions):
    for view in views:
        wanted = IMAGES[column](view, scene, acquisitions[view.row.view])
        if column == "calcium_mg" and view.row.patch:
            continue
        found = view.row.as_dict()[column]
        assert found == (pytest.approx(wanted) if isinstance(wanted, float) else wanted), view.image_id


def test_no_column_of_the_images_goes_unchecked():
    known = {"bits_stored", "grey_per_contrast", "grey_per_contrast_sd"}  # of real pictures alone
    assert set(tables.IMAGES) - known == {*IMAGES, *MEASURED}


def test_the_technique_is_that_of_the_exposure(views, acquisitions):
    for view in views:
        acquisition, row = acquisitions[view.row.view], view.row
        if row.magnification != 1:  # more dose, no grid
            assert row.mgd_mgy == pytest.approx(1.5 * _plain(views, view).row.mgd_mgy, rel=0.01)
            continue
        spectrum = acquisition.machine.beam.at(acquisition.machine.detector.unit, acquisition.pressed.thickness_mm)
        technique = render.expose(acquisition, spectrum, row.density)
        assert all(getattr(row, name) == getattr(technique, name) for name in TECHNIQUE)
        assert 0.3 < row.mgd_mgy / row.entrance_kerma_mgy / 0.25 < 2  # Dance's g c s of a breast like this
        assert row.target_filter == spectrum.target_filter


def test_scatter_is_as_strong_as_the_grid_of_the_detector_lets_through(acquisitions):
    acquisition = acquisitions["CC"]
    machine, thickness_mm = acquisition.machine, acquisition.pressed.thickness_mm
    spectrum = machine.beam.at(machine.detector.unit, thickness_mm)
    behind = collapse(render.assemble(acquisition, []), spectrum)
    technique = render.expose(acquisition, spectrum, 0.12)

    def scatter(grid_factor):
        detector = dataclasses.replace(machine.detector)
        detector.__dict__["unit"] = dataclasses.replace(machine.detector.unit, grid_factor=grid_factor)
        changed = dataclasses.replace(machine, detector=detector)
        return render.signal_of(changed, acquisition.frame, behind, spectrum, technique).scatter.values

    assert scatter(1.5) == pytest.approx(1.5 * scatter(1.0), rel=1e-5)
    assert scatter(1.0).min() > 0


def test_the_density_is_the_share_of_gland_that_was_asked_for(views):
    for view in views:
        assert view.row.density == pytest.approx(0.12, rel=0.12)


@pytest.mark.parametrize(
    ("density", "letter"),
    [(0.0, "a"), (0.0649, "a"), (0.0651, "b"), (0.1549, "b"), (0.1551, "c"), (0.3399, "c"), (0.3401, "d"), (0.6, "d")],
)
def test_birads_letters_follow_the_published_cuts(density, letter):
    assert birads_density(density) == letter


# ---- findings


def _grown(view, scene, row):
    then = scene.at_prior(3).findings if view.row.years_before else scene.findings
    return next(finding for finding in then if finding.finding_id == row.finding_id)


def _union(view, row):
    boxes = np.array([
        list(g.row.box_px) for g in view.calcifications if g.row.finding_id == row.finding_id
    ])  # fmt: skip
    return boxes[:, 0].min(), boxes[:, 1].min(), (boxes[:, 0] + boxes[:, 2]).max(), (boxes[:, 1] + boxes[:, 3]).max()


def _across(points):
    return np.linalg.norm(points[:, None] - points[None], axis=2).max()


def _shoelace(points):
    x, y = points.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def _members(view, row):
    return [g.row for g in view.calcifications if g.row.finding_id == row.finding_id]


FINDINGS = {
    **{name: lambda v, f, g, name=name: getattr(g, name)
       for name in ("finding_id", "kind", "cause", "descriptor", "distribution", "category", "pathology", "length_mm",
                    "calcified_share")},
    "image_id": lambda v, f, g: v.image_id,
    "class": lambda v, f, g: "suspicious" if g.category >= "4" else "benign",
    "n_calcifications": lambda v, f, g: len(_members(v, f.row)),
    "n_visible": lambda v, f, g: sum(row.dprime_structured >= 4 for row in _members(v, f.row)),
    "x_px": lambda v, f, g: (_union(v, f.row)[0] + _union(v, f.row)[2] - 1) / 2,
    "y_px": lambda v, f, g: (_union(v, f.row)[1] + _union(v, f.row)[3] - 1) / 2,
    "box_x_px": lambda v, f, g: _union(v, f.row)[0],
    "box_y_px": lambda v, f, g: _union(v, f.row)[1],
    "box_w_px": lambda v, f, g: _union(v, f.row)[2] - _union(v, f.row)[0],
    "box_h_px": lambda v, f, g: _union(v, f.row)[3] - _union(v, f.row)[1],
    "extent_mm": lambda v, f, g: _across(f.hull_px) * v.row.pixel_spacing_mm,
    "hull_area_mm2": lambda v, f, g: _shoelace(f.hull_px) * v.row.pixel_spacing_mm ** 2,
    "calcium_mg": lambda v, f, g: sum(row.mass_mg for row in _members(v, f.row)),
}  # fmt: skip


@pytest.mark.parametrize("column", FINDINGS)
def test_a_column_of_the_findings_is_what_the_scene_says(column, views, scene):
    checked = 0
    for view in views:
        for finding in view.findings * (not view.row.patch):
            wanted = FINDINGS[column](view, finding, _grown(view, scene, finding.row))
            found = finding.row.as_dict()[column]
            exact = isinstance(wanted, str) or isinstance(found, int)
            assert found == (wanted if exact else pytest.approx(wanted, rel=1e-5)), view.image_id
            checked += 1
    assert checked >= 6


def test_no_column_of_the_findings_goes_unchecked(views):
    assert set(tables.FINDINGS) == {*FINDINGS, "dprime"}
    for view in views:
        for finding in view.findings * (not view.row.patch):
            best = max(row.dprime_structured for row in _members(view, finding.row))
            assert finding.row.dprime >= 0.9 * best  # a group is seen at least as well as its best grain


# ---- objects


def test_every_column_of_the_objects_is_what_the_scene_says(views, scene, acquisitions):
    hosts = {host.host_id: (finding, host) for finding in scene.findings for host in finding.hosts}
    assert hosts
    checked = 0
    for view in views:
        for one in view.objects:
            row, acquisition = one.row, acquisitions[view.row.view]
            assert set(row.as_dict()) == set(tables.OBJECTS)
            finding, host = hosts[row.object_id]
            assert (row.image_id, row.finding_id, row.kind) == (view.image_id, finding.finding_id, host.kind)
            assert (row.x_mm, row.y_mm, row.z_mm) == host.centre_mm
            assert row.size_mm == 2 * max(host.radii_mm)
            if view.row.patch or view.row.magnification != 1:
                continue
            pitch, field = view.row.pixel_spacing_mm, acquisition.frame.field
            centre = acquisition.pressed.forward(np.array([host.centre_mm]))[0]
            x, y = field.px(centre[0], centre[1])
            x = view.row.columns - 1 - x  # a right breast hangs mirrored
            assert row.box_x_px + (row.box_w_px - 1) / 2 == pytest.approx(x, abs=2.5)
            assert row.box_y_px + (row.box_h_px - 1) / 2 == pytest.approx(y, abs=2.5)
            for side_px in row.box_px[2:]:
                assert 0.6 * 2 * min(host.radii_mm) - 2 * pitch < side_px * pitch < 1.8 * row.size_mm + 2 * pitch
            checked += 1
    assert checked >= 2


# ---- patches


def test_the_rows_of_a_patch_are_those_of_its_view_moved(views, scene):
    patches = [view for view in views if view.row.patch and not view.row.twin]
    assert patches
    for patch in patches:
        whole = _plain(views, patch)
        at = np.argwhere(
            (np.lib.stride_tricks.sliding_window_view(whole.for_presentation, (1, 120)) == patch.for_presentation[0])
            .all(axis=(2, 3))
        )  # fmt: skip
        corner = next(
            (r, c) for r, c in at
            if np.array_equal(whole.for_presentation[r : r + 120, c : c + 120], patch.for_presentation)
        )  # fmt: skip
        grains = {g.row.calcification_id: g for g in whole.calcifications}
        for grain in patch.calcifications:
            x, y = grains[grain.row.calcification_id].center_px
            assert grain.center_px == (pytest.approx(x - corner[1]), pytest.approx(y - corner[0]))
            mask = grains[grain.row.calcification_id].mask
            assert np.array_equal(grain.mask, mask[corner[0] : corner[0] + 120, corner[1] : corner[1] + 120])


# ---- noise


def test_noise_of_views_and_years_is_not_the_same(scene):
    """What the quanta add to CC, to an MLO, to CC three years before and to the other breast has nothing in common."""

    def noise(acquisition, root):
        other = dataclasses.replace(acquisition, scene=dataclasses.replace(acquisition.scene, noise_root=root))
        return next(render.render_acquisition(other, {"clean": render.none})).for_processing.astype(float)

    cc = position_breast(scene, scene.views[0])
    mlo = dataclasses.replace(cc, view=dataclasses.replace(cc.view, name="MLO"))  # the same pixels by another name
    left = dataclasses.replace(
        cc, view=dataclasses.replace(cc.view, laterality="L"), scene=dataclasses.replace(
            scene, breasts={**scene.breasts, "L": scene.breasts["R"]}
        ),
    )  # fmt: skip
    found = [noise(one, 1) - noise(one, 2) for one in (cc, mlo, prior_exam(cc, 3), left)]
    found[3] = found[3][:, ::-1]  # right breasts hang mirrored
    inside = np.logical_and.reduce([np.abs(one) > 0 for one in found])
    assert inside.sum() > 2000
    for i, j in itertools.combinations(range(4), 2):
        r = np.corrcoef(found[i][inside], found[j][inside])[0, 1]
        assert abs(r) < 5 / np.sqrt(inside.sum()), (i, j)


# ---- women


def test_recipes_of_other_names_show_other_women_and_changes_keep_them():
    def grown(name="rows", **sections):
        preset = presets.from_dict({**RECIPE, "finding": [], **sections, "name": name})
        scene = scenes.grow(preset, case_seed(name, 3, 2), 2)
        breast = scene.breasts["R"]
        return scene.woman_id, (breast.age, breast.compress(scene.views[0]).thickness_mm)

    woman, breast = grown()
    assert grown(detector={"binning": 4}, exam={"breasts": ["R"]}) == (woman, breast)
    variant, changed = grown(anatomy={**RECIPE.get("anatomy", {}), "thickness_mm": 41})
    assert variant != woman
    assert changed[1] != breast[1]
    assert variant[:12] == woman[:12]  # her lobules and ducts come from the same random numbers
    other, another = grown("columns")
    assert other[:12] != woman[:12]
    assert other != woman
    assert all(one != two for one, two in zip(breast, another, strict=True))
    assert len(woman) == 16
    assert not set(woman) - set("0123456789abcdef")
