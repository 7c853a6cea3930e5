"""Write a dataset in another format: COCO, DICOM, YOLO, nnU-Net and others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from phantom.cli._groups import Command, Option
from phantom.cli._print import Wrapped, json_option, print_json, print_table

_PIXELS, _BOXES = "Pixels (not DICOM, INbreast)", "What is annotated (COCO, YOLO, imagefolder, MONAI)"
_PARTS, _DICOM = "Parts (COCO, YOLO, nnU-Net, imagefolder, MONAI, WebDataset)", "DICOM and INbreast"
_OTHER = "One format alone"
_ENOUGH = 8  # images; for fewer, processes of their own take longer to start than to write


def _list(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value:
        return
    from phantom import formats

    print_table(["format", "what it is"], [(name, formats.describe(name)) for name in formats.names()])
    ctx.exit()


def _option(group: str, *arguments: Any, **more: Any) -> Callable[[Wrapped], Wrapped]:
    return click.option(*arguments, cls=Option, group=group, **more)


@click.command(cls=Command)
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list, help="List the formats.")
@click.option("--to", "name", required=True, metavar="FORMAT", help="The format; --list tells which there are.")
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write; by default DATASET-FORMAT.")
@click.option("--overwrite", is_flag=True, help="Delete the export that is in the folder first.")
@click.option("--workers", type=click.IntRange(1), help="How many processes.  [default: one a processor]")
@json_option
@_option(
    _PIXELS,
    "--bits",
    type=click.Choice(["8", "16"]),
    help="8 bits show a window; 16 bits hold all values, spread over 0 to 65535.",
)
@_option(
    _PIXELS,
    "--window",
    metavar="image|full|C,W",
    help="Window of 8-bit images: the image's own, all values, or center and width.",
)
@_option(
    _PARTS,
    "--split",
    metavar="NAME=SHARE,…",
    help="Parts by woman, such as train=0.8,val=0.2.  [default: those it was made with]",
)
@_option(_BOXES, "--level", type=click.Choice(["calcification", "finding"]), help="Each grain, or each finding.")
@_option(_BOXES, "--tile", type=click.IntRange(0), help="COCO, YOLO: side of tiles in pixels; 0 for whole images.")
@_option(_BOXES, "--overlap", type=click.IntRange(0), help="COCO, YOLO: overlap of tiles in pixels.")
@_option(_BOXES, "--keypoints/--no-keypoints", default=None, help="COCO: centres as keypoints.")
@_option(_DICOM, "--seg/--no-seg", default=None, help="DICOM: a segmentation beside each image.")
@_option(_DICOM, "--sr/--no-sr", default=None, help="DICOM: a Mammography CAD SR beside each case.")
@_option(_DICOM, "--synthetic-tag/--no-synthetic-tag", default=None, help="The attribute Synthetic Data (0008,001C).")
@_option(_DICOM, "--quality-control/--no-quality-control", default=None, help="Mark as quality control images.")
@_option(_DICOM, "--photometric", type=click.Choice(["MONOCHROME1", "MONOCHROME2"]), help="Of images for processing.")
@_option(_DICOM, "--compress", type=click.Choice(["none", "jpeg-ls"]), help="Compression of pixels.")
@_option(_OTHER, "--masks/--no-masks", default=None, help="PNG, WebDataset: instance masks beside the images.")
@_option(_OTHER, "--nifti/--no-nifti", default=None, help="MONAI: NIfTI files, which keep the spacing.")
@_option(_OTHER, "--shard", type=click.IntRange(1), help="WebDataset: images a shard.")
def command(
    dataset: Path, name: str, out: Path | None, overwrite: bool, workers: int | None, as_json: bool,
    bits: str | None, **asked: Any,
) -> None:  # fmt: skip
    """Write DATASET in another format.

    An export that was stopped is finished by the same command. The same dataset and options give
    the same files. docs/formats.md tells what each format holds.
    """
    import phantom
    from phantom.cli._progress import Bar
    from phantom.dataset.running.pool import cpus
    from phantom.formats._export import export
    from phantom.formats._options import Options

    data = phantom.open(dataset)
    folder = out or dataset.resolve().with_name(f"{dataset.resolve().name}-{name}")
    options = Options(bits=int(bits) if bits else None, **asked)
    workers = workers or (cpus() if len(data) >= _ENOUGH else 1)
    with Bar("images") as bar:
        done = export(data, name, folder, options, overwrite=overwrite, workers=workers, progress=bar.show)
    for note in done.notes:
        click.echo(f"Note: {note}.", err=True)
    if as_json:
        result = {"folder": str(done.folder), "format": name, "written": done.written, "kept": done.kept}
        print_json({**result, "notes": list(done.notes)})
        return
    kept = f", {done.kept} were there" if done.kept else ""
    click.echo(f"{done.folder}: {len(data)} images as {name} ({done.written} written{kept}).")
