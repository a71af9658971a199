"""tests/run e2e: the real programs against Linux clients and origins; one program a subject."""

import glob
import os

from tests.lib.harness import TOP, Program

# What is proved over other kinds of ports as well, by the same tests.
OVER = {'af_xdp': ['bodies', 'curl', 'exception', 'link', 'load', 'nginx', 'tcp_proxy'],
        'tap': ['bodies', 'curl', 'tcp_proxy']}
TIMEOUTS_S = {'bodies': 240, 'load': 240, 'quickstart': 300, 'unprivileged': 500}
SEES_THE_MACHINE = {'quickstart', 'harness'}  # compares the machine before and after


def programs(build, options):
    if options:
        raise SystemExit(f'tests/run e2e: unknown option {options[0]}')
    env = {'HYDROFOIL_BUILD': build('plain')}
    found = []
    for path in sorted(glob.glob(os.path.join(TOP, 'tests', 'e2e', 'test_*.py'))):
        module = os.path.basename(path)[:-len('.py')]
        name = module[len('test_'):]
        found.append(one(name, name, module, env))
        for kind in (k for k in OVER if name in OVER[k]):
            found.append(one(f'{name}-over-{kind}', name, module,
                             {**env, 'HYDROFOIL_PORT_KIND': kind}))
    return found


def one(title, name, module, env):
    return Program(title, ['/usr/bin/python3', '-B', '-m', f'tests.e2e.{module}'],
                   TIMEOUTS_S.get(name, 120), sandbox=name not in SEES_THE_MACHINE, alone=True,
                   env=env)
