"""What a route to S3 is told, and what of it is refused before the first event.

Must not know: how a request is made.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from receiver import BodySettings
from receiver_s3.objects import Compression

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_DIRECTIVES = re.compile(r"%(.?)")
KNOWN = frozenset("YmdHMjUVGu%")
"""Directives of strftime that are the same everywhere."""


class S3Settings(BodySettings):
    """Which bucket, under which keys, and what of an event is written."""

    bucket: str = Field(description="The bucket. It must be there.")
    prefix: str = Field(default="", description="What every key begins with, such as `events/`.")
    partition: str = Field(
        default="{source}/%Y/%m/%d/%H",
        description="The folders of a key, by the UTC time at which an event was received"
        " (strftime) and its `{source}`.",
    )
    compression: Compression = Field(
        default="gzip", description="How an object is compressed: `gzip`, `zstd` or `none`."
    )
    region: str | None = Field(default=None, description="The AWS region; else the environment's.")
    endpoint: str | None = Field(
        default=None, description="The address of another service that speaks S3, such as MinIO."
    )
    access_key: str | None = Field(
        default=None,
        description="The access key's id; else what AWS libraries find (environment, machine).",
    )
    secret_key: SecretStr | None = Field(default=None, description="The secret access key.")

    @field_validator("bucket")
    @classmethod
    def _is_a_bucket(cls, bucket: str) -> str:
        if not _BUCKET.fullmatch(bucket):
            raise ValueError("must be 3 to 63 small letters, digits, dots and hyphens")
        return bucket

    @field_validator("prefix")
    @classmethod
    def _is_a_start(cls, prefix: str) -> str:
        if prefix.startswith("/"):
            raise ValueError("must not begin with /")
        return prefix

    @field_validator("partition")
    @classmethod
    def _tells_a_time(cls, partition: str) -> str:
        unknown = [found for found in _DIRECTIVES.findall(partition) if found not in KNOWN]
        if unknown or not partition.strip("/") or partition != partition.strip("/"):
            raise ValueError("must be folders such as {source}/%Y/%m/%d, without a / at the ends")
        datetime.now(UTC).strftime(partition)
        return partition

    @model_validator(mode="after")
    def _has_both_keys(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            raise ValueError("`access_key` and `secret_key` go together")
        return self
