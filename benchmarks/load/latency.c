#include "latency.h"

void note(latencies *in, uint64_t nanoseconds) {
    in->count++;
    if (nanoseconds > in->longest) in->longest = nanoseconds;
    int high = 63 - __builtin_clzll(nanoseconds | 1 << FINE);
    in->buckets[((uint64_t)(high - FINE) << FINE) + (nanoseconds >> (high - FINE))]++;
}

double quantile(const latencies *of, double share) {
    uint64_t wanted = (uint64_t)(share * (double)of->count), seen = 0;
    for (uint64_t i = 0; i < BUCKETS; i++) {
        seen += of->buckets[i];
        if (seen > wanted) {
            uint64_t octave = i >> FINE ? (i >> FINE) - 1 : 0;
            return (double)((i - (octave << FINE)) << octave) / 1e3;
        }
    }
    return (double)of->longest / 1e3;
}
