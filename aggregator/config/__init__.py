"""feeds.yaml → settings: every mistake at once, each with its place and what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aggregator.config import mistakes, model, reader
from aggregator.config.reader import Finding
from aggregator.config.settings import Settings, conflicts
from aggregator.errors import ConfigError, Mistake

__all__ = ["Settings", "load", "parse", "schema"]


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Return the settings in the file at ``path``; raises ConfigError with every mistake in it.

    ``environ`` fills in ``${NAME}`` in addresses and headers.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as exc:
        raise ConfigError(
            f"{path}: no such file; name another with -c, or start from the feeds.yaml in the README"
        ) from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}: this is no UTF-8 text; save it as UTF-8") from exc
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc
    return parse(text, path, environ)


def parse(text: str, path: Path, environ: Mapping[str, str]) -> Settings:
    """Return the settings in ``text``, as if it stood in the file at ``path``; see ``load``."""
    reading = reader.read(text, environ)
    if reading.value is None and not reading.findings:
        reading.findings.append(Finding((1, 1), "the file is empty; start from the feeds.yaml in the README"))
    elif reading.value is not None and not isinstance(reading.value, dict):
        reading.findings.append(Finding((1, 1), "the file must hold keys with values: site, output, feeds …"))
    document = None
    if isinstance(reading.value, dict):
        try:
            document = model.Document.model_validate(reading.value)
        except ValidationError as exc:
            reading.findings += mistakes.findings(exc.errors(include_url=False), reading)
    settings = Settings(document, path) if document else None
    if settings and document and not reading.findings:
        reading.findings += conflicts(settings, document, reading)
    if reading.findings or settings is None:
        raise _error(path, reading.findings)
    return settings


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of feeds.yaml."""
    made = model.Document.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "feeds.yaml"}


def _error(path: Path, findings: list[Finding]) -> ConfigError:
    told = sorted({Mistake(str(path), *finding.place, finding.message) for finding in findings})
    return ConfigError(f"{path} has {len(told)} mistakes", tuple(told))
