"""Profiles of resources: which share of its steps each activity is, how much they overlap, and who is alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

#: An activity is usual in a pool when it makes this share of its steps.
_USUAL = 0.01


@dataclass(frozen=True, kw_only=True, eq=False)
class Profiles:
    """How often each resource does each activity: entries of a sparse matrix."""

    who: Int64
    activity: Int64
    n: Int64
    n_resources: int
    width: int

    @cached_property
    def total(self) -> Int64:
        """Steps of each resource."""
        return np.bincount(self.who, weights=self.n, minlength=self.n_resources).astype(np.int64)

    def profiles(self, chosen: Int64) -> Float64:
        """(len(chosen), n_activities) profiles of some resources."""
        place = np.full(self.n_resources, -1, dtype=np.int64)
        place[chosen] = np.arange(len(chosen))
        result = np.zeros((len(chosen), self.width))
        here = place[self.who] >= 0
        result[place[self.who[here]], self.activity[here]] = self.n[here]
        profiles: Float64 = result / np.maximum(result.sum(axis=1, keepdims=True), 1)
        return profiles

    def pooled(self, pool: Int64, n_pools: int) -> Int64:
        """(n_pools, n_activities) steps of each pool."""
        here = pool[self.who] >= 0
        key = pool[self.who[here]] * self.width + self.activity[here]
        total = np.bincount(key, weights=self.n[here], minlength=n_pools * self.width)
        return total.reshape(n_pools, self.width).astype(np.int64)

    def overlaps(self, pool: Int64, used: Int64) -> Float64:
        """For each resource the overlap of its profile with that of a pool; 0 where `pool` is -1."""
        profile = used / np.maximum(used.sum(axis=1, keepdims=True), 1)
        here = pool[self.who] >= 0
        who, activity = self.who[here], self.activity[here]
        both = np.minimum(self.n[here] / self.total[who], profile[pool[who], activity])
        return np.asarray(np.bincount(who, weights=both, minlength=self.n_resources), dtype=np.float64)

    def main_activity(self) -> Int64:
        """For each resource the activity that it does most, the first of equals; 0 without any."""
        main = np.zeros(self.n_resources, dtype=np.int64)
        order = np.lexsort((-self.activity, self.n))  # the last one written stays
        main[self.who[order]] = self.activity[order]
        return main

    def nearest(self, chosen: Int64, used: Int64) -> tuple[Int64, Float64]:
        """For some resources the pool that does most of what they do, and how much of it that pool usually does.

        The first is the pool with the largest share of their activities, averaged over their steps (the first of equals);
        the second the share of their steps of activities that make at least `_USUAL` of that pool's work, 0 to 1.
        """
        size = np.maximum(used.sum(axis=0), 1), np.maximum(used.sum(axis=1, keepdims=True), 1)
        of_activity, usual = used / size[0], used / size[1] >= _USUAL
        place = np.full(self.n_resources, -1, dtype=np.int64)
        place[chosen] = np.arange(len(chosen))
        here = place[self.who] >= 0
        who, activity = place[self.who[here]], self.activity[here]
        part = self.n[here] / self.total[self.who[here]]
        best, nearest, covered = (
            np.full(len(chosen), -1.0),
            np.zeros(len(chosen), dtype=np.int64),
            np.zeros(len(chosen)),
        )
        for k in range(len(used) if len(chosen) else 0):
            likely = np.bincount(who, weights=part * of_activity[k, activity], minlength=len(chosen))
            better = likely > best
            best[better], nearest[better] = likely[better], k
            covered[better] = np.bincount(who, weights=part * usual[k, activity], minlength=len(chosen))[better]
        return nearest, covered


def alike_profiles(profile: Float64) -> Float64:
    """(n, n) overlaps of profiles; -1 with itself."""
    from scipy.spatial.distance import cdist

    alike: Float64 = 1 - cdist(profile, profile, "cityblock") / 2
    np.fill_diagonal(alike, -1)
    return alike


def clusters(profile: Float64, overlap: float) -> tuple[Int64, float]:
    """Clusters of profiles, numbered from 0, and the mean silhouette (NaN with fewer than two clusters)."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist, squareform

    if len(profile) < 2:
        return np.zeros(len(profile), dtype=np.int64), float("nan")
    apart = np.clip(pdist(profile, "cityblock") / 2, 0, 1)
    cluster = fcluster(linkage(apart, "average"), 1 - overlap + 1e-9, "distance").astype(np.int64) - 1
    k = int(cluster.max()) + 1
    if k < 2:
        return cluster, float("nan")
    size = np.bincount(cluster, minlength=k)
    to_cluster = squareform(apart) @ (cluster[:, None] == np.arange(k))
    here = np.arange(len(profile)), cluster
    own = to_cluster[here] / np.maximum(size[cluster] - 1, 1)
    mean = to_cluster / size
    mean[here] = np.inf
    next_ = mean.min(axis=1)
    silhouette = np.where(size[cluster] > 1, (next_ - own) / np.maximum(np.maximum(next_, own), 1e-12), 0.0)
    return cluster, float(silhouette[size[cluster] > 1].mean()) if (size > 1).any() else float("nan")
