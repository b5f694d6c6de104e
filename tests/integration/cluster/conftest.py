"""Clusters of database servers: `make check-cluster` runs what is here."""
import pytest

import galera


@pytest.fixture
def cluster(folder, maria_template):
    """Three nodes that are synced."""
    why = galera.missing()
    if why:
        pytest.skip(why)
    made = galera.Cluster(folder, maria_template)
    yield made
    made.close()
