"""The configuration of measurements: 100 routes, one cluster of four endpoints, nothing logged.
Envoy runs the same listeners and clusters as hydrofoil does."""

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


def address(host, port):
    return {'socket_address': {'address': host, 'port_value': port}}


def routes():
    return [{'match': {'prefix': f'/route/{number}/'}, 'route': {'cluster': 'origin'}}
            for number in range(ROUTES)]


def http_filters():
    return [{'name': 'envoy.filters.http.router', 'typed_config': {'@type': TYPE + ROUTER}}]


def listener(host, port):
    manager = {'@type': TYPE + HTTP, 'stat_prefix': 'load', 'http_filters': http_filters(),
               'route_config': {'name': 'load', 'virtual_hosts': [
                   {'name': 'load', 'domains': ['*'], 'routes': routes()}]}}
    chain = {'filters': [{'name': 'envoy.filters.network.http_connection_manager',
                          'typed_config': manager}]}
    return {'name': 'load', 'filter_chains': [chain], 'address': address(host, port)}


def cluster(endpoints):
    limits = {'max_connections': 100000, 'max_pending_requests': 100000, 'max_requests': 100000}
    return {'name': 'origin', 'type': 'STATIC', 'connect_timeout': '5s',
            'lb_policy': 'LEAST_REQUEST', 'circuit_breakers': {'thresholds': [limits]},
            'load_assignment': {'cluster_name': 'origin', 'endpoints': [
                {'lb_endpoints': [{'endpoint': {'address': address(host, port)}}
                                  for host, port in endpoints]}]}}


def static_resources(front, endpoints):
    """front and endpoints: (host, port)."""
    return {'listeners': [listener(*front)], 'clusters': [cluster(endpoints)]}


def hydrofoil(name, ports, front, endpoints, **section):
    return {
        'hydrofoil': {'ports': ports, 'stats': {'name': name}, 'drain_time': '1s', **section},
        'admin': {'address': address('127.0.0.1', 19905)},
        'static_resources': static_resources(front, endpoints),
    }


def over_memif(sockets, name, **section):
    return hydrofoil(name, [memif('front', sockets, GATEWAY, 1), memif('back', sockets, '10.90.2.1', 2)],
                     (GATEWAY, 80), [(host, ORIGIN_PORT) for host in ENDPOINTS], **section)
