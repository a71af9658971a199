"""What a gateway has at a quiet moment, when no connection is open, and what of it has grown since."""

import os
import re
import time
from dataclasses import dataclass, fields

from tests.e2e.lib.world import until

QUIET_S = 60  # TIME-WAIT and what vandals left included


@dataclass
class Census:
    """Everything is a sum over the workers."""
    descriptors: int
    threads: int
    resident_kib: int
    allocated_bytes: int
    mbufs: int
    header_mbufs: int
    indirect_mbufs: int

    def __str__(self):
        return ' '.join(f'{f.name}={getattr(self, f.name)}' for f in fields(self))


# What may come and go: buffers in the caches of the workers' cores, pages touched for the first time, what
# malloc rounds, the admin's connection that asks.  A leak of one a second shows within a soak.
MBUFS_SLACK = 600
DESCRIPTORS_SLACK = 3
RESIDENT_SLACK_KIB = 2048
ALLOCATED_SLACK_BYTES = 65536


# Gauges that are as in a new gateway when all is quiet; what listens holds its listener.
MUST_END = ('hydrofoil_worker_gateway_connections', 'envoy_cluster_upstream_cx_active', 'hydrofoil_config_holds')


def total(text, name):
    """Sum of a metric over its labels."""
    found = re.findall(rf'^{name}(?:{{[^}}]*}})? (\d+)$', text, re.MULTILINE)
    assert found, f'no metric {name}'
    return sum(map(int, found))


def metrics(world, admin_port):
    return world.call('gateway', ['curl', '-sS', '--fail',
                                  f'http://127.0.0.1:{admin_port}/stats/prometheus']).stdout


def status(pid, field):
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        return int(re.search(rf'^{field}:\s+(\d+)', file.read(), re.MULTILINE).group(1))


def of_new(world, admin_port):
    """The gauges of MUST_END before any load, once the first requests' connections have gone."""
    def gauges():
        text = metrics(world, admin_port)
        return {name: total(text, name) for name in MUST_END}
    until('no connection is open', lambda: not sum(list(gauges().values())[:2]))
    time.sleep(1.5)  # the process's own gauges are counted once a second
    return gauges()


def take(world, process, admin_port, new):
    """Waits until what is open and held is what a new gateway had, then counts."""
    busy = {}

    def quiet():
        text = metrics(world, admin_port)
        busy.update({name: total(text, name) for name in MUST_END})
        return busy == new and text
    try:
        text = until('nothing is open and held', quiet, QUIET_S)
    except AssertionError as error:
        raise AssertionError(f'{error}: {busy}, new: {new}') from None
    return Census(descriptors=len(os.listdir(f'/proc/{process.pid}/fd')),
                  threads=status(process.pid, 'Threads'), resident_kib=status(process.pid, 'VmRSS'),
                  allocated_bytes=total(text, 'hydrofoil_memory_allocated_bytes'),
                  mbufs=total(text, 'hydrofoil_worker_mbufs_available'),
                  header_mbufs=total(text, 'hydrofoil_worker_header_mbufs_available'),
                  indirect_mbufs=total(text, 'hydrofoil_worker_indirect_mbufs_available'))


def grown(then, now):
    """What is not flat, in words."""
    found = []
    for name in ('mbufs', 'header_mbufs', 'indirect_mbufs'):
        if getattr(now, name) < getattr(then, name) - MBUFS_SLACK:
            found.append(f'{name}: {getattr(then, name)} -> {getattr(now, name)}')
    for name, slack in (('descriptors', DESCRIPTORS_SLACK), ('threads', 0), ('resident_kib', RESIDENT_SLACK_KIB),
                        ('allocated_bytes', ALLOCATED_SLACK_BYTES)):
        if getattr(now, name) > getattr(then, name) + slack:
            found.append(f'{name}: {getattr(then, name)} -> {getattr(now, name)}')
    return found
