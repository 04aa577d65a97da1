/* What the generator can play; each prints one JSON object. */

#ifndef SCENES_H
#define SCENES_H

void play_signals(void); /* pairs of clients, native or PeerJS: one sends to the other */
void play_joins(void);   /* clients come, until each has been told of all others in its room */
void play_fanout(void);  /* one client comes to a room that is full, again and again */
void play_return(void);  /* many clients of one hub that is killed come back to others */
void play_idle(void);    /* clients come and do nothing until standard input ends */
void play_visits(void);  /* the same with clients of another kind */
void play_topics(void);  /* clients of y-webrtc publish in rooms */
void play_swarms(void);  /* WebTorrent clients announce themselves, and answer offers */

#endif
