/* The configs of the simulated worker: bootstrap text, translated once a process. */
#ifndef TESTS_SIM_SUBJECT_CONFIG_H
#define TESTS_SIM_SUBJECT_CONFIG_H

#include <stdint.h>

#include "gateway/config/config.h"

const struct config *subject_config_root(unsigned index);
/* STAT_HTTP slot of the connection manager. */
uint32_t subject_config_http_slot(void);

#endif
