"""What hangs together: groups by their classes, videos by the copies that link them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def component_of(one: Ints, other: Ints, *, num_nodes: int) -> Ints:
    """Of every node (num_nodes,) the number of its component, where ``one`` (N,) and ``other`` (N,) are linked."""
    # Imported here: the stage starts in a second without.
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    links = sparse.coo_matrix((np.ones(len(one)), (one, other)), shape=(num_nodes, num_nodes))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)
