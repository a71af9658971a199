"""curl through the gateway: routes, methods, headers, v4 and v6."""

import json

from tests.e2e.lib.points import run
from tests.e2e.lib.world import start_default


def told(done):
    return json.loads(done.stdout)


def code(world, url, *words):
    return world.curl('-o', '/dev/null', '-w', '%{http_code}', *words, url).stdout


def test_get_over_v4(world):
    assert told(world.curl('http://10.80.1.1/a?b=c'))['path'] == '/a?b=c'


def test_get_over_v6(world):
    assert told(world.curl('http://[fd80:1::1]/a'))['path'] == '/a'


def test_v4_client_to_v6_origin(world):
    assert told(world.curl('http://10.80.1.1/v6/x'))['path'] == '/x'


def test_v6_client_to_v6_origin(world):
    assert told(world.curl('http://[fd80:1::1]/v6/x'))['path'] == '/x'


def test_ping_is_answered(world):
    world.call('client', ['ping', '-c', 2, '-i', '0.2', '-W', 2, '10.80.1.1'])
    world.call('client', ['ping', '-c', 2, '-i', '0.2', '-W', 2, 'fd80:1::1'])


def test_post_body_arrives_whole(world):
    what = told(world.curl('--data-binary', 'x' * 5000, 'http://10.80.1.1/'))
    assert (what['method'], what['length']) == ('POST', 5000)


def test_methods_pass_through(world):
    for method in ('PUT', 'DELETE', 'PATCH', 'OPTIONS'):
        assert told(world.curl('-X', method, 'http://10.80.1.1/'))['method'] == method


def test_exact_suffix_and_any_domains(world):
    assert code(world, 'http://10.80.1.1/only', '-H', 'Host: only.test') == '200'
    assert code(world, 'http://10.80.1.1/other', '-H', 'Host: only.test') == '404'
    assert world.curl('-H', 'Host: a.b.suffix.test', 'http://10.80.1.1/').stdout == 'suffix\n'


def test_direct_response(world):
    assert world.curl('http://10.80.1.1/direct').stdout == 'from the gateway\n'


def test_redirect(world):
    done = world.curl('-o', '/dev/null', '-w', '%{http_code} %{redirect_url}',
                      'http://10.80.1.1/old?q=1')
    assert done.stdout == '301 http://10.80.1.1/new?q=1', done.stdout


def test_headers_are_changed_on_the_way_in_and_out(world):
    done = world.curl('-i', '-H', 'X-Unwanted: 1', 'http://10.80.1.1/changed/x')
    head, _, body = done.stdout.partition('\n\n')
    arrived = dict(json.loads(body)['headers'])
    assert arrived['x-route'] == 'added' and arrived['x-filter'] == 'seen', arrived
    assert 'x-unwanted' not in arrived
    assert 'x-route-answer: added' in head.lower() and 'x-filter-answer: seen' in head.lower(), head
    assert 'x-secret' not in head.lower()


def test_forwarding_headers(world):
    arrived = dict(told(world.curl('http://10.80.1.1/'))['headers'])
    assert arrived['x-forwarded-proto'] == 'http', arrived
    assert len(arrived['x-request-id']) == 36, arrived


def test_status_codes_pass_through(world):
    for status in ('204', '304', '404', '418', '500', '503'):
        assert code(world, f'http://10.80.1.1/status?c={status}') == status


def test_nobody_listens_is_503(world):
    assert code(world, 'http://10.80.1.1/dead/') == '503'


def test_route_timeout_is_504(world):
    assert code(world, 'http://10.80.1.1/late/slow?s=3') == '504'


def test_origin_that_dies_is_an_error_not_a_hang(world):
    assert code(world, 'http://10.80.1.1/die', '--max-time', '10') in ('502', '503')


def test_body_without_length_ends_with_the_connection(world):
    assert world.curl('http://10.80.1.1/close').stdout == 'until the end\n'


if __name__ == '__main__':
    run(globals(), start_default)
