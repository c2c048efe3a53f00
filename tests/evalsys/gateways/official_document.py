"""A provider's OpenAPI 3.0 document, and what in an exchange goes against it.

The schemas of OpenAPI 3.0 are those of JSON Schema's draft 4 and the word ``nullable``. In answers every property that the
document names has to be there, and no other: the provider sends them all, and a simulator that leaves one out or makes
one up hides a fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

from tests.evalsys.gateways.provider_schema import Exchange, Pairs

_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_METHODS = ("get", "post", "put", "delete", "patch")
#: a word of a query or form as its schema's type has it; what cannot be read so stays a word, and is a fault
_READ = {
    "integer": lambda text: int(text) if re.fullmatch("-?[0-9]+", text) else text,
    "number": lambda text: float(text) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else text,
    "boolean": lambda text: {"true": True, "false": False}.get(text, text),
}

_formats = FormatChecker(formats=())


@_formats.checks("date-time-rfc-2822", raises=(TypeError, ValueError))
def _is_mail_time(value: object) -> bool:
    return not isinstance(value, str) or parsedate_to_datetime(value).tzinfo is not None


@_formats.checks("currency")
def _is_currency(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch("[A-Za-z]{3}", value) is not None


def _unless_null(keyword):
    """The keyword as draft 4 has it, satisfied by null where the schema is nullable."""

    def check(validator, value, instance, schema) -> Iterator[ValidationError]:
        if instance is not None or not schema.get("nullable"):
            yield from keyword(validator, value, instance, schema) or ()

    return check


def _whole_properties(validator, properties, instance, schema) -> Iterator[ValidationError]:
    yield from Draft4Validator.VALIDATORS["properties"](validator, properties, instance, schema) or ()
    if isinstance(instance, dict):
        for name in sorted(properties.keys() - instance.keys()):
            yield ValidationError(f"{name} is missing")
        for name in sorted(instance.keys() - properties.keys()):
            yield ValidationError(f"{name} is not documented")


_Nullable = extend(Draft4Validator, {name: _unless_null(Draft4Validator.VALIDATORS[name]) for name in ("type", "enum")})
_Whole = extend(_Nullable, {"properties": _whole_properties})


class OfficialDocument:
    """What a provider documents of its API."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Raises ``ValueError`` with a sentence for what is no OpenAPI 3.0 document."""
        if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3.0."):
            raise ValueError("This is no OpenAPI document of version 3.0.")
        if not isinstance(document.get("paths"), dict) or not document["paths"]:
            raise ValueError("The document has no paths.")
        self._document = document

    @classmethod
    def read(cls, path: str | Path) -> OfficialDocument:
        """Raises ``ValueError`` with a sentence for a file that cannot be read or is no OpenAPI 3.0 document."""
        try:
            return cls(json.loads(Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def request_faults(self, exchange: Exchange) -> list[str]:
        """What the document does not allow in the request, a sentence each."""
        operation, in_path = self._find_operation(exchange)
        if operation is None:
            return [f"{exchange.described}: no such request is documented"]
        parameters = operation.get("parameters", [])
        named = {place: {p["name"]: p for p in parameters if p["in"] == place} for place in ("path", "query")}
        body = operation.get("requestBody", {}).get("content", {}).get(_FORM, {}).get("schema", {})
        body = self._resolve(body)
        wrong = self._given_faults({n: p["schema"] for n, p in named["path"].items()}, (), tuple(in_path.items()))
        needed = [name for name, p in named["query"].items() if p.get("required")]
        wrong += self._given_faults({n: p["schema"] for n, p in named["query"].items()}, needed, exchange.query)
        wrong += self._given_faults(body.get("properties", {}), body.get("required", ()), exchange.form)
        return [f"{exchange.described}: {fault}" for fault in wrong]

    def answer_faults(self, exchange: Exchange) -> list[str]:
        """What the document does not allow in the answer, a sentence each.

        Documents of this kind leave out errors: a status of 400 or more that has no schema is nothing to hold against
        an answer.
        """
        operation, _ = self._find_operation(exchange)
        answers = operation.get("responses", {}) if operation else {}
        answer = answers.get(str(exchange.status), answers.get("default"))
        if answer is None:
            return [] if exchange.status >= 400 else [f"{exchange.described}: no such success is documented"]
        schema = answer.get("content", {}).get(_JSON, {}).get("schema")
        if schema is None:
            return []
        return [f"{exchange.described}: {fault}" for fault in self._faults(_Whole, schema, exchange.body)]

    def _find_operation(self, exchange: Exchange) -> tuple[Mapping[str, Any] | None, dict[str, str]]:
        """The operation that a request is for, and its parameters in the path; fixed words go before parameters."""
        for template in sorted(self._document["paths"], key=lambda path: path.count("{")):
            names = re.findall(r"\{([^}]+)\}", template)
            pattern = "([^/]+)".join(re.escape(part) for part in re.split(r"\{[^}]+\}", template))
            found = re.fullmatch(pattern, exchange.path)
            method = exchange.method.lower()
            if found and method in _METHODS and method in self._document["paths"][template]:
                return self._document["paths"][template][method], dict(zip(names, found.groups(), strict=True))
        return None, {}

    def _given_faults(self, schemas: Mapping[str, Any], needed, given: Pairs) -> list[str]:
        names = [name for name, _ in given]
        wrong = [f"{name} is missing" for name in needed if name not in names]
        for name in dict.fromkeys(names):
            words = [word for given_name, word in given if given_name == name]
            if name not in schemas:
                wrong.append(f"{name} is not documented")
                continue
            schema = self._resolve(schemas[name])
            if schema.get("type") == "array":
                wrong += self._faults(_Nullable, schema, [self._read(schema.get("items", {}), w) for w in words], name)
            elif len(words) > 1:
                wrong.append(f"{name} is given {len(words)} times")
            else:
                wrong += self._faults(_Nullable, schema, self._read(schema, words[0]), name)
        return wrong

    def _read(self, schema: Mapping[str, Any], word: str) -> Any:
        return _READ.get(self._resolve(schema).get("type"), str)(word)

    def _resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema

    def _faults(self, validator, schema: Mapping[str, Any], value: Any, name: str = "") -> list[str]:
        # The components stand in the schema itself, so that references inside the document are found.
        whole = {"allOf": [schema], "components": self._document.get("components", {})}
        found = validator(whole, format_checker=_formats).iter_errors(value)
        return [": ".join(filter(None, (name or ".".join(map(str, error.path)), error.message))) for error in found]
