"""Data channels of our own: ICE by aioice, DTLS by OpenSSL, and the association of ``rtc.sctp``."""
