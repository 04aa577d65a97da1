"""Data channels by libdatachannel, which is C++ and works in threads of its own."""
