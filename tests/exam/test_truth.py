"""The truth against answers worked out by other means."""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np
import pytest
from fakes import Ellipsoid, pose_at

from phantom.anatomy.breast import Host
from phantom.calcifications.finding import Calcification, Finding
from phantom.exam.measure import Exposed, Placed, measure, object_truth
from phantom.exam.render import in_breast
from phantom.geometry.grid import Grid
from phantom.geometry.hull import convex_hull
from phantom.imaging.observer import Difference, detectability
from phantom.imaging.projection import shadow
from phantom.imaging.quantities import Coarse, Signal
from phantom.rle import mirrored, of_masks, windows

GRID = Grid((240, 200), 0.07, (0.035, -8.0))
MU_G, MU_A, MU_CALCIUM = 0.75, 0.49, 8.0  # /cm
AIR_KEV = 1e6


class OneEnergy:
    """A beam of one energy: Beer's law is then exact."""

    def coefficients(self, material):
        return {"glandular": (1.0, 0.0), "calcium_oxalate": (MU_CALCIUM / MU_G, 0.0)}[material]

    def primary(self, g_cm, a_cm):
        return np.exp(-np.float32(MU_G) * g_cm - np.float32(MU_A) * a_cm)


class White:
    """A detector without blur whose noise is only that of the quanta."""

    def transfer(self, fy, fx):
        return np.ones(np.broadcast_shapes(fy.shape, fx.shape), np.float32)

    def noise_power(self, fy, fx, mean_kev, energy_kev):
        return mean_kev * energy_kev + 0 * fy + 0 * fx


class Blurry(White):
    def transfer(self, fy, fx):
        return np.exp(-((np.hypot(fy, fx) / 8.0) ** 1.3))

    def noise_power(self, fy, fx, mean_kev, energy_kev):
        return mean_kev * energy_kev * (0.7 + 0.3 * self.transfer(fy, fx) ** 2) + 40.0


def grain(number, radius=0.1, density=1.0):
    ball = Ellipsoid(radius, radius, radius)
    return Calcification(ball, (0, 0, 0), "round", "calcium_oxalate", density, "glandular", number)


def finding_of(*grains, number=1):
    return Finding("round", "cause", "round", "grouped", "2", "benign", tuple(grains), finding_id=number)


def scene(places, radius=0.1, g=2.0, a=3.0, scatter_kev=0.0, ceiling_kev=math.inf, density=1.0):
    """Grains at places (x, y) in a uniform breast, and the noiseless image with them."""
    shape = GRID.shape
    grains = [grain(i, radius, density) for i in range(len(places))]
    whole = finding_of(*grains)
    shadows = [shadow(c.shape, pose_at(*at), GRID) for c, at in zip(grains, places, strict=True)]
    g_cm = np.full(shape, g, np.float32)
    for s in shadows:
        rows, columns = s.path_mm.shape
        g_cm[s.row : s.row + rows, s.column : s.column + columns] += 0.1 * s.path_mm * (density * MU_CALCIUM / MU_G - 1)
    exposed = Exposed(
        GRID,
        (30, 0),
        (600, 200),
        g_cm,
        np.full(shape, a, np.float32),
        Signal(
            OneEnergy().primary(g_cm, np.float32(a)),
            Coarse(np.full((15, 13), scatter_kev / AIR_KEV, np.float32), 16, shape),
            Coarse(np.full((15, 13), 20.0, np.float32), 16, shape),
            AIR_KEV,
        ),
        ceiling_kev,
    )
    return [Placed(whole, c, s, 20.0) for c, s in zip(grains, shadows, strict=True)], exposed


@pytest.mark.parametrize("density", [1.0, 0.4])
def test_contrast_is_that_of_the_exponential(density):
    placed, exposed = scene([(5.0, 0.0)], radius=0.4, density=density)
    _, (truth,) = measure("000000-L-CC", placed, exposed, OneEnergy(), White())
    peak_cm = placed[0].shadow.path_mm.max() / 10
    assert truth.row.contrast == pytest.approx(1 - math.exp(-(density * MU_CALCIUM - MU_G) * peak_cm), rel=1e-4)
    assert truth.row.thickness_mm == pytest.approx(0.8, rel=0.01)


def test_a_grain_without_a_pixel_in_the_breast_is_none_that_the_picture_shows():
    placed, exposed = scene([(5.0, 0.0), (9.0, 3.0)], radius=0.4)
    breast = np.zeros(GRID.shape, bool)
    assert in_breast(placed, breast) == []
    assert in_breast([], breast) == []
    _, truths = measure("i", placed, exposed, OneEnergy(), White())
    last = truths[1].runs[-1].astype(int)  # the last pixel of the second grain's mask
    row, column = divmod(last[0] + last[1] - 1 - 30 * 200, 200)
    breast[row, column] = True
    assert in_breast(placed, breast) == [placed[1]]


def test_a_grain_over_another_is_measured_as_if_alone():
    placed, exposed = scene([(5.0, 0.0), (5.03, 0.02), (9.0, 3.0)])
    alone, exposed_alone = scene([(5.0, 0.0)])
    _, truths = measure("i", placed, exposed, OneEnergy(), White())
    _, (single,) = measure("i", alone, exposed_alone, OneEnergy(), White())
    # of one energy, a neighbour above takes away signal, but not contrast
    assert truths[0].row.contrast == pytest.approx(single.row.contrast, rel=1e-4)
    assert truths[0].row.dprime < single.row.dprime


@pytest.mark.parametrize("density", [1.0, 0.4])
def test_white_noise_gives_the_sum_over_pixels(density):
    placed, exposed = scene([(5.01, 0.03)], radius=0.2, scatter_kev=2e4, density=density)
    _, (truth,) = measure("i", placed, exposed, OneEnergy(), White())
    s0 = AIR_KEV * math.exp(-MU_G * 2 - MU_A * 3)
    path = placed[0].shadow.path_mm.astype(float) / 10
    difference = s0 * (1 - np.exp(-(density * MU_CALCIUM - MU_G) * path))
    sd = math.sqrt((s0 + 2e4) * 20.0)
    assert truth.row.dprime == pytest.approx(math.sqrt((difference**2).sum()) / sd, rel=1e-3)
    mask = placed[0].shadow.mask
    assert truth.row.sdnr == pytest.approx(difference[mask].mean() / sd, rel=1e-3)
    assert truth.row.dprime_structured == pytest.approx(truth.row.dprime, rel=1e-3)  # there is no tissue
    assert truth.row.visible == (truth.row.dprime_structured >= 4)


def test_blur_and_correlated_noise_agree_with_a_large_transform():
    difference = np.zeros((512, 512), np.float32)
    difference[250:257, 250:256] = np.random.default_rng(1).uniform(0, 300, (7, 6))
    mask = difference > 100
    window = (slice(250, 257), slice(250, 256))
    got = detectability([Difference(difference[window], mask[window], 6e4, 20.0)], 0.07, Blurry())
    f = np.fft.fftfreq(512, 0.07)
    transfer = Blurry().transfer(f[:, None], f)
    power = Blurry().noise_power(f[:, None], f, 6e4, 20.0)
    spectrum = np.fft.fft2(difference) * transfer
    assert got[1][0] == pytest.approx(math.sqrt((abs(spectrum) ** 2 / power).mean()), rel=2e-3)
    blurred = np.fft.ifft2(spectrum).real
    assert got[0][0] == pytest.approx(blurred[mask].mean() / math.sqrt(power.mean()), rel=2e-3)


# d' of a sphere of calcium oxalate by diameter at 100 µGy: worked out in continuous frequency for
# contrast 0.65 /mm, scatter-to-primary 0.15, 5,500 quanta/(mm² µGy), DQE 0.55 exp(-0.09 f), 70 µm Nyquist
CURVE = {0.10: 1.36, 0.14: 3.00, 0.16: 4.01, 0.20: 6.41, 0.30: 14.76, 0.40: 26.19}


class AsStated:
    """Quantum-limited, DQE 0.55 exp(-0.09 f); the blur is that of the pixel alone."""

    def transfer(self, fy, fx):
        return np.ones(np.broadcast_shapes(fy.shape, fx.shape))

    def noise_power(self, fy, fx, mean_kev, energy_kev):
        aperture = np.sinc(0.07 * fy) * np.sinc(0.07 * fx)
        return mean_kev * aperture**2 / (0.55 * np.exp(-0.09 * np.hypot(fy, fx)))


@pytest.mark.parametrize("diameter", CURVE)
@pytest.mark.parametrize("kerma_ugy", [100.0, 50.0, 25.0])
def test_the_curve_of_detectability_by_diameter(diameter, kerma_ugy):
    quanta = 5500 * kerma_ugy * 0.07**2
    squares = []
    for shift in np.linspace(0, 0.0525, 4):
        s = shadow(Ellipsoid(*[diameter / 2] * 3), pose_at(5.0 + shift, shift / 2), GRID)
        signal = quanta * (1 - np.exp(-0.65 * s.path_mm)) / 1.15
        squares.append(detectability([Difference(signal, s.mask, quanta, 1.0)], 0.07, AsStated())[1][0] ** 2)
    wanted = CURVE[diameter] * math.sqrt(kerma_ugy / 100)
    assert math.sqrt(np.mean(squares)) == pytest.approx(wanted, rel=0.10)


def test_runs_are_the_mask_and_the_labels():
    placed, exposed = scene([(5.0, 0.0), (5.1, 0.05), (0.02, -7.9), (9.0, 4.0)], radius=0.25)
    _, truths = measure("i", placed, exposed, OneEnergy(), White())
    for one, truth in zip(placed, truths, strict=True):
        mask = np.zeros((600, 200), bool)
        rows, columns = one.shadow.mask.shape
        row, column = one.shadow.row + 30, one.shadow.column
        mask[row : row + rows, column : column + columns] = one.shadow.mask
        assert (truth.mask == mask).all()
        assert truth.row.run_count == len(truth.runs)
        assert (np.diff(truth.runs[:, 0].astype(int)) > 0).all()
        ys, xs = np.nonzero(mask)
        box = list(truth.row.box_px)
        assert box == [xs.min(), ys.min(), xs.max() - xs.min() + 1, ys.max() - ys.min() + 1]
    assert (truths[0].mask & truths[1].mask).any()  # overlaps survive


def test_the_centre_is_in_pixels_of_the_whole_image():
    placed, exposed = scene([(5.0, 1.0)])
    _, (truth,) = measure("i", placed, exposed, OneEnergy(), White())
    x, y = GRID.px(5.0, 1.0)
    assert truth.center_px == pytest.approx((x, y + 30), abs=0.02)


def test_a_finding_spans_its_grains():
    placed, exposed = scene([(3.0, 0.0), (6.0, 0.0), (3.0, 4.0), (4.0, 1.0)])
    (found,), truths = measure("i", placed, exposed, OneEnergy(), White())
    assert found.row.n_calcifications == 4
    assert found.row.extent_mm == pytest.approx(5.2, abs=0.03)
    # triangle 3 x 4, widened by 0.1 all round its perimeter of 12, and a disc
    assert found.row.hull_area_mm2 == pytest.approx(6 + 12 * 0.1 + math.pi * 0.01, abs=0.12)
    assert found.row.box_w_px == max(t.row.box_x_px + t.row.box_w_px for t in truths) - found.row.box_x_px
    assert found.row.class_ == "benign"


def test_a_hull_lies_on_the_outlines_of_its_grains_in_pixels_of_the_whole_image():
    placed, exposed = scene([(5.0, 0.0), (7.1, 1.4)], radius=0.35)
    (found,), _ = measure("i", placed, exposed, OneEnergy(), White())
    x, y = GRID.px(np.array([5.0, 7.1]), np.array([0.0, 1.4]))
    low, high = found.hull_px.min(axis=0), found.hull_px.max(axis=0)
    assert low == pytest.approx([x[0] - 5, y[0] + 30 - 5], abs=0.3)  # radius 5 px, drawn to a sixth
    assert high == pytest.approx([x[1] + 5, y[1] + 30 + 5], abs=0.3)


def test_a_suspicious_category_makes_a_suspicious_class():
    assert dataclasses.replace(finding_of(), category="4A").finding_class == "suspicious"
    assert dataclasses.replace(finding_of(), category="3").finding_class == "benign"


def test_no_calcifications_no_rows():
    _, exposed = scene([])
    assert measure("i", [], exposed, OneEnergy(), White()) == ((), ())


@pytest.mark.parametrize("points", [[[0, 0]], [[0, 0], [1, 1]], [[0, 0], [1, 1], [2, 2]], [[0, 0], [0, 0], [0, 0]]])
def test_a_hull_of_points_on_a_line(points):
    hull = convex_hull(np.array(points, float))
    assert 1 <= len(hull) <= 2


def random_masks(seed, count=20):
    """Masks in windows of an image of 20 x 11 pixels, and where the windows begin."""
    rng = np.random.default_rng(seed)
    masks = []
    for _ in range(count):
        rows, columns = int(rng.integers(1, 9)), int(rng.integers(1, 12))
        mask = rng.random((rows, columns)) < 0.6
        mask[-1, 0] = True
        masks.append((mask, int(rng.integers(0, 21 - rows)), int(rng.integers(0, 12 - columns))))
    return masks


def runs_together(masks):
    corner, shape = np.array([at for _, *at in masks]), np.array([mask.shape for mask, *_ in masks])
    of, row, column = windows(*corner.T, *shape.T)
    there = np.concatenate([mask.reshape(-1) for mask, *_ in masks])
    return of_masks(of[there], row[there], column[there], len(masks), 11)


def image_of(runs):
    back = np.zeros((20, 11), bool)
    for start, length in runs:
        assert not back.reshape(-1)[start : start + length].any()
        assert start // 11 == (start + length - 1) // 11  # within one row
        back.reshape(-1)[start : start + length] = True
    return back


def test_runs_of_any_masks():
    masks = random_masks(3)
    for runs, (mask, row, column) in zip(runs_together(masks), masks, strict=True):
        back = image_of(runs)
        assert (back[row : row + mask.shape[0], column : column + mask.shape[1]] == mask).all()
        assert back.sum() == mask.sum()
        assert (np.diff(runs[:, 0].astype(int)) > 0).all()


def test_runs_turn_with_their_masks():
    straight = runs_together(random_masks(4))
    for runs, turned in zip(straight, mirrored(straight, 11), strict=True):
        assert (image_of(turned) == image_of(runs)[:, ::-1]).all()
        assert (np.diff(turned[:, 0].astype(int)) > 0).all()
    assert mirrored([], 11) == []


def test_what_a_saturated_detector_cannot_show_is_not_visible():
    placed, exposed = scene([(5.0, 0.0)], radius=0.3)
    placed_dark, dark = scene([(5.0, 0.0)], radius=0.3, ceiling_kev=1000.0)
    assert measure("i", placed, exposed, OneEnergy(), White())[1][0].row.visible
    saturated = measure("i", placed_dark, dark, OneEnergy(), White())[1][0].row
    assert (saturated.dprime, saturated.visible) == (0.0, False)
    assert saturated.contrast > 0.1


def test_scatter_is_read_where_the_grain_is():
    placed, exposed = scene([(2.0, 0.0), (12.0, 0.0)])
    ramp = np.broadcast_to(np.linspace(0, 1, 13, dtype=np.float32), (15, 13))
    signal = dataclasses.replace(exposed.signal, scatter=Coarse(ramp, 16, GRID.shape))
    _, truths = measure("i", placed, dataclasses.replace(exposed, signal=signal), OneEnergy(), White())
    alone = math.exp(-MU_G * 2 - MU_A * 3)
    ratio = truths[1].row.dprime / truths[0].row.dprime
    there = [np.interp((x / 0.07) / 16 - 0.5, np.arange(13), ramp[0]) for x in (2.0, 12.0)]
    assert ratio == pytest.approx(math.sqrt((alone + there[0]) / (alone + there[1])), rel=0.05)


def test_two_thousand_grains_are_measured_quickly():
    rng = np.random.default_rng(0)
    placed, exposed = scene([(rng.uniform(1, 13), rng.uniform(-7, 7)) for _ in range(1000)])
    best = math.inf
    for _ in range(2):
        start = time.process_time()
        measure("i", placed, exposed, OneEnergy(), Blurry())
        best = min(best, time.process_time() - start)
    # 0.4 s for 2,000 is the aim (benchmarks/render.py reports it); here only a change for much worse is caught
    assert best < 1.5


def test_the_box_of_a_body_holds_the_pixels_that_its_surface_reaches():
    _, exposed = scene([])
    host = Host(3, "cyst", (1.0, 2.0, 3.0), (4.0, 5.0, 6.0), "glandular")
    surface_px = np.array([[10.6, 20.4], [14.4, 20.6], [12.0, 29.5], [12.0, 20.0]])  # x, y within the window
    x, y = (np.array(GRID.origin_mm) + GRID.pitch_mm * surface_px).T
    row = object_truth("i", 7, host, np.stack([x, y], axis=1), exposed).row
    assert row.box_px == (11, 20 + 30, 4, 11)  # the image begins 30 rows above the window
    assert (row.object_id, row.finding_id, row.size_mm) == (3, 7, 12.0)
    outside = np.stack([x - 200.0, y], axis=1)
    assert object_truth("i", 7, host, outside, exposed) is None
