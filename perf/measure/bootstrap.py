"""The gateway's bootstrap for measurements: 100 routes, one cluster of four endpoints, two ports."""

TYPE = 'type.googleapis.com/'
HTTP = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'
ROUTER = 'envoy.extensions.filters.http.router.v3.Router'
ROUTES = 100
ENDPOINTS = ['10.90.2.11', '10.90.2.12', '10.90.2.13', '10.90.2.14']
ORIGIN_PORT = 8080
GATEWAY = '10.90.1.1'


def memif(name, sockets, address, identity):
    return {'name': name, 'mac': f'02:00:00:00:0{identity}:01', 'addresses': [f'{address}/24'],
            'memif': {'socket': f'{sockets}/{name}.sock', 'role': 'CLIENT', 'id': 0}}


def endpoint(host):
    address = {'socket_address': {'address': host, 'port_value': ORIGIN_PORT}}
    return {'endpoint': {'address': address}}


def routes():
    return [{'match': {'prefix': f'/route/{number}/'}, 'route': {'cluster': 'origin'}}
            for number in range(ROUTES)]


def http_filters():
    return [{'name': 'envoy.filters.http.router', 'typed_config': {'@type': TYPE + ROUTER}}]


def listener():
    manager = {'@type': TYPE + HTTP, 'stat_prefix': 'load', 'http_filters': http_filters(),
               'route_config': {'name': 'load', 'virtual_hosts': [
                   {'name': 'load', 'domains': ['*'], 'routes': routes()}]}}
    chain = {'filters': [{'name': 'envoy.filters.network.http_connection_manager',
                          'typed_config': manager}]}
    return {'name': 'load', 'filter_chains': [chain], 'address': {
        'socket_address': {'address': GATEWAY, 'port_value': 80}}}


def cluster():
    limits = {'max_connections': 100000, 'max_pending_requests': 100000, 'max_requests': 100000}
    return {'name': 'origin', 'type': 'STATIC', 'connect_timeout': '5s',
            'lb_policy': 'LEAST_REQUEST', 'circuit_breakers': {'thresholds': [limits]},
            'load_assignment': {'cluster_name': 'origin', 'endpoints': [
                {'lb_endpoints': [endpoint(host) for host in ENDPOINTS]}]}}


def bootstrap(sockets, name):
    return {
        'hydrofoil': {'ports': [memif('front', sockets, GATEWAY, 1),
                                memif('back', sockets, '10.90.2.1', 2)],
                      'stats': {'name': name}},
        'admin': {'address': {'socket_address': {'address': '127.0.0.1', 'port_value': 19905}}},
        'static_resources': {'listeners': [listener()], 'clusters': [cluster()]},
    }
