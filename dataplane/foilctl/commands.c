/* The commands and their options. */
#include "dataplane/foilctl/commands.h"

#include <string.h>

/* A longer list of values is left to completion. */
#define ARGUMENT_BYTES_MAX 24

#define MEMBER(member) offsetof(struct foilctl_options, member)
#define FLAG(name, letter, member, help) {name, letter, NULL, FOILCTL_FLAG, MEMBER(member), help}
#define TEXT(name, letter, argument, member, help)                                                 \
	{name, letter, argument, FOILCTL_TEXT, MEMBER(member), help}
#define NUMBER(name, letter, member, help)                                                         \
	{name, letter, "NUMBER", FOILCTL_NUMBER, MEMBER(member), help}
#define DURATION(name, letter, member, help)                                                       \
	{name, letter, "TIME", FOILCTL_DURATION, MEMBER(member), help}
#define JSON FLAG("json", 0, json, "for programs: one JSON document instead of a table")
#define ADMIN                                                                                      \
	TEXT("admin", 0, "ADDRESS", admin,                                                         \
	     "of the admin server (127.0.0.1:15000, unix:/path); found by itself while the data "  \
	     "plane runs")
#define WATCH                                                                                      \
	FLAG("watch", 'w', watch, "again and again, until Ctrl-C"),                                \
		DURATION("interval", 'i', interval_ns, "between two looks (default 1s)")
#define END {0}

const char foilctl_usual_status[] =
	"0 done; 1 it could not be done (the reason is on stderr); 64 wrong usage.";

const struct foilctl_option foilctl_common_options[] = {
	TEXT("segment", 0, "NAME|PATH", segment,
	     "which hydrofoil (default hydrofoil: /dev/shm/hydrofoil)"),
	FLAG("help", 'h', all, "what the command shows, with examples"),
	END};

static const struct foilctl_option check_options[] = {
	TEXT("config", 'c', "FILE", config, "the bootstrap that is to run here"),
	TEXT("root", 0, "FOLDER", root, "look at its sys, proc and dev instead of the machine's"), JSON,
	END};
static const struct foilctl_example check_examples[] = {
	{"check -c gw.yaml", "before the first start"},
	{"check --json | jq '.findings[] | select(.level == \"bad\")'", "for programs"},
	END};

static const struct foilctl_option top_options[] = {
	FLAG("once", 0, once, "one look, after one interval, and done"),
	DURATION("interval", 'i', interval_ns, "between two looks (default 1s)"), JSON, END};
static const struct foilctl_example top_examples[] = {
	{"top", "every second, until Ctrl-C"},
	{"top --once -i 10s", "means of ten seconds"},
	{"top --json | jq '.all.requests'", "requests a second, for ever"},
	END};

static const struct foilctl_option stat_options[] = {
	FLAG("nonzero", 0, nonzero, "only what has counted something"), JSON, END};
static const struct foilctl_example stat_examples[] = {
	{"stat --nonzero cluster", "what upstream clusters did"},
	{"stat upstream_rq_5xx", "which cluster answers with errors"},
	{"stat hydrofoil.worker", "load of every worker"},
	END};

static const struct foilctl_option drops_options[] = {
	FLAG("all", 'a', all, "also the reasons that never occurred: what is watched at all"), JSON,
	END};
static const struct foilctl_example drops_examples[] = {
	{"drops", "the most frequent reason first"},
	{"drops --json | jq '.drops[] | select(.reason == \"TCP_CHECKSUM\")'",
	 "one reason, by worker"},
	END};

static const struct foilctl_option conns_options[] = {
	TEXT("address", 'a', "ADDRESS|PREFIX", address, "only with this end (10.0.0.7, 10.0.0.0/8)"),
	TEXT("port", 'p', "PORT", port, "only with this port at either end"),
	TEXT("state", 's',
	     "established|syn-sent|syn-received|fin-wait-1|fin-wait-2|close-wait|closing|last-ack|"
	     "time-wait", state, "only in this state (established, syn-sent, time-wait, …)"),
	TEXT("cluster", 'c', "NAME", cluster, "only to this cluster, or serving a request for it"),
	TEXT("listener", 'l', "NAME", listener, "only accepted by this listener"),
	DURATION("idle", 0, idle_ns, "only those on which nothing moved for so long"),
	WATCH, ADMIN, JSON, END};
static const struct foilctl_example conns_examples[] = {
	{"conns", "all of them"},
	{"conns -a 10.0.0.0/8 -s established", "by address and state"},
	{"conns --cluster shop --idle 30s -w", "idle ones of one cluster, again and again"},
	{"conns --json | jq '.connections[] | select(.blocked == \"peer window\")'",
	 "those whose peer does not read"},
	END};

static const struct foilctl_option capture_options[] = {
	TEXT("write", 'w', "FILE", write_file, "where to; - writes to standard output, for a pipe"),
	TEXT("on", 'o', "PORT,…", on, "only on these ports of the data plane"),
	TEXT("direction", 'd', "rx|tx", direction, "only received, or only sent frames"),
	TEXT("address", 'a', "ADDRESS|PREFIX", address, "at either end (10.0.0.7, 10.0.0.0/8)"),
	TEXT("src", 0, "ADDRESS|PREFIX", source, "source"),
	TEXT("dst", 0, "ADDRESS|PREFIX", destination, "destination"),
	TEXT("port", 'p', "NUMBER", port, "TCP or UDP port at either end"),
	TEXT("sport", 0, "NUMBER", source_port, "source port"),
	TEXT("dport", 0, "NUMBER", destination_port, "destination port"),
	TEXT("proto", 0, "tcp|udp|icmp|icmp6|arp", protocol, "protocol, also by number"),
	TEXT("flags", 'f', "FLAG,…", flags, "at least one of these TCP flags (syn,fin,rst,psh,ack)"),
	FLAG("dropped", 0, dropped, "only received frames that were dropped; the reason is a comment"),
	NUMBER("snap", 's', snap_bytes, "bytes of each frame (default 65535)"),
	NUMBER("count", 'c', count, "end after so many frames"),
	DURATION("duration", 't', duration_ns, "end after this time"),
	NUMBER("rate", 'r', rate, "at most so many frames a second"),
	NUMBER("file-size", 0, file_bytes, "begin another file after so many bytes (FILE-00001, …)"),
	NUMBER("files", 0, files, "keep so many of them, the latest"),
	ADMIN, END};
static const struct foilctl_example capture_examples[] = {
	{"capture -w - | tshark -r -", "see everything"},
	{"capture -w cap.pcapng -p 443 -f syn,rst -t 1m", "who opens and resets"},
	{"capture -w drops.pcapng --dropped -s 128 -c 1000", "what is dropped, and why"},
	{"capture -w ring.pcapng --file-size 100M --files 10 -s 96", "the last gigabyte, for days"},
	END};

static const struct foilctl_option trace_options[] = {
	TEXT("address", 'a', "ADDRESS|PREFIX", address, "at either end (10.0.0.7, 10.0.0.0/8)"),
	TEXT("src", 0, "ADDRESS|PREFIX", source, "the client's address"),
	TEXT("dst", 0, "ADDRESS|PREFIX", destination, "our address"),
	TEXT("port", 'p', "NUMBER", port, "port at either end"),
	TEXT("sport", 0, "NUMBER", source_port, "the client's port"),
	TEXT("dport", 0, "NUMBER", destination_port, "our port"),
	TEXT("listener", 'l', "NAME", listener, "only what comes to this listener"),
	TEXT("path", 0, "PREFIX", path, "requests whose path begins so, on new and old connections"),
	TEXT("conn", 0, "ID", connection, "this connection, which is open (its ID in foilctl conns)"),
	NUMBER("connections", 'n', count, "so many of them (default 1, at most 64)"),
	DURATION("duration", 't', duration_ns, "end after this time (else with the last of them)"),
	ADMIN, FLAG("json", 0, json, "for programs: a JSON object a line, one an event"), END};
static const struct foilctl_example trace_examples[] = {
	{"trace", "the next connection, whoever it is"},
	{"trace -a 10.0.0.7 -n 3", "the next three of one client"},
	{"trace --path /checkout", "the next request for it"},
	{"trace --conn 3fa9c1d -t 10s", "what moves on one that is open"},
	{"trace -l public --json | jq -r 'select(.layer == \"route\").text'", "only the routes"},
	END};

static const struct foilctl_option requests_options[] = {
	FLAG("failed", 'f', failed, "those that failed (the default)"),
	FLAG("slow", 's', slow, "those that were slow"),
	DURATION("over", 0, over_ns, "from now on a request is slow when it takes so long (1s at the "
				     "start)"),
	NUMBER("count", 'c', count, "so many, the latest first (default 20)"), WATCH, ADMIN, JSON, END};
static const struct foilctl_example requests_examples[] = {
	{"requests", "what failed last, and whose fault it was"},
	{"requests --slow --over 50ms -w", "what takes longer than 50 ms, as it happens"},
	{"requests --json | jq '.requests[] | select(.cluster == \"shop\")'", "of one cluster"},
	END};

static const struct foilctl_option look_options[] = {WATCH, JSON, END};
static const struct foilctl_option ask_options[] = {WATCH, ADMIN, JSON, END};
static const struct foilctl_example ports_examples[] = {
	{"ports", "link, frames, bytes, and what the device lost"},
	{"ports --json | jq '.ports[] | select(.rx_missed > 0) | .name'", "ports that lose frames"},
	END};
static const struct foilctl_option workers_options[] = {
	TEXT("from", 0, "WORKER", from, "move: whose buckets move"),
	TEXT("to", 0, "WORKER", to, "move: where to"), WATCH, ADMIN, JSON, END};
static const struct foilctl_example workers_examples[] = {
	{"workers", "every worker since its start"},
	{"workers rest 1", "its new connections go to the others from now on"},
	{"workers add 1", "it takes its share again"},
	{"workers move 64 --from 0 --to 1", "64 of the 512 buckets of connections"},
	{"top", "what they do now"},
	END};
static const struct foilctl_example neigh_examples[] = {
	{"neigh", "who is where on the link"},
	{"neigh --json | jq '.neighbours[] | select(.state == \"FAILED\")'", "who does not answer"},
	END};

static const struct foilctl_example routes_examples[] = {
	{"routes", "which port and next hop serve which prefix, and what our addresses are like"},
	{"routes --json | jq '.addresses[] | select(.state == \"DUPLICATE\")'", "addresses that others have too"},
	END};

static const struct foilctl_example completion_examples[] = {
	{"completion bash >/etc/bash_completion.d/foilctl", "for all users of bash"},
	{"completion zsh >~/.zfunc/_foilctl", "for you, where ~/.zfunc is in fpath"},
	END};
static const struct foilctl_example man_examples[] = {
	{"man | man -l -", "read it where it is not installed"}, END};

const struct foilctl_command foilctl_commands[] = {
	{"check", NULL, false, "is this machine fit for it, and what cures it",
	 "Looks at CPUs, hugepages of every NUMA node, locked memory, rights, IOMMU and VFIO, user "
	 "namespaces, and at the devices of the ports that a bootstrap names; changes nothing. Each "
	 "line begins with √ (good), ‼ (it runs, with a limit) or × (it will not run), and what is "
	 "not good comes with its cure. Without a bootstrap only the CPU is needed for sure, and the "
	 "rest warns. Needs no running hydrofoil.",
	 "0 all is well; 1 it runs, with limits; 2 it will not run; 64 wrong usage.", check_options,
	 check_examples, foilctl_check},
	{"top", NULL, false, "what every worker does, live",
	 "Shows for every worker how busy it is, frames, connections, requests, the latency of the "
	 "requests that ended within the interval (half of them and 99 % of them took at most so "
	 "long), drops, and free packet buffers; below that the busiest clusters and what is being "
	 "dropped. A worker polls, so that its core always looks used: busy is the share of cycles "
	 "in which something moved.",
	 NULL, top_options, top_examples, foilctl_top},
	{"stat", "PATTERN", false, "counters by name",
	 "Shows counters by name, summed over workers. PATTERN is a regular expression that is "
	 "looked for anywhere in the name.",
	 NULL, stat_options, stat_examples, foilctl_stat},
	{"drops", NULL, false, "why packets were dropped",
	 "Shows why packets and requests were dropped, the most frequent reason first.", NULL,
	 drops_options, drops_examples, foilctl_drops},
	{"conns", NULL, false, "open connections",
	 "Shows the connections of all workers: state, addresses, bytes received and sent, "
	 "round-trip time, and why a connection does not move (window: of the peer; cwnd: congestion; "
	 "owner: we do not read). On a wide terminal also worker, idle time, listener, "
	 "cluster and the ID that foilctl trace takes.",
	 NULL, conns_options, conns_examples, foilctl_conns},
	{"ports", NULL, false, "what every port carried",
	 "Shows the ports: link, speed, MTU, frames and bytes received and sent since the start, and "
	 "what was lost: MISS (the device's ring was full), NOBUF (no packet buffer was free), errors, "
	 "and TXFULL (bursts of which the device took only a part). On a wide terminal also RSS: whether "
	 "the device's spreading over workers has passed its test; KERNTX and KERNRX: frames given to the "
	 "kernel by the exception port, and frames that it sent.",
	 NULL, look_options, ports_examples, foilctl_ports},
	{"workers", "rest|add|move NUMBER", false, "every worker; let them rest, add them, move load",
	 "Shows the workers: whether one rests, its busy share of the last second (NOW) and since the "
	 "start (BUSY), how many of the 512 buckets of connections are its own and how many it is "
	 "leaving, connections, frames, frames handed over to other workers, and whether packet buffers "
	 "suffice. On a wide terminal also polls, rests, messages, and the version of the configuration "
	 "in use.\n\n"
	 "rest N: worker N gets no new connection; add N: it takes its share again; move COUNT: so many "
	 "buckets go from one worker to another. No connection is cut: those that live stay where they "
	 "are until they end, and a bucket is being left (LEAVING) until its last one has.",
	 NULL, workers_options, workers_examples, foilctl_workers},
	{"neigh", NULL, false, "neighbours on the links (ARP, ND)",
	 "Shows the neighbours that the workers know: port, address, MAC, state, and how many packets "
	 "wait for an answer.",
	 NULL, ask_options, neigh_examples, foilctl_neigh},
	{"routes", NULL, false, "where packets go; our addresses",
	 "Shows the prefixes that the ports reach, with VLAN, and through which gateway; below that our "
	 "addresses. An address is PREFERRED when it is ours, OPTIMISTIC while it is in use and others "
	 "are still asked whether they have it, TENTATIVE while it is not in use yet, and DUPLICATE "
	 "when another host, whose MAC is shown, has it.",
	 NULL, ask_options, routes_examples, foilctl_routes},
	{"requests", NULL, false, "the last requests that failed or were slow",
	 "Shows the last 256 requests of each worker that failed (an error answer of 500 and above, "
	 "none at all, or a response flag) or were slow: when, how long, status, Envoy's response "
	 "flags, attempts, cluster, upstream host, and on a wide terminal also the route and what "
	 "happened. Requests that did well are not remembered.",
	 NULL, requests_options, requests_examples, foilctl_requests},
	{"trace", NULL, false, "every layer's events of single connections",
	 "Shows what the next new connections that fit do, layer by layer, from the first frame over "
	 "TCP, listener, HTTP, filters, route, cluster and host to the answer and its log line, with "
	 "all that happens on the upstream connection (marked >) while it serves them. What is said "
	 "must all be true of a connection; with --path single requests begin and end the trace "
	 "instead. It ends when all of them have ended.\n\n"
	 "Times are milliseconds since the first event; all that one poll of a worker does has the "
	 "same time. Traffic is not disturbed: events that come faster than they are read are lost, "
	 "and counted. At most 4 traces run at a time.",
	 NULL, trace_options, trace_examples, foilctl_trace},
	{"capture", NULL, false, "frames of the running process, as pcapng",
	 "Copies frames as the ports bring and take them into a pcapng file that tshark and Wireshark "
	 "read: what is said must all be true of a frame. Traffic is not disturbed: where frames come "
	 "faster than they can be read, copies are missed and counted. A received frame that was "
	 "dropped has the reason as its comment (tshark: frame.comment). Checksums that the device "
	 "fills in are not there yet in frames that leave.",
	 NULL, capture_options, capture_examples, foilctl_capture},
	{"completion", "bash|zsh", true, "completion for your shell",
	 "Writes a script that completes commands, options and their values.", NULL, NULL,
	 completion_examples, foilctl_completion},
	{"man", NULL, false, "the manual page, as its source",
	 "Writes the manual page of foilctl in the form that man reads.", NULL, NULL, man_examples,
	 foilctl_man},
	END};

const struct foilctl_command *foilctl_command_find(const char *name)
{
	for (const struct foilctl_command *c = foilctl_commands; c->name; c++)
		if (strcmp(name, c->name) == 0)
			return c;
	return NULL;
}

const struct foilctl_option *foilctl_option_next(const struct foilctl_command *command,
						 unsigned *at)
{
	unsigned own = 0;

	while (command && command->options && command->options[own].name)
		own++;
	unsigned here = (*at)++;
	const struct foilctl_option *option =
		here < own ? &command->options[here] : &foilctl_common_options[here - own];

	return option->name ? option : NULL;
}

const char *foilctl_argument(const struct foilctl_option *option, char out[32])
{
	if (strlen(option->argument) <= ARGUMENT_BYTES_MAX)
		return option->argument;
	for (unsigned i = 0; i < 31; i++) {
		char c = option->name[i];

		out[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
		if (c == '\0')
			break;
	}
	out[31] = '\0';
	return out;
}

void foilctl_synopsis(const struct foilctl_command *command, struct text *out)
{
	char label[32];

	text_add(out, command->name);
	if (command->operand)
		text_printf(out, command->operand_needed ? " %s" : " [%s]", command->operand);
	for (const struct foilctl_option *o = command->options; o && o->name; o++) {
		if (o->letter)
			text_printf(out, " [-%c", o->letter);
		else
			text_printf(out, " [--%s", o->name);
		if (o->argument)
			text_printf(out, " %s", foilctl_argument(o, label));
		text_add(out, "]");
	}
}
