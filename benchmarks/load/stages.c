#include "stages.h"

#include <stdio.h>
#include <stdlib.h>

#include "clients.h"
#include "latency.h"

static enum { JOINING, WARMING, MEASURING, DRAINING } stage;
static latencies measured;
static uint64_t begun, warm_until, end, last_news;
static uint64_t sent, received;
static usage first, last;

static const uint64_t SILENCE = 10000000000u; /* nanoseconds after which nothing more comes */

static uint64_t seconds(const char *name, const char *usual) {
    return (uint64_t)(atof(option(name, usual)) * 1e9);
}

void begin_stages(void) {
    begun = now();
    warm_until = begun + seconds("warmup", "1");
    stage = WARMING;
}

void expect(uint64_t deliveries) { sent += deliveries; }

bool arrived(uint64_t sent_at) {
    uint64_t time = last_news = now();
    received++;
    if (stage == MEASURING) note(&measured, time - sent_at);
    if (stage == WARMING && time >= warm_until) {
        stage = MEASURING;
        first = look();
        end = first.at + seconds("seconds", "3");
    }
    if (stage == MEASURING && time >= end) {
        last = look();
        stage = DRAINING;
    }
    return stage != DRAINING;
}

bool is_draining(void) { return stage == DRAINING; }

bool stages_unfinished(void) {
    if (stage == JOINING) return true;
    uint64_t time = now();
    if (time > last_news + SILENCE && time > begun + SILENCE) {
        if (stage == DRAINING) return false;
        fail("nothing came for 10 s: %lu of %lu have arrived", received, sent);
    }
    return stage != DRAINING || received < sent;
}

void print_stages(void) {
    printf("\"sent\":%lu,\"received\":%lu,\"measured\":%lu,", sent, received, measured.count);
    printf("\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"longest\":%.1f,", quantile(&measured, 0.5),
           quantile(&measured, 0.9), quantile(&measured, 0.99), (double)measured.longest / 1e3);
    print_usage(&first, &last);
}
