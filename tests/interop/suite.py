"""tests/run interop: beside other programs that do the same, with the same configuration."""

import os

from tests.lib import envoy
from tests.lib.harness import TOP, Program


def programs(build, options):
    if options:
        raise SystemExit(f'tests/run interop: unknown option {options[0]}')
    envoy.install()
    return [Program('envoy', ['/usr/bin/python3', '-B', '-m', 'tests.interop.test_envoy'], 180,
                    alone=True, env={'HYDROFOIL_BUILD': os.path.join(TOP, build('plain'))})]
