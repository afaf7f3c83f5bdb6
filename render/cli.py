"""Mounts the verbs of `render.verbs`."""

from __future__ import annotations

import typer

from .verbs import dataset, exchange, farm, making

app = typer.Typer()

app.command("plan")(making.plan)
app.command("sheet")(making.sheet)
app.command("render")(making.render)
app.command("render-task")(making.render_task)
app.command("index")(making.index)
app.command("farm")(farm.farm_files)
app.command("status")(farm.status)
app.command("info")(dataset.info)
app.command("select")(dataset.select_clips)
app.command("merge")(dataset.merge)
app.command("verify")(dataset.verify)
app.command("gallery")(dataset.gallery)
app.command("convert")(exchange.convert)
app.command("import")(exchange.import_footage)
app.command("publish")(exchange.publish)
