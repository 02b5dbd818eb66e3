"""Drills whose settings are drawn by a seed, on real sockets: what is told of them is what was.

A seed decides the settings and what goes wrong on the way; when exactly things happen is up to this
machine. One that fails is run again by its number: `-k "seed-7"`.
"""

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.stack.conftest import StartLab
from tests.support.lab import Lab, at
from tests.support.socket_drills import Stage, Told, draw, run, stage_of
from tests.support.socket_truth import wrongs

Json = dict[str, Any]

SEEDS = range(50)
SAMPLE = (0, 1, 2)  # of one stage: a stack is started once for all of them
WIDTH_MAX = 1.2  # of a milestone, in intervals of its series; half of them are no wider
ARM_SERIES, ARM_SECONDS = ("monitor", "power"), 2
A_MOMENT = timedelta(milliseconds=1)

Lie = Callable[[Json], None]


class Stages:
    """Runs drills, each on its stage; a stack is started anew only for another stage."""

    def __init__(self, start_lab: StartLab, folder: Path) -> None:
        self._start_lab, self._folder = start_lab, folder
        self._stack = ExitStack()
        self._on: tuple[Stage, Lab] | None = None
        self._told: dict[int, Told] = {}

    def told(self, seed: int) -> Told:
        """Return what the seed's drill left behind; it is run once."""
        if seed not in self._told:
            try:
                self._told[seed] = run(self._lab(stage_of(seed)), draw(seed), f"seed-{seed}")
            except BaseException:
                self.end()  # the drill may still be open: nothing else could run beside it
                raise
        return self._told[seed]

    def end(self) -> None:
        """Stop what runs."""
        self._on = None
        self._stack.close()

    def _lab(self, stage: Stage) -> Lab:
        if self._on is None or self._on[0] != stage:
            self.end()
            topology = stage.topology(self._folder)
            self._on = (
                stage,
                self._stack.enter_context(self._start_lab(stage.speed, topology=topology)),
            )
        return self._on[1]


@pytest.fixture(scope="module")
def stages(start_lab: StartLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    """Return what runs drills by their seeds."""
    stages = Stages(start_lab, tmp_path_factory.mktemp("topologies"))
    yield stages
    stages.end()


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(
            seed,
            id=f"seed-{seed}",
            marks=pytest.mark.long if seed in SAMPLE else pytest.mark.soak,
        )
        for seed in SEEDS
    ],
)
def test_a_random_drill_is_told_as_it_was(stages: Stages, seed: int) -> None:
    """Every milestone is there, every interval holds the truth, and no verdict is wrong."""
    told = stages.told(seed)

    found = list(wrongs(told))

    assert not found, "\n".join([str(told), *found])


def without(name: str) -> Lie:
    """Return the lie that a milestone never was."""

    def lie(report: Json) -> None:
        report["milestones"] = [m for m in report["milestones"] if m["name"] != name]

    return lie


def later(name: str) -> Lie:
    """Return the lie that a milestone was after all that it can have been."""

    def lie(report: Json) -> None:
        for milestone in report["milestones"]:
            if milestone["name"] == name:
                bounds = at(milestone["after"]), at(milestone["notAfter"])
                moved = (each + (bounds[1] - bounds[0]) + A_MOMENT for each in bounds)
                milestone["after"], milestone["notAfter"] = map(datetime.isoformat, moved)

    return lie


def otherwise(name: str, **told: object) -> Lie:
    """Return the lie that something else came of a promise."""

    def lie(report: Json) -> None:
        next(o for o in report["objectives"] if o["name"] == name).update(told)

    return lie


LIES = {
    "no authoritativeSwitched": without("authoritativeSwitched"),
    "no resolverBack": without("resolverBack"),
    "no endpointDegraded": without("endpointDegraded"),
    "no clientOnPrimary": without("clientOnPrimary"),
    "later faultEffective": later("faultEffective"),
    "later resolverSwitched": later("resolverSwitched"),
    "later clientOnSurvivor": later("clientOnSurvivor"),
    "failover missed": otherwise("failover", verdict="missed"),
    "failover of no time": otherwise("failover", secondsMin=0.0, secondsMax=1.0),
    "failback met": otherwise("failback", verdict="met", rtoSeconds=1),
    "failback undecided": otherwise("failback", verdict="inconclusive"),
}


@pytest.mark.long
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_is_found_out(stages: Stages, lie: Lie) -> None:
    """What holds the drills' reports against the truth tells a false one."""
    told = stages.told(SAMPLE[0])
    report = copy.deepcopy(told.report)

    lie(report)

    assert list(wrongs(replace(told, report=report)))


@pytest.mark.soak
def test_milestones_are_known_as_sharply_as_they_are_sampled(stages: Stages) -> None:
    """Half of a series' milestones are hardly wider than its interval.

    Those that silence proves stand apart.
    """
    widths = defaultdict(list)
    for seed in SEEDS:
        told = stages.told(seed)
        for milestone in told.report["milestones"]:
            series = milestone["samples"][1].partition("/")[0]
            if series != "action" and not milestone["provedByTimeout"]:
                widths[series].append(width(milestone, told, series))

    assert {series for series, found in widths.items() if median(found) > WIDTH_MAX} == set()


def width(milestone: Json, told: Told, series: str) -> float:
    """How wide a milestone is, in intervals of its series."""
    seconds = told.drawn.plan["sampleIntervalSeconds"]
    if series in ARM_SERIES:
        seconds = max(seconds, ARM_SECONDS)
    between: timedelta = at(milestone["notAfter"]) - at(milestone["after"])
    return between / timedelta(seconds=seconds)
