"""`[sources.NAME.sns]` of `receiver.toml`: which messages of Amazon SNS a source takes.

Must not know: how they are proved.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from receiver.keyring import SnsTrust


class SnsSettings(BaseModel):
    """Messages of Amazon SNS that a source takes, for operations with `transport: sns`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topics: tuple[str, ...] = Field(
        default=(),
        description="Patterns over the ARNs of topics: globs; `!pattern` excludes. No other topic "
        "is taken or confirmed.",
    )
    certificates: str | None = Field(
        default=None,
        description="A folder of pinned certificates, called as in the messages "
        "(`SimpleNotificationService-….pem`); relative to the configuration file.",
    )
    fetch: bool = Field(
        default=True,
        description="Fetch certificates that are not pinned from AWS; `false`: a message with "
        "another one is answered 503.",
    )
    max_age: int = Field(
        default=3600, ge=0, description="Seconds that a message may be old; 0: any age."
    )
    suffixes: tuple[str, ...] = Field(
        default=("amazonaws.com", "amazonaws.com.cn"),
        description="Ends of the hosts of SNS (`sns.REGION.SUFFIX`) that certificates and "
        "confirmations may come from.",
    )
    allow_private: bool = Field(
        default=False,
        description="Whether these hosts may have private addresses, as behind a VPC endpoint.",
    )
    password: SecretStr | None = Field(
        default=None,
        description="What proves a message that is delivered raw, which SNS does not sign: the "
        "password in the endpoint's URL, `https://sns:PASSWORD@HOST/…`. Without it raw delivery "
        "is refused.",
    )

    def folder(self, base: Path) -> Path | None:
        """The folder of pinned certificates; `base` is that of the configuration."""
        return None if self.certificates is None else base / self.certificates

    def trust(self, folder: Path | None, password: str | None) -> SnsTrust:
        """What these settings say; `password` with its `env:` or `file:` resolved."""
        return SnsTrust(
            topics=self.topics,
            suffixes=self.suffixes,
            certificates=None if folder is None else str(folder),
            fetch=self.fetch,
            allow_private=self.allow_private,
            max_age=self.max_age,
            password=password.encode() if password else None,
        )
