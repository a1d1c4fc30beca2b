"""publish: the published config is replaced, when the verdict is PUBLISH and only then."""

from __future__ import annotations

from scorer_core.context import RunContext
from scorer_core.errors import PublishError
from scorer_core.gate.verdict import Verdict
from scorer_core.publish.config import checked_config
from scorer_core.publish.publisher import RUN_CONTEXT
from scorer_core.publish.withdrawal import refuse_withdrawn
from scorer_core.run.clock import utc_now
from scorer_core.run.published import Published


def publish(context: RunContext, again: bool = False) -> Published:
    """Publish a run's config; publishing the same run again changes nothing.

    `again` publishes what was withdrawn, too.

    Raises:
        PublishError: the verdict is not PUBLISH, there is none yet, a parameter is outside the search space, it was
            withdrawn, another config was published since the gate decided, or the folder cannot be written.
    """
    verdict = read_verdict(context)
    if verdict is not Verdict.PUBLISH:
        said = "has no verdict yet; run the gate first" if verdict is None else f"has the verdict {verdict.value}"
        raise PublishError(f"run {context.run_id} {said}. Only PUBLISH publishes; the published config stands.")
    content = context.files.config.read_bytes()
    config = checked_config(content, context.spec.mask_policy)
    if context.files.published.exists() and context.publisher.is_published(content):
        return context.files.published.parsed(Published.from_json)
    refuse_withdrawn(context.ledger.engine, content, config, again)
    if context.files.pool.exists():
        context.publisher.keep_seeds(context.record.pool_content, context.files.pool.read_pool().seeds)
    archived = context.publisher.publish(content, replaces=config[RUN_CONTEXT]["replaces"])
    published = Published(
        config=str(context.publisher.config),
        archived=None if archived is None else str(archived),
        published_at=utc_now().isoformat(),
    )
    context.files.published.write_json(published.to_json())
    return published


def read_verdict(context: RunContext) -> Verdict | None:
    """Return the run's verdict, or None when the gate has not decided."""
    if not context.files.verdict.exists():
        return None
    return context.files.verdict.parsed(lambda record: Verdict(record["verdict"]))
