"""``gateway report show``: a report as a readable summary in the terminal, or as a page."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli import options
from gateway.errors import GatewayError, InputRejected

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from gateway.cda.render.text import Block, Table

_INDENT = 2


@click.command()
@click.argument("file", type=options.PATH, metavar="FILE", help="The report (CDA).")
@click.option("--html", type=options.PATH, help="Write a page there instead (- for the standard output).")
@options.language("fr")
def show(
    file: Path,
    html: Path | None,
    language: str,
) -> None:
    """Show a report: patient, acts, sections in the order of the specification. Ends with 2 when unreadable."""
    from gateway.cda import render
    from gateway.cda.render.text import blocks
    from gateway.trust import safexml

    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputRejected("file_unreadable", place=str(file), reason=os.strerror(error.errno or 0)) from error
    try:
        root = safexml.parse(content)
        if html is not None:
            _write(html, render.page(root, language))
            return
        article = render.article(root, language)
    except GatewayError as error:
        error.place = f"{file}{f' {error.place}' if error.place else ''}"
        raise
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    for block in blocks(article):
        _print(console, block)


def _write(html: Path, page: bytes) -> None:
    if str(html) == "-":
        sys.stdout.buffer.write(page)
        return
    try:
        html.write_bytes(page)
    except OSError as error:
        raise InputRejected("file_not_written", place=str(html), reason=os.strerror(error.errno or 0)) from error


def _print(console: Console, block: Block) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from gateway.cda.render.text import Heading, Pairs, Paragraph, Table

    if isinstance(block, Heading):
        console.print()
        console.print(Text(block.text, style="bold underline" if block.level <= _INDENT else "bold"))
        return
    made: RenderableType
    if isinstance(block, Paragraph):
        made = _item(block.mark, block.text) if block.mark else Text(block.text)
    elif isinstance(block, Pairs):
        made = _grid(block.rows)
    else:
        made = _table(block)
    console.print(Padding(made, (0, 0, 0, _INDENT), expand=False))
    if isinstance(block, Table):
        for number, address in enumerate(block.links, start=1):
            console.print(Text(f"{' ' * _INDENT}[{number}] {address}", style="dim"), soft_wrap=True)


def _item(mark: str, text: str) -> RenderableType:
    return _grid(((mark, text),), style="")


def _grid(rows: tuple[tuple[str, str], ...], style: str = "dim") -> RenderableType:
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for about, value in rows:
        grid.add_row(Text(about, style=style), Text(value))
    return grid


def _table(block: Table) -> RenderableType:
    from rich import box
    from rich.table import Table as Grid
    from rich.text import Text

    width = max((len(row) for row in (block.head, *block.rows)), default=0)
    grid = Grid(box=box.SIMPLE, show_header=any(block.head), title=Text(block.caption) if block.caption else None)
    grid.title_justify = "left"
    for number in range(width):
        grid.add_column(Text(block.head[number]) if number < len(block.head) else "", overflow="fold")
    for row in block.rows:
        grid.add_row(*(Text(cell) for cell in row))
    return grid
