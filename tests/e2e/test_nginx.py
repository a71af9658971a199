"""An nginx origin: pooled connections are used again; kill -9 and its return."""

import re

from tests.e2e.lib import config
from tests.e2e.lib.nginx import Nginx
from tests.e2e.lib.points import run
from tests.e2e.lib.world import until

URL = 'http://10.80.1.1/site/hello'


def prepare(world):
    world.nginx = Nginx(world)
    world.start_gateway(config.default(world))


def code(world):
    return world.curl('-o', '/dev/null', '-w', '%{http_code}', '--max-time', '10', URL).stdout


def connection(world):
    head = world.curl('-si', URL).stdout
    return re.search(r'x-connection: (\d+)', head, re.IGNORECASE).group(1)


def test_answer_of_nginx(world):
    assert world.curl(URL).stdout == 'hello from nginx\n'


def test_clients_share_one_pooled_connection(world):
    assert len({connection(world) for _ in range(10)}) == 1


def test_wrk_against_nginx(world):
    done = world.call('client', ['wrk', '-t1', '-c32', '-d4s', URL])
    print('#', re.search(r'Requests/sec:.*', done.stdout).group(0), flush=True)
    assert 'Socket errors' not in done.stdout and 'Non-2xx' not in done.stdout, done.stdout


def test_kill_9_of_the_origin_gives_503_at_once(world):
    world.nginx.kill()
    assert code(world) == '503'
    assert code(world) == '503'


def test_origin_comes_back(world):
    world.nginx.start()
    until('200 again', lambda: code(world) == '200', 10)


def test_pooled_connection_that_died_costs_the_client_nothing(world):
    for _ in range(3):
        assert code(world) == '200'
        world.nginx.kill()
        world.nginx.start()
        assert code(world) == '200', 'a dead pooled connection reached the client'


if __name__ == '__main__':
    run(globals(), prepare)
