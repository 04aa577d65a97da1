/* How long things took: a histogram that is exact to 1.6 %. */

#ifndef LATENCY_H
#define LATENCY_H

#include <stdint.h>

enum { FINE = 6, BUCKETS = 64 << FINE }; /* 64 buckets for each doubling */

typedef struct {
    uint64_t count, longest; /* nanoseconds */
    uint64_t buckets[BUCKETS];
} latencies;

void note(latencies *, uint64_t nanoseconds);
double quantile(const latencies *, double share); /* microseconds */

#endif
