"""Inputs that a coverage-guided fuzzer makes (atheris): `make fuzz`; see CONTRIBUTING.md."""
