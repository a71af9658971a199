"""stats_config in a real run: tags as Istio's agent writes them, an inclusion list, buckets; seen through
curl, promtool and the exporter."""

import gzip
import os
import re
import subprocess

from tests.e2e.lib import config
from tests.e2e.lib.points import run
from tests.e2e.lib.world import program, until

NAME = 'outbound|8080||shop.default.svc.cluster.local'
STATS = {
    'use_all_default_tags': False,
    'stats_tags': [
        {'tag_name': 'cluster_name', 'regex': r'^cluster\.((.+?(\..+?\.svc\.cluster\.local)?)\.)'},
        {'tag_name': 'response_code', 'regex': r'_rq(_(\d{3}))$'},
        {'tag_name': 'response_code_class', 'regex': r'_rq(_(\dxx))$'},
        {'tag_name': 'http_conn_manager_prefix',
         'regex': r'^http\.(((?:[_.[:digit:]]*|[_\[\]aAbBcCdDeEfF[:digit:]]*))\.)'},
        {'tag_name': 'http_conn_manager_listener_prefix',
         'regex': r'^listener(?=\.).*?\.http\.(((?:[_.[:digit:]]*|[_\[\]aAbBcCdDeEfF[:digit:]]*))\.)'},
        {'tag_name': 'listener_address',
         'regex': r'^listener\.(((?:[_.[:digit:]]*|[_\[\]aAbBcCdDeEfF[:digit:]]*))\.)'},
        {'tag_name': 'mesh', 'fixed_value': 'blue'}],
    'stats_matcher': {'inclusion_list': {'patterns': [
        {'prefix': 'cluster.outbound'}, {'prefix': 'listener.'}, {'suffix': 'downstream_rq_total'},
        {'suffix': 'downstream_rq_time'}, {'safe_regex': {'regex': r'server\.(live|state)'}}]}},
    'histogram_bucket_settings': [
        {'match': {'suffix': 'downstream_rq_time'}, 'buckets': [0.25, 20000]},
        {'match': {'prefix': 'cluster.'}, 'buckets': [1, 7, 30000]}],
}


def prepare(world):
    world.origin()
    made = config.default(world)
    made['stats_config'] = STATS
    table = {'name': 'all', 'virtual_hosts': [{'name': 'all', 'domains': ['*'], 'routes': [
        config.route('/', NAME)]}]}
    made['static_resources'] = {
        'listeners': [config.http_listener(world, '10.80.1.1', 80, route_config=table)],
        'clusters': [config.cluster(NAME, ('10.80.2.2', 8080), circuit_breakers={
            'thresholds': [{'max_connections': 7, 'track_remaining': True}]})]}
    manager = made['static_resources']['listeners'][0]['filter_chains'][0]['filters'][0]['typed_config']
    manager['stat_prefix'] = '0.0.0.0_80'
    world.start_gateway(made)
    world.exporter = world.start('gateway', [program('hydrofoil-exporter'), '--listen', '127.0.0.1:9902'])
    until('the exporter answers', lambda: not world.call(
        'gateway', ['curl', '-sf', '-o', '/dev/null', 'http://127.0.0.1:9902/metrics'], check=False).returncode)
    for status in (200, 200, 404):
        world.curl('-o', '/dev/null', f'http://10.80.1.1/status?c={status}')


def exported(world, *words):
    return world.call('gateway', ['curl', '-sS', '--fail', *words, 'http://127.0.0.1:9902/metrics']).stdout


def has(text, line):
    assert f'\n{line}\n' in text, f'{line!r} is not in\n' + '\n'.join(
        l for l in text.splitlines() if l.startswith(line.split('{')[0]))


def check_names(text):
    labels = f'mesh="blue",cluster_name="{NAME}"'
    has(text, f'envoy_cluster_upstream_rq_total{{{labels}}} 3')
    has(text, f'envoy_cluster_upstream_rq{{response_code="404",{labels}}} 1')
    has(text, f'envoy_cluster_upstream_rq{{response_code_class="2xx",{labels}}} 2')
    has(text, f'envoy_cluster_circuit_breakers_default_remaining_cx{{{labels}}} 6')
    has(text, 'envoy_http_downstream_rq_total{mesh="blue",http_conn_manager_prefix="0.0.0.0_80"} 3')
    has(text, 'envoy_listener_downstream_cx_total{mesh="blue",listener_address="10.80.1.1_80"} 3')
    has(text, 'envoy_server_live{mesh="blue"} 1')
    assert 'envoy_cluster_name=' not in text and 'envoy_response_code' not in text


def test_rules_shape_names_and_labels(world):
    until('three requests counted', lambda: 'downstream_rq_total: 3\n' in world.admin('/stats')[1], 5)
    check_names(world.admin('/stats/prometheus')[1])
    check_names(exported(world))
    # Dotted names stay what they are.
    assert f'cluster.{NAME}.upstream_rq_total: 3\n' in world.admin('/stats')[1]


def test_an_inclusion_list_hides_the_rest(world):
    for text in (exported(world), world.admin('/stats/prometheus')[1]):
        assert 'envoy_cluster_manager' not in text and 'downstream_rq_2xx' not in text
        assert 'envoy_server_uptime' not in text
        # Ours could not be listed by Envoy's users.
        assert 'hydrofoil_tcp_segments_in_total{mesh="blue"} ' in text
    stats = world.admin('/stats')[1]
    assert 'server.live: 1\n' in stats and 'server.uptime' not in stats and 'hydrofoil.tcp.' in stats


def test_distributions_have_their_buckets(world):
    text = exported(world)
    bounds = re.findall(r'^envoy_cluster_upstream_rq_time_bucket\{.*le="([^"]+)"\} (\d+)$', text, re.MULTILINE)
    assert [b for b, _ in bounds] == ['1', '7', '30000', '+Inf'] and bounds[-1][1] == '3', bounds
    bounds = re.findall(r'^envoy_http_downstream_rq_time_bucket\{.*le="([^"]+)"\} (\d+)$', text, re.MULTILINE)
    assert [b for b, _ in bounds] == ['0.25', '20000', '+Inf'] and bounds[-1][1] == '3', bounds
    shown = world.admin('/stats?filter=downstream_rq_time&histogram_buckets=cumulative')[1]
    assert ' B0.25(' in shown and ' B20000(' in shown and ' B5(' not in shown, shown


def test_promtool_has_nothing_to_say(world):
    for accept in ('text/plain', 'application/openmetrics-text; version=1.0.0'):
        text = exported(world, '-H', f'Accept: {accept}')
        if 'openmetrics' in accept:
            assert text.endswith('# EOF\n')
            continue
        done = subprocess.run(['promtool', 'check', 'metrics'], input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, done.stdout


def test_gzip_by_accept_encoding(world):
    path = os.path.join(world.folder, 'metrics.gz')
    head = world.call('gateway', ['curl', '-sS', '-D', '-', '-o', path, '-H', 'Accept-Encoding: gzip',
                                  'http://127.0.0.1:9902/metrics']).stdout.lower()
    assert 'content-encoding: gzip' in head, head
    with open(path, 'rb') as packed:
        data = packed.read()
    check_names(gzip.decompress(data).decode())
    assert len(data) * 4 < len(exported(world)), len(data)
    # Others get the same as text.
    check_names(exported(world, '--compressed'))


def test_foilctl_shows_dotted_names(world):
    shown = world.call('gateway', [program('foilctl'), 'stat', 'remaining_cx']).stdout
    assert re.search(r'^ *6 +cluster\.outbound\|8080.*\.circuit_breakers\.default\.remaining_cx$', shown,
                     re.MULTILINE), shown


def test_another_dialect_is_refused_with_its_place(world):
    wrong = config.default(world)
    wrong['stats_config'] = {'stats_tags': [{'tag_name': 'a', 'regex': '(?<=a)b'}],
                             'stats_matcher': {'exclusion_list': {'patterns': [
                                 {'safe_regex': {'regex': 'a(?=b)'}}]}}}
    path = world.write_json('wrong.json', wrong)
    done = world.call('gateway', [program('hydrofoil'), '-c', path, '--mode', 'validate'], check=False)
    told = done.stdout + done.stderr
    assert done.returncode != 0, told
    assert 'stats_config.stats_tags[0].regex' in told and 'which ECMAScript does not have' in told, told
    assert 'exclusion_list.patterns[0].safe_regex' in told and 'which RE2 does not have' in told, told


if __name__ == '__main__':
    run(globals(), prepare)
