"""What hangs together: connected components of things that share something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


def pieces(size: int, things: Any, shared: Any) -> Ints:
    """Return the number of the piece of each of `size` things; things that share something are in one piece.

    Parameters
    ----------
    things, shared : arrays of int, shape (n,)
        That the thing (0 to size - 1) has what is shared (any number).

    Returns
    -------
    ndarray of int, shape (size,)

    Notes
    -----
    Connected components of the graph of things and what they share, by scipy: time and memory linear in n.
    """
    import numpy as np
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    _, column = np.unique(np.asarray(shared), return_inverse=True)
    nodes = size + (int(column.max()) + 1 if len(column) else 0)
    rows = np.asarray(things, dtype=np.int64)
    graph = csr_array((np.ones(len(rows), dtype=np.int8), (rows, size + column)), shape=(nodes, nodes))
    _, piece = connected_components(graph, directed=False)
    found: Ints = np.asarray(piece[:size], dtype=np.int64)
    return found
