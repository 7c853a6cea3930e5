"""Any valid recipe is rendered or refused with a reason; many views in a row take no more memory than a few."""

from __future__ import annotations

import ctypes
import gc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phantom.calcifications import registry
from phantom.dataset.running.run import RunOptions, generate
from phantom.dataset.verify import verify
from phantom.errors import PhantomError, UsageError
from phantom.exam import preset as presets
from phantom.exam.case import simulate
from phantom.recipe import schema
from phantom.recipe.draw import Draw, Within
from phantom.recipe.schema import keys_of

SECTIONS = ("anatomy", "beam", "exposure", "scatter", "presentation")


def numbers(key):
    """What a recipe may say for a numeric key: numbers or ranges in its range, nearer the default than not."""
    lo, hi = key.within.lo, key.within.hi
    some = st.floats(lo, hi, allow_nan=False).map(lambda x: min(max(float(f"{x:.4g}"), lo), hi))
    whole = float(lo).is_integer() and float(hi).is_integer() and hi - lo > 3
    if isinstance(key.default, Draw):
        return st.one_of(some, st.tuples(some, some).map(sorted))
    if isinstance(key.default, int) and not isinstance(key.default, bool):
        return st.integers(int(lo), int(hi))
    return st.integers(int(lo), int(hi)).map(float) | some if whole else some


def table(cls, most):
    """A few keys of a stage, each with something from its range."""
    keys = {name: key for name, key in keys_of(cls).items() if isinstance(key.within,
    Within) and np.isfinite(key.within.hi)
            and isinstance(key.default, Draw | int | float)}  # fmt: skip
    if not keys:
        return st.just({})
    names = st.lists(st.sampled_from(sorted(keys)), max_size=most, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: numbers(keys[name]) for name in chosen}))


@st.composite
def findings(draw):
    kind = draw(st.sampled_from(sorted(registry.kinds())))
    return {"kind": kind, **draw(table(registry.kinds()[kind], 2))}


@st.composite
def recipes(draw):
    made = {"name": "any", "description": "whatever the reader takes", "detector": {"binning": 16}}
    made["exam"] = {"views": draw(st.sampled_from([["CC"], ["MLO"], ["ML"]])), "keep_for_processing": True}
    types = presets.Preset.__dataclass_fields__
    for name in SECTIONS:
        drawn = draw(table(type(types[name].default_factory()), 2))
        if drawn:
            made[name] = drawn
    made["finding"] = draw(st.lists(findings(), max_size=3))
    return made


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(recipes(), st.integers(0, 2**32))
def test_any_recipe_is_rendered_or_refused_with_a_reason(tmp_path_factory, table, seed):
    try:
        recipe = presets.from_dict(table)
        case = simulate(recipe, seed, 0)
    except (PhantomError, UsageError) as why:
        assert 10 < len(str(why)) < 5000
        return
    for view in case.views:
        assert 0 < view.for_presentation.max() <= 4095
        assert 0.005 < view.breast_mask.mean() < 1
        assert not view.for_presentation[~view.breast_mask].any()
        assert view.for_presentation.std() > 0
        for grain in view.calcifications:
            for name in ("x_px", "y_px", "area_mm2", "diameter_mm", "contrast", "sdnr", "dprime"):
                assert np.isfinite(getattr(grain.row, name)), name
    out = tmp_path_factory.mktemp("any")
    generate(recipe, seed, 1, out / "data", options=RunOptions(workers=1))
    assert verify(out / "data") == []


def resident_mib():
    """What the process holds, once the allocator has given back what it only keeps at hand."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise AssertionError


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_two_hundred_views_in_one_process_take_no_more_memory_than_twenty():
    recipe = presets.load("screening", ("detector.binning=16",))
    resident = []
    views = index = 0
    while views < 200:
        views += len(simulate(recipe, 3, index).views)
        index += 1
        if views % 20 == 0:
            resident.append(resident_mib())
    # a view that left its smallest image (0.1 MiB of 208 x 160 float32) behind would add 18 MiB from the 20th on
    assert max(resident) - resident[0] < 9


def test_recipes_of_the_search_are_mostly_taken():
    """The search is not empty: of recipes with one key changed, most are read."""
    taken = 0
    kinds = sorted(registry.kinds())
    for kind in kinds:
        docs = schema.describe(registry.kinds()[kind])
        assert docs
        taken += bool(presets.from_dict({"name": "a", "description": "b", "finding": [{"kind": kind}]}).finding)
    assert taken == len(kinds)


@pytest.mark.parametrize("kind", sorted(registry.kinds()))
def test_what_a_kind_takes_by_default_may_be_said(kind):
    """A dataset's recipe has every default written out, and is read again."""
    recipe = presets.from_dict({"name": "a", "description": "b", "finding": [{"kind": kind}]})
    assert presets.from_dict(recipe.resolved()) == recipe
