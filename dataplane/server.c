#include "dataplane/server.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "dataplane/clock.h"
#include "dataplane/from_bootstrap.h"
#include "dataplane/logger.h"
#include "dataplane/server_private.h"
#include "stack/base/counter.h"
#include "stack/base/time.h"

#define TICK_STARTING_MS 5
#define TICK_MS 100
#define TICKS_A_SECOND 10

const char server_version[] = HYDROFOIL_VERSION;

static void gauge_set(uint64_t *gauge, uint64_t value)
{
	__atomic_store_n(gauge, value, __ATOMIC_RELAXED);
}

enum admin_state server_state(const struct server *server)
{
	enum admin_state state = __atomic_load_n(&server->state, __ATOMIC_ACQUIRE);

	/* As Envoy: what is to fail its health checks says that it drains. */
	return state == ADMIN_LIVE && __atomic_load_n(&server->health_failed, __ATOMIC_ACQUIRE)
		       ? ADMIN_DRAINING
		       : state;
}

static void count_state(struct server *server)
{
	struct process_counters *process = segment_process(server->assembly.segment);
	enum admin_state state = server_state(server);

	gauge_set(&process->state, state);
	gauge_set(&process->live, state == ADMIN_LIVE);
}

void server_set_state(struct server *server, enum admin_state state)
{
	__atomic_store_n(&server->state, state, __ATOMIC_RELEASE);
	count_state(server);
}

void server_set_health(struct server *server, bool fail)
{
	__atomic_store_n(&server->health_failed, fail, __ATOMIC_RELEASE);
	count_state(server);
}

static void drained(void *context, bool in_time)
{
	struct server *server = context;

	if (in_time)
		log_info("main", "drained");
	else
		log_warning("main", "%u connections were still open after the drain time of %u s",
			    assembly_connections(&server->assembly), server->drain_seconds);
	control_loop_stop(server->loop);
}

void server_quit(struct server *server)
{
	if (server->quitting) {
		log_info("main", "ending at once");
		control_loop_stop(server->loop);
		return;
	}
	server->quitting = true;
	server->listening = true; /* what still warms is not waited for */
	server_set_state(server, ADMIN_DRAINING);
	log_info("main", "draining: no new connections, at most %u s for those that are open",
		 server->drain_seconds);
	drain_begin(&server->drain, server->drain_seconds);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct server *server = handle->data;

	if (number == SIGUSR1) {
		log_writer_reopen(server->assembly.log);
		return;
	}
	server_quit(server);
}

static void on_tick(uv_timer_t *timer)
{
	struct server *server = timer->data;
	static unsigned ticks;

	server_capture_tick(server);
	server_trace_tick(server);
	address_watch_look(&server->addresses, &server->assembly);
	server_config_step(server);
	server_count_config(server);
	if (server->state != ADMIN_INITIALIZING && uv_timer_get_repeat(timer) != TICK_MS)
		uv_timer_set_repeat(timer, TICK_MS);
	if (ticks++ % TICKS_A_SECOND != 0)
		return;
	segment_tick(server->assembly.segment, clock_wall_ns());
	assembly_look_at_ports(&server->assembly);
	crew_tick(&server->crew);
	server_count_process(server);
}

/* First look at the file: its faults, and what the hardware needs. */
static bool read_settings(const struct options *options, struct dataplane_settings *settings,
			  uint32_t *drain_seconds, struct why *why)
{
	struct translate_env env = {.names = config_names_create()};
	struct bootstrap bootstrap;
	bool good;

	if (!env.names)
		return why_set(why, "no memory");
	good = bootstrap_load(&bootstrap, options->config_path, &env);
	fault_list_print(&bootstrap.document.faults, stderr);
	if (!good)
		why_set(why, "%s has faults", options->config_path);
	good = good && settings_from_bootstrap(settings, &bootstrap, why);
	if (good && options->concurrency)
		settings->workers = options->concurrency;
	good = good && settings_complete(settings, why);
	if (good)
		*drain_seconds = options->drain_given ?
					 options->drain_seconds :
					 drain_seconds_from_bootstrap(&bootstrap, options->drain_seconds);
	bootstrap_free(&bootstrap);
	config_names_destroy(env.names);
	return good;
}

/* A connection is a descriptor, where the kernel serves it. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)!setrlimit(RLIMIT_NOFILE, &limit);
}

static bool start(struct server *server, const struct dataplane_settings *settings, struct why *why)
{
	static const int numbers[SERVER_SIGNALS] = {SIGTERM, SIGINT, SIGUSR1};
	sigset_t all, before;

	/* Threads that are made below inherit the mask: signals are the main thread's. */
	raise_descriptor_limit();
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	bool open = assembly_open(&server->assembly, settings, server_version, why);

	if (open) {
		crew_init(&server->crew, &server->assembly);
		server_set_state(server, ADMIN_INITIALIZING);
		open = assembly_start_workers(&server->assembly, why);
	}
	server->names = config_names_create();
	if (!server->names)
		open = open && why_set(why, "no memory for names");
	open = open && control_loop_open(&server->loop, why);
	if (open) {
		uv_loop_t *uv = control_loop_uv(server->loop);

		drain_init(&server->drain, uv, &server->assembly, drained, server);
		uv_timer_init(uv, &server->close_listeners);
		server->close_listeners.data = server;
		uv_timer_init(uv, &server->tick);
		server->tick.data = server;
		for (unsigned i = 0; i < SERVER_SIGNALS; i++) {
			uv_signal_init(uv, &server->signals[i]);
			server->signals[i].data = server;
			uv_signal_start(&server->signals[i], on_signal, numbers[i]);
		}
		open = server_config_start(server, why) && server_admin_start(server, why);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return open;
}

static void close_handles(struct server *server)
{
	if (!server->loop)
		return;
	if (server->dns)
		dns_close(server->dns);
	drain_close(&server->drain);
	uv_close((uv_handle_t *)&server->close_listeners, NULL);
	uv_close((uv_handle_t *)&server->tick, NULL);
	for (unsigned i = 0; i < SERVER_SIGNALS; i++)
		uv_close((uv_handle_t *)&server->signals[i], NULL);
}

static void finish(struct server *server)
{
	/* First whoever looks at the rest: admin, then the workers, then what they used. */
	if (server->admin)
		admin_stop(server->admin);
	close_handles(server);
	if (server->loop)
		control_loop_close(server->loop);
	if (server->places)
		kernel_places_destroy(server->places);
	if (server->bootstrap_loaded)
		bootstrap_free(&server->bootstrap);
	assembly_close(&server->assembly);
	server_capture_free();
	server_trace_free();
	server_count_free(server);
	if (server->names)
		config_names_destroy(server->names);
}

int server_run(const struct options *options)
{
	static struct server server;
	struct dataplane_settings settings;
	struct why why;

	server.options = options;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	log_info("main", "hydrofoil %s, configuration %s", server_version, options->config_path);
	if (!read_settings(options, &settings, &server.drain_seconds, &why) ||
	    !start(&server, &settings, &why)) {
		log_error("main", "%s", why.text);
		finish(&server);
		return 1;
	}
	uv_timer_start(&server.tick, on_tick, 0, TICK_STARTING_MS);
	control_loop_run(server.loop);
	finish(&server);
	log_info("main", "ended");
	return 0;
}
