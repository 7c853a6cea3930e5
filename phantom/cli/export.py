"""Write a dataset in another format: COCO, DICOM, YOLO, nnU-Net and others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from phantom.cli._print import json_option, print_json, print_table


def _list(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value:
        return
    from phantom import formats

    print_table(["format", "what it is"], [(name, formats.describe(name)) for name in formats.names()])
    ctx.exit()


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list, help="List the formats.")
@click.option("--to", "name", required=True, metavar="FORMAT", help="The format; --list tells which there are.")
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write; by default DATASET-FORMAT.")
@click.option("--overwrite", is_flag=True, help="Delete the export that is in the folder first.")
@click.option(
    "--bits",
    type=click.Choice(["8", "16"]),
    help="8 bits show a window; 16 bits hold all values, spread over 0 to 65535.",
)
@click.option(
    "--window",
    metavar="image|full|C,W",
    help="Window of 8-bit images: the image's own, all values, or center and width.",
)
@click.option("--tile", type=click.IntRange(0), help="Side of tiles in pixels; 0 for whole images.")
@click.option("--overlap", type=click.IntRange(0), help="Overlap of tiles in pixels.")
@click.option("--level", type=click.Choice(["calcification", "finding"]), help="What is annotated.")
@click.option("--keypoints/--no-keypoints", default=None, help="COCO: centres as keypoints.")
@click.option("--masks/--no-masks", default=None, help="Instance masks beside the images.")
@click.option("--seg/--no-seg", default=None, help="DICOM: a segmentation beside each image.")
@click.option("--sr/--no-sr", default=None, help="DICOM: a Mammography CAD SR beside each case.")
@click.option(
    "--synthetic-tag/--no-synthetic-tag", default=None, help="DICOM: the attribute Synthetic Data (0008,001C)."
)
@click.option("--quality-control/--no-quality-control", default=None, help="DICOM: mark as quality control images.")
@click.option(
    "--photometric", type=click.Choice(["MONOCHROME1", "MONOCHROME2"]), help="DICOM: of images for processing."
)
@click.option("--compress", type=click.Choice(["none", "jpeg-ls"]), help="DICOM: compression of pixels.")
@click.option("--shard", type=click.IntRange(1), help="WebDataset: images a shard.")
@json_option
def command(
    dataset: Path, name: str, out: Path | None, overwrite: bool, as_json: bool, bits: str | None, **asked: Any
) -> None:
    """Write DATASET in another format.

    An export that was stopped is finished by the same command. The same dataset and options give
    the same files. docs/formats.md tells what each format holds.
    """
    import phantom
    from phantom.formats._export import export
    from phantom.formats._options import Options

    data = phantom.open(dataset)
    folder = out or dataset.resolve().with_name(f"{dataset.resolve().name}-{name}")
    options = Options(bits=int(bits) if bits else None, **asked)
    with click.progressbar(length=len(data), label=f"Writing {name}", file=sys.stderr) as bar:

        def progress(done: int, of: int) -> None:
            bar.length = of
            bar.update(done - bar.pos)

        done = export(data, name, folder, options, overwrite=overwrite, progress=progress)
    if as_json:
        print_json({"folder": str(done.folder), "format": name, "written": done.written, "kept": done.kept})
        return
    kept = f", {done.kept} were there" if done.kept else ""
    click.echo(f"{done.folder}: {len(data)} images as {name} ({done.written} pieces written{kept}).")
