"""A body of 1 GiB over memif on both sides of a gateway, from foil-load's origin to its client.

    foil-load client ── memif ── hydrofoil ── memif ── foil-load origin
"""

import json
import os

from tests.e2e.lib import config
from tests.e2e.lib.points import limit, run
from tests.e2e.lib.world import program

COUNT = 23302 * 46080  # 1 GiB in whole blocks of foil-load


def memif(world, name, host):
    return {'name': name, 'memif': {'socket': os.path.join(world.folder, name + '.sock'), 'role': 'CLIENT'},
            'addresses': [host + '/24']}


def bootstrap(world):
    routes = [config.route('/', 'origin', timeout='0s')]
    listener = config.http_listener(world, '10.90.1.1', 80, route_config={
        'name': 'bulk', 'virtual_hosts': [{'name': 'all', 'domains': ['*'], 'routes': routes}]})
    return {
        'node': {'id': 'bulk', 'cluster': 'e2e'},
        'admin': {'address': config.address('127.0.0.1', 9901)},
        'hydrofoil': {'ports': [memif(world, 'front', '10.90.1.1'), memif(world, 'back', '10.90.2.1')]},
        'static_resources': {'listeners': [listener],
                             'clusters': [config.cluster('origin', ('10.90.2.2', 8080))]},
    }


def start_load(world):
    words = ['--front', os.path.join(world.folder, 'front.sock'), '--client', '10.90.1.2/24',
             '--back', os.path.join(world.folder, 'back.sock'), '--origin', '10.90.2.2/24',
             '--target', '10.90.1.1:80', '--connections', '1', '--body-bytes', str(COUNT),
             '--warmup', '0', '--seconds', '0.1']
    log = os.path.join(world.folder, 'load.log')
    return world.start('gateway', [program('foil-load'), *words], log), log


def prepare(world):
    world.load, world.load_log = start_load(world)
    world.start_gateway(bootstrap(world))


def stat(world, pattern):
    done = world.call('gateway', [program('foilctl'), 'stat', '--json', pattern])
    return sum(entry['value'] for entry in json.loads(done.stdout)['stats'])


@limit(120)
def test_a_body_of_1_gib_is_not_copied(world):
    status = world.load.wait()
    assert status == 0, f'foil-load ended with {status}'
    with open(world.load_log) as log:
        report = json.loads(log.read().splitlines()[-1])
    assert report['errors'] == 0
    assert stat(world, r'tcp.bytes_out') >= COUNT
    copied = stat(world, r'tcp\.payload_bytes_copied')
    assert copied == 0, f'{copied} payload bytes were copied'


if __name__ == '__main__':
    run(globals(), prepare)
