"""A lane with more bands than a screen can show, drawn coarsely: the page must stay small."""

from collections.abc import Sequence

from shared.render.lanes import FAILING, GAP, Band
from shared.render.svg import Scale

BANDS_MAX = 250
"""Of one lane, before those too short to see are told together."""
COLUMNS = 400
"""What a screen can show side by side."""


def coarse(bands: Sequence[Band], scale: Scale) -> list[Band]:
    """Return a lane's bands; of too many, those too short to see are told together."""
    if len(bands) <= BANDS_MAX:
        return list(bands)
    short = (scale.last - scale.first) / COLUMNS
    found: list[Band] = []
    crowd: list[Band] = []
    for band in bands:
        if crowd and band.until - crowd[0].since > short:
            found.append(_together(crowd))
            crowd = []
        if band.until - band.since > short or band.tone == GAP:
            found += [*([_together(crowd)] if crowd else []), band]
            crowd = []
        else:
            crowd.append(band)
    return [*found, *([_together(crowd)] if crowd else [])]


def _together(crowd: Sequence[Band]) -> Band:
    """Return several bands as one; a failure among them is not hidden."""
    if len(crowd) == 1:
        return crowd[0]
    tones = [band.tone for band in crowd]
    tone = FAILING if FAILING in tones else tones[0]
    said = sorted({band.says for band in crowd})
    return Band(
        tone, " and ".join(said), crowd[0].since, crowd[-1].until, sum(b.asked for b in crowd)
    )
