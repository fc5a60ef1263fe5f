"""A Ray cluster of two nodes on this machine, for a test: a line on stdin ends one of them, as a crash would.

    python tests/end_to_end/ray_cluster.py

Prints the address when both nodes are up; ends with its stdin.
"""

import sys

from ray.cluster_utils import Cluster

_STORE_BYTES = 100 * 2**20


def main() -> None:
    """Starts, obeys, ends."""
    head = {"num_cpus": 1, "object_store_memory": _STORE_BYTES, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, connect=False, head_node_args=head)
    second = cluster.add_node(num_cpus=1, object_store_memory=_STORE_BYTES)
    cluster.wait_for_nodes()
    print(cluster.address, flush=True)
    if sys.stdin.readline():
        cluster.remove_node(second, allow_graceful=False)
        print("one node left", flush=True)
        sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main()
