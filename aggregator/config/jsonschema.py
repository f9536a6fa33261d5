"""The JSON Schema of feeds.yaml, for editors that complete and check it while one types."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from aggregator.config.model import FeedsFile


class _Generator(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False  # a title that repeats the key is noise in an editor

    def default_schema(self, schema: Any) -> Any:
        """Let a key that may be left out stand without a value, too."""
        made = super().default_schema(schema)
        if "anyOf" in made:
            others = [each for each in made["anyOf"] if each != {"type": "null"}]
            return {**made, "anyOf": [*others, {"type": "null"}]}
        return _or_null(made)

    def model_schema(self, schema: Any) -> Any:
        """Let a section that must not have any key stand without a value, too."""
        made = super().model_schema(schema)
        return made if made.get("required") else _or_null(made)


def _or_null(made: dict[str, Any]) -> dict[str, Any]:
    if "type" not in made:
        return made
    kinds = made["type"] if isinstance(made["type"], list) else [made["type"]]
    return {**made, "type": [*kinds, "null"]} | ({"enum": [*made["enum"], None]} if "enum" in made else {})


def schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of feeds.yaml, for editors."""
    made = FeedsFile.model_json_schema(schema_generator=_Generator)
    return {"$schema": _Generator.schema_dialect, **made, "title": "feeds.yaml of aggregator"}
