"""Every action of the window, declared once as data: name, keys, text.

The window binds each to a method; the keys overlay lists them; the handbook reads them too.
"""

from __future__ import annotations

from dataclasses import dataclass

from pitwall.ui.roles import Role


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the user can do.

    Attributes:
        name: identifier.
        title: as listed.
        keys: shortcuts in Qt's portable form; the first is the one shown.
        group: heading in the list.
        about: one sentence that says what happens.
        family: title of the line that lists it together with its like; empty for its own.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    group: str
    about: str
    family: str = ""


NUMBERS = tuple(range(1, 10))
"""Panes that have a key."""

ACTIONS: tuple[Action, ...] = (
    Action(
        "connect",
        "Connect",
        ("C",),
        "Session",
        "Choose a session of a table; this one stays until the next is there.",
    ),
    Action("open", "Open", ("Ctrl+O",), "Session", "A recording on this machine."),
    Action(
        "report",
        "Report",
        ("Ctrl+P",),
        "Session",
        "The selected car's stint as PDF and HTML: laps, map, corners, traces and notes.",
    ),
    Action(
        "recordings",
        "Recordings",
        ("Ctrl+Shift+O",),
        "Session",
        "Those of a folder, found by a few letters, and the way to the sessions of a table.",
    ),
    Action(
        "official_cars",
        "Official cars",
        ("Shift+C",),
        "Session",
        "Which official car each car and feed is; what you confirm is kept, and can be undone.",
    ),
    Action(
        "doctor",
        "Doctor",
        ("Shift+H",),
        "Session",
        "Check the way to the data step by step, and say what to do.",
    ),
    Action(
        "palette",
        "Command palette",
        ("Ctrl+K", "Ctrl+Shift+P"),
        "Session",
        "Any action, channel, car, lap, pane or layout by a few letters: `o p` finds oil pressure.",
    ),
    Action("live", "Go live", ("L", "End"), "Time", "Follow the newest data again."),
    Action("back_1", "Back 1 s", ("Shift+Left",), "Time", "Scrub one second back; live goes on."),
    Action("forward_1", "Forward 1 s", ("Shift+Right",), "Time", "Scrub one second forward."),
    Action("back_10", "Back 10 s", ("Ctrl+Left",), "Time", "Scrub ten seconds back."),
    Action("forward_10", "Forward 10 s", ("Ctrl+Right",), "Time", "Scrub ten seconds forward."),
    Action(
        "play",
        "Play / stay",
        ("Space",),
        "Time",
        "Play from the moment, the cursor or the lap shown; live goes on meanwhile.",
    ),
    Action("faster", "Play faster", (">", "Shift+."), "Time", "Up to 16 times."),
    Action("slower", "Play slower", ("<", "Shift+,"), "Time", "Down to a quarter."),
    Action(
        "go_to",
        "Go to",
        ("Ctrl+G",),
        "Time",
        "Type a session time, a clock time, a lap (`L12`, `22 L12`) or a step (`+5`).",
    ),
    Action(
        "note",
        "Note here",
        ("N",),
        "Time",
        "About the selected car at the cursor; it is kept in the recording.",
    ),
    Action("notes", "Notes", ("Shift+N",), "Time", "All of them, to be found by words."),
    Action("next_gap", "Next gap", ("Alt+G",), "Time", "Of the selected car."),
    Action("next_note", "Next note", ("Alt+N",), "Time", "Of any car."),
    Action("next_alarm", "Next alarm", ("Alt+A",), "Time", "Of any car."),
    Action("previous_gap", "Previous gap", ("Alt+Shift+G",), "Time", "The one before."),
    Action("previous_note", "Previous note", ("Alt+Shift+N",), "Time", "The one before."),
    Action("previous_alarm", "Previous alarm", ("Alt+Shift+A",), "Time", "The one before."),
    Action(
        "timeline_in",
        "Timeline closer",
        ("Shift++", "Shift+="),
        "Time",
        "Around the moment; the wheel does it around the pointer.",
    ),
    Action("timeline_out", "Timeline wider", ("Shift+-",), "Time", "The wheel does it too."),
    Action("timeline_whole", "Whole timeline", ("Shift+Home",), "Time", "A double click too."),
    Action(
        "previous_car", "Previous car", ("Up",), "Cars and laps", "Select the car one place up."
    ),
    Action("next_car", "Next car", ("Down",), "Cars and laps", "Select the car one place down."),
    Action("previous_lap", "Previous lap", ("PgUp", "["), "Cars and laps", "Show the lap before."),
    Action(
        "next_lap",
        "Next lap",
        ("PgDown", "]"),
        "Cars and laps",
        "Show the lap after; past the last one, live again.",
    ),
    Action(
        "reference",
        "Reference lap",
        ("R",),
        "Cars and laps",
        "Compare with the session's best, the car's own best, or nothing.",
    ),
    Action(
        "reference_here",
        "Shown lap as reference",
        ("Shift+R",),
        "Cars and laps",
        "Compare with the lap on screen from now on.",
    ),
    Action(
        "corner_name",
        "Name a corner",
        ("B",),
        "Cars and laps",
        "Type `5 Hairpin`; a double click on a row of the corner table asks for its name too.",
    ),
    Action("axis", "Distance / time", ("D",), "Traces", "Switch the shared axis."),
    Action(
        "rolling",
        "Rolling window",
        ("W",),
        "Traces",
        "The session, whatever the lap; the last 90 s.",
    ),
    Action("zoom_in", "Zoom in", ("+", "="), "Traces", "Around the cursor; the wheel does it too."),
    Action("zoom_out", "Zoom out", ("-",), "Traces", "Around the cursor."),
    Action("pan_left", "Pan left", ("Left",), "Traces", "Dragging does it too."),
    Action("pan_right", "Pan right", ("Right",), "Traces", "Dragging does it too."),
    Action("whole", "Whole lap", ("0", "Home"), "Traces", "Or the usual window; again: all."),
    Action(
        "fit",
        "Autoscale",
        ("A",),
        "Traces",
        "Scale each plot to what is in view, and keep that.",
    ),
    Action(
        "limits",
        "Scale by limits",
        ("Shift+A",),
        "Traces",
        "Every plot by its channels' limits again.",
    ),
    Action(
        "lay_over",
        "Lay lap over",
        ("O",),
        "Traces",
        "The shown lap stays on screen beside others, or no longer; up to eight of any car.",
    ),
    Action("lay_off", "No laps over", ("Shift+O",), "Traces", "Only the shown lap and reference."),
    Action(
        "apart",
        "Laps apart",
        ("S",),
        "Traces",
        "Each lap in plots of its own, one under the other, or all over each other.",
    ),
    Action(
        "plot_above", "Plot above", ("Alt+Up",), "Traces", "The keys for plots act on another one."
    ),
    Action(
        "plot_below",
        "Plot below",
        ("Alt+Down",),
        "Traces",
        "The keys for plots act on another one.",
    ),
    Action(
        "plot_up",
        "Move plot up",
        ("Alt+Shift+Up",),
        "Traces",
        "Dragging its name does it too; onto another plot lays the channel over that one's.",
    ),
    Action("plot_down", "Move plot down", ("Alt+Shift+Down",), "Traces", "Dragging does it too."),
    Action(
        "plot_taller",
        "Taller plot",
        ("Alt++", "Alt+="),
        "Traces",
        "Pulling the edge between two names does it too.",
    ),
    Action("plot_lower", "Lower plot", ("Alt+-",), "Traces", "Pulling the edge does it too."),
    Action(
        "plot_remove",
        "Remove channel",
        ("Del",),
        "Traces",
        "The plot's last channel, and with its only one the plot. Dragging it out does it too.",
    ),
    Action(
        "plots_usual",
        "Usual plots",
        ("Shift+Del",),
        "Traces",
        "The plots, heights and scales of the beginning; laps that lie over stay.",
    ),
    Action(
        "sample_before",
        "Cursor to sample before",
        (",",),
        "Traces",
        "Of the plot that keys act on, or of the first.",
    ),
    Action("sample_after", "Cursor to next sample", (".",), "Traces", "The same, onwards."),
    Action(
        "units",
        "Next units",
        ("U",),
        "Traces",
        "As recorded, metric, imperial: for axes and values; what is stored stays.",
    ),
    Action(
        "channel_unit",
        "Next unit of channel",
        ("Shift+U",),
        "Traces",
        "Of the plot that keys act on: each unit that measures the same, and the usual one again.",
    ),
    Action(
        "mark",
        "Measure from here",
        ("M",),
        "Traces",
        "A second cursor where the cursor is: difference, least, greatest and mean between them.",
    ),
    Action(
        "channels",
        "Find channel",
        ("/", "Ctrl+F"),
        "Channels and charts",
        "All channels by fragments; Return plots one, with Shift over the current plot.",
    ),
    Action(
        "histogram",
        "Histogram",
        ("J",),
        "Channels and charts",
        "How often a channel had which value, of what is in view.",
    ),
    Action(
        "xy",
        "X-Y chart",
        ("X",),
        "Channels and charts",
        "The g-g diagram, or any channel against another.",
    ),
    Action(
        "spectrum",
        "Spectrum",
        ("F",),
        "Channels and charts",
        "How a channel's variation is spread over frequencies.",
    ),
    Action(
        "clear",
        "Clear cursors",
        ("Esc",),
        "Traces",
        "Release the pinned cursor; first of all the pane that is alone.",
    ),
    Action(
        "maths",
        "Maths channel",
        ("Shift+M",),
        "Channels and charts",
        "Write one: a name and an expression, checked as it is typed; then it is a channel.",
    ),
    Action(
        "alarms", "Alarms", ("Shift+L",), "Channels and charts", "What went off, and the limits."
    ),
    Action(
        "acknowledge",
        "Alarms seen",
        ("Shift+K",),
        "Channels and charts",
        "Every alarm that is there was seen by somebody; the log keeps when.",
    ),
    Action(
        "advice",
        "Setup advice",
        ("E",),
        "Setup and strategy",
        "What to change on the selected car, with intervals.",
    ),
    Action(
        "advice_variant",
        "Race / qualifying",
        ("Q",),
        "Setup and strategy",
        "What the advice is for.",
    ),
    Action(
        "advice_apply",
        "Apply advice",
        ("Ctrl+Shift+A",),
        "Setup and strategy",
        "Write the chosen change on the setup sheet from the next lap on; it asks once.",
    ),
    Action(
        "predicted",
        "Predicted speed",
        ("Shift+E",),
        "Setup and strategy",
        "Beside the advice: the modelled lap, dotted under the speed over distance, or not.",
    ),
    Action(
        "sheet",
        "Setup sheet",
        ("Shift+S",),
        "Setup and strategy",
        "How the selected car is set, from which lap on; import and export.",
    ),
    Action(
        "sheet_change",
        "Change the sheet",
        ("Ctrl+Shift+S",),
        "Setup and strategy",
        "Type `wing 5`: what was changed on the selected car, from the next lap on.",
    ),
    Action(
        "driver_says",
        "Driver says",
        ("T",),
        "Setup and strategy",
        "Corner and phase, then symptom and strength: two taps.",
    ),
    Action(
        "pit_window",
        "Pit window",
        ("P",),
        "Setup and strategy",
        "When to stop, over the laps that are left.",
    ),
    Action(
        "cautions",
        "Model of cautions",
        ("Shift+P",),
        "Setup and strategy",
        "How often this kind of race is neutralised: road cup, formula, stock car, none.",
    ),
    Action(
        "race_length",
        "Race length",
        ("Alt+P",),
        "Setup and strategy",
        "In laps, where the session does not say it; and whether the rules ask for a stop.",
    ),
    *(
        Action(
            f"workspace_{role.value}",
            f"{role.words} workspace",
            (f"Ctrl+{i}",),
            "Window",
            "Engineer, Driver, Strategy, Debrief: each with its panes as they were left.",
            "Workspaces",
        )
        for i, role in enumerate(Role, 1)
    ),
    *(
        Action(
            f"pane_{i}",
            f"Pane {i} alone",
            (str(i),),
            "Window",
            "One pane, counted as one reads, in the room of all; again, or Esc: all of them.",
            "Pane alone, and back",
        )
        for i in NUMBERS
    ),
    Action(
        "tear_off",
        "Tear pane off",
        ("Ctrl+U",),
        "Window",
        "The pane at the pointer in a window of its own, or back. Dragging its title does it too.",
    ),
    Action(
        "close_pane",
        "Close pane",
        ("Ctrl+W",),
        "Window",
        "The pane at the pointer leaves this workspace; the palette has it still.",
    ),
    Action("next_pane", "Next pane", ("F6",), "Window", "The keyboard goes to the next pane."),
    Action("previous_pane", "Previous pane", ("Shift+F6",), "Window", "And to the one before."),
    Action("next_workspace", "Next workspace", ("Ctrl+Tab",), "Window", "And round again."),
    Action(
        "save_layout",
        "Save layout",
        ("Ctrl+S",),
        "Window",
        "Under a name; the present one is kept by itself.",
    ),
    Action("layouts", "Layouts", ("Ctrl+L",), "Window", "Those that have a name."),
    Action(
        "reset_layout",
        "Usual layout",
        ("Ctrl+R",),
        "Window",
        "Every pane of this workspace back where it was at first.",
    ),
    Action(
        "undo",
        "Undo",
        ("Ctrl+Z",),
        "Window",
        "What is looked at and where panes are, as before the last step.",
    ),
    Action("redo", "Redo", ("Ctrl+Y", "Ctrl+Shift+Z"), "Window", "What was undone, again."),
    Action("theme", "Next theme", ("Ctrl+T",), "Window", "Dark, sunlight, high contrast."),
    Action("larger", "Larger text", ("Ctrl++", "Ctrl+="), "Window", "For reading from afar."),
    Action("smaller", "Smaller text", ("Ctrl+-",), "Window", "For more on screen."),
    Action(
        "health",
        "Health",
        ("H",),
        "Window",
        "Every shard, the queue and the clock beside the traces, and back.",
    ),
    Action(
        "own",
        "Own figures",
        ("F12",),
        "Window",
        "What a frame takes, what gives way, CPU, memory and queues of the program itself.",
    ),
    Action(
        "settings",
        "Settings",
        ("Ctrl+,",),
        "Window",
        "Theme, text size, units, and how much memory a session may take; what it takes now.",
    ),
    Action("full_screen", "Full screen", ("F11",), "Window", "And back."),
    Action("help", "Keys", ("F1", "?"), "Window", "This list."),
    Action("quit", "Quit", ("Ctrl+Q",), "Window", "Save is never needed: all is recorded."),
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list of keys: one action, or a family of them."""

    title: str
    keys: tuple[str, ...]
    about: str


def listed(actions: tuple[Action, ...]) -> tuple[Listed, ...]:
    """The lines that list these actions."""
    found: dict[str, Listed] = {}
    for one in actions:
        title = one.family or one.title
        before = found[title].keys if title in found else ()
        found[title] = Listed(title, (*before, *one.keys), one.about)
    return tuple(found.values())


def action(name: str) -> Action:
    """The action called ``name``. Raises KeyError."""
    for one in ACTIONS:
        if one.name == name:
            return one
    raise KeyError(name)


def groups() -> dict[str, tuple[Action, ...]]:
    """Actions under their headings, in the order of declaration."""
    found: dict[str, list[Action]] = {}
    for one in ACTIONS:
        found.setdefault(one.group, []).append(one)
    return {name: tuple(members) for name, members in found.items()}
