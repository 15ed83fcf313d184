"""Time to live: when expired items go, and when the setting may change.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import dynamodb

# "DynamoDB typically deletes expired items within two days of expiration": nobody may count on it earlier.
_KEPT_SECONDS = 2 * 86_400
_SWEEP_SECONDS = 3600
# "It can take up to one hour for the change to fully process."
_CHANGE_SECONDS = 3600

Response = tuple[int, dict[str, Any], bytes]


class TimeToLive:
    """Deletes expired items two days after they have expired, by the clock `now` (epoch seconds)."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._swept = 0.0
        # When each table's setting changed last, by the table's id.
        self._changed: dict[str, float] = {}

    def delete_expired(self) -> None:
        """Delete what has been expired for two days; looked at once an hour."""
        now = self._now()
        if now < self._swept + _SWEEP_SECONDS:
            return
        self._swept = now
        for (account, region, name), setting in list(dynamodb._ttl_settings.all_items()):
            table = dynamodb._tables.get_scoped(account, region, name)
            if table is not None and setting.get("TimeToLiveStatus") == "ENABLED":
                _delete_before(table, setting["AttributeName"], now - _KEPT_SECONDS)

    def update(self, request: dict[str, Any]) -> Response:
        """UpdateTimeToLive."""
        name = dynamodb._normalize_table_name(request.get("TableName", ""))
        problem = self._problem(name, request.get("TimeToLiveSpecification") or {})
        if problem is not None:
            return error_response_json("ValidationException", problem, 400)
        answer = _update_as_shipped(request)
        if answer[0] == 200:
            self._changed[dynamodb._tables[name]["TableId"]] = self._now()
            if not request["TimeToLiveSpecification"]["Enabled"]:
                del dynamodb._ttl_settings[name]
        return answer

    def _problem(self, name: str, wanted: dict[str, Any]) -> str | None:
        present = dynamodb._ttl_settings.get(name)
        if name not in dynamodb._tables:
            return None
        if present is None and not wanted.get("Enabled"):
            return "TimeToLive is already disabled"
        if present is not None and wanted.get("Enabled"):
            if present["AttributeName"] == wanted.get("AttributeName"):
                return "TimeToLive is already enabled"
            attribute = present["AttributeName"]
            return f"TimeToLive is active on a different AttributeName: current AttributeName is {attribute}"
        if self._now() < self._changed.get(dynamodb._tables[name]["TableId"], 0.0) + _CHANGE_SECONDS:
            return "Time to live has been modified multiple times within a fixed interval"
        return None


def _delete_before(table: dict[str, Any], attribute: str, moment: float) -> None:
    for key, by_sort_key in list(table["items"].items()):
        for sort_key, item in list(by_sort_key.items()):
            # Only a number counts as a time.
            expires = item.get(attribute, {}).get("N")
            if expires is not None and float(expires) < moment:
                dynamodb._remove_item(table, key, sort_key)


_update_as_shipped = dynamodb._update_ttl
