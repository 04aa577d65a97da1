/* Clients that come, are told of each other, and go. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clients.h"
#include "scenes.h"
#include "visitors.h"

static client *crowd;
static long count, members, promised, coming, at_once, connected;
static uint32_t unsatisfied, untold;
static uint64_t told;

/* `at_once` clients may be between their connect and the end of their handshake. */
static void connect_more(void) {
    while (connected < count && coming < at_once) {
        client *next = &crowd[connected];
        next->number = (uint32_t)connected;
        next->room = (uint32_t)(number_option("first_room", 0) + connected / members);
        connected++;
        coming++;
        connect_client(next, next_port());
    }
}

static void opened(client *who) {
    announce(who);
    coming--;
    connect_more();
}

static void met(client *who) {
    told++;
    if (who->met >= members) fail("a client was told of one more than there is");
    if (who->met == promised) unsatisfied--;
}

/* Who has not been told of as many as promised: the first few. */
static void tell_who_lacks(void) {
    fprintf(stderr, "%ld of %ld connected, %ld on their way, %u not told of %ld others\n", connected,
            count, coming, unsatisfied, promised);
    for (long i = 0, shown = 0; i < connected && shown < 20; i++) {
        if (crowd[i].met >= promised) continue;
        fprintf(stderr, "client %ld (%s) has been told of %u\n", i, crowd[i].id, crowd[i].met);
        shown++;
    }
}

static bool not_all_met(void) { return unsatisfied > 0 || connected < count || coming > 0; }

static void come(void) {
    members = number_option("members", 2);
    count = number_option("clients", members);
    if (count % members) fail("%ld clients do not fill rooms of %ld", count, members);
    promised = number_option("promised", members - 1);
    at_once = number_option("at_once", 64);
    crowd = calloc((size_t)count + 1, sizeof *crowd);
    unsatisfied = (uint32_t)count;
    on = (hooks){.opened = opened, .met = met, .late = tell_who_lacks};
    connect_more();
    run_while(not_all_met);
}

void play_joins(void) {
    usage before = look();
    come();
    usage after = look();
    printf("{\"joined\":%ld,\"told\":%lu,", count, told);
    print_usage(&before, &after);
    printf("}\n");
}

static client *newcomer;
static bool is_in;

static void newcomer_opened(client *who) {
    (void)who;
    is_in = true;
}

static void newcomer_closed(client *who) {
    (void)who;
    is_in = false;
}

static void fanned(client *who) {
    if (who->met > count) fail("a client was told of one more than there is");
    who->lost = 0;
    told++;
    untold--;
}

static void parted(client *who) {
    if (who->lost > 1) return; /* the reference sometimes says it twice */
    who->met--;
    untold--;
}

static bool newcomer_outside(void) { return !is_in; }
static bool not_all_told(void) { return untold > 0; }
static bool not_all_told_of_its_end(void) { return is_in || untold > 0; }

void play_fanout(void) {
    come();
    long times = number_option("times", 10);
    newcomer = &crowd[count];
    on = (hooks){
        .opened = newcomer_opened, .met = fanned, .lost = parted, .closed = newcomer_closed};
    usage before = look();
    printf("{\"times\":[");
    for (long i = 0; i < times; i++) {
        connect_client(newcomer, (int)number_option("port", 0));
        run_while(newcomer_outside);
        untold = (uint32_t)(2 * count);
        uint64_t asked = now();
        announce(newcomer);
        run_while(not_all_told);
        printf("%s%.6f", i ? "," : "", (double)(now() - asked) / 1e9);
        untold = (uint32_t)count;
        leave(newcomer);
        run_while(not_all_told_of_its_end);
    }
    usage after = look();
    printf("],\"told\":%lu,", told);
    print_usage(&before, &after);
    printf("}\n");
}

/* Somebody holds our standard input open for as long as the clients are to stay. */
static bool input_open(void) {
    char ignored[64];
    return read(STDIN_FILENO, ignored, sizeof ignored) != 0;
}

/* Says what their coming took, at once. */
static void stay(const usage *before) {
    usage after = look();
    printf("{\"joined\":%ld,", count);
    print_usage(before, &after);
    printf("}\n");
    fflush(stdout);
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    run_while(input_open);
}

void play_idle(void) {
    usage before = look();
    come();
    stay(&before);
    printf("{\"told\":%lu}\n", told);
}

static bool all_usable;
static void note_all_usable(void) { all_usable = true; }
static bool not_all_usable(void) { return !all_usable; }

void play_visits(void) {
    members = number_option("members", 2);
    count = number_option("clients", members);
    crowd = calloc((size_t)count, sizeof *crowd);
    usage before = look();
    bring_visitors(option("kind", ""), crowd, count, members, note_all_usable);
    run_while(not_all_usable);
    stay(&before);
}
