"""The race as it goes on: stops, fuel, tyres, cautions, rivals."""

from pitwall.strategy.cautions import (
    CAUTIONS,
    NONE,
    CautionModel,
    Cautions,
    caution_model,
    draw_cautions,
)
from pitwall.strategy.fuel import FuelToEnd, fuel_to_end
from pitwall.strategy.live import Plan, Situation, plan, situation
from pitwall.strategy.montecarlo import Chances, Outcomes, run_races
from pitwall.strategy.race import (
    Compound,
    PitLoss,
    Race,
    Stop,
    Strategy,
    best_stop,
    lap_times,
    race_time,
)
from pitwall.strategy.race_file import RaceFile, read_race
from pitwall.strategy.refit import Burn, Pace, RacedLap, burn_of, refit
from pitwall.strategy.report import plan_doc, plan_text, race_doc, race_text
from pitwall.strategy.rivals import Duel, duel
from pitwall.strategy.window import CautionCost, LapCost, Window, pit_window

__all__ = [
    "CAUTIONS",
    "NONE",
    "Burn",
    "CautionCost",
    "CautionModel",
    "Cautions",
    "Chances",
    "Compound",
    "Duel",
    "FuelToEnd",
    "LapCost",
    "Outcomes",
    "Pace",
    "PitLoss",
    "Plan",
    "Race",
    "RaceFile",
    "RacedLap",
    "Situation",
    "Stop",
    "Strategy",
    "Window",
    "best_stop",
    "burn_of",
    "caution_model",
    "draw_cautions",
    "duel",
    "fuel_to_end",
    "lap_times",
    "pit_window",
    "plan",
    "plan_doc",
    "plan_text",
    "race_doc",
    "race_text",
    "race_time",
    "read_race",
    "refit",
    "run_races",
    "situation",
]
