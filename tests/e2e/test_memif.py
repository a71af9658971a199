"""Two gateways with a memif between them, Linux on both sides.

    client ══ g0 af_packet ─ hydrofoil "near" ─ memif 10.80.3.1 ═══ 10.80.3.2 ─ hydrofoil "far" ─ g1 ══ origin
"""

import os

from tests.e2e.lib import config
from tests.e2e.lib.origin import pattern_digest
from tests.e2e.lib.points import limit, run
from tests.e2e.lib.world import program, until

COUNT = 200000000


def memif(world, role, host):
    return {'name': 'wire', 'memif': {'socket': os.path.join(world.folder, 'memif.sock'),
                                      'role': role},
            'addresses': [f'10.80.3.{host}/24', f'fd80:3::{host}/64']}


def near(world):
    """Everything that comes goes on to the far gateway, over v4 and, below /six/, over v6."""
    routes = [config.route('/six/', 'far6', prefix_rewrite='/'), config.route('/', 'far', timeout='0s')]
    listener = config.http_listener(
        world, '10.80.1.1', 80,
        route_config={'name': 'near', 'virtual_hosts': [
            {'name': 'all', 'domains': ['*'], 'routes': routes}]})
    return {
        'node': {'id': 'near', 'cluster': 'e2e'},
        'admin': {'address': config.address('127.0.0.1', 9901)},
        'hydrofoil': {'ports': [config.ports()[0], memif(world, 'SERVER', 1)]},
        'static_resources': {'listeners': [listener], 'clusters': [
            config.cluster('far', ('10.80.3.2', 80)),
            config.cluster('far6', ('fd80:3::2', 80))]},
    }


def far(world):
    routes = [{'match': {'path': '/direct'},
               'direct_response': {'status': 200, 'body': {'inline_string': 'from the far one\n'}}},
              config.route('/', 'origin', timeout='0s')]
    listeners = [config.http_listener(
        world, host, 80, route_config={'name': 'far', 'virtual_hosts': [
            {'name': 'all', 'domains': ['*'], 'routes': routes}]})
        for host in ('10.80.3.2', 'fd80:3::2')]
    return {
        'node': {'id': 'far', 'cluster': 'e2e'},
        'admin': {'address': config.address('127.0.0.1', 9921)},
        'hydrofoil': {'ports': [config.ports()[1], memif(world, 'CLIENT', 2)],
                      'stats': {'name': 'hydrofoil-far'}},
        'static_resources': {'listeners': listeners,
                             'clusters': [config.cluster('origin', ('10.80.2.2', 8080))]},
    }


def prepare(world):
    world.origin()
    world.start_gateway(near(world))
    world.far = start_far(world)


def start_far(world):
    path = world.write_json('far.json', far(world))
    process = world.start('gateway', [program('hydrofoil'), '-c', path],
                          os.path.join(world.folder, 'far.log'))
    until('an answer through both gateways', lambda: direct(world) == 'from the far one\n', 20)
    return process


def direct(world):
    return world.curl('--max-time', '3', 'http://10.80.1.1/direct', check=False).stdout


def test_answer_through_memif(world):
    assert '"path": "/x"' in world.curl('http://10.80.1.1/x').stdout


def test_answer_through_memif_over_v6(world):
    assert '"path": "/x"' in world.curl('http://10.80.1.1/six/x').stdout


@limit(60)
def test_body_with_checksum(world):
    done = world.call('client', ['bash', '-c', 'set -o pipefail; curl -sS --fail '
                                 f'"http://10.80.1.1/bytes?n={COUNT}" | sha256sum'])
    assert done.stdout.split()[0] == pattern_digest(COUNT)


def test_wrk_through_memif(world):
    done = world.call('client', ['wrk', '-t1', '-c32', '-d4s', 'http://10.80.1.1/direct'])
    assert 'Socket errors' not in done.stdout and 'Non-2xx' not in done.stdout, done.stdout


def test_far_end_is_killed_and_comes_back(world):
    world.far.kill()
    world.far.wait()
    assert world.gateway.poll() is None
    world.far = start_far(world)
    assert world.gateway.poll() is None, 'the near gateway ended with its neighbour'


def test_server_is_killed_and_its_socket_is_in_nobodys_way(world):
    """What kill -9 leaves is a socket file; the next server takes it away, the client comes back."""
    world.gateway.kill()
    world.gateway.wait()
    assert os.path.exists(os.path.join(world.folder, 'memif.sock'))
    assert world.far.poll() is None, 'the far gateway ended with its neighbour'
    world.start_gateway(near(world))
    until('an answer through both gateways', lambda: direct(world) == 'from the far one\n', 20)
    assert world.far.poll() is None


def refused(world, name, role, socket):
    bootstrap = far(world)
    bootstrap['hydrofoil']['ports'] = [{'name': name, 'memif': {'socket': socket, 'role': role},
                                        'addresses': ['10.80.3.2/24', 'fd80:3::2/64']}]
    done = world.call('gateway', [program('hydrofoil'), '-c', world.write_json('r.json', bootstrap)],
                      check=False, limit_s=20)
    text = (done.stdout + done.stderr).splitlines()[-1]
    assert done.returncode == 1 and f'port {name}' in text, text
    return text


def test_client_without_a_server(world):
    text = refused(world, 'alone', 'CLIENT', os.path.join(world.folder, 'none.sock'))
    assert 'no memif server answers' in text and 'role: SERVER' in text, text


def test_second_server_on_a_socket_in_use(world):
    text = refused(world, 'second', 'SERVER', os.path.join(world.folder, 'memif.sock'))
    assert 'is in use' in text, text


def test_folder_that_is_not_there(world):
    text = refused(world, 'lost', 'SERVER', '/no/such/folder/memif.sock')
    assert 'mkdir -p /no/such/folder' in text, text


if __name__ == '__main__':
    run(globals(), prepare)
