#!/usr/bin/env python3
"""Writes the .proto files under xds/proto/ from the descriptors in PyPI's xds-protos.

    subset.py OUT        rewrites OUT/{envoy,udpa,xds}/...

What is held: the messages named in ROOTS and everything their fields refer to, each with all of
its fields.  Comments, validation rules and other options are left out; google/protobuf/*.proto
come from protobuf itself.  Run it when a root is added, and commit what it writes.
"""
import importlib
import os
import pkgutil
import shutil
import sys

from google.protobuf import descriptor_pb2, descriptor_pool

ROOTS = """
envoy.config.bootstrap.v3.Bootstrap
envoy.config.listener.v3.Listener
envoy.config.route.v3.RouteConfiguration
envoy.config.route.v3.FilterConfig
envoy.config.cluster.v3.Cluster
envoy.config.endpoint.v3.ClusterLoadAssignment
envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
envoy.extensions.filters.http.router.v3.Router
envoy.extensions.filters.http.header_mutation.v3.HeaderMutation
envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute
envoy.extensions.access_loggers.file.v3.FileAccessLog
envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
envoy.extensions.access_loggers.stream.v3.StderrAccessLog
envoy.extensions.upstreams.http.v3.HttpProtocolOptions
envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin
envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest
envoy.extensions.load_balancing_policies.random.v3.Random
envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer
envoy.extensions.clusters.dns.v3.DnsCluster
udpa.type.v1.TypedStruct
xds.type.v3.TypedStruct
""".split()

# Short C prefixes: Core__Address instead of Envoy__Config__Core__V3__Address.
C_PACKAGE = {
    'envoy.config.accesslog.v3': 'accesslog',
    'envoy.config.bootstrap.v3': 'bootstrap',
    'envoy.config.cluster.v3': 'cluster',
    'envoy.config.common.matcher.v3': 'common_matcher',
    'envoy.config.common.mutation_rules.v3': 'mutation_rules',
    'envoy.config.core.v3': 'core',
    'envoy.config.endpoint.v3': 'endpoint',
    'envoy.config.listener.v3': 'listener',
    'envoy.config.metrics.v3': 'metrics',
    'envoy.config.overload.v3': 'overload',
    'envoy.config.route.v3': 'route',
    'envoy.config.trace.v3': 'trace',
    'envoy.data.accesslog.v3': 'data_accesslog',
    'envoy.extensions.access_loggers.file.v3': 'file_log',
    'envoy.extensions.access_loggers.stream.v3': 'stream_log',
    'envoy.extensions.clusters.common.dns.v3': 'dns_common',
    'envoy.extensions.clusters.dns.v3': 'dns_cluster',
    'envoy.extensions.filters.http.header_mutation.v3': 'header_mutation',
    'envoy.extensions.filters.http.router.v3': 'router',
    'envoy.extensions.filters.network.http_connection_manager.v3': 'hcm',
    'envoy.extensions.filters.network.tcp_proxy.v3': 'tcp_proxy',
    'envoy.extensions.load_balancing_policies.common.v3': 'lb_common',
    'envoy.extensions.load_balancing_policies.least_request.v3': 'lb_least_request',
    'envoy.extensions.load_balancing_policies.random.v3': 'lb_random',
    'envoy.extensions.load_balancing_policies.round_robin.v3': 'lb_round_robin',
    'envoy.extensions.transport_sockets.raw_buffer.v3': 'raw_buffer',
    'envoy.extensions.transport_sockets.tls.v3': 'tls',
    'envoy.extensions.upstreams.http.v3': 'upstream_http',
    'envoy.type.http.v3': 'type_http',
    'envoy.type.matcher.v3': 'matcher',
    'envoy.type.metadata.v3': 'metadata',
    'envoy.type.tracing.v3': 'tracing',
    'envoy.type.v3': 'type',
    'udpa.type.v1': 'udpa_type',
    'xds.core.v3': 'xds_core',
    'xds.type.matcher.v3': 'xds_matcher',
    'xds.type.v3': 'xds_type',
}

F = descriptor_pb2.FieldDescriptorProto
SCALAR = {getattr(F, 'TYPE_' + name.upper()): name for name in (
    'double float int64 uint64 int32 fixed64 fixed32 bool string bytes uint32 sfixed32 sfixed64 '
    'sint32 sint64').split()}


def load_everything():
    """Registers every file of the envoy, udpa and xds packages."""
    for package in ('envoy', 'udpa', 'xds'):
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, package + '.'):
            if module.name.endswith('_pb2'):
                try:
                    importlib.import_module(module.name)
                except (ImportError, TypeError):
                    pass  # a file that needs packages which the wheel does not bring


def closure(pool):
    messages, enums, todo = set(), set(), [pool.FindMessageTypeByName(r) for r in ROOTS]
    while todo:
        message = todo.pop()
        if message.full_name in messages:
            continue
        messages.add(message.full_name)
        for field in message.fields:
            if field.message_type:
                todo.append(field.message_type)
            if field.enum_type:
                enums.add(field.enum_type.full_name)
    return messages, enums


class File:
    def __init__(self, pool, name, messages, enums):
        self.pool, self.name, self.messages, self.enums = pool, name, messages, enums
        self.proto = descriptor_pb2.FileDescriptorProto()
        pool.FindFileByName(name).CopyToProto(self.proto)
        self.imports, self.lines = set(), []

    def holds(self, full_name, message):
        """A message stands here if it is held or if something in it is."""
        inner = full_name + '.'
        return any(n == full_name or n.startswith(inner) for n in self.messages | self.enums)

    def type_name(self, field):
        if field.type in SCALAR:
            return SCALAR[field.type]
        full = field.type_name[1:]
        find = self.pool.FindEnumTypeByName if field.type == F.TYPE_ENUM else \
            self.pool.FindMessageTypeByName
        owner = find(full).file.name
        if owner != self.name:
            self.imports.add(owner)
        return '.' + full

    def enum(self, enum, indent):
        self.lines.append('%senum %s {' % (indent, enum.name))
        if enum.options.allow_alias:
            self.lines.append(indent + '  option allow_alias = true;')
        for value in enum.value:
            self.lines.append('%s  %s = %d;' % (indent, value.name, value.number))
        self.lines.append(indent + '}')

    def field(self, field, message, full_name, indent):
        label, type_name = '', self.type_name(field)
        for nested in message.nested_type:
            if nested.options.map_entry and field.type_name == '.%s.%s' % (full_name, nested.name):
                type_name = 'map<%s, %s>' % tuple(self.type_name(f) for f in nested.field)
                break
        else:
            if field.label == F.LABEL_REPEATED:
                label = 'repeated '
        options = ' [deprecated = true]' if field.options.deprecated else ''
        self.lines.append('%s%s%s %s = %d%s;' % (indent, label, type_name, field.name, field.number,
                                                 options))

    def message(self, message, full_name, indent):
        if not self.holds(full_name, message) or message.options.map_entry:
            return
        self.lines.append('%smessage %s {' % (indent, message.name))
        for enum in message.enum_type:
            if full_name + '.' + enum.name in self.enums:
                self.enum(enum, indent + '  ')
        for nested in message.nested_type:
            self.message(nested, full_name + '.' + nested.name, indent + '  ')
        if full_name in self.messages:
            done = set()
            for field in message.field:
                if not field.HasField('oneof_index'):
                    self.field(field, message, full_name, indent + '  ')
                elif field.oneof_index not in done:
                    done.add(field.oneof_index)
                    self.lines.append('%s  oneof %s {' % (
                        indent, message.oneof_decl[field.oneof_index].name))
                    for member in message.field:
                        if member.HasField('oneof_index') and \
                                member.oneof_index == field.oneof_index:
                            self.field(member, message, full_name, indent + '    ')
                    self.lines.append(indent + '  }')
        self.lines.append(indent + '}')

    def text(self):
        package = self.proto.package
        for enum in self.proto.enum_type:
            if package + '.' + enum.name in self.enums:
                self.enum(enum, '')
        for message in self.proto.message_type:
            self.message(message, package + '.' + message.name, '')
        imports = ''.join('import "%s";\n' % i
                          for i in sorted(self.imports | {'protobuf-c/protobuf-c.proto'}))
        options = ''.join('option (pb_c_file).%s = %s;\n' % o for o in (
            ('c_package', '"%s"' % C_PACKAGE[package]), ('gen_pack_helpers', 'false'),
            ('gen_init_helpers', 'false')))
        return '// Written by xds/proto/subset.py; do not edit.\nsyntax = "proto3";\n\npackage %s;\n\n%s\n%s\n%s\n' % (
            package, imports, options, '\n'.join(self.lines))


def main(out):
    load_everything()
    pool = descriptor_pool.Default()
    messages, enums = closure(pool)
    files = {pool.FindMessageTypeByName(m).file.name for m in messages}
    files |= {pool.FindEnumTypeByName(e).file.name for e in enums}
    for package in ('envoy', 'udpa', 'xds'):
        shutil.rmtree(os.path.join(out, package), ignore_errors=True)
    for name in sorted(files):
        if name.startswith('google/'):
            continue
        path = os.path.join(out, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as f:
            f.write(File(pool, name, messages, enums).text())
    print('%d messages, %d enums, %d files' % (len(messages), len(enums), len(files)))


if __name__ == '__main__':
    main(sys.argv[1])
