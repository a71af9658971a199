"""What a program could leave behind on this machine, for comparing before and after."""

import glob
import os

PLACES = ('/run/netns/*', '/dev/shm/*', '/run/dpdk/*', '/run/hydrofoil*', '/dev/hugepages/*',
          '/tmp/hydrofoil*', '/run/lock/hydrofoil*')


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def machine():
    """Mounts, links, files in the usual places, hugepage settings: one line each."""
    found = {'mount ' + line for line in read('/proc/self/mounts').splitlines()}
    found |= {'link ' + name for name in os.listdir('/sys/class/net')}
    for pattern in PLACES:
        found |= set(glob.glob(pattern))
    for path in glob.glob('/sys/kernel/mm/hugepages/*/nr_hugepages'):
        found.add(f'{path} {read(path).strip()}')
    return found


def marked(mark):
    """Command lines of the processes that descend from what we started."""
    found = []
    for path in glob.glob('/proc/[0-9]*/environ'):
        try:
            with open(path, 'rb') as f:
                if mark.encode() in f.read():
                    found.append(read(path.replace('environ', 'cmdline')).replace('\0', ' '))
        except OSError:
            continue
    return found
