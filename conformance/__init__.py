"""Our WebSockets against the Autobahn Testsuite, by both of its ends; see docs/conformance.md."""
