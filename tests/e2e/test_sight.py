"""Seeing it: access log, admin, exporter under promtool, foilctl."""

import json
import os
import re

from tests.e2e.lib import config
from tests.e2e.lib.points import run
from tests.e2e.lib.world import program, start_default, until

# Envoy's default format.
LOG_LINE = re.compile(
    r'^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] "(?P<request>[^"]*)" (?P<code>\d+) (?P<flags>\S+) '
    r'(?P<received>\d+) (?P<sent>\d+) (?P<duration>\d+) (?P<upstream>\S+) "(?P<xff>[^"]*)" '
    r'"(?P<agent>[^"]*)" "(?P<id>[^"]*)" "(?P<authority>[^"]*)" "(?P<host>[^"]*)"$')


def prepare(world):
    start_default(world)
    world.exporter = world.start('gateway', [program('hydrofoil-exporter'), '--listen',
                                             '127.0.0.1:9902'],
                                 os.path.join(world.folder, 'exporter.log'))


def log_lines(world):
    try:
        with open(world.access_log, encoding='utf-8') as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return []


def logged(world, path):
    def find():
        return [LOG_LINE.match(line) for line in log_lines(world) if f' {path} ' in line]
    found = until(f'a log line for {path}', find, 5)[0]
    assert found, log_lines(world)
    return found


def metrics(world):
    done = world.call('gateway', ['curl', '-sS', '--fail', 'http://127.0.0.1:9902/metrics'])
    return done.stdout


def foilctl(world, *words):
    return world.call('gateway', [program('foilctl'), *words]).stdout


def test_access_log_in_the_default_format(world):
    world.curl('-A', 'looker', '--data-binary', 'abcd', 'http://10.80.1.1/logged')
    line = logged(world, '/logged')
    assert line['request'] == 'POST /logged HTTP/1.1' and line['code'] == '200'
    assert line['flags'] == '-' and line['received'] == '4' and int(line['sent']) > 50
    assert line['agent'] == 'looker' and line['host'] == '10.80.2.2:8080'
    assert line['authority'] == '10.80.1.1'


def test_access_log_names_what_went_wrong(world):
    world.curl('-o', '/dev/null', 'http://10.80.1.1/dead/x')
    assert logged(world, '/dead/x')['flags'].split(',')[0] == 'UF'
    world.curl('-o', '/dev/null', '-H', 'Host: only.test', 'http://10.80.1.1/nowhere')
    assert logged(world, '/nowhere')['flags'] == 'NR'


def test_admin_ready_and_server_info(world):
    assert world.admin('/ready') == (200, 'LIVE\n')
    status, body = world.admin('/server_info')
    assert status == 200 and '"state"' in body and 'LIVE' in body, body


def test_admin_stats_count_requests(world):
    def count():
        found = re.search(r'^http\.ingress\.downstream_rq_total: (\d+)$', world.admin('/stats')[1],
                          re.MULTILINE)
        return int(found.group(1)) if found else 0
    before = count()
    for _ in range(5):
        world.curl('http://10.80.1.1/direct')
    until('five more requests counted', lambda: count() == before + 5, 5)


def test_admin_prometheus_and_config_dump(world):
    status, body = world.admin('/stats/prometheus')
    assert status == 200 and '# TYPE' in body
    status, body = world.admin('/config_dump')
    assert status == 200 and 'by_name' in body and '10.80.2.2' in body


def test_admin_unknown_path_is_404(world):
    assert world.admin('/no_such_thing')[0] == 404


def test_exporter_passes_promtool(world):
    until('the exporter answers', lambda: metrics(world) if world.call(
        'gateway', ['curl', '-s', 'http://127.0.0.1:9902/metrics'], check=False).returncode == 0
        else None)
    done = world.call('gateway', ['bash', '-c', 'set -o pipefail; curl -sS --fail '
                                  'http://127.0.0.1:9902/metrics | promtool check metrics'],
                      check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_exporter_counts_requests(world):
    def count():
        found = re.search(r'^envoy_http_downstream_rq_total\{[^}]*"ingress"[^}]*\} (\d+)$', metrics(world),
                          re.MULTILINE)
        return int(found.group(1)) if found else 0
    before = count()
    for _ in range(5):
        world.curl('http://10.80.1.1/direct')
    until('five more requests counted', lambda: count() == before + 5, 5)
    assert 'hydrofoil_up 1' in metrics(world)


def test_exporter_speaks_openmetrics(world):
    done = world.call('gateway', ['curl', '-sS', '-i', '-H', 'Accept: application/openmetrics-text; '
                                  'version=1.0.0', 'http://127.0.0.1:9902/metrics'])
    assert 'application/openmetrics-text' in done.stdout and done.stdout.endswith('# EOF\n')


def test_foilctl_stat(world):
    assert re.search(r'requests|downstream_rq', foilctl(world, 'stat'))


def test_foilctl_conns(world):
    with world.connect() as sock:
        sock.sendall(b'GET /direct HTTP/1.1\r\nHost: x\r\n\r\n')
        sock.recv(1000)
        assert '10.80.1.2' in foilctl(world, 'conns')


def test_foilctl_check(world):
    def check(config):
        path = world.write_json('check.json', config)
        return world.call('gateway', [program('foilctl'), 'check', '-c', path, '--json'],
                          check=False)
    done = check(config.default(world))
    assert done.returncode in (0, 1), done
    assert any(f['subject'] == 'port front' and 'g0' in f['text'] for f in
               json.loads(done.stdout)['findings']), done.stdout
    wrong = config.default(world)
    wrong['hydrofoil']['ports'][0]['af_packet']['interface'] = 'nosuch0'
    done = check(wrong)
    assert done.returncode == 2 and 'there is no interface nosuch0' in done.stdout, done


def test_foilctl_top(world):
    with world.connect() as sock:
        sock.sendall(b'GET /direct HTTP/1.1\r\nHost: x\r\n\r\n')
        sock.recv(1000)
        seen = json.loads(foilctl(world, 'top', '--once', '--json', '--interval', '200ms'))
        assert seen['state'] == 'LIVE' and seen['all']['connections'] >= 1, seen
        assert 0 <= seen['all']['busy'] <= 1 and seen['all']['mbufs_free'] > 0.5, seen
    screen = foilctl(world, 'top', '--once', '-i', '0.1')
    assert 'REQ/s' in screen and 'LIVE' in screen, screen


def test_foilctl_drops(world):
    world.call('client', ['ping', '-c', 1, '-W', 1, '-t', 5, '10.80.1.77'], check=False)
    world.call('client', ['bash', '-c', 'echo x >/dev/udp/10.80.1.1/7'], check=False)
    until('a drop with its reason', lambda: 'UDP_NO_PORT' in foilctl(world, 'drops').upper()
          or 'nobody listens' in foilctl(world, 'drops'), 5)


if __name__ == '__main__':
    run(globals(), prepare)
