"""What OpenID AuthZEN Authorization API 1.0 says of requests and responses (sections 5 to 7 and 9), as JSON Schema.

In one point it is not as the working group's own files have it: those allow no member at all in a decision's context,
which the standard's text and its own examples have.
"""

from typing import Any

from jsonschema_rs import Draft202012Validator

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
OBJECT: Schema = {"type": "object"}


def entity(*required: str) -> Schema:
    """A subject, resource or action."""
    members = dict.fromkeys(required, TEXT) | {"properties": OBJECT}
    return {"type": "object", "required": list(required), "properties": members}


SUBJECT, RESOURCE, ACTION = entity("type", "id"), entity("type", "id"), entity("name")
ASKED: Schema = {"subject": SUBJECT, "resource": RESOURCE, "action": ACTION, "context": OBJECT}
EVALUATION: Schema = {
    "type": "object",
    "required": ["subject", "resource", "action"],
    "properties": ASKED,
    "additionalProperties": False,
}
EVALUATIONS: Schema = {
    "type": "object",
    "required": ["evaluations"],
    "properties": {
        **ASKED,
        "evaluations": {
            "type": "array",
            "items": {"type": "object", "properties": ASKED, "additionalProperties": False},
        },
        "options": {
            "type": "object",
            "properties": {
                "evaluations_semantic": {"enum": ["execute_all", "deny_on_first_deny", "permit_on_first_permit"]}
            },
        },
    },
    "additionalProperties": False,
}
DECISION: Schema = {
    "type": "object",
    "required": ["decision"],
    "properties": {"decision": {"type": "boolean"}, "context": OBJECT},
    "additionalProperties": False,
}
DECISIONS: Schema = {
    "type": "object",
    "required": ["evaluations"],
    "properties": {"evaluations": {"type": "array", "items": DECISION}},
    "additionalProperties": False,
}
ADDRESS: Schema = {"type": "string", "pattern": "^https?://[^?#]+$"}
METADATA: Schema = {
    "type": "object",
    "required": ["policy_decision_point", "access_evaluation_endpoint"],
    "properties": {
        "policy_decision_point": ADDRESS,
        "access_evaluation_endpoint": ADDRESS,
        "access_evaluations_endpoint": ADDRESS,
    },
}


def fits(schema: Schema, value: Any) -> bool:
    """Whether a value is as the schema says."""
    return Draft202012Validator(schema).is_valid(value)
