/* How much the shared segment can hold.  All of it is address space in a sparse file: a page costs
 * memory only from when something in it was given out. */
#ifndef DATAPLANE_COUNTERS_LIMITS_H
#define DATAPLANE_COUNTERS_LIMITS_H

#include <stdint.h>

#define SEGMENT_WORKERS_MAX 128
#define SEGMENT_PORTS_MAX 32

/* Slots by kind; slot 0 is the one shared by all that found no room. */
#define SEGMENT_LISTENERS_MAX 1024
#define SEGMENT_HTTPS_MAX 1024
#define SEGMENT_CLUSTERS_MAX 16384
#define SEGMENT_ENDPOINTS_MAX 131072
#define SEGMENT_ROUTES_MAX 16384
#define SEGMENT_TCP_PROXIES_MAX 1024

/* A longer name is cut and ends in "~" and the hash of the whole (16 hex digits). */
#define SEGMENT_NAME_BYTES 304

/* Histograms of one worker: room in the file, and how much is backed by memory ahead of use. */
#define SEGMENT_HISTOGRAMS_MAX 8192
#define SEGMENT_HISTOGRAMS_AHEAD 64

#define SEGMENT_PAGE_BYTES 4096

/* stats_config as JSON, NUL included. */
#define SEGMENT_SETTINGS_BYTES 65536

/* A reader gives up on a directory that is being changed all the time after so many tries. */
#define SEGMENT_READ_TRIES_MAX 1000

_Static_assert(SEGMENT_WORKERS_MAX <= UINT16_MAX, "workers are counted in 16 bits");
_Static_assert(SEGMENT_HISTOGRAMS_MAX < UINT32_MAX, "histograms are numbered in 32 bits");
_Static_assert(SEGMENT_NAME_BYTES % 8 == 0, "names are copied word by word");
_Static_assert(SEGMENT_HISTOGRAMS_AHEAD <= SEGMENT_HISTOGRAMS_MAX, "ahead of use, but in the file");

#endif
