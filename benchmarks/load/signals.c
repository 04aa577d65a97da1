/* Pairs of clients: one sends signals to the other, so many at once or so many a second.
 *
 * Each signal is like those of browsers (an SDP of so many bytes, or a candidate) with a number of
 * its own in it: no two are equal, and the receiver checks that each comes once, in order and
 * unchanged. The clients are those of the npm package, or with `kind=peerjs` those of PeerJS. */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "scenes.h"
#include "stages.h"
#include "visitors.h"

enum { DIGITS = 6, RING = 8192, CANDIDATE_BELOW = 600 };

static const char LINE[] = "a=fmtp:111 minptime=10;useinbandfec=1;level-asymmetry-allowed=1\\r\\n";

/* A signal as it is sent: `head`, `mark`, its number, `rest`, what fills it, `end`, and `tail` with
 * the room for %1$u and the target for %2$s. From `mark` to `end` it arrives as it was sent. */
typedef struct {
    const char *head, *mark, *rest, *end, *tail;
} form;

#define NATIVE_MARK "\"data\":{\"number\":\""
#define NATIVE_END "\"}", ",\"maxPeers\":3,\"networkName\":\"bench-%1$u\",\"targetPeerId\":\"%2$s\"}"

static const form NATIVE_OFFER = {"{\"type\":\"offer\",", NATIVE_MARK,
                                  "\",\"type\":\"offer\",\"sdp\":\"v=0\\r\\n", NATIVE_END};
static const form NATIVE_CANDIDATE = {
    "{\"type\":\"ice-candidate\",", NATIVE_MARK,
    "\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0,\"candidate\":\"candidate:", NATIVE_END};
static const form PEERJS_OFFER = {
    "{\"type\":\"OFFER\",", "\"payload\":{\"sdp\":{\"sdp\":\"", "v=0\\r\\n",
    "\",\"type\":\"offer\"},\"type\":\"data\",\"connectionId\":\"dc_bench\",\"reliable\":true}",
    ",\"dst\":\"%2$s\"}"};

typedef struct {
    client from, to;
    char *text, *digits;
    size_t length, tail; /* `tail` bytes after the digits come through unchanged */
    uint32_t sent, received;
    uint64_t sent_at[RING];
} pair;

static pair *pairs;
static const form *shape;
static long pair_count, window, rate;
static uint64_t begun, next_due, due;

static void write_template(pair *it, size_t size) {
    char tail[512];
    int tail_length = snprintf(tail, sizeof tail, shape->tail, it->from.room, it->to.id);
    size_t used = strlen(shape->head) + strlen(shape->mark) + DIGITS + strlen(shape->rest) +
                  strlen(shape->end) + (size_t)tail_length;
    size_t filler = size > used ? size - used : 0;
    it->text = malloc(used + filler + 1);
    char *at = it->text;
    at = stpcpy(stpcpy(at, shape->head), shape->mark);
    it->digits = at;
    at = stpcpy(at + DIGITS, shape->rest);
    /* Whole lines only: half an escape would be no JSON. */
    size_t line = shape == &NATIVE_CANDIDATE ? filler + 1 : sizeof LINE - 1;
    for (; filler >= line; filler -= line) at = mempcpy(at, LINE, line);
    memset(at, 'x', filler);
    at = stpcpy(at + filler, shape->end);
    it->tail = (size_t)(at - it->digits) - DIGITS;
    memcpy(at, tail, (size_t)tail_length);
    it->length = (size_t)(at - it->text) + (size_t)tail_length;
}

static void send_one(pair *it) {
    if (it->sent - it->received >= RING) fail("the server is %d signals behind", RING);
    uint32_t number = it->sent;
    for (int digit = DIGITS; digit-- > 0; number /= 10) it->digits[digit] = (char)('0' + number % 10);
    it->sent_at[it->sent++ % RING] = now();
    expect(1);
    queue_text(&it->from, it->text, it->length);
}

static void take_signal(client *who, const char *text, size_t length) {
    pair *it = &pairs[who->number];
    if (who != &it->to) fail("a signal came to its sender");
    const char *mark = memmem(text, length, shape->mark, strlen(shape->mark));
    if (!mark) fail("not a signal: %.*s", (int)(length < 300 ? length : 300), text);
    const char *digits = mark + strlen(shape->mark);
    long number = strtol(digits, NULL, 10);
    if (number != it->received % 1000000) fail("signal %ld came instead of %u", number, it->received);
    if (digits + DIGITS + it->tail > text + length ||
        memcmp(digits + DIGITS, it->digits + DIGITS, it->tail))
        fail("a signal was changed");
    uint64_t sent_at = it->sent_at[it->received++ % RING];
    if (arrived(sent_at) && !rate) send_one(it);
}

/* At a fixed rate: sends all that is due, each pair in its turn. */
static void send_due(void) {
    if (is_draining()) return;
    for (uint64_t time = now(); next_due <= time; due++) {
        send_one(&pairs[due % (uint64_t)pair_count]);
        next_due = begun + (due + 1) * 1000000000u / (uint64_t)rate;
    }
    wake_at(next_due);
}

static void begin(void) {
    begun = next_due = now();
    begin_stages();
    on.text = shape == &PEERJS_OFFER ? take_signal : NULL;
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

/* What is usable may be sent to, as all of a pair are. */
static void open_peer(client *who, const char *text, size_t length) {
    if (!is_usable(text, length)) fail("no OPEN: %.*s", (int)length, text);
    (void)who;
    if (--waiting == 0) begin();
}

void play_signals(void) {
    pair_count = number_option("pairs", 64);
    window = number_option("window", 1);
    rate = number_option("rate", 0);
    pairs = calloc((size_t)pair_count, sizeof *pairs);
    bool is_native = !strcmp(option("kind", "native"), "native");
    shape = !is_native                                             ? &PEERJS_OFFER
            : number_option("size", 1000) < CANDIDATE_BELOW ? &NATIVE_CANDIDATE
                                                                   : &NATIVE_OFFER;
    on = (hooks){.opened = opened, .met = met, .signal = take_signal, .due = send_due};
    if (!is_native) expect_visitors("peerjs", open_peer);
    on.due = send_due;
    waiting = 2 * pair_count;
    for (long i = 0; i < pair_count; i++) {
        pair *it = &pairs[i];
        it->from.number = it->to.number = (uint32_t)i;
        it->from.room = it->to.room = (uint32_t)(number_option("first_room", 0) + i);
        connect_client(&it->to, (int)number_option("to", number_option("port", 0)));
        connect_client(&it->from, (int)number_option("port", 0));
    }
    run_while(stages_unfinished);
    printf("{\"bytes\":%zu,", pairs[0].length);
    print_stages();
    printf("}\n");
}
