"""An OpenAPI 3.0 document, read as what it promises: its sources, event types and operations.

Pure. Must not know: where the document is kept, what is generated from it, how requests arrive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from receiver import vocabulary
from receiver.contract import Contract, Document, Operation, Scheme, Source
from receiver.errors import SpecError
from receiver.eventtypes import TypeTable, is_python_name
from receiver.excerpt import Excerpt, Report, brief, kind
from receiver.locator import (
    Constant,
    Except,
    FirstOf,
    Joined,
    Locator,
    Moment,
    PathParameter,
)
from receiver.survey import survey

JSON = "application/json"
SNS = "sns"
"""A transport, and the kind of scheme that proves what comes by it."""
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MAX_OPERATION = 64
"""Characters of an operationId, which becomes a function."""

_SOURCE_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FINDERS = ("type", "key", "time", "node", "user")


@dataclass(frozen=True, slots=True)
class Finders:
    """Where an operation's type, id, time, node and user sit; None: nowhere."""

    type: Locator | None = None
    key: Locator | None = None
    time: Moment | None = None
    node: Locator | None = None
    user: Locator | None = None

    def over(self, other: Finders) -> Finders:
        """These, and those of `other` where there are none here."""
        return Finders(
            self.type or other.type,
            self.key or other.key,
            self.time or other.time,
            self.node or other.node,
            self.user or other.user,
        )


def parse(document: Document) -> Contract:
    """The contract of a document. Raises SpecError with every problem found, and nothing else."""
    contract, problems = examine(document)
    if contract is None or problems:
        raise SpecError(problems)
    return contract


def examine(document: Document) -> tuple[Contract | None, list[tuple[str, str]]]:
    """What can be read of a document, and every problem of it; None where nothing can be read.

    Beside problems, the contract is fit for finding further ones only.
    """
    report = Report(document)
    root = Excerpt(document, (), report)
    if not isinstance(document, Mapping):
        root.fail("is empty" if document is None else f"is not a mapping, but {kind(document)}")
        return None, report.problems
    if not survey(report):
        return None, report.problems
    version = root.at("openapi")
    if version.text() and not is_supported(version.value):
        version.fail(f"must be 3.0.x, is {brief(version.value)}")
    lost = [where for where, _ in report.problems if where.endswith("/$ref")]
    contract = _Reading(root).contract()
    return contract, _causes(report.problems, lost)


def is_supported(version: object) -> bool:
    """Whether a document of this OpenAPI version can be read."""
    return isinstance(version, str) and re.fullmatch(r"3\.0\.\d+", version) is not None


def _causes(problems: list[tuple[str, str]], lost: list[str]) -> list[tuple[str, str]]:
    """The problems without those that only follow from a reference that leads nowhere."""
    holders = [where.removesuffix("/$ref") for where in lost]
    return [
        (where, reason)
        for where, reason in problems
        if where in lost or not any(f"{where}/".startswith(f"{holder}/") for holder in holders)
    ]


class _Reading:
    """One document while it is read; its tables fill in the order of need."""

    def __init__(self, root: Excerpt) -> None:
        self.root = root
        self.sources: dict[str, Source] = {}
        self.finders: dict[str, Finders] = {}
        self.schemes: dict[str, Scheme] = {}
        self.types = TypeTable(root)

    def contract(self) -> Contract:
        self.root.at("x-receiver").allow("sources")
        for name, excerpt in self.root.at("x-receiver", "sources").fields().items():
            self._source(name, excerpt)
        for name, excerpt in self.root.at("components", "securitySchemes").fields().items():
            target = excerpt.target()
            if target.at("x-receiver").present:
                self.schemes[name] = vocabulary.scheme(name, target)
        operations = tuple(self._operations())
        return Contract(
            title=self.root.at("info", "title").text(),
            version=self.root.at("info", "version").text(),
            sources=self.sources,
            schemes=self.schemes,
            operations=operations,
            events=self.types.in_order(),
            document=self.root.value,
        )

    def _source(self, name: str, excerpt: Excerpt) -> None:
        excerpt.allow("title", "prefix", "dedup", "hooks", "exports", "retries", *_FINDERS)
        if not _SOURCE_NAME.fullmatch(name):
            excerpt.fail("the name of a source is lower-case letters, digits and _")
        self.finders[name] = finders = _finders(excerpt)
        self.sources[name] = Source(
            name=name,
            title=excerpt.at("title").text(name or "?"),
            prefix=excerpt.at("prefix").text(""),
            dedup=vocabulary.dedup_rules(excerpt.at("dedup"), finders.key),
            hooks=vocabulary.hooks(excerpt.at("hooks")),
            exports=excerpt.at("exports").texts(),
            retries=vocabulary.retries(excerpt.at("retries")),
        )

    def _operations(self) -> Iterator[Operation]:
        """Every operation, in the order of the document."""
        paths: dict[str, str] = {}
        ids: set[str] = set()
        for path, item in self.root.at("paths").fields().items():
            item.target().fields()
            same = paths.setdefault(path.rstrip("/"), path)
            if same != path:
                item.fail(
                    f"is the same path as {brief(same)}: a trailing slash makes no difference"
                )
            for method in METHODS:
                excerpt = item.target().at(method)
                if not excerpt.present:
                    continue
                if method != "post" or not excerpt.at("x-receiver").present:
                    excerpt.fail("only a post with x-receiver.source can take events")
                    continue
                operation = self._operation(path, excerpt)
                if operation.id in ids:
                    excerpt.at("operationId").fail(f"{brief(operation.id)} is taken")
                ids.add(operation.id)
                yield operation

    def _operation(self, path: str, excerpt: Excerpt) -> Operation:
        name = excerpt.at("operationId")
        if name.text() and not is_python_name(name.text(), MAX_OPERATION):
            name.fail(f"becomes a function: a Python name of at most {MAX_OPERATION} characters")
        words = excerpt.at("x-receiver")
        words.allow("source", "transport", "limits", *_FINDERS)
        source = words.at("source")
        if source.text() and source.text() not in self.sources:
            source.fail(f"{brief(source.value)} is not declared under x-receiver.sources")
        inherited = self.finders.get(source.text("?"), Finders())
        own = _finders(words)
        if own.key and own.key != inherited.key and self._dedups_by(source.text("?"), inherited):
            words.at("key").fail("the source tells duplicates by its own key; declare it there")
        finders = own.over(inherited)
        events, batch = self._events(source.text("?"), excerpt)
        if finders.type is None and len(events) > 1 and source.text("?") in self.sources:
            words.fail("nothing tells its event types apart: say where the type is (`type`)")
        for finder in (finders.type, finders.key, finders.time, finders.node, finders.user):
            for parameter in path_parameters(finder):
                if "{" + parameter + "}" not in path:
                    words.fail(
                        f"a locator names the path parameter {brief(parameter)}: not in {path}"
                    )
        transport = words.at("transport").text("http")
        return Operation(
            id=name.value if isinstance(name.value, str) else "",
            path=path,
            source=source.text("?"),
            transport=transport,
            security=self._security(excerpt, transport),
            events=events,
            batch=batch,
            type=_type_finder(finders.type, events),
            key=finders.key,
            time=finders.time,
            node=finders.node,
            user=finders.user,
            limits=vocabulary.limits(words.at("limits")),
        )

    def _dedups_by(self, source: str, finders: Finders) -> bool:
        known = self.sources.get(source)
        return any(finders.key in rule.parts for rule in known.dedup) if known else False

    def _security(self, operation: Excerpt, transport: str) -> tuple[tuple[str, ...], ...]:
        """Alternatives of schemes that must all pass; the document's own, where it says none."""
        own = operation.at("security")
        security = own if own.present else self.root.at("security")
        alternatives = [tuple(item.fields()) for item in security.items()]
        if not alternatives or not all(alternatives):
            operation.fail("must say under security how its events are proved")
        for item in security.items():
            for name, use in item.fields().items():
                if name not in self.schemes:
                    use.fail(
                        f"the scheme {brief(name)} is not declared, with x-receiver, "
                        "under components.securitySchemes"
                    )
                elif (self.schemes[name].kind == SNS) != (transport == SNS):
                    use.fail("`scheme: sns` and `transport: sns` go together")
        return tuple(alternatives)

    def _events(self, source: str, operation: Excerpt) -> tuple[tuple[str, ...], bool]:
        """The event types that a request body declares, and whether it is an array of them."""
        media = operation.at("requestBody").target().at("content")
        if JSON not in media.fields():
            media.fail(f"must have {JSON}")
            return (), False
        prefix = self.sources[source].prefix if source in self.sources else ""
        return self.types.declared(media.at(JSON, "schema"), source, prefix)


def path_parameters(locator: Locator | Moment | None) -> Iterator[str]:
    """The path parameters that a locator reads."""
    match locator:
        case PathParameter(name):
            yield name
        case FirstOf(several) | Joined(several, _):
            for one in several:
                yield from path_parameters(one)
        case Except(inner, _) | Moment(inner, _):
            yield from path_parameters(inner)


def _finders(words: Excerpt) -> Finders:
    """The locators that a source or an operation declares."""
    found = {
        name: vocabulary.locator(words.at(name))
        for name in ("type", "key", "node", "user")
        if words.at(name).present
    }
    time = words.at("time")
    return Finders(**found, time=vocabulary.moment(time) if time.present else None)


def _type_finder(declared: Locator | None, events: tuple[str, ...]) -> Locator:
    """How the type is found: where it is declared; what it is, where there is only one."""
    if len(events) == 1:
        only = Constant(events[0])
        return FirstOf((declared, only)) if declared else only
    return declared or Constant("")
