"""Home: what was open, what to start with, templates."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget

from kerastui import __version__
from kerastui.engine import home
from kerastui.engine.home import Recent
from kerastui.engine.project.document import Project
from kerastui.engine.project.files import FILE_NAME, ProjectFileError
from kerastui.engine.project.settings import is_name
from kerastui.engine.studio import Studio, Topic
from kerastui.engine.templates import code, project, templates
from kerastui.screens.home.banner import Banner
from kerastui.screens.home.cards import TemplateCards
from kerastui.screens.stage import StudioScreen
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.header import HeaderView
from kerastui.screens.widgets.ink import Line
from kerastui.screens.widgets.rows import Column, Row, Rows
from kerastui.screens.widgets.words import age

START: tuple[tuple[str, str, str, str], ...] = (
    ("new", "n", "new, empty graph", "name it, then build"),
    ("open", "o", "open a project", "a project folder"),
    ("import_model", "i", "import a model", "a model file"),
    ("templates", "T", "take a template", "each trains as it is"),
)
"""The start list: action, key, words, what it asks for."""

LONGEST_PATH = 56
"""Columns that the path in the border takes at most."""


class RecentRows(Rows):
    """The projects that were open."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "open it", id="recent.open")]
    help_title = "recent projects"
    help_markdown = "The projects you had open, the newest first. `enter` opens the one under the cursor."


class StartRows(Rows):
    """The ways to start."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "do it", id="start.do")]
    help_title = "start"
    help_markdown = (
        "A project is a folder with one text file, `kerastui.toml`: the network, where its data comes from, and how it "
        "is trained. Runs and saved models lie beside it."
    )


class HomeScreen(StudioScreen):
    """Show recent projects, ways to start, and templates.

    Args:
        studio: What is open.
    """

    # Textual reads no CSS_PATH of an app's first screen.
    DEFAULT_CSS = """
    HomeScreen #body { padding: 0 2; }
    HomeScreen Banner { height: 8; }
    HomeScreen #lists { height: 13; }
    HomeScreen #recent, HomeScreen #start, HomeScreen #templates { padding: 1 0 0 0; }
    HomeScreen #recent { width: 4fr; }
    HomeScreen #start { width: 3fr; }
    HomeScreen #templates { height: 17; }

    /* Little height: first the banner goes, then the cards, which are behind T as a list. */
    HomeScreen.-low Banner { display: none; }
    HomeScreen.-low #lists { height: 1fr; }
    HomeScreen.-flat Banner, HomeScreen.-flat #templates { display: none; }
    HomeScreen.-flat #lists { height: 1fr; }

    HomeScreen.-narrow #body { padding: 0; }
    HomeScreen.-narrow #templates { display: none; }
    HomeScreen.-narrow #lists { height: 1fr; layout: vertical; }
    HomeScreen.-narrow #recent { width: 1fr; height: 1fr; }
    HomeScreen.-narrow #start { width: 1fr; height: 6; padding: 0; }

    /* A large screen: more recent projects. */
    HomeScreen.-high #lists { height: 1fr; }
    """
    BINDING_GROUP_TITLE = "home"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "new", id="home.new", tooltip="an empty graph in a folder of its own"),
        Binding("o", "open", "open", id="home.open", tooltip="choose a project's folder"),
        Binding("i", "import_model", "import", id="home.import", tooltip="a model file, or one of keras.applications"),
        Binding("T", "templates", "templates", id="home.templates", tooltip="projects that train as they are"),
        Binding("tab", "app.focus_next", "pane", id="home.pane"),
    ]

    class ProjectChosen(Message):
        """Say that a project is to be opened.

        Args:
            folder: Its folder.
        """

        def __init__(self, folder: Path) -> None:
            super().__init__()
            self.folder = folder

    class ProjectMade(Message):
        """Say that a project was made and is open in the studio."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-flat"), (30, "-low"), (38, "-tall"), (50, "-high")]
        self._recent: list[Recent] = []

    def compose_body(self) -> Iterable[Widget]:
        """Yield the banner, the two lists and the cards."""
        yield Banner()
        recent = RecentRows(
            (
                Column(width=1),
                Column(words="text bold"),
                Column(words="muted", flex=True),
                Column("", 0, "right", "muted"),
            ),
            inset=2,
            spacing=1,
            empty=(
                "Projects you open are listed here.",
                "",
                (("T", "primary bold"), (" starts from a template", "muted")),
            ),
            id="recent",
        )
        start = StartRows(
            (Column(width=3), Column(), Column("", 0, "right", "muted", flex=True)), inset=2, spacing=1, id="start"
        )
        with Horizontal(id="lists"):
            yield recent
            yield start
        yield TemplateCards(templates(), id="templates")

    def on_mount(self) -> None:
        """Fill the lists, and put the focus on the one that is of use."""
        start = self.query_one("#start", Rows)
        start.set_titles("start")
        start.show(
            Row(action, (((f" {key} ", "on-primary bold on primary"),), words, aside))
            for action, key, words, aside in START
        )
        self.query_one(TemplateCards).set_titles("templates", "each trains as it is")
        self.query_one("#recent", Rows).set_titles("recent")
        self._show_recent()
        self.query_one("#recent" if self._recent else "#start", Rows).focus()

    def changed(self, topics: frozenset[Topic]) -> None:
        """List the recent projects again when one was opened or a run ended."""
        if "document" in topics:
            self._show_recent()

    def header_view(self) -> HeaderView:
        """Return program, version and engine."""
        return HeaderView("kerastui", chip=self.chip(), version=__version__)

    def _show_recent(self) -> None:
        self._recent = home.recent()
        now = datetime.fromtimestamp(time.time())
        rows = self.query_one("#recent", Rows)
        rows.show(Row(item.path, recent_cells(item, now)) for item in self._recent)
        self._say_where(rows.cursor_key)

    @on(Rows.Highlighted, "#recent")
    def _recent_highlighted(self, event: Rows.Highlighted) -> None:
        event.stop()
        self._say_where(event.key)

    def _say_where(self, path: str | None) -> None:
        """Name the folder of the project under the cursor in the border."""
        self.query_one("#recent", Rows).retitle(bottom_left=at_home(Path(path)) if path else "")

    @on(Rows.Selected, "#recent")
    def _recent_chosen(self, event: Rows.Selected) -> None:
        event.stop()
        self.post_message(self.ProjectChosen(Path(event.key)))

    @on(Rows.Selected, "#start")
    def _start_chosen(self, event: Rows.Selected) -> None:
        event.stop()
        actions: dict[str, Callable[[], object]] = {
            "new": self.action_new,
            "open": self.action_open,
            "import_model": self.action_import_model,
            "templates": self.action_templates,
        }
        actions[event.key]()

    @on(TemplateCards.Chosen)
    def _card_chosen(self, event: TemplateCards.Chosen) -> None:
        event.stop()
        self._make(project(event.template.name), code(event.template.name))

    def action_new(self) -> None:
        """Make a project with an empty graph."""
        self._make(msgspec.structs.replace(project("empty"), name="network"), {})

    def action_open(self) -> None:
        """Choose a project's folder."""
        from kerastui.screens.home.open_project import OpenProject

        self.app.push_screen(OpenProject(Path.cwd()), self._opened)

    def _opened(self, folder: Path | None) -> None:
        if folder is not None:
            self.post_message(self.ProjectChosen(folder))

    @work(group="import", exclusive=True, exit_on_error=False)
    async def action_import_model(self) -> None:
        """Make a project of a model, and open it."""
        from kerastui.engine.process.importing import make_project
        from kerastui.screens.widgets.import_model import ModelFile, import_model, name_of
        from kerastui.screens.widgets.modals import Prompt

        source = await self.app.push_screen_wait(ModelFile(Path.cwd()))
        if source is None:
            return
        place = f"./{free_name(Path.cwd(), name_of(source))}"
        label = f"A folder for what {source.name} becomes; its name becomes the name of the project."
        text = await self.app.push_screen_wait(Prompt("new project", label, place, check=taken_place, paths=True))
        if text is None:
            return
        folder = Path(text.strip()).expanduser().absolute()
        left_out = await import_model(self.app, source, lambda name, unsafe: make_project(name, folder, unsafe))
        if left_out is not None:
            self.post_message(self.ProjectChosen(folder))
            if left_out:
                self.app.notify(f"without {', '.join(left_out)}", title="imported", timeout=8, markup=False)

    def action_templates(self) -> None:
        """Go to the cards, or list the templates where there is no room for cards."""
        cards = self.query_one(TemplateCards)
        if cards.display:
            cards.focus()
            return
        from kerastui.screens.widgets.modals import Choice, Choose

        choices = [Choice(each.name, each.title, each.note) for each in templates()]
        self.app.push_screen(Choose("start from a template", choices), self._template_chosen)

    def _template_chosen(self, name: str | None) -> None:
        if name is not None:
            self._make(project(name), code(name))

    def _make(self, made: Project, code: Mapping[str, str]) -> None:
        """Ask where, and make a project there."""
        from kerastui.screens.widgets.modals import Prompt

        def placed(text: str | None) -> None:
            if text is not None:
                self._create(Path(text).expanduser(), made, code)

        label = "A folder; its name becomes the name of the project."
        self.app.push_screen(
            Prompt("new project", label, f"./{free_name(Path.cwd(), made.name)}", check=wrong_place, paths=True), placed
        )

    def _create(self, folder: Path, made: Project, code: Mapping[str, str]) -> None:
        from kerastui.screens.widgets.modals import Message as Notice

        try:
            self.studio.create(folder, msgspec.structs.replace(made, name=folder.absolute().name), code)
        except ProjectFileError as error:
            self.app.push_screen(Notice("the project cannot be made", str(error), "choose another folder"))
            return
        self.post_message(self.ProjectMade())


def recent_cells(item: Recent, now: datetime) -> tuple[Line, ...]:
    """Return the cells of a recent project: mark, name, state, age."""
    trained = "epoch" in item.state
    mark: Literal["ok", "error", "note"] = "ok" if trained else "error" if item.state else "note"
    ink = {"ok": "success", "error": "error", "note": "muted"}[mark]
    return (
        ((getattr(glyphs(), mark), ink),),
        Path(item.path).name,
        item.state or "not trained yet",
        age(datetime.fromtimestamp(item.opened), now),
    )


def at_home(path: Path) -> str:
    """Return a path with `~` for the home folder; of a long one the end."""
    text = f"~/{path.relative_to(Path.home())}" if path.is_relative_to(Path.home()) else str(path)
    return text if len(text) <= LONGEST_PATH else glyphs().ellipsis + text[-LONGEST_PATH + 1 :]


def free_name(folder: Path, wanted: str) -> str:
    """Return a name that nothing in a folder has yet: `digits`, then `digits-2`, `digits-3`, …."""
    name, number = wanted, 1
    while (folder / name).exists():
        number += 1
        name = f"{wanted}-{number}"
    return name


def wrong_place(text: str) -> str:
    """Return why no project can be made in a folder, `""` if one can.

    Args:
        text: The folder as typed.
    """
    try:
        folder = Path(text.strip()).expanduser().absolute()
    except RuntimeError:
        return "there is no such home folder"
    if not text.strip() or not is_name(folder.name):
        return f"`{folder.name}` is no name for a project: letters, digits, - and _, and a letter first"
    if (folder / FILE_NAME).exists():
        return f"there is a project in {folder.name} already; {free_name(folder.parent, folder.name)} is free"
    if folder.exists() and not folder.is_dir():
        return f"{folder.name} is a file; {free_name(folder.parent, folder.name)} is free"
    return ""


def taken_place(text: str) -> str:
    """Return why no model can be imported into a folder, `""` if one can: it is absent or empty.

    Args:
        text: The folder as typed.
    """
    if wrong := wrong_place(text):
        return wrong
    folder = Path(text.strip()).expanduser().absolute()
    if folder.is_dir() and any(folder.iterdir()):
        return f"{folder.name} is not empty; {free_name(folder.parent, folder.name)} is free"
    return ""
