/* Pairs of clients: one sends signals to the other, so many at once or so many a second.
 *
 * Each signal is like those of browsers (an SDP of so many bytes, or a candidate) with a number of
 * its own in it: no two are equal, and the receiver checks that each comes once, in order and
 * unchanged. */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "latency.h"
#include "scenes.h"

enum { DIGITS = 6, RING = 8192, CANDIDATE_BELOW = 600, LONGEST = 1 << 16 };

static const char MARK[] = "\"data\":{\"number\":\"";
static const char LINE[] = "a=fmtp:111 minptime=10;useinbandfec=1;level-asymmetry-allowed=1\\r\\n";

typedef struct {
    client from, to;
    char *text, *digits;
    size_t length, tail; /* `tail` bytes after the digits are data, and come through unchanged */
    uint32_t sent, received;
    uint64_t sent_at[RING];
} pair;

static pair *pairs;
static long pair_count, window, rate;
static latencies measured;
static uint64_t begun, warm_until, end, next_due, last_news;
static uint64_t sent, received, due;
static enum { JOINING, WARMING, MEASURING, DRAINING } phase;
static usage first, last;

static void write_template(pair *it, size_t size) {
    char head[512], tail[512];
    const char *type = size < CANDIDATE_BELOW ? "ice-candidate" : "offer";
    const char *rest = size < CANDIDATE_BELOW
                           ? "\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0,\"candidate\":\"candidate:"
                           : "\",\"type\":\"offer\",\"sdp\":\"v=0\\r\\n";
    int head_length = snprintf(head, sizeof head, "{\"type\":\"%s\",%s", type, MARK);
    int tail_length =
        snprintf(tail, sizeof tail, "\"},\"maxPeers\":3,\"networkName\":\"bench-%u\",\"targetPeerId\":\"%s\"}",
                 it->from.room, it->to.id);
    size_t used = (size_t)head_length + DIGITS + strlen(rest) + (size_t)tail_length;
    size_t filler = size > used ? size - used : 0;
    it->text = malloc(used + filler + 1);
    char *at = it->text;
    at = mempcpy(at, head, (size_t)head_length);
    it->digits = at;
    at += DIGITS;
    at = mempcpy(at, rest, strlen(rest));
    /* Whole lines only: half an escape would be no JSON. */
    size_t line = size < CANDIDATE_BELOW ? filler + 1 : sizeof LINE - 1;
    for (; filler >= line; filler -= line) at = mempcpy(at, LINE, line);
    memset(at, 'x', filler);
    at += filler;
    it->tail = (size_t)(at - it->digits) - DIGITS + 2; /* with the end of the string and of data */
    memcpy(at, tail, (size_t)tail_length);
    it->length = (size_t)(at - it->text) + (size_t)tail_length;
}

static void send_one(pair *it) {
    if (it->sent - it->received >= RING) fail("the server is %d signals behind", RING);
    uint32_t number = it->sent;
    for (int digit = DIGITS; digit-- > 0; number /= 10) it->digits[digit] = (char)('0' + number % 10);
    it->sent_at[it->sent++ % RING] = now();
    sent++;
    queue_text(&it->from, it->text, it->length);
}

static void start_measuring(void) {
    phase = MEASURING;
    first = look();
    end = first.at + (uint64_t)(atof(option("seconds", "3")) * 1e9);
}

static void take_signal(client *who, const char *text, size_t length) {
    pair *it = &pairs[who->number];
    if (who != &it->to) fail("a signal came to its sender");
    const char *mark = memmem(text, length, MARK, sizeof MARK - 1);
    if (!mark) fail("a signal without its number");
    const char *digits = mark + sizeof MARK - 1;
    long number = strtol(digits, NULL, 10);
    if (number != it->received % 1000000) fail("signal %ld came instead of %u", number, it->received);
    if (digits + DIGITS + it->tail > text + length ||
        memcmp(digits + DIGITS, it->digits + DIGITS, it->tail))
        fail("a signal was changed");
    uint64_t time = now();
    if (phase == MEASURING) note(&measured, time - it->sent_at[it->received % RING]);
    it->received++;
    received++;
    last_news = time;
    if (phase == WARMING && time >= warm_until) start_measuring();
    if (phase == MEASURING && time >= end) {
        last = look();
        phase = DRAINING;
    }
    if (!rate && phase != DRAINING) send_one(it);
}

/* At a fixed rate: sends all that is due, each pair in its turn. */
static void send_due(void) {
    if (phase == DRAINING) return;
    for (uint64_t time = now(); next_due <= time; due++) {
        send_one(&pairs[due % (uint64_t)pair_count]);
        next_due = begun + (due + 1) * 1000000000u / (uint64_t)rate;
    }
    wake_at(next_due);
}

static void begin(void) {
    begun = next_due = now();
    warm_until = begun + (uint64_t)(atof(option("warmup", "1")) * 1e9);
    phase = WARMING;
    for (long i = 0; i < pair_count; i++) write_template(&pairs[i], (size_t)number_option("size", 1000));
    if (rate) {
        send_due();
        return;
    }
    for (long i = 0; i < pair_count; i++)
        for (long n = 0; n < window; n++) send_one(&pairs[i]);
}

static long waiting;

static void opened(client *who) {
    announce(who);
    if (number_option("blind", 0) && --waiting == 0) begin();
}

static void met(client *who) {
    if (who->met != 1) fail("a client was told of one more than there is");
    if (!number_option("blind", 0) && --waiting == 0) begin();
}

static bool unfinished(void) {
    if (phase == JOINING) return true;
    if (now() - last_news > 10000000000u && now() - begun > 10000000000u) {
        if (phase == DRAINING) return false;
        fail("nothing came for 10 s: %lu of %lu have arrived", received, sent);
    }
    return phase != DRAINING || received < sent;
}

void play_signals(void) {
    pair_count = number_option("pairs", 64);
    window = number_option("window", 1);
    rate = number_option("rate", 0);
    pairs = calloc((size_t)pair_count, sizeof *pairs);
    on = (hooks){.opened = opened, .met = met, .signal = take_signal, .due = send_due};
    waiting = 2 * pair_count;
    for (long i = 0; i < pair_count; i++) {
        pair *it = &pairs[i];
        it->from.number = it->to.number = (uint32_t)i;
        it->from.room = it->to.room = (uint32_t)(number_option("first_room", 0) + i);
        connect_client(&it->to, (int)number_option("to", number_option("port", 0)));
        connect_client(&it->from, (int)number_option("port", 0));
    }
    run_while(unfinished);
    printf("{\"sent\":%lu,\"received\":%lu,\"measured\":%lu,", sent, received,
           measured.count);
    printf("\"bytes\":%zu,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"longest\":%.1f,", pairs[0].length,
           quantile(&measured, 0.5), quantile(&measured, 0.9), quantile(&measured, 0.99), (double)measured.longest / 1e3);
    print_usage(&first, &last);
    printf("}\n");
}
