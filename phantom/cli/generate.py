"""Make a dataset from a preset or a recipe of your own."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phantom.cli._print import json_option, print_json

if TYPE_CHECKING:
    from phantom.dataset.running.run import RunOptions
    from phantom.exam.preset import Preset

# what one image costs on one core of a server, for --dry-run: benchmarks/scale.py measures it; right within a factor
# of two
_SECONDS_PER_IMAGE, _SECONDS_PER_MEGAPIXEL = 1.2, 0.045
_START_SECONDS = 3.0  # until the first case is begun, and for tables and contact sheet after the last
_BYTES_PER_IMAGE, _BYTES_PER_PIXEL = 8.5e4, 0.5


@click.command()
@click.argument("recipe", required=False)
@click.option("--preset", metavar="NAME|FILE", help="The same as RECIPE.")
@click.option(
    "--cases", type=click.IntRange(1, 1_000_000), help="How many women.  [default: 4, or as begun with --resume]"
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Case i depends on this and i alone."
)
@click.option("--out", metavar="DIR", help="Where to.  [default: ./<preset's name>]")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change a key of the recipe; may be repeated.")
@click.option("--workers", type=click.IntRange(1), help="How many processes.  [default: one a processor]")
@click.option("--resume", is_flag=True, help="Finish or extend what is there: same bytes as if never stopped.")
@click.option("--overwrite", is_flag=True, help="Delete the dataset that is there first.")
@click.option("--dry-run", is_flag=True, help="Only say what would be made, how large and about how long.")
@click.option("--shard", metavar="I/N", help="Make only part I of N, for job arrays; `phantom merge` joins the parts.")
@click.option("--split", metavar="NAME=SHARE,…", help="Part the cases, such as train=0.8,val=0.1,test=0.1.")
@click.option("--sweep", "sweeps", multiple=True, metavar="KEY=A:B:N", help="The same cases with one key varied.")
@click.option("--executor", metavar="ADDRESS", help="Work on a cluster: dask://host:port.")
@json_option
def command(
    recipe: str | None, preset: str | None, sets: tuple[str, ...], dry_run: bool, as_json: bool, **asked: Any
) -> None:
    """Make a dataset: cases of synthetic mammograms with masks, labels and tables.

    RECIPE is a preset's name, as `phantom presets` lists them, or the file of a recipe of your own.

    The same recipe and seed give the same files for any number of workers. A key of --set is
    dotted: --set anatomy.density=0.3, --set 'finding[0].kind=round', --set exam.views='["CC"]'.
    """
    if asked["resume"] and asked["overwrite"]:
        raise click.UsageError("--resume and --overwrite exclude each other")
    if recipe and preset:
        raise click.UsageError(f"two recipes, '{recipe}' and --preset '{preset}'; name one")
    name = recipe or preset
    if not name:
        raise click.UsageError("no recipe: name a preset or a file, as in `phantom generate benign`")
    from phantom.dataset.format.split import parse_split
    from phantom.dataset.running.run import RunOptions, default_folder, generate, parse_shard
    from phantom.exam import preset as presets

    loaded = presets.load(name, sets)
    shard = parse_shard(asked["shard"]) if asked["shard"] else None
    out = asked["out"] or f"./{default_folder(loaded.name, shard)}"
    options = RunOptions(
        workers=asked["workers"],
        resume=asked["resume"],
        overwrite=asked["overwrite"],
        executor=asked["executor"],
        shard=shard,
        split=parse_split(asked["split"]) if asked["split"] else {},
        sweeps=asked["sweeps"],
        preset_text=presets.text(name),
    )
    if dry_run:
        _refuse_as_a_run_would(out, options)
        plan = _plan(loaded, asked["cases"] or 4, out, asked["workers"], shard, asked["sweeps"])
        print_json(plan) if as_json else click.echo(_plan_text(plan))
        return
    from phantom.cli._progress import Bar

    with Bar() as bar:
        summary = generate(loaded, asked["seed"], asked["cases"], out, options, bar)
    if as_json:
        print_json(summary.as_dict())
        return
    click.echo(summary.text())
    if summary.count is not None:
        click.echo(_next(out))


def _refuse_as_a_run_would(out: str, options: RunOptions) -> None:
    from phantom.dataset.running.pool import scheduler_of
    from phantom.dataset.running.resume import may_begin

    may_begin(Path(out), options.resume, options.overwrite)
    if isinstance(options.executor, str):
        scheduler_of(options.executor)


def _plan(
    preset: Preset, cases: int, out: str, workers: int | None, shard: tuple[int, int] | None, sweeps: Sequence[str]
) -> dict[str, Any]:  # fmt: skip
    """What would be made, ready for JSON; sizes and times are estimates."""
    from phantom.dataset.running.pool import cpus
    from phantom.dataset.running.sweep import stepped

    own_cases = len(range(shard[0] % shard[1], cases, shard[1])) if shard else cases
    costs = [_cost(each) for each in [changed for _, changed in stepped(preset, sweeps)] or [preset]]
    images, size, seconds = (own_cases * sum(each) for each in zip(*costs, strict=True))
    processes = max(1, min(workers or cpus(), own_cases))
    unit, binning = preset.detector.unit, preset.detector.binning
    return {
        "folder": out, "preset": preset.name, "cases": own_cases, "images": images, "rows": unit.rows // binning,
        "columns": unit.columns // binning, "pixel_spacing_mm": unit.pitch_mm * binning, "bytes_about": round(size),
        "seconds_about": round(_START_SECONDS + seconds / processes, 1), "workers": processes,
    }  # fmt: skip


def _cost(preset: Preset) -> tuple[int, float, float]:
    """Images, bytes and processor seconds of a case, about."""
    exam, unit, binning = preset.exam, preset.detector.unit, preset.detector.binning
    sides = 1 if exam.breasts == "drawn" else len(exam.breasts)
    images, patches = exam.images(sides), exam.patches * (1 + len(exam.twins))
    pixels = (unit.rows // binning) * (unit.columns // binning)
    stored = (images - patches) * pixels + patches * exam.patch_px**2
    kept = 2 if exam.keep_for_processing else 1
    whole = max(images - patches, sides * len(exam.views))  # of a case of patches alone the views are made, too
    seconds = whole * (_SECONDS_PER_IMAGE + _SECONDS_PER_MEGAPIXEL * pixels / 1e6)
    return images, images * _BYTES_PER_IMAGE + kept * _BYTES_PER_PIXEL * stored, seconds


def _plan_text(plan: dict[str, Any]) -> str:
    from phantom.cli._progress import duration
    from phantom.dataset.running.progress import size_text

    processes = "1 process" if plan["workers"] == 1 else f"{plan['workers']} processes"
    return (
        f"Would make {plan['images']} images of {plan['cases']} cases of preset {plan['preset']} in {plan['folder']}:\n"
        f"{plan['rows']} x {plan['columns']} pixels of {plan['pixel_spacing_mm']:g} mm, about "
        f"{size_text(plan['bytes_about'])}, in about {duration(plan['seconds_about'])} with {processes}.\nNothing "
        f"was written."
    )


def _next(out: str) -> str:
    path = str(Path(out))
    path = f"./{path}" if path.startswith("-") else path
    folder, quoted = shlex.quote(path), json.dumps(path, ensure_ascii=False)
    return (
        f"Next: look at {folder}/contact-sheet.png; `phantom info {folder}` says more, `phantom verify {folder}` "
        f"checks "
        f"every file, and phantom.open({quoted}) reads it in Python."
    )
