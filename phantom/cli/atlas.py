"""Draw the atlas: every kind at 1:1 and 4:1 in each view."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("kinds", nargs=-1)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("atlas"), show_default=True, help="Folder to write to."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, another atlas.")
def command(kinds: tuple[str, ...], out: Path, seed: int) -> None:
    """Draw one sheet, atlas.png, with a row for each of KINDS (or of all kinds).

    Each row shows one finding in CC, MLO and ML, at 1:1 and enlarged four times, with its labels
    and a scale bar. It takes about half a minute a kind.
    """
    from phantom.dataset.format.files import make_folder, put
    from phantom.viewer import atlas

    make_folder(out)
    picture = atlas.sheet(kinds, seed, lambda name: click.echo(f"{name} done", err=True))
    path = out / "atlas.png"
    put(path, picture)
    click.echo(f"{path} ({len(picture) / 1e6:.1f} MB)")
