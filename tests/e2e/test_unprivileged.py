"""A user without any right serves over af_packet, tap and memif in a user namespace of his own, without
hugepages: the tests of those ports, once more, as nobody."""

import os
import shutil
import subprocess

from tests.e2e.lib.points import Skip, limit, run
from tests.e2e.lib.world import BUILD

NOBODY = '65534'
AS_NOBODY = ['setpriv', '--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', '--inh-caps=-all',
             '--bounding-set=-all']


def need_user_namespaces():
    probe = subprocess.run(AS_NOBODY + ['unshare', '--user', '--map-root-user', '--net', 'true'],
                           stderr=subprocess.PIPE, text=True, check=False)
    if probe.returncode:
        raise Skip(f'no user namespaces here: {probe.stderr.strip()}')


def as_nobody(module, kind='af_packet'):
    need_user_namespaces()
    done = subprocess.run(AS_NOBODY + ['deploy/sandbox', '/usr/bin/python3', '-B', '-m',
                                       f'tests.e2e.{module}'], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, 'HYDROFOIL_PORT_KIND': kind, 'TMPDIR': '/tmp'},
                          timeout=170, check=False)
    lines = done.stdout.splitlines()
    good = sum(line.startswith('ok ') for line in lines)
    assert done.returncode == 0 and lines[0] == f'1..{good}', done.stdout


@limit(100)
def test_quickstart(world):
    """A copy of deploy/ that belongs to nobody; the programs are those of the build."""
    need_user_namespaces()
    place = os.path.join(world.folder, 'checkout')
    shutil.copytree('deploy', os.path.join(place, 'deploy'))
    for path, _, _ in os.walk(world.folder):
        os.chown(path, int(NOBODY), int(NOBODY))
    done = subprocess.run(AS_NOBODY + [os.path.join(place, 'deploy/quickstart'), '--once'], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=90, check=False,
                          env={**os.environ, 'HYDROFOIL_BUILD': os.path.abspath(BUILD)})
    assert done.returncode == 0 and 'BAD' not in done.stdout, done.stdout
    assert 'user namespace' in done.stdout and done.stdout.count('  ok  ') >= 13, done.stdout


@limit(180)
def test_over_af_packet(world):
    as_nobody('test_curl')


@limit(180)
def test_exception_ports(world):
    as_nobody('test_exception')


@limit(180)
def test_over_tap(world):
    as_nobody('test_curl', 'tap')


@limit(180)
def test_over_memif(world):
    as_nobody('test_memif')


if __name__ == '__main__':
    run(globals())
