/* A hub is killed, and all its clients come back to others within a short time, while pairs of
 * clients that were there before signal each other.
 *
 * Each comes from an address of its own (127.x.x.x), as real ones do, keeps its id, and announces
 * itself in the room in which it was. It is introduced when it has been told of `promised` others
 * that are there. Who is refused or lost tries again a second later, as often as it takes. */

#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients.h"
#include "latency.h"
#include "scenes.h"

enum { MOST_PORTS = 8, MOST_REASONS = 16, SHORT_ROOMS = 1 << 24 };
enum { FIRST_ADDRESS = 127u << 24 | 1 << 16 };

typedef struct {
    client *who;
    uint64_t at;
} visit;

typedef struct {
    client from, to;
    uint32_t sent, received;
} pair;

static const char AT[] = "\"data\":{\"at\":";

static client *crowd;
static visit *visits; /* in order of time */
static pair *pairs;
static uint64_t *returned_at;
static long count, members, promised, pair_count, rate, at_once;
static int ports[MOST_PORTS], port_count;
static long connected, coming, unsatisfied, away, next_visit;
static long reasons[MOST_REASONS][2], pairs_waiting;
static uint64_t killed, begun, signals_due, sent, received, last_back, last_met;
static latencies calm, stormy, returns, meetings;
static enum { PAIRING, COMING, CALM, STORM, AFTER } phase;

static long known(const client *who) { return (long)who->met - (long)who->lost; }

static void refused(int why) {
    for (long i = 0; i < MOST_REASONS; i++) {
        if (reasons[i][1] && reasons[i][0] != why) continue;
        reasons[i][0] = why;
        reasons[i][1]++;
        return;
    }
}

static int by_time(const void *one, const void *other) {
    uint64_t a = ((const visit *)one)->at, b = ((const visit *)other)->at;
    return (a > b) - (a < b);
}

static void connect_more(void) {
    while (connected < count && coming < at_once) {
        connect_client(&crowd[connected++], ports[0]);
        coming++;
    }
}

static bool is_paired(const client *who) { return who->room >= SHORT_ROOMS; }

static void opened(client *who) {
    announce(who);
    if (is_paired(who)) return;
    if (phase == COMING) {
        coming--;
        connect_more();
    } else {
        uint64_t time = now();
        note(&returns, time - returned_at[who->number]);
        if (--away == 0) last_back = time;
    }
}

static void met(client *who) {
    if (is_paired(who)) {
        if (who->met == 1) pairs_waiting--;
        return;
    }
    if (known(who) > members - 1 + (long)(phase != COMING) * members)
        fail("a client knows more than there are");
    if (known(who) != promised) return;
    unsatisfied--;
    if (phase < STORM) return;
    last_met = now();
    note(&meetings, last_met - returned_at[who->number]);
}

static void lost(client *who) {
    if (!is_paired(who) && known(who) == promised - 1) unsatisfied++;
}

static void cut(client *who, int why) {
    if (is_paired(who)) fail("one that was not concerned was cut: %d", why);
    if (phase < STORM) fail("cut before its hub was killed: %d", why);
    if (known(who) >= promised) unsatisfied++;
    who->met = who->lost = 0;
    if (!returned_at[who->number]) return; /* its time to come is in `visits` */
    refused(why);
    if (who->open) away++;
    visit again = {who, now() + 1000000000u};
    long place = --next_visit;
    for (; place + 1 < count && visits[place + 1].at <= again.at; place++)
        visits[place] = visits[place + 1];
    visits[place] = again;
}

static void come_back(client *who) {
    returned_at[who->number] = now();
    connect_client(who, ports[1 + chance() % (uint64_t)(port_count - 1)]);
}

static void send_signal(void) {
    pair *it = &pairs[sent++ % (uint64_t)pair_count];
    char text[512];
    int length = snprintf(text, sizeof text,
                          "{\"type\":\"ice-candidate\",%s%020lu,\"number\":%u},\"maxPeers\":3,"
                          "\"networkName\":\"bench-%u\",\"targetPeerId\":\"%s\"}",
                          AT, now(), it->sent++, it->from.room, it->to.id);
    /* A number of JSON begins with no 0. */
    char *digits = strstr(text, AT) + sizeof AT - 1;
    size_t zeros = strspn(digits, "0");
    memmove(digits, digits + zeros, strlen(digits + zeros) + 1);
    queue_text(&it->from, text, (size_t)length - zeros);
}

static void due(void) {
    uint64_t time = now(), wake = UINT64_MAX;
    if (phase >= CALM) {
        for (; signals_due <= time; signals_due += 1000000000u / (uint64_t)rate)
            if (phase < AFTER) send_signal();
        wake = signals_due;
    }
    while (phase == STORM && next_visit < count && visits[next_visit].at <= time &&
           visits[next_visit].who->fd < 0)
        come_back(visits[next_visit++].who);
    if (phase == STORM && next_visit < count && visits[next_visit].at < wake)
        wake = visits[next_visit].at > time ? visits[next_visit].at : time + 1000000u;
    wake_at(wake);
}

static void take_signal(client *who, const char *text, size_t length) {
    pair *it = &pairs[who->number];
    const char *at = memmem(text, length, AT, sizeof AT - 1);
    if (who != &it->to || !at) fail("a signal that is not its receiver's");
    char *rest;
    uint64_t sent_at = strtoul(at + sizeof AT - 1, &rest, 10), time = now();
    if (strtoul(rest + strlen(",\"number\":"), NULL, 10) != it->received++)
        fail("a signal was lost, or came twice");
    received++;
    note(phase == CALM ? &calm : &stormy, time - sent_at);
}

static bool pairs_missing(void) { return pairs_waiting > 0; }
static bool crowd_missing(void) { return unsatisfied > 0 || connected < count || coming > 0; }
static bool is_calm(void) { return now() < begun; }
static bool crowd_away(void) { return away > 0 || unsatisfied > 0; }
static bool signals_missing(void) { return received < sent; }

static void pair_up(void) {
    pairs = calloc((size_t)pair_count, sizeof *pairs);
    pairs_waiting = 2 * pair_count;
    for (long i = 0; i < pair_count; i++) {
        pair *it = &pairs[i];
        it->from.number = it->to.number = (uint32_t)i;
        it->from.room = it->to.room = (uint32_t)(SHORT_ROOMS + i);
        connect_client(&it->from, ports[1 + i % (port_count - 1)]);
        connect_client(&it->to, ports[1 + i / 2 % (port_count - 1)]);
    }
    run_while(pairs_missing);
}

static void come(void) {
    phase = COMING;
    crowd = calloc((size_t)count, sizeof *crowd);
    visits = calloc((size_t)count, sizeof *visits);
    returned_at = calloc((size_t)count, sizeof *returned_at);
    unsatisfied = count;
    for (long i = 0; i < count; i++) {
        crowd[i].number = (uint32_t)i;
        crowd[i].room = (uint32_t)(i / members);
        crowd[i].address = FIRST_ADDRESS + (uint32_t)(i / 250 << 8) + (uint32_t)(i % 250) + 1;
        crowd[i].stays_itself = true;
    }
    connect_more();
    run_while(crowd_missing);
}

static void kill_hub(void) {
    uint64_t within = (uint64_t)(atof(option("within", "2")) * 1e9);
    phase = STORM;
    away = count;
    killed = now();
    for (long i = 0; i < count; i++) visits[i] = (visit){&crowd[i], killed + chance() % within};
    qsort(visits, (size_t)count, sizeof *visits, by_time);
    kill((pid_t)number_option("victim", 0), SIGKILL);
    due();
    run_while(crowd_away);
}

static void print_latencies(const char *name, const latencies *of) {
    printf("\"%s\":{\"count\":%lu,\"p50\":%.3f,\"p99\":%.3f,\"longest\":%.3f},", name, of->count,
           quantile(of, 0.5) / 1e3, quantile(of, 0.99) / 1e3, (double)of->longest / 1e6);
}

void play_return(void) {
    char *list = strdup(option("ports", ""));
    for (char *word = strtok(list, ","); word && port_count < MOST_PORTS; word = strtok(NULL, ","))
        ports[port_count++] = atoi(word);
    if (port_count < 2) fail("two ports are needed: of the hub that is killed, and of another");
    count = number_option("clients", 100);
    members = number_option("members", 50);
    promised = number_option("promised", members - 1);
    pair_count = number_option("pairs", 20);
    rate = number_option("rate", 200);
    at_once = number_option("at_once", 64);
    if (count % members) fail("%ld clients do not fill rooms of %ld", count, members);
    on = (hooks){.opened = opened, .met = met, .lost = lost, .signal = take_signal, .cut = cut,
                 .due = due};
    pair_up();
    come();
    phase = CALM;
    signals_due = now();
    begun = now() + (uint64_t)(atof(option("calm", "2")) * 1e9);
    due();
    run_while(is_calm);
    usage before = look();
    kill_hub();
    usage after = look();
    phase = AFTER;
    run_while(signals_missing);
    printf("{\"clients\":%ld,\"refused\":{", count);
    for (long i = 0; i < MOST_REASONS && reasons[i][1]; i++)
        printf("%s\"%ld\":%ld", i ? "," : "", reasons[i][0], reasons[i][1]);
    printf("},\"back\":%.6f,\"introduced\":%.6f,", (double)(last_back - killed) / 1e9,
           (double)(last_met - killed) / 1e9);
    print_latencies("calm", &calm);
    print_latencies("stormy", &stormy);
    print_latencies("greeting", &returns);
    print_latencies("meeting", &meetings);
    print_usage(&before, &after);
    printf("}\n");
}
