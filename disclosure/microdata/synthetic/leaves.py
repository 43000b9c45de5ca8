"""A tree's leaves: joined until each has enough statistical units, and donors drawn from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.synthetic.histogram import Ranks, Values
from saferoom.disclosure.microdata.synthetic.predictors import Features
from saferoom.disclosure.microdata.synthetic.units import Units

Nodes: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True)
class Leaves:
    """The donors of every leaf.

    Attributes
    ----------
    tree : sklearn tree, or None
        None where all records are alike.
    home : ndarray of int, shape (nodes,)
        The node that stands for each node after joining.
    donors : ndarray of int32, shape (n,)
        Records in the order of their leaves.
    ends : ndarray of int, shape (nodes + 1,)
        Where the donors of each node begin and end.
    chances : ndarray of float32, shape (n,)
        Of the donors, in the same order (Bayesian bootstrap: exponential ones).
    """

    tree: Any
    home: Nodes
    donors: NDArray[np.int32]
    ends: Nodes
    chances: NDArray[np.float32]

    @classmethod
    def of(cls, tree: Any, made: Features, records: Nodes, units: Units, least: int, random: Any) -> Leaves:
        """Send records down a tree.

        Parameters
        ----------
        made : ndarray of float32, shape (n, predictors)
            Of those records that may be donors.
        records : ndarray of int, shape (n,)
            Which records these are.
        units : Units of these n records
        least : int
            Units that each leaf must have.
        random : numpy Generator
        """
        nodes = np.zeros(len(records), dtype=np.intp) if tree is None else tree.apply(made)
        home = np.zeros(1, dtype=np.intp) if tree is None else _joined(tree, nodes, units, least)
        leaf = home[nodes]
        order = np.argsort(leaf, kind="stable")
        ends = np.concatenate([[0], np.cumsum(np.bincount(leaf, minlength=len(home)))])
        chances = random.standard_exponential(len(records), dtype=np.float32)
        return cls(tree, home, records[order].astype(np.int32), ends, chances)

    def draw(self, made: Features | None, rows: int, random: np.random.Generator) -> tuple[Nodes, Nodes]:
        """Draw a donor for each of `rows` records with the features `made`.

        Returns
        -------
        donors : ndarray of int, shape (rows,)
        leaves : ndarray of int, shape (rows,)

        References
        ----------
        Rubin (1981), The Bayesian bootstrap, Annals of Statistics 9(1); Reiter (2005), Using CART to generate partially
        synthetic public use microdata, Journal of Official Statistics 21(3).
        """
        leaf = np.zeros(rows, dtype=np.intp) if self.tree is None else self.home[self.tree.apply(made)]
        reached = np.concatenate([[0.0], np.cumsum(self.chances, dtype=np.float64)])
        low, high = reached[self.ends[leaf]], reached[self.ends[leaf + 1]]
        wanted = low + random.uniform(size=rows) * (high - low)
        place = np.searchsorted(reached, wanted, side="right") - 1
        place = np.clip(place, self.ends[leaf], self.ends[leaf + 1] - 1)
        return self.donors[place].astype(np.intp), leaf

    def kernels(self, ranks: Ranks, least: float) -> Kernels:
        """Return how ranks are smoothed in each leaf.

        Parameters
        ----------
        ranks : ndarray of float, shape (all records,)
            NaN where a record is not in the histogram's state.
        least : float
            The least width.
        """
        own, nodes = ranks[self.donors].astype(np.float64), len(self.home)
        leaf = np.repeat(np.arange(nodes), np.diff(self.ends))
        told = ~np.isnan(own)
        own, leaf = own[told], leaf[told]
        number = np.maximum(np.bincount(leaf, minlength=nodes), 1).astype(np.float64)
        mean = np.bincount(leaf, own, nodes) / number
        variance = np.bincount(leaf, (own - mean[leaf]) ** 2, nodes) / number
        width = np.maximum(0.9 * np.sqrt(variance) * number**-0.2, least)
        return Kernels(mean, width, np.sqrt(1.0 + width**2 / np.maximum(variance, width**2)))


@dataclass(frozen=True)
class Kernels:
    """How ranks are smoothed, each of shape (nodes,).

    Attributes
    ----------
    means : ndarray of float
    widths : ndarray of float
        Silverman's rule, 0.9 s n^(-1/5), with s the standard deviation of the ranks in the leaf; never less than the
        share of the threshold's units, so that a number is told no more exactly than that.
    shrinks : ndarray of float
        By what distances from the mean are divided so that the spread stays what it was.
    """

    means: Values
    widths: Values
    shrinks: Values

    def smoothed(self, ranks: Ranks, leaf: Nodes, random: np.random.Generator) -> Ranks:
        """Return mean + (rank - mean + h e) / sqrt(1 + h^2 / s^2); what is beyond 0 and 1 is reflected.

        References
        ----------
        Silverman (1986), Density estimation for statistics and data analysis, 6.4.1.
        """
        away = ranks - self.means[leaf] + self.widths[leaf] * random.normal(size=len(ranks))
        found = np.abs(self.means[leaf] + away / self.shrinks[leaf])
        return np.where(found > 1.0, 2.0 - found, found).clip(0.0, 1.0).astype(np.float32)


def _joined(tree: Any, nodes: Nodes, units: Units, least: int) -> Nodes:
    """Return which node stands for each: leaves of too few units are joined with all below their parent."""
    left, right = tree.children_left, tree.children_right
    parent = np.full(tree.node_count, -1, dtype=np.intp)
    inner = np.flatnonzero(left >= 0)
    parent[left[inner]], parent[right[inner]] = inner, inner
    last = _last_below(parent)
    home = np.arange(tree.node_count, dtype=np.intp)
    leaf = np.asarray(left < 0)
    while True:
        counts = units.per(home[nodes], tree.node_count)
        alive = np.unique(home[leaf])
        few = alive[(counts[alive] < least) & (alive != 0)]
        if not len(few):
            return home
        for node in np.unique(parent[few]):  # ascending: what is below a joined node is joined with it
            home[node : last[node] + 1] = np.minimum(home[node : last[node] + 1], node)


def _last_below(parent: Nodes) -> Nodes:
    """Return the last node below each; a tree grown depth first numbers all nodes below one without a gap."""
    last = np.arange(len(parent), dtype=np.intp)
    for node in range(len(parent) - 1, 0, -1):
        last[parent[node]] = max(last[parent[node]], last[node])
    return last
