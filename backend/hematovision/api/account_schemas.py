"""The shapes of users, sessions, tokens and preferences, as they come in and go out."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, ValidationError, fields, validate, validates_schema

from hematovision.api.schemas import Shape, says
from hematovision.differential import WANTED
from hematovision.records.values import ROLES
from hematovision.settings import MOST_OF_QUOTA

THEMES = ("system", "light", "dark")
CONFIDENCES = ("per_cent", "bar")

_LINE = validate.Regexp(r"[^\x00-\x1f]{1,80}\Z", error="Not one line of 1 to 80 characters.")
_TYPED = validate.Length(1, 1000)
_QUOTA = validate.Range(0, MOST_OF_QUOTA)


class Sent(Shape):
    """The base of what comes in: a misspelt field shall not pass for one that was left out."""

    class Meta:
        unknown = RAISE


class LoginSchema(Sent):
    name = fields.String(required=True, validate=_TYPED)
    password = fields.String(required=True, load_only=True, validate=_TYPED)


class UserNameSchema(Shape):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))


class SessionSchema(Shape):
    login = fields.String(required=True, validate=validate.OneOf(("on", "off")))
    user = fields.Nested(UserNameSchema, required=True, allow_none=True, metadata=says("Null: nobody is logged in."))
    csrf_token = fields.String(
        required=True, allow_none=True, metadata=says("Send it as X-CSRF-Token with each change made by cookie.")
    )


class PasswordSchema(Sent):
    old = fields.String(required=True, validate=_TYPED)
    new = fields.String(required=True, validate=_TYPED)


class UserSchema(UserNameSchema):
    created_at = fields.AwareDateTime(required=True)
    disabled_at = fields.AwareDateTime(required=True, allow_none=True)
    quota = fields.Integer(
        required=True,
        allow_none=True,
        validate=_QUOTA,
        metadata=says("Requests an hour for each of their tokens; 0: without end; null: as HEMATOVISION_QUOTA says."),
    )


class UsersSchema(Shape):
    users = fields.List(fields.Nested(UserSchema), required=True, metadata=says("By name."))


class NewUserSchema(Sent):
    name = fields.String(
        required=True, validate=_TYPED, metadata=says("Letters, digits and . _ - @; no capitals.", "a.b")
    )
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    password = fields.String(required=True, load_only=True, validate=_TYPED, metadata=says("At least 12 characters."))


class UserChangeSchema(Sent):
    """One change a request, so that each is made whole or not at all."""

    role = fields.String(validate=validate.OneOf(ROLES))
    disabled = fields.Boolean(validate=validate.Equal(True), metadata=says("Sessions and tokens end at once."))
    password = fields.String(
        load_only=True,
        validate=_TYPED,
        metadata=says("A reset; lets in again who was disabled, ends sessions and tokens."),
    )
    quota = fields.Integer(
        strict=True, allow_none=True, validate=_QUOTA, metadata=says("Requests an hour for each of their tokens.", 500)
    )

    @validates_schema
    def is_one(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse none, and several."""
        if len(data) != 1:
            raise ValidationError("Send one change at a time: role, disabled, password or quota.")


class NewTokenSchema(Sent):
    name = fields.String(required=True, validate=_LINE, metadata=says("What it is for.", "night run"))
    days = fields.Integer(load_default=90, validate=validate.Range(1, 366), metadata=says("Until it expires."))


class TokenSchema(Shape):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)
    used_at = fields.AwareDateTime(required=True, allow_none=True, metadata=says("To the minute."))
    quota = fields.Integer(required=True, metadata=says("Requests that it may make in an hour; 0: without end.", 500))
    asked = fields.Integer(
        required=True, metadata=says("Requests made in this hour (UTC); counted where there is a quota.", 12)
    )


class MadeTokenSchema(TokenSchema):
    token = fields.String(required=True, metadata=says("Told this once: send it as `Authorization: Bearer ...`."))


class TokensSchema(Shape):
    tokens = fields.List(fields.Nested(TokenSchema), required=True, metadata=says("One's own, newest first."))


class PreferencesSchema(Sent):
    class_order = fields.List(
        fields.String(validate=_LINE),
        load_default=list,
        validate=validate.Length(max=40),
        metadata=says("Classes in the order in which the page groups cells; the others follow in its own."),
    )
    hot_keys = fields.Dict(
        keys=fields.String(validate=_LINE),
        values=fields.String(validate=validate.Regexp(r"[a-z0-9]\Z", error="Not a letter or a digit.")),
        load_default=dict,
        validate=validate.Length(max=40),
        metadata=says("Class -> the key that leads to its cells."),
    )
    theme = fields.String(load_default="system", validate=validate.OneOf(THEMES))
    confidence = fields.String(
        load_default="per_cent",
        validate=validate.OneOf(CONFIDENCES),
        metadata=says("On a thumbnail: in figures, or drawn."),
    )
    wanted = fields.Integer(
        load_default=100, validate=validate.OneOf(WANTED), metadata=says("White cells to count to.")
    )

    @validates_schema
    def are_once(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a class or a key that comes twice."""
        for name, chosen in (("class_order", data["class_order"]), ("hot_keys", data["hot_keys"].values())):
            if len(set(chosen)) < len(chosen):
                raise ValidationError("One comes twice.", name)
