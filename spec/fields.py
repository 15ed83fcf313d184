"""What the fields of the models say about themselves, for those that write errors, schemas and the reference."""

import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from spec.forms import Form
from spec.model import Loc, Spec


def unwrapped(annotation: Any) -> Any:
    """A type without its forms and without "or None"."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            annotation = next(one for one in get_args(annotation) if one is not types.NoneType)
        else:
            return annotation


def form_of(annotation: Any) -> Form | None:
    """The form in a type such as `Annotated[str, form] | None`; None when the value is a map or a list."""
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(one for one in get_args(annotation) if one is not types.NoneType)
    if get_origin(annotation) is Annotated:
        return next((one for one in get_args(annotation)[1:] if isinstance(one, Form)), None)
    return None


def field_form(field: FieldInfo) -> Form | None:
    """The form of a field; None when its value is a map or a list."""
    return next((one for one in field.metadata if isinstance(one, Form)), None) or form_of(field.annotation)


def written_default(field: FieldInfo) -> Any:
    """A field's default as people would write it; None when there is none to write."""
    if field.is_required():
        return None
    default = field.get_default(call_default_factory=True)
    if isinstance(default, Spec) and (shorthand := shorthand_field(type(default))) is not None:
        return written_default(shorthand)
    if default is None or default == () or isinstance(default, BaseModel):
        return None
    form = field_form(field)
    return form.written(default) if form else default


def shorthand_field(model: type[Spec]) -> FieldInfo | None:
    """The field that a text in place of the model's map stands for; None when there is none."""
    return None if model.SHORTHAND is None else model.model_fields[model.yaml_keys()[model.SHORTHAND]]


def model_at(model: type[Spec], loc: Loc) -> type[Spec] | None:
    """The model of the map at a path of YAML keys and list indexes; None when there is no model there."""
    annotation: Any = model
    for part in loc:
        if isinstance(annotation, type) and issubclass(annotation, Spec):
            name = annotation.yaml_keys().get(str(part))
            if name is None:
                return None
            annotation = unwrapped(annotation.model_fields[name].annotation)
        elif get_origin(annotation) in (tuple, dict):
            arguments = get_args(annotation)
            annotation = unwrapped(arguments[0] if isinstance(part, int) else arguments[-1])
    return annotation if isinstance(annotation, type) and issubclass(annotation, Spec) else None
