/* The load generator: `load SCENE name=value ...`; benchmarks/generator.py has the words. */

#include <stdio.h>
#include <string.h>

#include "clients.h"
#include "scenes.h"

int main(int count, char **words) {
    static const struct {
        const char *name;
        void (*play)(void);
    } scenes[] = {{"signals", play_signals},
                  {"joins", play_joins},
                  {"fanout", play_fanout},
                  {"idle", play_idle},
                  {"return", play_return},
                  {"visits", play_visits},
                  {"topics", play_topics},
                  {"swarms", play_swarms}};
    for (size_t i = 0; count > 1 && i < sizeof scenes / sizeof *scenes; i++) {
        if (strcmp(words[1], scenes[i].name)) continue;
        prepare(count - 2, words + 2);
        scenes[i].play();
        return fflush(stdout) != 0;
    }
    fprintf(stderr, "usage: load SCENE name=value ... (the scenes are in scenes.h)\n");
    return 2;
}
