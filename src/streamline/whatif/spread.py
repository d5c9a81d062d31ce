"""What the draws of a scenario say of each measure, once the error of the replay is added."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.whatif.draws import ERRORS, BoundScenario, Draws, generator
from streamline.whatif.figures import Measures

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """Each draw of a scenario: (draws, measures), in the order of a vector of `Measures`."""

    #: As it is, on average over replays of the log's own cases; one a measure.
    baseline: Float
    #: Mean change over the draws, without the error of the replay; one a measure.
    mean: Float
    #: To-be minus as it is, with the error.
    change: Float
    #: The to-be figure.
    after: Float


def error_scales(seed: int, draws: int, error: float) -> Float:
    """For each draw by what its change is multiplied: one number for all measures, around 1."""
    return np.asarray(np.exp(generator(seed, 0, ERRORS).standard_normal(draws) * error), dtype=np.float64)


def part_with_waits(measures: Measures, change: Float) -> Float:
    """The part of some changes, (…, measures), that follows from waits, so that the replay can be wrong about it."""
    part = change.copy()
    for place, name in enumerate(measures.all_names):
        among = measures.parts_with_waits(name)
        if among is not None:
            part[..., place] = sum(weight * change[..., j] for j, weight in among)
    return part


def no_more_than_there_is(measures: Measures, change: Float, difference: Float, as_is: Float) -> Float:
    """Changes with an error, (…, measures), cut to what there is to lose or to gain, as the replay without the error has it.

    Times, contacts, hours and shares stay at 0 or more, shares at 1 or less; a difference that passes these itself stays.
    """
    change = np.maximum(change, np.minimum(difference, -as_is))
    shares = np.array([name in measures.shares for name in measures.all_names])
    return np.where(shares, np.minimum(change, np.maximum(difference, 1 - as_is)), change)


def spread(measures: Measures, own: Draws, found: Draws, scenario: BoundScenario, *, seed: int, error: float) -> Spread:
    """The draws of one scenario, each change scaled by what the replay got wrong, where waits enter it.

    own : replays of the log's own cases. found : draws of this scenario only. error : relative, of the held-out mean.
    A change that leaves the days alone doesn't meet the error.
    """
    baseline = np.nanmean(own.as_is, axis=0)
    difference = found.to_be[0] - found.as_is
    replayed = bool(scenario.on_cases or scenario.on_steps)
    scale = error_scales(seed, len(difference), error if replayed else 0.0)[:, None]
    change = difference + part_with_waits(measures, difference) * (scale - 1)
    change = no_more_than_there_is(measures, change, difference, found.as_is)
    after = baseline + (found.as_is - np.nanmean(found.as_is, axis=0)) + change
    return Spread(baseline=baseline, mean=np.nanmean(difference, axis=0), change=change, after=after)


def possible(measures: Measures, baseline: Float, bounds: Float) -> Float:
    """Bounds of changes (2 x measures) that leave no figure under zero and no share over all.

    A draw may have a larger baseline than the log, and so a change that is more than there is in the log.
    """
    low, high = np.maximum(bounds, -baseline)
    shares = [measures.place(name) for name, unit in measures.names if unit == "share"]
    high[shares] = np.minimum(high[shares], 1 - baseline[shares])
    return np.stack([low, high])
