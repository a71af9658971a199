#include "stack/base/planted.h"

enum planted_id planted_fault;
