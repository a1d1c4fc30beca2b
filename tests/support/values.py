"""Values that a test knows to be there, told to the type checker."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def there(value: T | None) -> T:
    """Return a value, and fail the test where there is none."""
    assert value is not None
    return value
