"""Where the time went: each phase time as a bar on one axis, with what is doubtful at its ends.

A bar is solid where the phase surely ran, hatched where it may have: between the two samples that
its beginning, or its end, lies between. The bracket below is where the settings promise its end.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.core.intervals import MS_PER_SECOND, Comparison, Elapsed, Interval, compare
from shared.core.milestones import Switch
from shared.core.phases import BY_OTHERS, Path, PhaseTime
from shared.core.report import Report
from shared.core.samples import Instant
from shared.core.verdict import Objective
from shared.render.bars import Span, axis, block, bracket, doubts, guides, merged, sure
from shared.render.markup import Html, joined, tag
from shared.render.svg import Caption, Scale, in_percent, picture, text_px
from shared.render.wording import bounds, words

TOTAL_PX, ROW_PX, AXIS_PX = 50, 36, 20
TOTAL_BAR, BAR = (8, 26), (9, 14)
BESIDE_NAME_PX = 8
TOTAL_BRACKET_PX, BRACKET_PX = 42, 30
PLOT_PX_MIN = 280.0
"""The narrowest that these pictures get: on paper, and on a telephone."""
MARGIN = 1.03
"""An axis ends a little after the last thing on it."""

ONLY_SEEN = ("row head", "row axis")


@dataclass(frozen=True, slots=True)
class Way:
    """One switch's phase times, on the axis of both."""

    objective: Objective
    path: Path
    times: Mapping[str, PhaseTime]
    total: Elapsed
    promised: Mapping[str, Elapsed]
    scale: Scale

    @property
    def of(self) -> Switch:
        """Which switch it is."""
        return self.objective.name

    @property
    def start(self) -> Interval:
        """When the first phase began; the axis begins at its earliest."""
        return next(iter(self.times.values())).start.interval

    def span(self, interval: Interval) -> Span:
        """Return an instant's bounds on the axis."""
        after, not_after = interval
        return self._seconds(after), self._seconds(not_after)

    @property
    def unfinished(self) -> Span | None:
        """When the phase that was not seen to end went on, as far as it was observed."""
        elapsed = self.objective.elapsed
        if elapsed is None or elapsed.seconds_max is not None:
            return None
        since = self.span(list(self.times.values())[-1].end.interval)[1]
        return since, max(since, self.span(self.start)[1] + elapsed.seconds_min)

    @property
    def stuck_in(self) -> str | None:
        """Which phase was the first not seen to end."""
        steps = [step.name for step in self.path.steps]
        return next((name for name in steps if name not in self.times), None)

    def _seconds(self, at: Instant) -> float:
        return (at - self.start.after) / MS_PER_SECOND


def where_the_time_went(report: Report) -> Html:
    """Return both switches' pictures, on axes of one scale; nothing where nothing was timed."""
    return joined(_figure(way) for way in _ways(report))


def _ways(report: Report) -> list[Way]:
    envelope = report.envelope
    promises = {
        Switch.FAILOVER: (envelope.failover_total, envelope.failover),
        Switch.FAILBACK: (envelope.failback_total, envelope.failback),
    }
    last = max(_reach(report, of, promises[of][0]) for of in Switch)
    scale = Scale(0.0, MARGIN * max(1.0, last), PLOT_PX_MIN)
    return [
        Way(
            objective=objective,
            path=report.paths[objective.name],
            times={t.name: t for t in report.phases if t.of is objective.name},
            total=promises[objective.name][0],
            promised={p.name: p.elapsed for p in promises[objective.name][1]},
            scale=scale,
        )
        for objective in report.objectives
        if any(t.of is objective.name for t in report.phases)
    ]


def _reach(report: Report, of: Switch, promised: Elapsed) -> float:
    """Return the seconds from one switch's beginning to the last thing that it shows."""
    own = [t for t in report.phases if t.of is of]
    if not own:
        return 0.0
    measured = [o.elapsed.seconds_min for o in report.objectives if o.name is of and o.elapsed]
    whole = own[0].start.interval.width_seconds + (promised.seconds_max or 0.0)
    ends = [
        end - own[0].start.interval.after
        for t in own
        for end in (
            t.end.interval.not_after,
            t.start.interval.not_after + round((t.promised.seconds_max or 0.0) * MS_PER_SECOND),
        )
    ]
    return max(max(ends) / MS_PER_SECOND, whole, *measured)


def _figure(way: Way) -> Html:
    first = next(iter(way.times.values())).start.name
    known = {**BY_OTHERS, way.path.start: way.path.started}
    started = known.get(first, words(first))
    head = _row(
        "phase", f"seconds since {started}", ("took", "settings promise", ""), class_="row head"
    )
    return tag(
        "figure",
        tag("h3", str(way.of).capitalize()),
        head,
        _total(way),
        *(_phase(way, at, step.name) for at, step in enumerate(way.path.steps)),
        _row("", _axis(way), ("", "", ""), class_="row axis"),
        class_="way",
    )


def _row(
    name: object, drawing: object, told: tuple[object, object, object], class_: str = "row"
) -> Html:
    took, promised, comparison = told
    return tag(
        "div",
        tag("span", name, class_="name"),
        tag("span", drawing, class_="plot"),
        tag("span", took, class_="took"),
        tag("span", promised, class_="promised"),
        tag("span", comparison, class_="comparison"),
        class_=class_,
        aria_hidden="true" if class_ in ONLY_SEEN else None,
    )


def _total(way: Way) -> Html:
    took, promised = bounds(way.objective.elapsed), bounds(way.total)
    caption = Caption(
        f"{way.of}-total",
        f"The {way.of}, phase by phase",
        f"It took {took}; the settings promise {promised}.",
    )
    drawing = picture(
        caption,
        TOTAL_PX,
        guides(way.scale, TOTAL_PX),
        *_stacked(way),
        _total_bracket(way),
        class_="bars",
    )
    elapsed = way.objective.elapsed
    compared = "" if elapsed is None else _comparison(compare(elapsed, way.total))
    return _row(f"{way.of} time", drawing, (took, promised, compared), class_="row total")


def _total_bracket(way: Way) -> Html:
    """Return where the settings promise the end; nowhere if the beginning was not seen."""
    if way.path.steps[0].name not in way.times:
        return Html()
    return bracket(way.scale, way.span(way.start), way.total, TOTAL_BRACKET_PX)


def _stacked(way: Way) -> Iterator[Html]:
    """Yield the phases end to end, then what is doubtful between them, then their names."""
    doubtful = []
    names = []
    for at, step in enumerate(way.path.steps):
        time = way.times.get(step.name)
        if time is None:
            continue
        start, end = way.span(time.start.interval), way.span(time.end.interval)
        doubtful += doubts(start, end)
        surely = sure(start, end)
        if surely is not None:
            yield block(way.scale, surely, TOTAL_BAR, f"p{at}")
            names.append(_name_within(way.scale, surely, words(step.name), at))
    if way.unfinished:
        yield block(way.scale, way.unfinished, TOTAL_BAR, "unfinished")
    for span in merged(doubtful):
        yield block(way.scale, span, TOTAL_BAR, "doubtful")
    yield joined(names)


def _name_within(scale: Scale, span: Span, name: str, at: int) -> Html:
    if scale.px(span[1]) - scale.px(span[0]) < text_px(name) + BESIDE_NAME_PX:
        return Html()
    middle = (scale.percent(span[0]) + scale.percent(span[1])) / 2
    top, height = TOTAL_BAR
    return tag(
        "text",
        name,
        x=in_percent(middle),
        y=f"{top + height / 2 + 4:g}",
        text_anchor="middle",
        class_=f"on-p on-p{at}",
    )


def _phase(way: Way, at: int, name: str) -> Html:
    time, promised = way.times.get(name), bounds(way.promised[name])
    if time is None:
        is_stuck = way.unfinished is not None and name == way.stuck_in
        told = ("not over" if is_stuck else "not reached", promised, "")
        return _row(words(name), _missing(way, name), told, class_="row missing")
    start, end = way.span(time.start.interval), way.span(time.end.interval)
    surely = sure(start, end)
    caption = Caption(
        f"{way.of}-{name}",
        f"{words(name)} of the {way.of}",
        f"It took {bounds(time.elapsed)}; the settings promise {promised}.",
    )
    drawing = picture(
        caption,
        ROW_PX,
        guides(way.scale, ROW_PX),
        block(way.scale, surely, BAR, f"p{at}") if surely else "",
        *(block(way.scale, span, BAR, "doubtful") for span in doubts(start, end)),
        bracket(way.scale, start, time.promised, BRACKET_PX),
        class_="bars",
    )
    told = (bounds(time.elapsed), promised, _comparison(time.comparison))
    return _row(words(name), drawing, told)


def _missing(way: Way, name: str) -> Html:
    """Return how long a phase went on that was not seen to end; nothing of those after it."""
    if way.unfinished is None or name != way.stuck_in:
        return Html()
    since, until = way.unfinished
    caption = Caption(
        f"{way.of}-{name}",
        f"{words(name)} of the {way.of}",
        f"It was not seen to end for {int(until - since)} s.",
    )
    bar = block(way.scale, way.unfinished, BAR, "unfinished")
    return picture(caption, ROW_PX, guides(way.scale, ROW_PX), bar, class_="bars")


def _comparison(comparison: Comparison) -> Html:
    mark = {Comparison.SLOWER: "\u25b2 ", Comparison.FASTER: "\u25bc "}.get(comparison, "")
    return tag("span", f"{mark}{comparison}", class_=f"word {comparison}")


def _axis(way: Way) -> Html:
    caption = Caption(f"{way.of}-axis", "Axis", "Seconds.")
    return picture(caption, AXIS_PX, axis(way.scale, 13), class_="bars")
