"""tests/run soak [--seconds S]: mixed load over each kind of port, and what must stay flat meanwhile.

A few seconds in every run show that it works; a soak is `tests/run soak --seconds 1800`."""

import argparse

from tests.lib.harness import Program

KINDS = ('af_packet', 'af_xdp', 'memif')


def programs(build, options):
    parser = argparse.ArgumentParser(prog='tests/run soak')
    parser.add_argument('--seconds', type=int, default=12, help='of load, over each kind of port')
    seconds = parser.parse_args(options).seconds
    tree = build('plain')
    return [Program(kind, ['/usr/bin/python3', '-B', '-m', 'tests.soak.soak'], timeout_s=2 * seconds + 240,
                    alone=True, env={'HYDROFOIL_BUILD': tree, 'HYDROFOIL_PORT_KIND': kind,
                                     'HYDROFOIL_SOAK_S': str(seconds)})
            for kind in KINDS]
