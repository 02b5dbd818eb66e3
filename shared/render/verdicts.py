"""The verdicts: what was promised, what was measured, and why one may say so. They stand on top."""

from collections.abc import Iterator

from shared.core.intervals import Elapsed, Verdict
from shared.core.model import Phase
from shared.core.report import Report
from shared.core.verdict import Objective
from shared.render.bars import anchor, block
from shared.render.markup import Html, tag
from shared.render.svg import Caption, Scale, picture
from shared.render.wording import bounds

GAUGE_PX, GAUGE_BAR = 40, (4, 16)
PLOT_PX_MIN = 280.0
MARGIN = 1.16
LABEL_PERCENT = 12.0
SO_FAR = "so far"

SIGNS = {
    Verdict.MET: (("circle", {"cx": "16", "cy": "16", "r": "15"}), "M9 16.5l5 5 9.5-11"),
    Verdict.MISSED: (
        ("polygon", {"points": "10,1 22,1 31,10 31,22 22,31 10,31 1,22 1,10"}),
        "M10.5 10.5l11 11m0-11l-11 11",
    ),
    Verdict.INCONCLUSIVE: (
        ("polygon", {"points": "16,0 32,16 16,32 0,16"}),
        "M12 12.5c.5-5 8.5-4.5 8.2.2-.2 3-4.200 2.800-4.200 6.300m0 3.500v.8",
    ),
}
"""A shape and a stroke for each verdict: told apart without colour."""


def verdict_cards(report: Report) -> Html:
    """Return a card for each objective."""
    is_over = report.drill.phase is Phase.CLOSED
    cards = (_card(objective, "" if is_over else SO_FAR) for objective in report.objectives)
    return tag("div", *cards, class_="cards")


def _card(objective: Objective, so_far: str) -> Html:
    name, verdict = str(objective.name), objective.verdict
    heading = tag(
        "h2",
        _sign(verdict),
        tag("span", name.capitalize(), " ", tag("strong", str(verdict).upper())),
        tag("small", so_far) if so_far else "",
    )
    return tag("article", heading, *_told(objective), class_=f"card {verdict}")


def _told(objective: Objective) -> Iterator[Html]:
    yield tag(
        "p",
        tag("b", bounds(objective.elapsed)),
        tag("span", f" of the {objective.rto_seconds} s promised (RTO)"),
        class_="measure",
    )
    if objective.elapsed is not None:
        yield _gauge(objective, objective.elapsed)
    yield tag("p", objective.because, class_="because")
    if objective.since_request is not None:
        since = f"From the request, it took {bounds(objective.since_request)}."
        yield tag("p", since, class_="aside")


def _sign(verdict: Verdict) -> Html:
    (shape, attributes), stroke = SIGNS[verdict]
    return tag(
        "svg",
        tag(shape, **attributes, class_="sign-ground"),
        tag("path", d=stroke, class_="sign-stroke"),
        class_="sign",
        viewBox="-1 -1 34 34",
        width="34",
        height="34",
        aria_hidden="true",
    )


def _gauge(objective: Objective, elapsed: Elapsed) -> Html:
    least, most = max(0.0, elapsed.seconds_min), elapsed.seconds_max
    reach = max(objective.rto_seconds, least if most is None else most)
    scale = Scale(0.0, MARGIN * reach, PLOT_PX_MIN)
    doubtful = (least, scale.last if most is None else most)
    rto = scale.x(objective.rto_seconds)
    caption = Caption(
        f"{objective.name}-gauge",
        f"The {objective.name} beside its objective",
        f"{bounds(elapsed)} of {objective.rto_seconds} s.",
    )
    return picture(
        caption,
        GAUGE_PX,
        block(scale, (0.0, scale.last), GAUGE_BAR, "track"),
        block(scale, (0.0, least), GAUGE_BAR, "measured"),
        block(scale, doubtful, GAUGE_BAR, "doubtful"),
        tag("line", x1=rto, x2=rto, y1="0", y2="25", class_="rto"),
        tag("text", "0", x="0", y="37", class_="tick"),
        tag(
            "text",
            f"RTO {objective.rto_seconds} s",
            x=rto,
            y="37",
            text_anchor=anchor(scale.percent(objective.rto_seconds), LABEL_PERCENT),
            class_="tick",
        ),
        class_="gauge",
    )
