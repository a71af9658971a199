"""Bootstraps as Python dictionaries; written as JSON, which the gateway reads like YAML.

default() has these routes on 10.80.1.1:80 and [fd80:1::1]:80 (host "*"):

    /direct        direct response 200 "from the gateway\\n"
    /old           redirect 301 to /new
    /v6/           cluster origin6, prefix rewritten to /
    /dns/          cluster by_name (STRICT_DNS origin.test), prefix rewritten to /
    /dead/         cluster dead: nobody listens there
    /late/         cluster origin, route timeout 1 s
    /changed/      header mutation on the route, both ways
    /site/         cluster site (an nginx, where a test starts one), prefix rewritten to /
    /              cluster origin

host "only.test" has /only and nothing else, so that everything else is 404 there.
tcp_proxy on 10.80.1.1:9000 to the origin's echo port.
"""

import os

TYPE = 'type.googleapis.com/'
HTTP = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'
TCP = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'
ROUTER = 'envoy.extensions.filters.http.router.v3.Router'
MUTATION = 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation'
FILE_LOG = 'envoy.extensions.access_loggers.file.v3.FileAccessLog'


def any_of(name, **fields):
    return {'@type': TYPE + name, **fields}


def ports(kind=None):
    """kind: of both ports; else that of the run (HYDROFOIL_PORT_KIND), else af_packet."""
    kind = kind or os.environ.get('HYDROFOIL_PORT_KIND', 'af_packet')
    front, back = ('t0', 't1') if kind == 'tap' else ('g0', 'g1')
    return [
        {'name': 'front', kind: {'interface': front}, 'mac': '02:00:00:00:01:01',
         'addresses': ['10.80.1.1/24', 'fd80:1::1/64']},
        {'name': 'back', kind: {'interface': back}, 'mac': '02:00:00:00:02:01',
         'addresses': ['10.80.2.1/24', 'fd80:2::1/64']},
    ]


def address(host, port):
    return {'socket_address': {'address': host, 'port_value': port}}


def pipe(path, **fields):
    return {'pipe': {'path': path, **fields}}


def cluster(name, *hosts, kind='STATIC', **fields):
    """hosts: (address, port) each, or an address of pipe()."""
    endpoints = [{'endpoint': {'address': host if isinstance(host, dict) else address(*host)}}
                 for host in hosts]
    return {'name': name, 'type': kind, 'connect_timeout': '1s',
            'load_assignment': {'cluster_name': name, 'endpoints': [{'lb_endpoints': endpoints}]},
            **fields}


def route(prefix, to, **action):
    return {'match': {'prefix': prefix}, 'route': {'cluster': to, **action}}


def overwrite(name, value):
    return {'header': {'key': name, 'value': value}, 'append_action': 'OVERWRITE_IF_EXISTS_OR_ADD'}


def mutation_filter():
    return {'name': 'envoy.filters.http.header_mutation', 'typed_config': any_of(
        MUTATION, mutations={
            'request_mutations': [{'append': overwrite('x-filter', 'seen')}],
            'response_mutations': [{'append': overwrite('x-filter-answer', 'seen')},
                                   {'remove': 'x-secret'}]})}


def virtual_hosts():
    changed = route('/changed/', 'origin', prefix_rewrite='/')
    changed['request_headers_to_add'] = [overwrite('x-route', 'added')]
    changed['request_headers_to_remove'] = ['x-unwanted']
    changed['response_headers_to_add'] = [overwrite('x-route-answer', 'added')]
    routes = [
        {'match': {'path': '/direct'},
         'direct_response': {'status': 200, 'body': {'inline_string': 'from the gateway\n'}}},
        {'match': {'path': '/old'}, 'redirect': {'path_redirect': '/new'}},
        route('/v6/', 'origin6', prefix_rewrite='/'),
        route('/dns/', 'by_name', prefix_rewrite='/'),
        route('/dead/', 'dead'),
        route('/late/', 'origin', timeout='1s', prefix_rewrite='/'),
        changed,
        route('/site/', 'site', prefix_rewrite='/'),
        route('/', 'origin', timeout='0s'),
    ]
    return [
        {'name': 'only', 'domains': ['only.test'], 'routes': [route('/only', 'origin')]},
        {'name': 'suffix', 'domains': ['*.suffix.test'], 'routes': [
            {'match': {'prefix': '/'},
             'direct_response': {'status': 200, 'body': {'inline_string': 'suffix\n'}}}]},
        {'name': 'all', 'domains': ['*'], 'routes': routes},
    ]


def http_listener(world, host, port, **fields):
    manager = any_of(HTTP, stat_prefix='ingress', **{
        'codec_type': 'AUTO',
        'http_protocol_options': {'accept_http_10': True, 'default_host_for_http_10': 'ten.test'},
        'access_log': [{'name': 'file', 'typed_config': any_of(FILE_LOG, path=world.access_log)}],
        'route_config': {'name': 'local', 'virtual_hosts': virtual_hosts()},
        'http_filters': [mutation_filter(),
                         {'name': 'envoy.filters.http.router', 'typed_config': any_of(ROUTER)}],
        **fields})
    return {'name': f'http-{host}', 'address': address(host, port),
            'filter_chains': [{'filters': [{'name': 'http', 'typed_config': manager}]}]}


def tcp_listener(host, port, to):
    return {'name': f'tcp-{port}', 'address': address(host, port),
            'filter_chains': [{'filters': [{'name': 'tcp', 'typed_config': any_of(
                TCP, stat_prefix='tcp', cluster=to)}]}]}


def default(world, http=None, clusters=(), listeners=(), hydrofoil=None):
    """http: fields of the connection manager to change; the rest is added to the lists."""
    return {
        'node': {'id': 'e2e', 'cluster': 'e2e'},
        'admin': {'address': address('127.0.0.1', 9901)},
        'hydrofoil': {'ports': ports(), **(hydrofoil or {})},
        'static_resources': {
            'listeners': [http_listener(world, '10.80.1.1', 80, **(http or {})),
                          http_listener(world, 'fd80:1::1', 80, **(http or {})),
                          tcp_listener('10.80.1.1', 9000, 'echo'), *listeners],
            'clusters': [
                cluster('origin', ('10.80.2.2', 8080)),
                cluster('origin6', ('fd80:2::2', 8080)),
                cluster('by_name', ('origin.test', 8080), kind='STRICT_DNS',
                        dns_refresh_rate='1s'),
                cluster('dead', ('10.80.2.2', 8099)),
                cluster('site', ('10.80.2.2', 8081)),
                cluster('echo', ('10.80.2.2', 8082)), *clusters],
        },
    }
