"""Requested difficulty: a finding's grains made denser or fainter until their median d' or SDNR is what was asked
for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from phantom.calcifications.finding import Calcification, Finding
from phantom.exam.acquisition import Acquisition, position_breast
from phantom.exam.measure import Exposed, Placed, measure
from phantom.exam.render import assemble, ceiling_kev, expose, place_calcifications, present_in, signal_of
from phantom.exam.scene import Scene, earlier
from phantom.geometry.solids.scaled import Scaled
from phantom.geometry.view import View
from phantom.imaging import beam as beams
from phantom.imaging.spectrum import Spectrum

_RELATIVE_DENSITY = 0.15, 3.0  # below, a grain is hardly denser than what it displaces; above, than a tooth
_SIZE = 0.5, 2.0
_AIM, _NEAR, _GOOD = 0.01, 0.025, 0.05  # how near the target it shall come; when it is left as it is; how near it must
_TRIES, _ROUNDS = 14, 4


def match_detectability(scene: Scene) -> Scene:
    """The scene with every finding that asks for it as hard to see as it asks.

    What is asked for is the median, over the finding's grains in the first view that shows it, of d' or
    SDNR as the truth measures them. First the grains' relative density is scaled, between 0.15 and 3; where that is
    not enough, their size too, between half and twice. The truth then says what was got, within 5 %. A
    finding that cannot be made so is left out, and `Scene.dropped` says why.
    """
    for view in scene.views:
        for _ in range(_ROUNDS):  # findings that overlap change each other, and so do hosts that go
            asking = [f for f in scene.findings if f.asked and _first_view(scene, f) is view]
            if not asking:
                break
            before, bench = scene, _bench(position_breast(scene, view))
            for finding in asking:
                scene = _with(scene, finding, *_matched(bench, finding))
            if scene is before or (len(asking) == 1 and len(scene.findings) == len(before.findings)):
                break
    for finding in scene.findings:
        if finding.asked and _first_view(scene, finding) is None:
            scene = _with(scene, finding, None, 0, 0)
    return scene


def _first_view(scene: Scene, finding: Finding) -> View | None:
    return next((view for view in scene.views if present_in(finding, view)), None)


def _with(scene: Scene, old: Finding, new: Finding | None, least: float, most: float) -> Scene:
    """The scene with a finding exchanged, or left out, with its hosts, where there is no other."""
    if new is old:
        return scene
    findings = tuple(f for each in scene.findings if (f := new if each is old else each))
    hosts = {host.host_id for finding in findings for host in finding.hosts}
    breasts = {
        side: replace(breast, hosts=tuple(host for host in breast.hosts if host.host_id in hosts))
        for side, breast in scene.breasts.items()
    }
    past = {years: earlier(findings, years, scene.seed.child("past")) for years in scene.past}
    dropped = scene.dropped if new else (*scene.dropped, _unmet_reason(old, least, most))
    return replace(scene, findings=findings, breasts=breasts, past=past, dropped=dropped)


@dataclass(frozen=True, eq=False)
class _Bench:
    """A view without noise, in which grains may be exchanged."""

    acquisition: Acquisition
    spectrum: Spectrum
    exposed: Exposed
    placed: dict[int, list[Placed]]

    def exchange(self, old: list[Placed], new: list[Placed]) -> None:
        """Take some grains out and put others in; scatter stays, it hardly knows of them."""
        for sign, grains in ((-1, old), (1, new)):
            beams.add([one.stamp for one in grains], self.spectrum, self.exposed.g_cm, self.exposed.a_cm, sign)

    def median(self, placed: list[Placed], what: str) -> float:
        """The median of d' or SDNR over grains that are in."""
        _, grains = measure("", placed, self.exposed, self.spectrum, self.acquisition.machine.detector)
        return max(float(np.median([getattr(grain.row, what) for grain in grains])), 1e-6) if grains else 1e-6


def _bench(acquisition: Acquisition) -> _Bench:
    placed = place_calcifications(acquisition.scene, acquisition.view, acquisition.pressed, acquisition.frame.window)
    spectrum = acquisition.machine.beam.at(acquisition.machine.detector.unit, acquisition.pressed.thickness_mm)
    behind = beams.collapse(assemble(acquisition, placed), spectrum)
    technique = expose(acquisition, spectrum, behind.density if acquisition.density is None else acquisition.density)
    signal = signal_of(acquisition.machine, acquisition.frame, behind, spectrum, technique)
    frame = acquisition.frame
    exposed = Exposed(
        frame.window,
        frame.offset,
        frame.field.shape,
        behind.g_cm,
        behind.a_cm,
        signal,
        ceiling_kev(acquisition.machine),
    )
    by_finding: dict[int, list[Placed]] = {}
    for one in placed:
        by_finding.setdefault(one.finding.finding_id, []).append(one)
    return _Bench(acquisition, spectrum, exposed, by_finding)


def _matched(bench: _Bench, finding: Finding) -> tuple[Finding | None, float, float]:
    """The finding as hard as it asks, or None; and the least and most that could be got."""
    assert finding.asked is not None
    what, target = finding.asked
    if finding.finding_id not in bench.placed:
        return None, 0.0, 0.0
    there = bench.median(bench.placed[finding.finding_id], what)
    if abs(there / target - 1) <= _NEAR:
        return finding, there, there
    ends: list[float] = []
    for size in (False, True):
        grains = finding.calcifications
        relative_density = np.array([grain.relative_density for grain in grains])
        low, high = (
            _SIZE
            if size
            else (_RELATIVE_DENSITY[0] / relative_density.min(), _RELATIVE_DENSITY[1] / relative_density.max())
        )
        low, high = min(low, 1.0), max(high, 1.0)
        factor, got = _solved(bench, finding, what, target, low, high, size)
        finding = replace(finding, calcifications=tuple(_scaled(grain, factor, size) for grain in grains))
        ends.append(got)
        if abs(got / target - 1) <= _GOOD:
            return finding, got, got
    bench.exchange(bench.placed.pop(finding.finding_id), [])
    return None, min(ends), max(ends)


def _solved(
    bench: _Bench, finding: Finding, what: str, target: float, low: float, high: float, size: bool
) -> tuple[float, float]:
    """The factor that brings the median nearest the target, by halving intervals of its logarithm from a good guess."""

    def tried(factor: float) -> float:
        changed = replace(
            finding, calcifications=tuple(_scaled(grain, factor, size) for grain in finding.calcifications)
        )
        old = bench.placed[finding.finding_id]
        if size:
            scene = replace(bench.acquisition.scene, findings=(changed,))
            new = place_calcifications(
                scene, bench.acquisition.view, bench.acquisition.pressed, bench.acquisition.frame.window
            )
        else:
            known = {grain.calcification_id: grain for grain in changed.calcifications}
            new = [replace(one, calcification=known[one.calcification.calcification_id]) for one in old]
        bench.exchange(old, new)
        bench.placed[finding.finding_id] = new
        return bench.median(new, what)

    at, got = 1.0, tried(1.0)
    for _ in range(_TRIES):
        if abs(got / target - 1) <= _AIM or low >= high:
            break
        low, high = (at, high) if got < target else (low, at)
        # d' is nearly proportional to what the grain adds to the tissue, and to the cube of a small grain's size
        guess = at * (target / got) ** (1 / 3 if size else 1)
        middle = float(np.sqrt(low * high))
        at = guess if low < guess < high else high if guess >= high and at != high else low if at != low else middle
        got = tried(at)
    return at, got


def _scaled(grain: Calcification, factor: float, size: bool) -> Calcification:
    if factor == 1.0:
        return grain
    return (
        replace(grain, shape=Scaled(grain.shape, factor))
        if size
        else replace(grain, relative_density=grain.relative_density * factor)
    )


def _unmet_reason(finding: Finding, least: float, most: float) -> str:
    assert finding.asked is not None
    what, target = finding.asked
    if not most:
        return f"{finding.kind}: a median {what} of {target:.3g} was asked for, but no view shows it"
    got = most if target > most else least
    return f"{finding.kind}: a median {what} of {target:.3g} cannot be reached; {got:.3g} is as near as its grains come"
